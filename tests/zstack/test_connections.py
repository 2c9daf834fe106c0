"""Connections end at an age, so that a name that moves is followed."""

import asyncio
import socket
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field

import aiohttp
import pytest
from aiohttp.abc import AbstractResolver, ResolveResult
from typing_extensions import override

from exporter.zstack import QUERY_MODEL_SERVICE, Connections, Transport
from tests.support.client_fixture import page, reply
from tests.support.exporting import exporting, target

ANSWER = reply(page("a")).replace(b"Connection: close\r\n", b"")


@dataclass
class Server:
    """Keeps its connections open, and counts those that were opened and the requests.

    The request after `most_requests` of a connection ends it, without an answer.
    """

    most_requests: int | None = None
    opened: int = 0
    requests: int = 0

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.opened += 1
        answered = 0
        try:
            while await reader.readuntil(b"\r\n\r\n") and answered != self.most_requests:
                answered += 1
                self.requests += 1
                writer.write(ANSWER)
            writer.close()
        except (asyncio.IncompleteReadError, ConnectionError):
            writer.close()


@dataclass
class Names(AbstractResolver):
    """A name server with one address for every name."""

    address: str
    fixture: list[str] = field(default_factory=list)

    @override
    async def resolve(
        self, host: str, port: int = 0, family: socket.AddressFamily = socket.AF_INET
    ) -> list[ResolveResult]:
        self.fixture.append(host)
        return [
            ResolveResult(
                hostname=host, host=self.address, port=port, family=family, proto=0, flags=0
            )
        ]

    @override
    async def close(self) -> None:
        pass


@dataclass
class Clock:
    now: float = 1000.0

    def __call__(self) -> float:
        return self.now


@asynccontextmanager
async def serving_at(
    *addresses: str, most_requests: int | None = None
) -> AsyncIterator[tuple[int, list[Server]]]:
    """A server at each of the addresses, all on one port."""
    async with AsyncExitStack() as stack:
        servers, port = list[Server](), 0
        for address in addresses:
            servers.append(Server(most_requests))
            listening = await asyncio.start_server(servers[-1].serve, address, port)
            await stack.enter_async_context(listening)
            port = listening.sockets[0].getsockname()[1]
        yield port, servers


async def test_name_that_moves_is_followed_when_its_connection_is_old() -> None:
    names, clock = Names("127.0.0.1"), Clock()
    async with serving_at("127.0.0.1", "127.0.0.2") as (port, (before, after)):
        connections = Connections(
            oldest_seconds=60, clock=clock, resolver=names, family=socket.AF_INET
        )
        async with aiohttp.ClientSession(connector=connections) as http:
            transport = Transport(
                http,
                f"http://platform.example:{port}",
                max_response_bytes=1 << 20,
                observe=lambda _: None,
            )
            for clock.now in (1000.0, 1030.0, 1060.0):
                await transport.send(QUERY_MODEL_SERVICE, bytes)
            names.address = "127.0.0.2"
            await transport.send(QUERY_MODEL_SERVICE, bytes)
            assert (before.opened, before.requests, after.requests) == (1, 4, 0)
            for clock.now in (1060.1, 1061.0, 1120.0):
                await transport.send(QUERY_MODEL_SERVICE, bytes)

    assert (before.opened, before.requests) == (1, 4)
    assert (after.opened, after.requests) == (1, 3)
    assert names.fixture == ["platform.example"] * 2


async def test_exporter_follows_a_name_that_moves(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("exporter.polling.connection.OLDEST_SECONDS", 0.1)
    async with serving_at("127.0.0.1") as (port, [server]):
        polled = target(f"http://localhost:{port}", session_uuid="5e55", time_zone="+08:00")
        async with exporting(target=polled) as exporter:
            await exporter.until(lambda _: server.opened > 2)

    assert server.requests > server.opened


async def test_polls_of_an_address_share_one_connection(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("exporter.polling.connection.OLDEST_SECONDS", 0.0)
    async with serving_at("127.0.0.1") as (port, [server]):
        polled = target(f"http://127.0.0.1:{port}", session_uuid="5e55", time_zone="+08:00")
        async with exporting(target=polled) as exporter:
            await exporter.until(lambda page: page.total("zstack_polls_total") > 8)

    assert server.requests > 8
    assert server.opened == 1


async def test_connection_that_the_platform_ends_between_two_polls_is_no_error() -> None:
    async with serving_at("127.0.0.1", most_requests=1) as (port, [server]):
        polled = target(f"http://127.0.0.1:{port}", session_uuid="5e55", time_zone="+08:00")
        async with exporting(target=polled) as exporter:
            page = await exporter.until(lambda page: page.total("zstack_polls_total") > 8)

    assert server.opened > 8
    assert page.total("zstack_polls_total", outcome="failure") == 0
    assert page.total("zstack_api_errors_total") == 0


async def test_idle_connections_are_probed_by_the_kernel() -> None:
    closed = asyncio.Event()

    async def answer_in_part(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(ANSWER[: ANSWER.index(b"{")])
        await reader.read()
        writer.close()
        closed.set()

    connections = Connections(oldest_seconds=60)
    async with await asyncio.start_server(answer_in_part, "127.0.0.1", 0) as listening:
        host, port = listening.sockets[0].getsockname()
        async with (
            aiohttp.ClientSession(connector=connections) as http,
            http.get(f"http://{host}:{port}") as response,
        ):
            transport = response.connection and response.connection.transport
            assert transport is not None
            opened = transport.get_extra_info("socket")
            assert opened.getsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE) == 1
            assert opened.getsockopt(socket.IPPROTO_TCP, socket.TCP_KEEPIDLE) < 30
        await closed.wait()
