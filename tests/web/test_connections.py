"""Which connections stay open, and for how long."""

import asyncio
import os
import resource
import socket
import time
from contextlib import AsyncExitStack, closing, suppress

import pytest
from aiohttp import web

from exporter.web.connections import KEEP_ALIVE_SECONDS, ConnectionLimiter, most_connections
from exporter.web.serving import serving
from exporter.web.sockets import bind
from tests.support.exporting import PATIENCE

from .clients import LOOPBACK, Certificates, application, ask, connected, get, port_of


async def test_a_client_that_asks_for_nothing_is_dropped() -> None:
    sockets = bind(LOOPBACK)
    port = port_of(sockets[0])
    async with (
        serving(application(), sockets, limiter=ConnectionLimiter(head_seconds=0.3)),
        connected("127.0.0.1", port) as (silent, _),
        connected("127.0.0.1", port) as (slow, begun),
        connected("127.0.0.1", port) as asking,
        asyncio.timeout(PATIENCE),
    ):
        begun.write(b"GET / HTTP/1.1\r\nX-Never: ")
        assert await ask(*asking) == "hello"
        assert [await each.read() for each in (silent, slow)] == [b"", b""]
        assert await ask(*asking) == "hello"


async def test_one_connection_too_many_closes_the_one_that_was_idle_longest() -> None:
    sockets = bind(LOOPBACK)
    port = port_of(sockets[0])
    async with (
        serving(application(), sockets, limiter=ConnectionLimiter(lambda: 3)),
        AsyncExitStack() as stack,
        asyncio.timeout(PATIENCE),
    ):
        opened = [await stack.enter_async_context(connected("127.0.0.1", port)) for _ in range(3)]
        for each in (*opened, opened[0]):  # so that the second is the one that is idle longest
            assert await ask(*each) == "hello"
        assert await get("127.0.0.1", port) == "hello"
        assert await opened[1][0].read() == b""
        assert await ask(*opened[0]) == await ask(*opened[2]) == "hello"


async def test_more_may_stay_open_once_there_are_more_targets() -> None:
    sockets = bind(LOOPBACK)
    port = port_of(sockets[0])
    most = 1
    async with (
        serving(application(), sockets, limiter=ConnectionLimiter(lambda: most)),
        connected("127.0.0.1", port) as first,
        asyncio.timeout(PATIENCE),
    ):
        assert await ask(*first) == "hello"
        most = 3
        async with connected("127.0.0.1", port) as second, connected("127.0.0.1", port) as third:
            for each in (second, third, first):
                assert await ask(*each) == "hello"


@pytest.mark.parametrize(
    ("targets", "files", "most"),
    [(1, 16_384, 2000), (500, 16_384, 2000), (1000, 16_384, 4000), (1000, 1024, 512)],
)
def test_many_targets_allow_more_connections_as_far_as_files_do(
    targets: int, files: int, most: int
) -> None:
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    if hard != resource.RLIM_INFINITY and hard < files:
        pytest.skip(f"no more than {hard} files are allowed here")
    resource.setrlimit(resource.RLIMIT_NOFILE, (files, hard))
    try:
        assert most_connections(targets) == most
    finally:
        resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))


async def test_if_all_connections_are_busy_the_one_that_takes_longest_is_closed() -> None:
    asked, answer = asyncio.Semaphore(0), asyncio.Event()

    async def slow(_request: web.Request) -> web.Response:
        asked.release()
        await answer.wait()
        return web.Response(text="hello")

    slowly = web.Application()
    slowly.router.add_get("/", slow)
    sockets = bind(LOOPBACK)
    port = port_of(sockets[0])
    async with (
        serving(slowly, sockets, limiter=ConnectionLimiter(lambda: 3)),
        AsyncExitStack() as stack,
        asyncio.timeout(PATIENCE),
    ):
        asking = []
        for _ in range(4):
            streams = await stack.enter_async_context(connected("127.0.0.1", port))
            asking.append(asyncio.create_task(ask(*streams)))
            await asked.acquire()
        with pytest.raises((ConnectionError, asyncio.IncompleteReadError)):
            await asking[0]
        answer.set()
        assert await asyncio.gather(*asking[1:]) == ["hello"] * 3


async def test_one_connection_too_many_closes_an_unfinished_handshake() -> None:
    certificates = Certificates()
    context = certificates.next()
    sockets = bind(LOOPBACK)
    port = port_of(sockets[0])
    async with (
        serving(
            application(),
            sockets,
            lambda: context,
            handshake_seconds=3600,
            limiter=ConnectionLimiter(lambda: 3),
        ),
        AsyncExitStack() as stack,
        asyncio.timeout(PATIENCE),
    ):
        halfway = [await stack.enter_async_context(connected("127.0.0.1", port)) for _ in range(20)]
        assert [await reader.read() for reader, _ in halfway[:17]] == [b""] * 17
        for _ in range(3):
            assert await get("127.0.0.1", port, certificates.client) == "hello"


@pytest.mark.parametrize("size", [100, 8 << 20], ids=["many answers", "a long answer"])
async def test_a_client_that_reads_nothing_is_dropped(size: int) -> None:
    async def long(_request: web.Request) -> web.Response:
        return web.Response(body=bytes(size))

    served = web.Application()
    served.router.add_get("/", long)
    sockets = bind(LOOPBACK)
    async with serving(served, sockets, unread_seconds=0.5), asyncio.timeout(PATIENCE):
        with pytest.raises(ConnectionError):
            await ask_and_read_nothing(sockets[0].getsockname())


async def ask_and_read_nothing(address: tuple[str, int]) -> None:
    """Go on asking, and read no answer, until the connection ends; raises what it ended with."""
    loop = asyncio.get_running_loop()
    with closing(socket.socket()) as idle:
        idle.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
        idle.settimeout(0)
        await loop.sock_connect(idle, address)
        while not (failed := idle.getsockopt(socket.SOL_SOCKET, socket.SO_ERROR)):
            with suppress(TimeoutError):  # the server reads no more requests either
                async with asyncio.timeout(0.1):
                    await loop.sock_sendall(idle, b"GET / HTTP/1.1\r\nHost: here\r\n\r\n" * 99)
        raise OSError(failed, os.strerror(failed))


async def test_an_idle_connection_ends_after_the_keep_alive_time() -> None:
    sockets = bind(LOOPBACK)
    port = port_of(sockets[0])
    async with (
        serving(
            application(),
            sockets,
            keep_alive_seconds=0.5,
            limiter=ConnectionLimiter(head_seconds=0.1),
        ),
        connected("127.0.0.1", port) as (reader, writer),
        asyncio.timeout(PATIENCE),
    ):
        began = time.monotonic()
        for _ in range(5):
            assert await ask(reader, writer) == "hello"
        writer.write(b"GET / HTTP/1.1\r\nX-Never: ")  # which is no request yet
        assert await reader.read() == b""
        assert time.monotonic() - began >= 0.5


def test_a_connection_stays_for_longer_than_prometheus_keeps_it() -> None:
    assert KEEP_ALIVE_SECONDS > 300
