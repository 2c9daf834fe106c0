"""What can be done to bytes on their way, and a place where connections come by."""

import asyncio
import socket
import ssl
import struct
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager, suppress
from typing import Final, TypeAlias

_RESET: Final = struct.pack("ii", 1, 0)
"""Close at once, and say so with RST: lingering on, for zero seconds."""

Spoil: TypeAlias = Callable[[bytes, asyncio.StreamWriter], Awaitable[None]]
"""Hands on all that was to come, or does not."""

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


def sending(made: Callable[[bytes], bytes]) -> Spoil:
    """Something else instead."""

    async def spoil(answer: bytes, out: asyncio.StreamWriter) -> None:
        out.write(made(answer))

    return spoil


def resetting(made: Callable[[bytes], bytes]) -> Spoil:
    """Something else, and then the connection is reset."""

    async def spoil(answer: bytes, out: asyncio.StreamWriter) -> None:
        out.write(made(answer))
        await out.drain()
        out.get_extra_info("socket").setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, _RESET)

    return spoil


def trickling(most: int) -> Spoil:
    """So many bytes one by one, each in a segment of its own, then the others."""

    async def spoil(answer: bytes, out: asyncio.StreamWriter) -> None:
        for place in range(most):
            out.write(answer[place : place + 1])
            await asyncio.sleep(0)
        out.write(answer[most:])

    return spoil


def stalling(after: Callable[[bytes], int]) -> Spoil:
    """So many bytes, then nothing until the client has gone."""

    async def spoil(answer: bytes, out: asyncio.StreamWriter) -> None:
        out.write(answer[: after(answer)])
        await out.drain()
        while not out.transport.is_closing():  # noqa: ASYNC110 - the client ends it, no event
            await asyncio.sleep(0.1)

    return spoil


def endless(begun: bytes, more: bytes) -> Spoil:
    """More and more, as fast as the client takes it, until it has gone."""

    async def spoil(_answer: bytes, out: asyncio.StreamWriter) -> None:
        out.write(begun)
        piece = more * (1 << 12)
        while not out.transport.is_closing():
            out.write(piece)
            await out.drain()

    return spoil
