"""Plain HTTP on a port that speaks TLS: a client gets a sentence, and the log a line now and then.

OpenSSL would hang up without an answer, and a scraper whose configuration lacks `scheme: https`
could not know why.
"""

import asyncio
import socket
from contextlib import suppress
from typing import Final

import structlog

from exporter import NAME
from exporter.zstack import clock

log = structlog.get_logger(__name__)

LOG_SECONDS: Final = 600.0
"""Between two lines of the log: a client can ask as often as it likes."""

CLOSE_SECONDS: Final = 1.0
"""For a client to read the answer."""

_READ_BYTES: Final = 1 << 16
_MOST_READS: Final = 16
_METHOD: Final = frozenset(range(ord("A"), ord("Z") + 1))
"""First bytes of a request; a TLS record begins with 22 (RFC 8446, 5.1)."""

_PROBES: Final = (b"GET /-/healthy ", b"GET /-/ready ")
_PROBE_BYTES: Final = max(map(len, _PROBES))

_TEXT: Final = b"Client sent an HTTP request to an HTTPS server: write https:// in the URL.\n"
_ANSWER: Final = (
    b"HTTP/1.1 400 Bad Request\r\n"
    b"Content-Type: text/plain; charset=utf-8\r\n"
    b"Content-Length: %d\r\n"
    b"Server: %s\r\n"
    b"Connection: close\r\n\r\n%s" % (len(_TEXT), NAME.encode(), _TEXT)
)


class PlainHttp:
    """Recognises plain HTTP on connections of a TLS port, and answers it."""

    def __init__(self, *, log_seconds: float = LOG_SECONDS) -> None:
        self._log_seconds = log_seconds
        self._quiet_until = 0.0
        self._unlogged = 0

    async def is_spoken(self, connection: socket.socket) -> bool:
        """Wait for the first byte, which stays unread. Raises OSError where the client has gone."""
        connection.settimeout(0)  # non-blocking
        while True:
            try:
                first = connection.recv(1, socket.MSG_PEEK)
            except BlockingIOError:
                await wait_readable(connection)
            else:
                return first[:1] != b"" and first[0] in _METHOD

    async def refuse(self, connection: socket.socket) -> None:
        """Answer with status 400, and close."""
        self._log(connection)
        with connection, suppress(OSError, TimeoutError):
            async with asyncio.timeout(CLOSE_SECONDS):
                await _answer(connection)

    def _log(self, connection: socket.socket) -> None:
        """Write a line, or only count where there was one lately."""
        if _is_probe(connection):
            return
        if clock.now() < self._quiet_until:
            self._unlogged += 1
            return
        more = {"more_since_the_last_line": self._unlogged} if self._unlogged else {}
        log.warning(
            "a client sent plain HTTP to the TLS port",
            client=_address(connection),
            hint="write scheme: https in its scrape configuration, or https:// in its URL",
            **more,
        )
        self._quiet_until = clock.now() + self._log_seconds
        self._unlogged = 0


async def _answer(connection: socket.socket) -> None:
    loop = asyncio.get_running_loop()
    await loop.sock_sendall(connection, _ANSWER)
    connection.shutdown(socket.SHUT_WR)
    # To close with bytes unread would reset the connection, and could take the answer with it.
    for _ in range(_MOST_READS):
        if not await loop.sock_recv(connection, _READ_BYTES):
            return


def _is_probe(connection: socket.socket) -> bool:
    """Whether it asks for a health path: the command `healthy` tries plain HTTP, and then TLS."""
    try:
        return connection.recv(_PROBE_BYTES, socket.MSG_PEEK).startswith(_PROBES)
    except OSError:
        return False


def _address(connection: socket.socket) -> str:
    """The client's, or nothing where it has gone."""
    try:
        return str(connection.getpeername()[0])
    except OSError:
        return ""


async def wait_readable(connection: socket.socket) -> None:
    """Wait for bytes, or for a connection. `loop.sock_accept` loses one that comes as it ends."""
    loop = asyncio.get_running_loop()
    readable = asyncio.Event()
    loop.add_reader(connection, readable.set)
    try:
        await readable.wait()
    finally:
        loop.remove_reader(connection)
