"""Sends responses: how many at once, and how long one may take."""

import asyncio
from collections.abc import Iterable, Iterator
from contextlib import contextmanager, suppress
from typing import Final

from aiohttp import web

WHOLE_UP_TO: Final = 512 * 1024
"""Bytes up to which an answer is sent as one piece; a longer one goes out block by block."""

PIECE: Final = 112 * 1024
"""Bytes that are written at once, at most; a piece that is larger is written as it is."""


class ConcurrencyLimit:
    """Limits the requests of one kind that are answered at once."""

    def __init__(self, most: int, refusal: str) -> None:
        """0 is no limit; `refusal` is the text of the 503 beyond it."""
        self._most = most
        self._refusal = refusal
        self._taken = 0

    @contextmanager
    def acquire(self) -> Iterator[None]:
        """Hold one slot for the block. Raises HTTPServiceUnavailable if none is free."""
        if self._most and self._taken >= self._most:
            raise web.HTTPServiceUnavailable(text=self._refusal)
        self._taken += 1
        try:
            yield
        finally:
            self._taken -= 1


async def send(
    request: web.Request,
    pieces: Iterable[bytes],
    size: int,
    headers: dict[str, str],
    *,
    seconds: float,
) -> web.StreamResponse:
    """Send the pieces, `size` bytes in all, as fast as the client reads; abort after `seconds`."""
    whole = size <= WHOLE_UP_TO
    response: web.StreamResponse
    if whole:
        response = web.Response(body=b"".join(pieces), headers=headers)
    else:
        response = web.StreamResponse(headers=headers)
        response.content_length = size
    with suppress(ConnectionError), _abort_after(seconds, request):  # the client closed it
        await response.prepare(request)
        if not whole and request.method != "HEAD":
            for piece in _joined(pieces):
                await response.write(piece)
        await response.write_eof()
    return response


@contextmanager
def _abort_after(seconds: float, request: web.Request) -> Iterator[None]:
    """Abort the connection if the block takes longer; a write to it then fails."""
    transport = request.transport
    if transport is None:
        raise ConnectionResetError
    end = asyncio.get_running_loop().call_later(seconds, transport.abort)
    try:
        yield
    finally:
        end.cancel()


def _joined(pieces: Iterable[bytes]) -> Iterator[bytes]:
    """Join small pieces, so that each is worth a system call."""
    waiting: list[bytes] = []
    size = 0
    for piece in pieces:
        if waiting and size + len(piece) > PIECE:
            yield b"".join(waiting)
            waiting, size = [], 0
        waiting.append(piece)
        size += len(piece)
    yield b"".join(waiting)
