"""The way between the exporter and a platform, and what can go wrong on it.

It takes an answer from the platform as it is and hands it on as no HTTP server would: a byte at a
time, cut, followed by another that was not asked for. (tests/zstack/proxy.py is a proxy that the
exporter knows of; this one it takes for the platform.)
"""

import asyncio
import gzip
import ssl
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from random import Random
from typing import Final, Self
from urllib.parse import parse_qs, urlsplit

from exporter.simulator.faults import Rule

from .tampering import Tampering, accepting, endless, resetting, sending, stalling, trickling

_END_OF_HEAD: Final = b"\r\n\r\n"
_MIB: Final = 1 << 20
_SESSION_REFUSED: Final = b"ID.1001"
_EMPTY_LIST: Final = b'{"inventories":[],"total":0}'

_OPERATIONS: Final = {
    "PUT /zstack/v1/accounts/login": "LogInByAccount",
    "GET /zstack/v1/ai/model-services": "QueryModelService",
    "GET /zstack/v1/ai/model-services/instances/groups/": "QueryModelServiceInstanceGroup",
    "GET /zstack/v1/ai/model-centers": "QueryModelCenter",
    "GET /zstack/v1/management-nodes/platform-timezone": "GetPlatformTimeZone",
}


@dataclass(frozen=True, slots=True)
class WireFault(Tampering):
    """What becomes of an answer on its way."""

    @classmethod
    def delay(cls) -> Self:
        """The answer comes a little later."""

        async def tamper(answer: bytes, out: asyncio.StreamWriter) -> None:
            await asyncio.sleep(0.1)
            out.write(answer)

        return cls("delay", tamper)

    @classmethod
    def trickle(cls) -> Self:
        """Its first bytes come one by one, each in a segment of its own."""
        return cls("trickle", trickling(500))

    @classmethod
    def stall_in_head(cls) -> Self:
        """Half of the head comes, and then nothing."""
        return cls("stall_in_head", stalling(after=lambda answer: _head(answer) // 2))

    @classmethod
    def stall_in_body(cls) -> Self:
        """All but the last byte comes, and then nothing."""
        return cls("stall_in_body", stalling(after=lambda answer: len(answer) - 1))

    @classmethod
    def cut_in_head(cls) -> Self:
        """The connection is closed in good order within the head."""
        return cls("cut_in_head", sending(lambda answer: answer[: _head(answer) // 2]))

    @classmethod
    def cut_in_body(cls) -> Self:
        """The connection is closed in good order one byte before the end."""
        return cls("cut_in_body", sending(lambda answer: answer[:-1]))

    @classmethod
    def reset_in_body(cls) -> Self:
        """The connection is reset one byte before the end."""
        return cls("reset_in_body", resetting(lambda answer: answer[:-1]))

    @classmethod
    def noise(cls) -> Self:
        """What comes is no HTTP at all."""
        return cls("noise", sending(lambda _: Random(7).randbytes(4096)))

    @classmethod
    def noise_in_body(cls) -> Self:
        """The head is good, the body of the right length, and no JSON."""

        def noisy(answer: bytes) -> bytes:
            body = len(answer) - _head(answer)
            return answer[: _head(answer)] + Random(7).randbytes(body)

        return cls("noise_in_body", sending(noisy))

    @classmethod
    def bad_chunks(cls) -> Self:
        """The body is in chunks, whose sizes are no numbers."""
        head = b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"
        return cls("bad_chunks", sending(lambda _: head + b"zz\r\n{}\r\n0\r\n\r\n"))

    @classmethod
    def bad_gzip(cls) -> Self:
        """The body is labelled as gzip, and is not."""
        return cls("bad_gzip", sending(lambda _: _whole(b"not packed", "Content-Encoding: gzip")))

    @classmethod
    def bomb(cls) -> Self:
        """Some KiB that unpack to 4 MiB."""
        packed = gzip.compress(bytes(4 * _MIB), 9)
        return cls("bomb", sending(lambda _: _whole(packed, "Content-Encoding: gzip")))

    @classmethod
    def endless_head(cls) -> Self:
        """A header whose value never ends."""
        return cls("endless_head", endless(b"HTTP/1.1 200 OK\r\nX-Filler: ", b"x"))

    @classmethod
    def endless_headers(cls) -> Self:
        """Headers, short ones, without end."""
        return cls("endless_headers", endless(b"HTTP/1.1 200 OK\r\n", b"X-Filler: x\r\n"))

    @classmethod
    def endless_body(cls) -> Self:
        """A body without a length and without an end."""
        return cls("endless_body", endless(b"HTTP/1.1 200 OK\r\n\r\n{", b" "))

    @classmethod
    def endless_promises(cls) -> Self:
        """Interim answers (103) without end, and never a final one."""

        async def tamper(_answer: bytes, out: asyncio.StreamWriter) -> None:
            while not out.transport.is_closing():
                out.write(b"HTTP/1.1 103 Early Hints\r\n\r\n")
                await asyncio.sleep(0.01)

        return cls("endless_promises", tamper)

    @classmethod
    def two_answers(cls) -> Self:
        """The answer, and behind it an empty list that would be the answer to the next request."""

        def doubled(answer: bytes) -> bytes:
            return answer.replace(b"Connection: close\r\n", b"") + _whole(_EMPTY_LIST)

        return cls("two_answers", sending(doubled))


@dataclass(frozen=True, slots=True)
class Request:
    """What is asked for; `start` is the first row of a page."""

    operation: str
    start: int

    @classmethod
    def of(cls, request: bytes) -> Self:
        method, target, _ = request.split(b"\r\n", 1)[0].decode().split()
        url = urlsplit(target)
        start = int(parse_qs(url.query).get("start", ["0"])[0])
        return cls(_OPERATIONS.get(f"{method} {url.path}", "LogOut"), start)

    def is_meant(self, rule: Rule) -> bool:
        return self.operation == rule["operation"] and self.start == rule.get("start", self.start)


@dataclass(eq=False)
class Wire:
    """A stretch of the way to `platform`; `fault` meets the answers that its rule means."""

    platform: str
    rule: Rule
    fault: WireFault | None
    struck: int = 0
    url: str = ""
    last: Request | None = None
    """What was answered last, and whether the session was refused."""
    last_refused: bool = False
    _on: bool = field(default=False, init=False)

    def begin(self) -> None:
        self._on = True

    def end(self) -> None:
        self._on = False

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """One request a connection, so that nothing is left of an earlier one."""
        request = await _request(reader)
        answer = await self._asked(request)
        self.last, self.last_refused = Request.of(request), _SESSION_REFUSED in answer
        if self.fault and self._meets(self.last):
            self.struck += 1
            await self.fault.tamper(answer, writer)
        else:
            writer.write(answer)

    def _meets(self, request: Request) -> bool:
        enough = self.struck >= self.rule.get("times", self.struck + 1)
        return self._on and not enough and request.is_meant(self.rule)

    async def _asked(self, request: bytes) -> bytes:
        """The platform's own answer, whole."""
        url = urlsplit(self.platform)
        reader, writer = await asyncio.open_connection(url.hostname, url.port)
        try:
            writer.write(request.replace(b"\r\n", b"\r\nConnection: close\r\n", 1))
            return await reader.read()
        finally:
            writer.close()


@asynccontextmanager
async def wired(
    platform: str, rule: Rule, fault: WireFault | None = None, tls: ssl.SSLContext | None = None
) -> AsyncIterator[Wire]:
    """A way to the platform with its own URL, until the block ends."""
    wire = Wire(platform, rule, fault)
    async with accepting(wire.serve, tls) as port:
        wire.url = f"{'https' if tls else 'http'}://127.0.0.1:{port}"
        yield wire


async def _request(reader: asyncio.StreamReader) -> bytes:
    head = await reader.readuntil(_END_OF_HEAD)
    lengths = [line for line in head.lower().split(b"\r\n") if line.startswith(b"content-length:")]
    body = int(lengths[0].split(b":")[1]) if lengths else 0
    return head + await reader.readexactly(body)


def _whole(body: bytes, *headers: str) -> bytes:
    lines = ["HTTP/1.1 200 OK", f"Content-Length: {len(body)}", *headers, "", ""]
    return "\r\n".join(lines).encode() + body


def _head(answer: bytes) -> int:
    """Where the body begins."""
    return answer.index(_END_OF_HEAD) + len(_END_OF_HEAD)
