"""A client that sends any bytes and reads every answer to them."""

import asyncio
import re
import ssl
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass
from typing import Final

from multidict import CIMultiDict

from tests.support.exporting import PATIENCE

_STATUS: Final = re.compile(r"HTTP/\d\.\d (\d{3})(?: [^\r\n]*)?")


@dataclass(frozen=True)
class Answer:
    status: int
    headers: CIMultiDict[str]
    body: bytes

    @property
    def text(self) -> str:
        return self.body.decode()


@dataclass(frozen=True)
class Connection:
    """A connection."""

    reader: asyncio.StreamReader
    writer: asyncio.StreamWriter

    def send(self, request: bytes) -> None:
        self.writer.write(request)

    def send_eof(self) -> None:
        """End the sending side of the connection."""
        with suppress(OSError):
            self.writer.write_eof()

    async def answer(self, *, head: bool = False, patience: float = PATIENCE) -> Answer | None:
        """The next answer, None where the connection ended instead.

        Raises AssertionError for what is no answer.
        """
        async with asyncio.timeout(patience):
            try:
                return await self._answer(head=head)
            except ConnectionError:
                return None
            except asyncio.IncompleteReadError as error:
                if error.partial:
                    raise AssertionError(f"half an answer: {error.partial!r}") from error
                return None

    async def _answer(self, *, head: bool) -> Answer:
        status, headers = _read_head(await self.reader.readuntil(b"\r\n\r\n"))
        size = 0 if head or status < 200 else int(headers["Content-Length"])
        return Answer(status, headers, await self.reader.readexactly(size))

    async def answers(self) -> list[Answer]:
        """All that still come until the connection ends."""
        found = []
        while (answer := await self.answer()) is not None:
            found.append(answer)
        return found


def _read_head(start: bytes) -> tuple[int, CIMultiDict[str]]:
    first, *lines = start.decode("latin-1").removesuffix("\r\n\r\n").split("\r\n")
    found = _STATUS.fullmatch(first)
    assert found, f"no status line: {first!r}"
    pairs = [line.partition(":") for line in lines]
    assert all(colon for _, colon, _ in pairs), lines
    headers = CIMultiDict((name, value.strip()) for name, _, value in pairs)
    assert headers.getall("Content-Length", []) in ([], [headers.get("Content-Length")])
    return int(found[1]), headers


@asynccontextmanager
async def connected(
    address: tuple[str, int], tls: ssl.SSLContext | None = None
) -> AsyncIterator[Connection]:
    reader, writer = await asyncio.open_connection(*address, ssl=tls)
    try:
        yield Connection(reader, writer)
    finally:
        writer.transport.abort()


async def ask(
    address: tuple[str, int], request: bytes, tls: ssl.SSLContext | None = None
) -> Answer | None:
    """The one answer to a request, on a connection of its own."""
    async with connected(address, tls) as connection:
        connection.send(request)
        return await connection.answer(head=request.startswith(b"HEAD "))
