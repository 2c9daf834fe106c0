"""What can go wrong before a platform that speaks TLS has heard anything.

Two stretches of the way follow each other: bytes as they are, where a handshake can be spoilt, and
then a wire that ends TLS. The second takes one request a connection, so that each has a handshake.
"""

import asyncio
import ssl
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from random import Random
from typing import Final, Self
from urllib.parse import urlsplit

from .places import Phase, Place
from .spoiling import Spoil, accepting, resetting, sending, stalling, trickling
from .wire import Wire, wired

TOLD_APART: Final = (Phase.LOGIN, Phase.FIRST, Phase.MIDDLE, Phase.LAST, Phase.EVERY)
"""The phases whose connection is known before its request: by what was answered before it."""

_FLIGHT: Final = 1 << 14
"""Bytes, more than a platform's first words have: its hello, its certificate, its signature."""


@dataclass(frozen=True, slots=True)
class Handshake:
    """What becomes of the platform's first words; `goes_on` if more follows them."""

    kind: str
    spoil: Spoil
    goes_on: bool = False

    @classmethod
    def trickle(cls) -> Self:
        """They come byte by byte, each in a segment of its own."""
        return cls("trickle", trickling(_FLIGHT), goes_on=True)

    @classmethod
    def silence(cls) -> Self:
        """The connection stands, and nothing comes."""
        return cls("silence", stalling(after=lambda _: 0))

    @classmethod
    def stall(cls) -> Self:
        """Half of them come, and then nothing."""
        return cls("stall", stalling(after=lambda words: len(words) // 2))

    @classmethod
    def hang_up(cls) -> Self:
        """The connection is closed in good order, without a word."""
        return cls("hang_up", sending(lambda _: b""))

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
class Door:
    """Before the wire; the handshakes of the connections that its place means are spoilt."""

    wire: Wire
    place: Place
    handshake: Handshake
    struck: int = 0
    url: str = ""
    _on: bool = field(default=False, init=False)

    def begin(self) -> None:
        self._on = True

    def end(self) -> None:
        self._on = False

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        spoilt = self._meets()
        self.struck += spoilt
        words, hear = await asyncio.open_connection("127.0.0.1", urlsplit(self.wire.url).port)
        try:
            async with asyncio.TaskGroup() as tasks:
                hearing = tasks.create_task(_hand_on(reader, hear))
                if spoilt:
                    await self.handshake.spoil(await words.read(_FLIGHT), writer)
                if self.handshake.goes_on or not spoilt:
                    await _hand_on(words, writer)
                hearing.cancel()
        except* ConnectionError:
            pass  # one of the two has gone, and the other need not be told
        finally:
            hear.transport.abort()

    def _meets(self) -> bool:
        enough = self.struck >= self.place.rule.get("times", self.struck + 1)
        return self._on and not enough and self.place.phase in self._next

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
    platform: str, place: Place, handshake: Handshake, tls: ssl.SSLContext
) -> AsyncIterator[Door]:
    """A way to the platform with its own URL, until the block ends."""
    async with wired(platform, place.rule, tls=tls) as wire:
        door = Door(wire, place, handshake)
        async with accepting(door.serve) as port:
            door.url = f"https://127.0.0.1:{port}"
            yield door


async def _hand_on(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    while some := await reader.read(_FLIGHT):
        writer.write(some)
        await writer.drain()
