"""Serving on sockets, with TLS that changes meanwhile."""

import asyncio
import gc
import socket
import sys
from asyncio.subprocess import PIPE
from contextlib import AsyncExitStack, ExitStack
from typing import TYPE_CHECKING

import pytest
from aiohttp import web

from exporter.web.serving import RETRY_SECONDS, serving
from exporter.web.sockets import bind
from tests.support.exporting import PATIENCE

from .clients import LOOPBACK, Certificates, application, ask, connected, get, port_of

if TYPE_CHECKING:
    import ssl


async def test_connections_get_the_current_certificate_and_keep_it() -> None:
    certificates = Certificates()
    context = certificates.next()
    sockets = bind(LOOPBACK)
    port = port_of(sockets[0])
    async with (
        serving(application(), sockets, lambda: context) as served,
        connected("127.0.0.1", port, certificates.client) as before,
    ):
        assert served.urls == (f"https://127.0.0.1:{port}",)
        assert await ask(*before) == "hello"
        first = await certificates.serial(port)
        assert await certificates.serial(port) == first
        context = certificates.next()
        assert await certificates.serial(port) != first
        assert await ask(*before) == "hello"


async def test_tls_is_turned_on_and_off_without_a_refused_connection() -> None:
    certificates = Certificates()
    encrypted = certificates.next()
    context: ssl.SSLContext | None = None
    sockets = bind(LOOPBACK)
    port = port_of(sockets[0])
    async with serving(application(), sockets, lambda: context) as served:
        for wanted in (None, encrypted, None, encrypted):
            context = wanted
            client, other = (certificates.client, None) if wanted else (None, certificates.client)
            assert served.urls == (f"{'https' if wanted else 'http'}://127.0.0.1:{port}",)
            assert await get("127.0.0.1", port, client) == "hello"
            refused = (OSError, EOFError) if other else AssertionError  # for its status, 400
            with pytest.raises(refused):
                await get("127.0.0.1", port, other)


async def test_no_connection_is_refused_while_certificates_change() -> None:
    certificates = Certificates()
    contexts = [certificates.next() for _ in range(10)]
    current = contexts[0]
    sockets = bind(LOOPBACK)
    port = port_of(sockets[0])
    changed = asyncio.Event()

    async def hammer() -> int:
        answers = 0
        while not changed.is_set() or not answers:
            assert await get("127.0.0.1", port, certificates.client) == "hello"
            answers += 1
        return answers

    async with (
        serving(application(), sockets, lambda: current),
        asyncio.TaskGroup() as tasks,
    ):
        hammers = [tasks.create_task(hammer()) for _ in range(8)]
        for context in contexts:
            current = context
            await certificates.serial(port)
        changed.set()
    assert sum(task.result() for task in hammers) >= len(hammers)


async def test_handshakes_that_never_finish_are_dropped_and_block_no_others() -> None:
    certificates = Certificates()
    context = certificates.next()
    sockets = bind(LOOPBACK)
    port = port_of(sockets[0])
    async with (
        AsyncExitStack() as lingering,
        serving(application(), sockets, lambda: context, handshake_seconds=1.0),
    ):
        halfway = [
            await lingering.enter_async_context(connected("127.0.0.1", port)) for _ in range(200)
        ]
        assert await get("127.0.0.1", port, certificates.client) == "hello"
        async with asyncio.timeout(PATIENCE):
            for reader, _ in halfway:
                assert await reader.read() == b""
        assert await get("127.0.0.1", port, certificates.client) == "hello"


async def test_serving_ends_despite_open_handshakes_and_idle_connections() -> None:
    certificates = Certificates()
    context = certificates.next()
    sockets = bind(LOOPBACK)
    port = port_of(sockets[0])
    async with AsyncExitStack() as lingering, asyncio.timeout(PATIENCE):
        async with serving(application(), sockets, lambda: context, handshake_seconds=3600):
            halfway, _ = await lingering.enter_async_context(connected("127.0.0.1", port))
            idle = await lingering.enter_async_context(
                connected("127.0.0.1", port, certificates.client)
            )
            assert await ask(*idle) == "hello"
        assert await halfway.read() == b""
        assert await idle[0].read() == b""
        assert [each.fileno() for each in sockets] == [-1]
        with pytest.raises(ConnectionRefusedError):
            await get("127.0.0.1", port)


@pytest.mark.parametrize("turns", range(6))
async def test_connections_that_arrive_as_serving_ends_are_closed(turns: int) -> None:
    sockets = bind(LOOPBACK)
    with ExitStack() as clients:
        async with serving(application(), sockets):
            for _ in range(20):
                client = clients.enter_context(socket.socket())
                client.connect(sockets[0].getsockname())
            for _ in range(turns):
                await asyncio.sleep(0)
        gc.collect()  # an unclosed socket causes a warning, which fails the test


async def test_an_answer_under_way_is_sent_when_serving_ends() -> None:
    asked, answer = asyncio.Event(), asyncio.Event()

    async def slow(_request: web.Request) -> web.Response:
        asked.set()
        await answer.wait()
        return web.Response(text="hello")

    slowly = web.Application()
    slowly.router.add_get("/", slow)
    sockets = bind(LOOPBACK)
    async with connected("127.0.0.1", port_of(sockets[0])) as streams:
        async with serving(slowly, sockets):
            asking = asyncio.create_task(ask(*streams))
            await asked.wait()
            answer.set()
        assert await asking == "hello"


async def test_an_error_in_the_block_is_raised() -> None:
    with pytest.raises(ExceptionGroup) as caught:
        async with serving(application(), bind(LOOPBACK)):
            raise LookupError
    assert caught.group_contains(LookupError)


async def test_when_files_run_out_connections_wait_and_that_is_logged_once() -> None:
    # A process of its own: the limit is one of the whole process.
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-c", OUT_OF_FILES, stdout=PIPE, stderr=PIPE
    )
    out, err = await process.communicate()
    assert out == b"hello\n", err
    assert err.count(b"connections have to wait") == 1, err
    assert b"Too many open files" in err


OUT_OF_FILES = f"""
import asyncio, resource, socket
from exporter.daemon import logs
from exporter.web.serving import serving
from exporter.web.sockets import bind
from tests.web.clients import application, ask

async def main():
    logs.configure("info", "logfmt")
    sockets = bind({LOOPBACK!r})
    async with serving(application(), sockets):
        last = socket.socket()
        last.setblocking(False)
        soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
        resource.setrlimit(resource.RLIMIT_NOFILE, (last.fileno() + 1, hard))
        await asyncio.get_running_loop().sock_connect(last, sockets[0].getsockname())
        reader, writer = await asyncio.open_connection(sock=last)
        asking = asyncio.create_task(ask(reader, writer))
        done, _ = await asyncio.wait([asking], timeout={2.5 * RETRY_SECONDS})
        assert not done
        resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))
        print(await asking)
        writer.close()

asyncio.run(main())
"""
