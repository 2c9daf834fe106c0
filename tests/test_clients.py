"""Who may stay connected."""

import asyncio
from contextlib import AsyncExitStack

from exporter.clients import Clients
from exporter.listening import bind, serving

from .exporting import PATIENCE
from .test_listening import LOOPBACK, application, ask, connected, get, port_of


async def test_a_client_that_asks_for_nothing_is_dropped() -> None:
    sockets = bind(LOOPBACK)
    port = port_of(sockets[0])
    async with (
        serving(application(), sockets, clients=Clients(head_seconds=0.3)),
        connected("127.0.0.1", port) as (silent, _),
        connected("127.0.0.1", port) as (slow, begun),
        connected("127.0.0.1", port) as asking,
        asyncio.timeout(PATIENCE),
    ):
        begun.write(b"GET / HTTP/1.1\r\nX-Never: ")
        assert await ask(*asking) == "hello"
        assert [await each.read() for each in (silent, slow)] == [b"", b""]
        assert await ask(*asking) == "hello"


async def test_one_client_too_many_takes_the_place_of_who_was_idle_longest() -> None:
    sockets = bind(LOOPBACK)
    port = port_of(sockets[0])
    async with (
        serving(application(), sockets, clients=Clients(most=3)),
        AsyncExitStack() as stack,
        asyncio.timeout(PATIENCE),
    ):
        opened = [await stack.enter_async_context(connected("127.0.0.1", port)) for _ in range(3)]
        for each in (*opened, opened[0]):  # so that the second is the one that is idle longest
            assert await ask(*each) == "hello"
        assert await get("127.0.0.1", port) == "hello"
        assert await opened[1][0].read() == b""
        assert await ask(*opened[0]) == await ask(*opened[2]) == "hello"
