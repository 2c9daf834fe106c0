"""What can go wrong in the TLS handshake, before the first request.

A proxy of bytes, which can disturb a handshake, stands before a wire that ends TLS. The wire takes
one request a connection, so that each has a handshake.
"""

import asyncio
import ssl
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from random import Random
from typing import Final, Self
from urllib.parse import urlsplit

from .situations import Phase, Situation
from .tampering import Tampering, accepting, resetting, sending, stalling, trickling
from .wire import Wire, wired

RECOGNISED: Final = (Phase.LOGIN, Phase.FIRST, Phase.MIDDLE, Phase.LAST, Phase.EVERY)
"""The phases whose connection is known before its request: by what was answered before it."""

_FLIGHT: Final = 1 << 14
"""Bytes, more than a platform's first words have: its hello, its certificate, its signature."""


@dataclass(frozen=True, slots=True)
class Handshake(Tampering):
    """What becomes of the platform's first words; `goes_on` if more follows them."""

    goes_on: bool = False

    @classmethod
    def trickle(cls) -> Self:
        """They come byte by byte, each in a segment of its own."""
        return cls("trickle", trickling(_FLIGHT), goes_on=True)

    @classmethod
    def stall(cls) -> Self:
        """Half of them come, and then nothing."""
        return cls("stall", stalling(after=lambda words: len(words) // 2))

    @classmethod
    def cut(cls) -> Self:
        """The connection is closed in good order after half of them."""
        return cls("cut", sending(lambda words: words[: len(words) // 2]))

    @classmethod
    def reset(cls) -> Self:
        """The connection is reset after half of them."""
        return cls("reset", resetting(lambda words: words[: len(words) // 2]))

    @classmethod
    def refusal(cls) -> Self:
        """The alert of a server with which no terms can be found."""
        return cls("refusal", sending(lambda _: bytes((21, 3, 3, 0, 2, 2, 40))))

    @classmethod
    def plain(cls) -> Self:
        """A server that speaks HTTP without TLS is surprised."""
        body = b"HTTP/1.1 400 Bad Request\r\nContent-Length: 0\r\nConnection: close\r\n\r\n"
        return cls("plain", sending(lambda _: body))

    @classmethod
    def noise(cls) -> Self:
        """What comes is no TLS at all."""
        return cls("noise", sending(lambda _: Random(7).randbytes(4096)))


@dataclass(eq=False)
class HandshakeProxy:
    """Before the wire; disturbs the handshakes of the connections of its situation."""

    wire: Wire
    situation: Situation
    handshake: Handshake
    struck: int = 0
    url: str = ""
    _on: bool = field(default=False, init=False)

    def begin(self) -> None:
        self._on = True

    def end(self) -> None:
        self._on = False

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        disturbed = self._meets()
        self.struck += disturbed
        upstream, downstream = await asyncio.open_connection(
            "127.0.0.1", urlsplit(self.wire.url).port
        )
        try:
            async with asyncio.TaskGroup() as tasks:
                requests = tasks.create_task(_forward(reader, downstream))
                if disturbed:
                    await self.handshake.tamper(await upstream.read(_FLIGHT), writer)
                if self.handshake.goes_on or not disturbed:
                    await _forward(upstream, writer)
                requests.cancel()
        except* ConnectionError:
            pass  # one of the two has gone, and so does the other
        finally:
            downstream.transport.abort()

    def _meets(self) -> bool:
        enough = self.struck >= self.situation.rule.get("times", self.struck + 1)
        return self._on and not enough and self.situation.phase in self._next

    @property
    def _next(self) -> tuple[Phase, ...]:
        """What the connection will be for that is opened now."""
        last = self.wire.last
        if self.wire.last_refused:
            return (Phase.LOGIN,)
        for phase, following in ((Phase.FIRST, Phase.MIDDLE), (Phase.MIDDLE, Phase.LAST)):
            if last is not None and last.is_meant(phase.rule):
                return (following, Phase.EVERY)
        return (Phase.FIRST, Phase.EVERY)


@asynccontextmanager
async def opened(
    platform: str, situation: Situation, handshake: Handshake, tls: ssl.SSLContext
) -> AsyncIterator[HandshakeProxy]:
    """A way to the platform with its own URL, until the block ends."""
    async with wired(platform, situation.rule, tls=tls) as wire:
        proxy = HandshakeProxy(wire, situation, handshake)
        async with accepting(proxy.serve) as port:
            proxy.url = f"https://127.0.0.1:{port}"
            yield proxy


async def _forward(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    while some := await reader.read(_FLIGHT):
        writer.write(some)
        await writer.drain()
