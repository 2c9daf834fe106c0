"""A small application, clients that connect to it, and certificates that they trust."""

import asyncio
import socket
import ssl
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import trustme
from aiohttp import web

from tests.support.exporting import Exporter

LOOPBACK = [("127.0.0.1", 0)]


def application(answer: web.StreamResponse | None = None) -> web.Application:
    async def hello(_request: web.Request) -> web.StreamResponse:
        return answer or web.Response(text="hello")

    application = web.Application()
    application.router.add_get("/", hello)
    return application


@asynccontextmanager
async def slow_scrape(exporter: Exporter) -> AsyncIterator[socket.socket]:
    """A scrape that is under way for as long as its client reads no more than its first bytes."""
    with socket.socket() as slow:
        slow.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
        await asyncio.to_thread(slow.connect, exporter.address)
        slow.sendall(b"GET /metrics HTTP/1.1\r\nHost: x\r\n\r\n")
        await asyncio.to_thread(slow.recv, 10)
        yield slow


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
