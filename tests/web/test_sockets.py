"""Which addresses are bound, and what is reported where one cannot be."""

import asyncio
import errno
import socket
import sys
from asyncio.subprocess import PIPE
from contextlib import AsyncExitStack, closing

import pytest

from exporter.web.serving import serving
from exporter.web.sockets import bind

from .clients import LOOPBACK, application, ask, connected, get, port_of


def has_ipv6() -> bool:
    try:
        bind([("::1", 0)])[0].close()
    except OSError:
        return False
    return True


needs_ipv6 = pytest.mark.skipif(not has_ipv6(), reason="this machine has no IPv6")


@needs_ipv6
@pytest.mark.parametrize("host", ["", "::"])
async def test_every_interface_is_one_socket_that_answers_both_families(host: str) -> None:
    sockets = bind([(host, 0)])
    async with serving(application(), sockets) as served:
        (port,) = map(port_of, sockets)
        assert served.urls == (f"http://[::]:{port}",)
        assert await get("127.0.0.1", port) == await get("::1", port) == "hello"


async def test_without_ipv6_every_interface_is_bound_for_ipv4() -> None:
    # An interpreter of its own, in which no socket of IPv6 can be made.
    program = """
import errno, socket
from exporter.web.sockets import bind
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


async def test_several_addresses_are_served_and_reported_as_they_are_bound() -> None:
    sockets = bind([*LOOPBACK, ("127.0.0.2", 0)])
    async with serving(application(), sockets) as served:
        ports = [port_of(each) for each in sockets]
        assert served.urls == (f"http://127.0.0.1:{ports[0]}", f"http://127.0.0.2:{ports[1]}")
        assert await get("127.0.0.1", ports[0]) == await get("127.0.0.2", ports[1]) == "hello"


def test_an_address_in_use_is_named_and_no_socket_stays_open() -> None:
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
