"""A platform that echoes every byte of a request, in each shape that its answer can have.

It writes its answers byte by byte: no HTTP library would send most of them.
"""

import asyncio
import html
import json
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Final
from urllib.parse import quote

SESSION: Final = "0123456789abcdef0f1e2d3c4b5a6978"
_OTHER: Final = "a0b1c2d3e4f5a6b7c8d9e0f1a2b3c4d5"

LOG_IN: Final = "log in"
LIST: Final = "list"
ZONE: Final = "zone"
LOG_OUT: Final = "log out"
OPERATIONS: Final = (LOG_IN, LIST, ZONE, LOG_OUT)

Shape = Callable[[str], bytes]
"""The whole answer to a request of this text."""


def _answer(status: str, body: bytes, *headers: str) -> bytes:
    lines = [f"HTTP/1.1 {status}", f"Content-Length: {len(body)}", *headers, "", ""]
    return "\r\n".join(lines).encode() + body


def _error(members: Callable[[str], object], status: str = "503 Unavailable") -> Shape:
    return lambda echo: _answer(status, json.dumps({"error": members(echo)}).encode())


def _text(status: str, write: Callable[[str], str] = str) -> Shape:
    return lambda echo: _answer(status, write(echo).encode())


def _with_gson_escapes(echo: str) -> str:
    return "".join(f"\\u{ord(c):04x}" if c in "=&<>'+/" else c for c in echo)


def _in_lines(echo: str) -> str:
    """Wrapped at a width, as base64 and long words are."""
    return "\n".join(echo[at : at + 10] for at in range(0, len(echo), 10))


def _one_line(echo: str) -> str:
    return " | ".join(echo.splitlines())


SHAPES: Final[Mapping[str, Shape]] = {
    "details": _error(lambda echo: {"code": "SYS.1007", "details": f"unable to parse {echo}"}),
    "description": _error(lambda echo: {"code": "SYS.1007", "description": echo}),
    "message": _error(lambda echo: {"code": "SYS.1007", "message": echo}),
    "cause": _error(lambda echo: {"code": "SYS.1", "cause": {"code": "ID.1002", "details": echo}}),
    "code": _error(lambda echo: {"code": echo}),
    "end of the code": _error(lambda echo: {"code": echo.split()[-1]}),
    "each word a code": _error(lambda echo: {"code": "".join(echo.split())[-90:]}),
    "globalErrorCode": _error(lambda echo: {"globalErrorCode": echo[-60:], "details": echo[-60:]}),
    "error with 200": _error(lambda echo: {"code": "SYS.1007", "details": echo}, "200 OK"),
    "bare error code": lambda echo: _answer(
        "403 Forbidden", json.dumps({"code": "SYS.1006", "details": f"denied {echo}"}).encode()
    ),
    "text 400": _text("400 Bad Request", lambda echo: f"invalid header {echo}"),
    "text 403": _text("403 Forbidden"),
    "text 403 of an access key": _text("403 Forbidden", lambda echo: f"wrong accessKey {echo}"),
    "text 404": _text("404 Not Found"),
    "text 429": _text("429 Too Many Requests"),
    "text 500": _text("500 Internal Server Error"),
    "text of the end": _text("500 Internal Server Error", lambda echo: echo[-250:]),
    "text after a long beginning": _text("500 Error", lambda echo: "x" * 290 + echo[-200:]),
    "text cut in a secret": _text("500 Error", lambda echo: f"{echo[-200:-9]}"),
    "text in percent escapes": _text("400 Bad Request", lambda echo: quote(echo[-200:], safe="")),
    "text in percent escapes, twice": _text("400 Bad", lambda echo: quote(quote(echo[-200:]))),
    "text in entities": _text("400 Bad", lambda echo: html.escape(echo[-250:])),
    "text in numbered entities": _text(
        "400 Bad Request", lambda echo: "".join(f"&#{ord(c)};" for c in echo[-250:])
    ),
    "text in Gson's escapes": _text("400 Bad", lambda echo: _with_gson_escapes(echo[-250:])),
    "text in JSON": _text("400 Bad", lambda echo: json.dumps({"request": echo[-250:]})),
    "text in capitals": _text("400 Bad", lambda echo: echo[-250:].upper()),
    "text in lines": _text("400 Bad", lambda echo: _in_lines(echo[-200:])),
    "text with blanks": _text("400 Bad", lambda echo: " ".join(echo[-150:])),
    "page": _text("502 Bad Gateway", lambda echo: f"<html>{html.escape(echo)}</html>"),
    "page with 200": _text("200 OK", lambda echo: f"<html>{html.escape(echo)}</html>"),
    "no JSON": _text("200 OK"),
    "JSON of another kind": _text("200 OK", json.dumps),
    "JSON that ends too early": _text(
        "200 OK", lambda echo: json.dumps({"inventories": echo})[:-1]
    ),
    "keys of JSON": _text("200 OK", lambda echo: json.dumps({echo: {echo: 1}})),
    "values of another type": _text(
        "200 OK",
        lambda echo: json.dumps({"inventories": echo, "total": echo, "inventory": {"uuid": echo}}),
    ),
    "records": _text(
        "200 OK",
        lambda echo: json.dumps({"inventories": [{"uuid": echo, "name": {echo: 1}}], "total": 1}),
    ),
    "short records": _text(
        "200 OK",
        lambda echo: json.dumps({"inventories": [{"uuid": echo[-60:], "name": []}], "total": 1}),
    ),
    "redirect": lambda echo: _answer("302 Found", b"", f"Location: http://h/{quote(echo)}"),
    "redirect to a host": lambda echo: _answer(
        "302 Found", b"", f"Location: http://{''.join(c for c in echo[-60:] if c.isalnum())}.h/"
    ),
    "redirect below": lambda echo: _answer(
        "308 Moved", b"", f"Location: /{quote(echo[-100:], safe='')}/zstack/v1/ai/model-services"
    ),
    "reason": lambda echo: _answer(f"500 {_one_line(echo)}", b""),
    "reason of a proxy": lambda echo: _answer(f"407 {_one_line(echo)}", echo.encode()),
    "header": lambda echo: _answer("500 Error", b"", f"X-Echo: {_one_line(echo)}"),
    "header that is none": lambda echo: _answer("200 OK", b"{}", _one_line(echo[-100:])),
    "status line": lambda echo: f"{_one_line(echo)}\r\n\r\n".encode(),
    "date": lambda echo: _answer("500 Error", b"", f"Date: {_one_line(echo)}"),
    "cookie": lambda echo: _answer("500 Error", b"", f"Set-Cookie: a={quote(echo[-100:])}"),
    "cookie without a legal name": lambda echo: _answer(
        "400 Bad Request", b"", f"Set-Cookie: {_one_line(echo[-100:])}=1"
    ),
    "length": lambda echo: f"HTTP/1.1 200 OK\r\nContent-Length: {_one_line(echo)}\r\n\r\n".encode(),
    "chunk": lambda echo: (
        b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n" + echo.encode() + b"\r\n"
    ),
    "packing": lambda echo: _answer("200 OK", b"{}", f"Content-Encoding: {_one_line(echo)}"),
    "character set": lambda echo: _answer(
        "200 OK", echo.encode(), f"Content-Type: application/json; charset={_one_line(echo)}"
    ),
    "retry": lambda echo: _answer("429 Slow", b"", f"Retry-After: {_one_line(echo)}"),
}

SETTLED: Final = (
    "details", "description", "cause", "code", "each word a code", "bare error code",
    "text 400", "text 403 of an access key", "text in Gson's escapes", "text in percent escapes",
    "records", "short records", "redirect to a host", "redirect below",
    "cookie without a legal name",
)  # fmt: skip
"""Shapes that are not retried, as nothing would be gained: they take little time."""


@dataclass
class Platform:
    """Answers well, but for `operation`, which it answers in the `shape`.

    `proofs` authenticated the requests: sessions, signatures, digests.
    """

    operation: str = ""
    shape: Shape = SHAPES["details"]
    proofs: set[str] = field(default_factory=set)
    url: str = ""

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            head = (await reader.readuntil(b"\r\n\r\n")).decode()
            body = (await reader.readexactly(_length(head))).decode()
            writer.write(self._answer(head, body))
            await writer.drain()
        except (ConnectionError, asyncio.IncompleteReadError):
            pass  # a client that ends
        finally:
            writer.close()

    def _answer(self, head: str, body: str) -> bytes:
        self.proofs |= set(_proofs(head, body))
        operation = _operation(head)
        if operation == self.operation:
            # What matters stands at the end, where some shapes cut.
            lines = sorted(head.strip().splitlines(), key=lambda line: "uthorization" in line)
            return self.shape("\r\n".join([*lines, body]).strip())
        return _answer("200 OK", _GOOD[operation], "Set-Cookie: JSESSIONID=node0secretcookie1a2b")


_GOOD: Final = {
    LOG_IN: json.dumps({"inventory": {"uuid": SESSION}}).encode(),
    LIST: json.dumps({"inventories": [{"uuid": _OTHER}], "total": 1}).encode(),
    ZONE: json.dumps({"timezone": "Asia/Shanghai"}).encode(),
    LOG_OUT: b"{}",
}


def _operation(head: str) -> str:
    first = head.splitlines()[0]
    if first.startswith("PUT"):
        return LOG_IN
    if first.startswith("DELETE"):
        return LOG_OUT
    return ZONE if "timezone" in first else LIST


def _length(head: str) -> int:
    lengths = [line.split()[1] for line in head.splitlines() if line.startswith("Content-Length:")]
    return int(lengths[0]) if lengths else 0


def _proofs(head: str, body: str) -> list[str]:
    """What a request of the exporter holds that must stay secret."""
    lines = dict(line.split(": ", 1) for line in head.strip().splitlines()[1:])
    proofs = [
        lines.get("Authorization", "").rpartition(" ")[2].rpartition(":")[2],
        lines.get("Proxy-Authorization", "").rpartition(" ")[2],
        lines.get("Cookie", "").partition("=")[2],
        json.loads(body)["logInByAccount"]["password"] if body else "",
    ]
    return [proof for proof in proofs if proof]


@asynccontextmanager
async def echoing(operation: str = "", shape: Shape = SHAPES["details"]) -> AsyncIterator[Platform]:
    platform = Platform(operation, shape)
    server = await asyncio.start_server(platform.serve, "127.0.0.1", 0)
    async with server:
        platform.url = f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}"
        yield platform


def shown_parts(secret: str, shown: str, *, length: int = 8) -> set[str]:
    """Parts of the secret of that length that a text shows, in any case."""
    parts = {secret[at : at + length].lower() for at in range(max(len(secret) - length, 0) + 1)}
    return {part for part in parts if part in shown.lower()}
