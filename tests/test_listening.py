"""Sockets that listen, and TLS that changes while they do."""

import asyncio
import errno
import socket
import ssl
import sys
from asyncio.subprocess import PIPE
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager, closing

import pytest
import trustme
from aiohttp import web

from exporter.listening import RETRY_SECONDS, bind, serving

from .exporting import PATIENCE

LOOPBACK = [("127.0.0.1", 0)]


def has_ipv6() -> bool:
    try:
        bind([("::1", 0)])[0].close()
    except OSError:
        return False
    return True


needs_ipv6 = pytest.mark.skipif(not has_ipv6(), reason="this machine has no IPv6")


def application(answer: web.StreamResponse | None = None) -> web.Application:
    async def hello(_request: web.Request) -> web.StreamResponse:
        return answer or web.Response(text="hello")

    application = web.Application()
    application.router.add_get("/", hello)
    return application


@asynccontextmanager
async def connected(
    host: str, port: int, tls: ssl.SSLContext | None = None
) -> AsyncIterator[tuple[asyncio.StreamReader, asyncio.StreamWriter]]:
    reader, writer = await asyncio.open_connection(host, port, ssl=tls)
    try:
        yield reader, writer
    finally:
        writer.close()
        await writer.wait_closed()


async def ask(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> str:
    """The body of one answer; the connection stays open."""
    writer.write(b"GET / HTTP/1.1\r\nHost: here\r\n\r\n")
    head = await reader.readuntil(b"\r\n\r\n")
    assert head.startswith(b"HTTP/1.1 200 "), head
    return (await reader.readexactly(len(b"hello"))).decode()


async def get(host: str, port: int, tls: ssl.SSLContext | None = None) -> str:
    async with connected(host, port, tls) as (reader, writer):
        return await ask(reader, writer)


def port_of(bound: socket.socket) -> int:
    return int(bound.getsockname()[1])


class Certificates:
    """Certificates of one authority, one after the other, and a client that trusts them."""

    def __init__(self) -> None:
        self._authority = trustme.CA()
        self.client = ssl.create_default_context()
        self._authority.configure_trust(self.client)

    def next(self) -> ssl.SSLContext:
        context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
        self._authority.issue_cert("127.0.0.1").configure_cert(context)
        return context

    async def serial(self, port: int) -> str:
        """The number of the certificate that a connection gets now."""
        async with connected("127.0.0.1", port, self.client) as (reader, writer):
            assert await ask(reader, writer) == "hello"
            return str(writer.get_extra_info("peercert")["serialNumber"])


@needs_ipv6
@pytest.mark.parametrize("host", ["", "::"])
async def test_every_interface_is_one_socket_that_answers_both_families(host: str) -> None:
    sockets = bind([(host, 0)])
    async with serving(application(), sockets) as served:
        (port,) = map(port_of, sockets)
        assert served.urls == (f"http://[::]:{port}",)
        assert await get("127.0.0.1", port) == await get("::1", port) == "hello"


async def test_where_there_is_no_ipv6_every_interface_is_that_of_ipv4() -> None:
    # An interpreter of its own, in which no socket of IPv6 can be made.
    program = """
import errno, socket
from exporter.listening import bind
socket.has_dualstack_ipv6 = lambda: False
print(bind([("", 0)])[0].family.name)
try:
    bind([("::", 0)])
except OSError as error:
    print(errno.errorcode[error.errno], error.filename)
"""
    process = await asyncio.create_subprocess_exec(sys.executable, "-c", program, stdout=PIPE)
    out, _ = await process.communicate()
    assert out.decode().split() == ["AF_INET", "EAFNOSUPPORT", "[::]:0"]


@needs_ipv6
async def test_a_name_listens_on_all_its_addresses_with_one_port() -> None:
    families = {found[0] for found in socket.getaddrinfo("localhost", None)}
    sockets = bind([("localhost", 0)])
    async with serving(application(), sockets):
        assert {each.family for each in sockets} == families
        assert len({port_of(each) for each in sockets}) == 1
        for each in sockets:
            assert await get(*each.getsockname()[:2]) == "hello"


async def test_several_addresses_are_served_and_told_as_they_are_bound() -> None:
    sockets = bind([*LOOPBACK, ("127.0.0.2", 0)])
    async with serving(application(), sockets) as served:
        ports = [port_of(each) for each in sockets]
        assert served.urls == (f"http://127.0.0.1:{ports[0]}", f"http://127.0.0.2:{ports[1]}")
        assert await get("127.0.0.1", ports[0]) == await get("127.0.0.2", ports[1]) == "hello"


def test_an_address_that_is_taken_is_named_and_nothing_stays_open() -> None:
    with closing(bind(LOOPBACK)[0]) as taken, closing(bind(LOOPBACK)[0]) as freed:
        port = port_of(freed)
        freed.close()
        with pytest.raises(OSError, match="address already in use") as caught:
            bind([("127.0.0.1", port), ("127.0.0.1", port_of(taken))])
        assert caught.value.errno == errno.EADDRINUSE
        assert caught.value.filename == f"127.0.0.1:{port_of(taken)}"
        bind([("127.0.0.1", port)])[0].close()


@pytest.mark.parametrize(
    ("host", "shown"),
    [("192.0.2.1", "192.0.2.1:0"), ("a..b", "a..b:0"), ("::1%nowhere", "[::1%nowhere]:0")],
    ids=["of another machine", "no name", "of no interface"],
)
def test_an_address_that_is_not_ours_is_named(host: str, shown: str) -> None:
    with pytest.raises(OSError, match=r".") as caught:
        bind([(host, 0)])
    assert caught.value.filename == shown
    assert caught.value.strerror


async def test_a_port_can_be_bound_again_while_old_connections_linger() -> None:
    sockets = bind(LOOPBACK)
    port = port_of(sockets[0])
    async with AsyncExitStack() as lingering:
        async with serving(application(), sockets):
            streams = await lingering.enter_async_context(connected("127.0.0.1", port))
            assert await ask(*streams) == "hello"
        bind([("127.0.0.1", port)])[0].close()


async def test_connections_get_the_certificate_of_their_moment_and_keep_it() -> None:
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


async def test_tls_is_turned_on_and_off_without_refusing_anybody() -> None:
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
            with pytest.raises((OSError, EOFError)):
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


async def test_handshakes_that_never_finish_are_dropped_and_hold_up_nobody() -> None:
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


async def test_it_ends_though_handshakes_and_idle_connections_are_open() -> None:
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


async def test_an_answer_under_way_is_given_when_serving_ends() -> None:
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


async def test_what_the_block_raises_comes_through() -> None:
    with pytest.raises(ExceptionGroup) as caught:
        async with serving(application(), bind(LOOPBACK)):
            raise LookupError
    assert caught.group_contains(LookupError)


async def test_when_files_run_out_connections_wait_and_it_is_told_once() -> None:
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
from exporter import logs
from exporter.listening import bind, serving
from tests.test_listening import application, ask

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
