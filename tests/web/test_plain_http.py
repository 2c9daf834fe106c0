"""Plain HTTP to a port that speaks TLS."""

import asyncio
import gc
import json
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AsyncExitStack, asynccontextmanager, suppress

import aiohttp
import pytest

from exporter.daemon import logs
from exporter.web.connections import ConnectionLimiter
from exporter.web.serving import serving
from exporter.web.sockets import bind
from tests.support.exporting import PATIENCE

from .clients import LOOPBACK, Certificates, application, connected, get, port_of

ANSWER = "Client sent an HTTP request to an HTTPS server: write https:// in the URL.\n"
REQUEST = b"GET /metrics HTTP/1.1\r\nHost: here\r\n\r\n"


@asynccontextmanager
async def tls_port(
    limiter: ConnectionLimiter | None = None, *, handshake_seconds: float = 3600
) -> AsyncIterator[tuple[int, Callable[[], Awaitable[str]]]]:
    """A port that speaks TLS, and a client that gets an answer from it by TLS."""
    certificates = Certificates()
    context = certificates.next()
    sockets = bind(LOOPBACK)
    port = port_of(sockets[0])
    async with serving(
        application(),
        sockets,
        lambda: context,
        limiter=limiter,
        handshake_seconds=handshake_seconds,
    ):
        yield port, lambda: get("127.0.0.1", port, certificates.client)


async def test_a_client_that_speaks_plain_http_gets_a_sentence() -> None:
    async with tls_port() as (port, by_tls), aiohttp.ClientSession() as http:
        async with http.get(f"http://127.0.0.1:{port}/metrics") as response:
            text = await response.text()
            assert response.status == 400
            assert response.headers["Server"] == "zstack-aios-exporter"
            assert response.headers["Connection"] == "close"
        assert (
            text == "Client sent an HTTP request to an HTTPS server: write https:// in the URL.\n"
        )
        assert await by_tls() == "hello"


@pytest.mark.parametrize(
    "sent",
    [
        REQUEST,
        b"G",
        b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n",
        b"POST / HTTP/1.1\r\n\r\n" + b"x" * 200_000,
    ],
    ids=["a request", "one byte", "HTTP/2", "a body"],
)
async def test_the_answer_reaches_clients_whatever_they_send(sent: bytes) -> None:
    async with tls_port() as (port, _), connected("127.0.0.1", port) as (reader, writer):
        writer.write(sent)
        async with asyncio.timeout(PATIENCE):
            assert (await reader.readline()).startswith(b"HTTP/1.1 400 ")


@pytest.mark.parametrize("sent", [b"\x00", b"\x80\x2e\x01", b"\x16\x03\x01\x00\x00", b"get / "])
async def test_what_is_neither_tls_nor_http_gets_no_sentence(sent: bytes) -> None:
    async with tls_port() as (port, by_tls), AsyncExitStack() as clients:
        reader, writer = await clients.enter_async_context(connected("127.0.0.1", port))
        writer.write(sent)
        writer.write_eof()
        async with asyncio.timeout(PATIENCE):
            with suppress(ConnectionResetError):
                assert b"HTTP" not in await reader.read()
        assert await by_tls() == "hello"


async def test_the_log_names_the_client_once_however_often_it_asks(
    capsys: pytest.CaptureFixture[str],
) -> None:
    logs.configure("info", "json")
    async with tls_port() as (port, _):
        for _ in range(5):
            async with connected("127.0.0.1", port) as (reader, writer):
                writer.write(REQUEST)
                await reader.readline()
    [line] = map(json.loads, capsys.readouterr().err.splitlines())
    assert (line["level"], line["client"]) == ("warning", "127.0.0.1")
    assert line["msg"] == "a client sent plain HTTP to the TLS port"
    assert "scheme: https" in line["hint"]


async def test_a_probe_that_tries_plain_http_first_is_answered_and_not_logged(
    capsys: pytest.CaptureFixture[str],
) -> None:
    logs.configure("info", "json")
    async with tls_port() as (port, _), connected("127.0.0.1", port) as (reader, writer):
        writer.write(b"GET /-/healthy HTTP/1.1\r\nHost: here\r\n\r\n")
        assert (await reader.readline()).startswith(b"HTTP/1.1 400 ")
    assert capsys.readouterr().err == ""


async def test_a_client_that_is_silent_is_dropped_as_one_that_begins_a_handshake() -> None:
    async with (
        tls_port(handshake_seconds=0.3) as (port, by_tls),
        connected("127.0.0.1", port) as (reader, _),
    ):
        async with asyncio.timeout(PATIENCE):
            assert await reader.read() == b""
        assert await by_tls() == "hello"


async def test_clients_that_speak_plain_http_and_stay_count_as_connections() -> None:
    async with (
        tls_port(ConnectionLimiter(lambda: 3)) as (port, by_tls),
        AsyncExitStack() as lingering,
    ):
        for _ in range(20):
            _, writer = await lingering.enter_async_context(connected("127.0.0.1", port))
            writer.write(REQUEST)
        async with asyncio.timeout(PATIENCE):
            assert await by_tls() == "hello"


async def test_serving_ends_despite_clients_that_have_sent_nothing_yet() -> None:
    async with AsyncExitStack() as lingering, asyncio.timeout(PATIENCE):
        async with tls_port() as (port, by_tls):
            silent, _ = await lingering.enter_async_context(connected("127.0.0.1", port))
            assert await by_tls() == "hello"
        assert await silent.read() == b""
    gc.collect()  # an unclosed socket causes a warning, which fails the test
