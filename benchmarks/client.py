"""The client that all servers are measured with: one socket, read to the last byte of a page."""

import socket
import zlib
from time import perf_counter
from typing import Final, Self
from urllib.parse import urlsplit

_PIECE: Final = 1 << 20
_HEAD: Final = 1 << 14
_TIMEOUT: Final = 120.0


class RefusedError(Exception):
    """The server answered with an error."""


class Scraper:
    """Asks one server for one page again and again, on one connection where the server keeps it."""

    def __init__(self, url: str, *, gzip: bool) -> None:
        parts = urlsplit(url)
        self._address = (str(parts.hostname), int(parts.port or 80))
        self._gzip = gzip
        self._request = (
            f"GET {parts.path}{'?' * bool(parts.query)}{parts.query} HTTP/1.1\r\n"
            f"Host: {parts.netloc}\r\nAccept: text/plain;version=0.0.4\r\n"
            f"Accept-Encoding: {'gzip' if gzip else 'identity'}\r\n\r\n"
        ).encode()
        self._buffer = memoryview(bytearray(_PIECE))
        self._connection: socket.socket | None = None

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._close()

    def scrape(self) -> float:
        """Seconds from the request's first byte to the page's last."""
        return self._ask(None)

    def page(self) -> bytes:
        """The page as it is sent, compressed or not."""
        body = bytearray()
        self._ask(body)
        return bytes(body)

    def answers(self) -> bool:
        """Whether the server has it, rather than an error."""
        try:
            self.scrape()
        except RefusedError:
            self._close()  # with the rest of its answer
            return False
        return True

    def _ask(self, kept: bytearray | None) -> float:
        began = perf_counter()
        connection = self._connected()
        connection.sendall(self._request)
        head, rest = self._head(connection)
        length = _length(head, gzip=self._gzip)
        if kept is not None:
            kept += rest
        self._read(connection, length - len(rest), kept)
        seconds = perf_counter() - began
        if head.startswith(b"HTTP/1.0") or b"\r\nconnection: close" in head.lower():
            self._close()
        return seconds

    def _connected(self) -> socket.socket:
        if self._connection is None:
            self._connection = socket.create_connection(self._address, timeout=_TIMEOUT)
        return self._connection

    def _close(self) -> None:
        if self._connection is not None:
            self._connection.close()
        self._connection = None

    def _head(self, connection: socket.socket) -> tuple[bytes, bytes]:
        """The answer's header, and what of the body came with it."""
        received = b""
        while b"\r\n\r\n" not in received:
            # Not `recv`: it would take fresh memory from the system each time, and wait for it.
            size = connection.recv_into(self._buffer, _HEAD)
            if not size:
                raise ConnectionError("the server hung up before it answered")
            received += self._buffer[:size]
        head, _, rest = received.partition(b"\r\n\r\n")
        return head, rest

    def _read(self, connection: socket.socket, size: int, kept: bytearray | None) -> None:
        while size > 0:
            received = connection.recv_into(self._buffer, min(size, _PIECE))
            if not received:
                raise ConnectionError("the server hung up in the middle of its page")
            if kept is not None:
                kept += self._buffer[:received]
            size -= received


def text(page: bytes) -> str:
    """The text of a page that came compressed as one gzip member, and of nothing else."""
    member = zlib.decompressobj(16 + zlib.MAX_WBITS)
    inflated = member.decompress(page)
    if not member.eof or member.unused_data:
        raise ValueError("the page is not one whole gzip member")
    return inflated.decode()


def _length(head: bytes, *, gzip: bool) -> int:
    status, *lines = head.decode("latin-1").split("\r\n")
    if " 200 " not in status:
        raise RefusedError(f"the server answered {status}")
    headers = {name.lower(): value.strip() for name, _, value in (h.partition(":") for h in lines)}
    if gzip != (headers.get("content-encoding") == "gzip"):
        raise ConnectionError("the server sent another encoding than it was asked for")
    return int(headers["content-length"])
