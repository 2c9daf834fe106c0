"""Half-closed connections, malformed requests, and what responses reveal."""

import asyncio

import pytest
from aiohttp import web

from exporter.web.serving import serving
from exporter.web.sockets import bind
from tests.support.exporting import PATIENCE

from .clients import LOOPBACK, Certificates, application, connected, get, port_of

GET = b"GET / HTTP/1.1\r\nHost: here\r\n\r\n"


async def finished(port: int, sent: bytes) -> bytes:
    """The answers to a client that sends this and ends its side."""
    async with connected("127.0.0.1", port) as (reader, writer), asyncio.timeout(PATIENCE):
        writer.write(sent)
        writer.write_eof()
        return await reader.read()


@pytest.mark.parametrize("requests", [1, 3, 40])
async def test_a_client_that_ends_its_side_gets_its_answers(requests: int) -> None:
    sockets = bind(LOOPBACK)
    async with serving(application(), sockets):
        answers = await finished(port_of(sockets[0]), GET * requests)
    assert answers.count(b"HTTP/1.1 200 ") == requests
    assert answers.count(b"hello") == requests


async def test_a_client_that_ends_its_side_while_it_is_answered_gets_the_whole_answer() -> None:
    asked, answer = asyncio.Event(), asyncio.Event()
    body = b"x" * 20_000_000

    async def slow(_request: web.Request) -> web.Response:
        asked.set()
        await answer.wait()
        return web.Response(body=body)

    slowly = web.Application()
    slowly.router.add_get("/", slow)
    sockets = bind(LOOPBACK)
    async with (
        serving(slowly, sockets),
        connected("127.0.0.1", port_of(sockets[0])) as (reader, writer),
        asyncio.timeout(PATIENCE),
    ):
        writer.write(GET)
        await asked.wait()
        writer.write_eof()
        await get_nothing(port_of(sockets[0]))
        answer.set()
        assert (await reader.read()).endswith(b"\r\n\r\n" + body)


async def get_nothing(port: int) -> None:
    """A round trip, after which the server has received all that was sent before."""
    assert await finished(port, b"GET /nowhere HTTP/1.1\r\nHost: here\r\n\r\n")


@pytest.mark.parametrize(
    ("sent", "answers"),
    [
        (b"", 0),
        (GET[:-2], 0),
        (GET + GET[:-2], 1),
        (b"POST / HTTP/1.1\r\nHost: here\r\nContent-Length: 9\r\n\r\nhalf", 0),
        (b"GET / HTTP/1.1\r\nHost: here\r\nConnection: close\r\n\r\n", 1),
        (b"GET / HTTP/1.0\r\n\r\n", 1),
    ],
)
async def test_half_a_request_is_not_answered(sent: bytes, answers: int) -> None:
    sockets = bind(LOOPBACK)
    async with serving(application(), sockets):
        answer = await finished(port_of(sockets[0]), sent)
    assert answer.count(b" 200 OK\r\n") == answers


async def test_a_half_closed_connection_has_a_deadline() -> None:
    """The client may have gone; while its answer takes long there is no other sign of it."""
    answer = asyncio.Event()

    async def slow(_request: web.Request) -> web.Response:
        await answer.wait()
        return web.Response(text="hello")

    slowly = web.Application()
    slowly.router.add_get("/", slow)
    sockets = bind(LOOPBACK)
    async with serving(slowly, sockets, half_closed_seconds=0.2):
        assert await finished(port_of(sockets[0]), GET) == b""
        answer.set()


async def test_over_tls_a_half_closed_connection_ends() -> None:
    certificates = Certificates()
    context = certificates.next()
    sockets = bind(LOOPBACK)
    async with serving(application(), sockets, lambda: context), asyncio.timeout(PATIENCE):
        port = port_of(sockets[0])
        async with connected("127.0.0.1", port, certificates.client) as (reader, writer):
            writer.write(GET)
            writer.close()
            await reader.read()
        assert await get("127.0.0.1", port, certificates.client) == "hello"


async def bug(_request: web.Request) -> web.Response:
    raise ZeroDivisionError


async def late(_request: web.Request) -> web.Response:
    raise TimeoutError


async def unavailable(_request: web.Request) -> web.Response:
    raise web.HTTPServiceUnavailable


async def stream(request: web.Request) -> web.StreamResponse:
    response = web.StreamResponse()
    await response.prepare(request)
    await response.write_eof()
    return response


HOST = b"Host: here\r\nConnection: close\r\n"
ANSWERS = {
    b"GET / HTTP/1.1\r\n" + HOST: 200,
    b"HEAD / HTTP/1.1\r\n" + HOST: 200,
    b"GET / HTTP/1.0\r\n": 200,
    b"GET /stream HTTP/1.1\r\n" + HOST: 200,
    b"GET /nowhere HTTP/1.1\r\n" + HOST: 404,
    b"POST / HTTP/1.1\r\n" + HOST: 405,
    b"GET /bug HTTP/1.1\r\n" + HOST: 500,
    b"GET /unavailable HTTP/1.1\r\n" + HOST: 503,
    b"GET /late HTTP/1.1\r\n" + HOST: 504,
    b"GET / HTTP/1.1\r\nExpect: a cake\r\n" + HOST: 417,
    b"GET / HTTP/1.1\r\nHost: a b\r\n": 400,
    b"GET / HTTP/2.0\r\n" + HOST: 505,
    b"GET / HTTP/1.2\r\n" + HOST: 400,
    b"nonsense\r\n": 400,
    b"GET / HTTP/1.1\r\nno colon\r\n" + HOST: 400,
    b"GET / HTTP/1.1\r\nX: " + b"x" * 20_000 + b"\r\n" + HOST: 400,
    b"GET /" + b"x" * 20_000 + b" HTTP/1.1\r\n" + HOST: 400,
    b"GET / HTTP/1.1\r\nContent-Length: x\r\n" + HOST: 400,
}


@pytest.mark.parametrize(("head", "status"), ANSWERS.items(), ids=lambda each: str(each)[:40])
async def test_no_answer_has_the_version_of_python_or_aiohttp(head: bytes, status: int) -> None:
    served = application()
    for handler in (bug, late, unavailable, stream):
        served.router.add_get(f"/{handler.__name__}", handler)
    sockets = bind(LOOPBACK)
    async with (
        serving(served, sockets),
        connected("127.0.0.1", port_of(sockets[0])) as (reader, writer),
        asyncio.timeout(PATIENCE),
    ):
        writer.write(head + b"\r\n")
        answer = await reader.read()
    assert answer[9:12] == str(status).encode()
    assert answer.count(b"\r\nServer: zstack-aios-exporter\r\n") == 1
    assert answer.count(b"\r\nServer: ") == 1
    for name in (b"aiohttp", b"python/"):
        assert name not in answer.lower()
