"""A forward proxy as small as one can be: plain requests and CONNECT, with a password or none.

It can also stand for a network: each address in it leads to a server on loopback.
"""

import asyncio
import base64
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Final
from urllib.parse import urlsplit

_HEAD_ENDS: Final = b"\r\n\r\n"


@dataclass
class Proxy:
    """`heads` are those of the requests that came; `status` is how it refuses them all.

    With a `network`, addresses lead to the ports of loopback that it has, and others nowhere.
    """

    login: str | None = None
    status: str | None = None
    body: str = ""
    heads: list[str] = field(default_factory=list)
    url: str = ""
    network: Mapping[str, int] | None = None

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            await self._serve(reader, writer)
        finally:
            writer.close()

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        head = (await reader.readuntil(_HEAD_ENDS)).decode("latin-1")
        self.heads.append(head)
        if refusal := self._refusal(head):
            length = f"Content-Length: {len(self.body)}\r\n\r\n"
            writer.write(f"HTTP/1.1 {refusal}\r\n{length}{self.body}".encode())
            return
        method, target, _ = head.split("\r\n")[0].split()
        address = urlsplit(f"//{target}" if method == "CONNECT" else target)
        host, port = address.hostname, address.port
        if self.network is not None:
            host, port = "127.0.0.1", self.network.get(address.netloc)
        if port is None:
            writer.write(b"HTTP/1.1 502 Bad Gateway\r\nContent-Length: 0\r\n\r\n")
            return
        there = await asyncio.open_connection(host, port)
        if method == "CONNECT":
            writer.write(b"HTTP/1.1 200 Connection established\r\n\r\n")
        else:
            there[1].write(_forwarded(head, address.path, address.query))
        try:
            async with asyncio.TaskGroup() as tasks:
                tasks.create_task(_pour(reader, there[1]))
                tasks.create_task(_pour(there[0], writer))
        finally:
            there[1].close()

    def _refusal(self, head: str) -> str | None:
        expected = base64.b64encode((self.login or "").encode()).decode()
        if self.login and f"Proxy-Authorization: Basic {expected}\r\n" not in head:
            return "407 Proxy Authentication Required"
        return self.status


def _forwarded(head: str, path: str, query: str) -> bytes:
    """The request as the server itself takes it, on a connection for it alone."""
    first, *others = head.removesuffix("\r\n\r\n").split("\r\n")
    method, _, version = first.split()
    kept = [line for line in others if not line.lower().startswith(("proxy-", "connection:"))]
    lines = [f"{method} {path}?{query} {version}", *kept, "Connection: close"]
    return ("\r\n".join(lines) + "\r\n\r\n").encode("latin-1")


async def _pour(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    while some := await reader.read(1 << 16):
        writer.write(some)
        await writer.drain()
    writer.close()


@asynccontextmanager
async def proxying(
    *,
    login: str | None = None,
    status: str | None = None,
    body: str = "",
    network: Mapping[str, int] | None = None,
) -> AsyncIterator[Proxy]:
    proxy = Proxy(login, status, body, network=network)
    server = await asyncio.start_server(proxy.serve, "127.0.0.1", 0)
    async with server:
        proxy.url = f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}"
        yield proxy
