"""What can be done to bytes on their way, and a server to do it in."""

import asyncio
import socket
import ssl
import struct
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass
from typing import Final, Self, TypeAlias

_RESET: Final = struct.pack("ii", 1, 0)
"""Close at once, with RST: lingering on, for zero seconds."""

Tamper: TypeAlias = Callable[[bytes, asyncio.StreamWriter], Awaitable[None]]
"""Writes an answer, or something else, or nothing."""

Serve: TypeAlias = Callable[[asyncio.StreamReader, asyncio.StreamWriter], Awaitable[None]]


@asynccontextmanager
async def accepting(serve: Serve, tls: ssl.SSLContext | None = None) -> AsyncIterator[int]:
    """Serve every connection to a port, until the block ends; a lost one is nothing special."""
    under_way: set[asyncio.Task[None]] = set()

    async def accept(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        assert task is not None
        under_way.add(task)
        try:
            with suppress(ConnectionError, asyncio.IncompleteReadError, ssl.SSLError):
                await serve(reader, writer)
                await writer.drain()
                writer.close()
                await writer.wait_closed()
        finally:
            under_way.discard(task)
            writer.transport.abort()

    server = await asyncio.start_server(accept, "127.0.0.1", 0, ssl=tls)
    try:
        yield server.sockets[0].getsockname()[1]
    finally:
        server.close()
        for task in tuple(under_way):
            task.cancel()
        await asyncio.gather(*under_way, return_exceptions=True)


def sending(made: Callable[[bytes], bytes]) -> Tamper:
    """Something else instead."""

    async def tamper(answer: bytes, out: asyncio.StreamWriter) -> None:
        out.write(made(answer))

    return tamper


def resetting(made: Callable[[bytes], bytes]) -> Tamper:
    """Something else, and then the connection is reset."""

    async def tamper(answer: bytes, out: asyncio.StreamWriter) -> None:
        out.write(made(answer))
        await out.drain()
        out.get_extra_info("socket").setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, _RESET)

    return tamper


def trickling(most: int) -> Tamper:
    """So many bytes one by one, each in a segment of its own, then the others."""

    async def tamper(answer: bytes, out: asyncio.StreamWriter) -> None:
        for at in range(most):
            out.write(answer[at : at + 1])
            await asyncio.sleep(0)
        out.write(answer[most:])

    return tamper


def stalling(after: Callable[[bytes], int]) -> Tamper:
    """So many bytes, then nothing until the client has gone."""

    async def tamper(answer: bytes, out: asyncio.StreamWriter) -> None:
        out.write(answer[: after(answer)])
        await out.drain()
        while not out.transport.is_closing():  # noqa: ASYNC110 - the client ends it, no event
            await asyncio.sleep(0.1)

    return tamper


def endless(begun: bytes, more: bytes) -> Tamper:
    """More and more, as fast as the client takes it, until it has gone."""

    async def tamper(_answer: bytes, out: asyncio.StreamWriter) -> None:
        out.write(begun)
        piece = more * (1 << 12)
        while not out.transport.is_closing():
            out.write(piece)
            await out.drain()

    return tamper


@dataclass(frozen=True, slots=True)
class Tampering:
    """What becomes of bytes on their way, by its kind."""

    kind: str
    tamper: Tamper

    @classmethod
    def silence(cls) -> Self:
        """The connection stays open, and nothing comes."""
        return cls("silence", stalling(after=lambda _: 0))

    @classmethod
    def hang_up(cls) -> Self:
        """The connection is closed in good order, without a byte."""
        return cls("hang_up", sending(lambda _: b""))
