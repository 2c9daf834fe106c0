"""A page that is replaced while a client reads it: the client gets the one that it began."""

import asyncio
import gzip
import socket
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, closing
from dataclasses import dataclass
from random import Random

import pytest

from exporter.metrics.exposition import Exposition, OnStale
from exporter.metrics.page import Format
from exporter.metrics.telemetry import Telemetry
from exporter.state.snapshot import Snapshot
from exporter.web.responses import WHOLE_UP_TO
from exporter.web.server import Server
from exporter.web.serving import serving
from exporter.web.sockets import bind
from exporter.zstack import ModelService
from tests.support.builders import found, publish
from tests.support.exporting import PATIENCE

SERVICES = 12_000
SMALL = 4096
"""Bytes that the system keeps of an answer: the rest is read from the page as it is sent."""


@dataclass(frozen=True)
class Site:
    exposition: Exposition
    telemetry: Telemetry
    address: tuple[str, int]

    async def publish(self, number: int) -> None:
        """What the poll of this number has found: nothing of it was there before."""
        random = Random(number)
        uuids = sorted(f"{random.getrandbits(128):032x}" for _ in range(SERVICES))
        listed = found(*(ModelService(uuid, name=f"{random.getrandbits(320):x}") for uuid in uuids))
        snapshot = Snapshot("lab", 60, 180, attempted_at=float(number), inventory=listed)
        await publish(self.exposition, snapshot)

    async def page(self, page_format: Format) -> bytes:
        page = await self.exposition.page(page_format, self.telemetry)
        return b"".join(page.text())


@asynccontextmanager
async def site() -> AsyncIterator[Site]:
    exposition = Exposition({"lab": OnStale.KEEP})
    telemetry = await asyncio.to_thread(Telemetry, process=False)
    server = Server(exposition, telemetry, telemetry_path="/metrics", max_requests=0)
    sockets = bind([("127.0.0.1", 0)])
    sockets[0].setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, SMALL)
    async with serving(server.application(), sockets):
        made = Site(exposition, telemetry, sockets[0].getsockname())
        await made.publish(0)
        yield made


@pytest.mark.small_sample
@pytest.mark.parametrize("encoding", ["identity", "gzip"])
@pytest.mark.parametrize("page_format", Format)
async def test_a_scrape_ends_with_the_page_that_it_began(
    page_format: Format, encoding: str
) -> None:
    async with site() as served:
        before = await served.page(page_format)
        head = (
            f"GET /metrics HTTP/1.1\r\nHost: here\r\nAccept: {page_format.value}\r\n"
            f"Accept-Encoding: {encoding}\r\nConnection: close\r\n\r\n"
        )
        body = await read_through_polls(served, head.encode())
        assert len(body) > WHOLE_UP_TO  # so that it was read from the page as it was sent
        assert (gzip.decompress(body) if encoding == "gzip" else body) == before
        assert await served.page(page_format) != before
    assert before.count(b"\nzstack_model_service_info{") == SERVICES


async def read_through_polls(served: Site, head: bytes) -> bytes:
    """The body that the head asks for, of which a part is read after each of three polls."""
    loop = asyncio.get_running_loop()
    with closing(socket.socket()) as slow:
        slow.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, SMALL)
        slow.settimeout(0)
        async with asyncio.timeout(PATIENCE):
            await loop.sock_connect(slow, served.address)
            await loop.sock_sendall(slow, head)
            received = bytearray()
            while b"\r\n\r\n" not in received:
                received += await loop.sock_recv(slow, 1000)
            for number in range(1, 4):
                await served.publish(number)
                for _ in range(5):
                    received += await loop.sock_recv(slow, 10_000)
            while more := await loop.sock_recv(slow, 1 << 20):
                received += more
    received_head, _, body = bytes(received).partition(b"\r\n\r\n")
    assert f"Content-Length: {len(body)}\r\n".encode() in received_head
    return body
