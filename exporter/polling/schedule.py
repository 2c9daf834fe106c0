"""When a target is polled: ticks that are spread over the interval, and first polls that ramp up.

A thousand targets that are polled in the same instant are a herd, for their platforms and for this
process. (docs/decisions/0025-fleet.md)
"""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from math import floor
from typing import Final, Self

from xxhash import xxh3_64_intdigest

from exporter.zstack import clock

FIRST_POLLS: Final = 10
"""First polls that are under way at once."""

FIRST_POLL_SECONDS: Final = 0.5
"""How long each of them keeps its place at least: no more than 20 of them begin in a second."""

_HASHES: Final = 2**64


@dataclass(frozen=True, slots=True)
class Schedule:
    """Seconds: between two polls, for one poll, and until what a poll brought is stale.

    A tick is an instant of `clock.now` that is `offset` seconds into an interval.
    """

    interval: float
    timeout: float
    stale_after: float
    offset: float = 0.0

    @classmethod
    def spread(cls, target: str, interval: float, timeout: float, stale_after: float) -> Self:
        """The schedule of a target; its name gives the offset, the same after a restart."""
        offset = interval * xxh3_64_intdigest(target.encode()) / _HASHES
        return cls(interval, timeout, stale_after, offset)

    def nearest_tick(self, instant: float) -> float:
        return self._tick(floor(self._intervals(instant) + 0.5))

    def next_tick(self, tick: float, now: float) -> float:
        """The first tick that comes after `tick` and after `now`."""
        return max(
            self.nearest_tick(tick + self.interval), self._tick(floor(self._intervals(now)) + 1)
        )

    def ticks_between(self, tick: float, later: float) -> int:
        """How many ticks lie between these two."""
        return max(0, round((later - tick) / self.interval) - 1)

    def _intervals(self, instant: float) -> float:
        return (instant - self.offset) / self.interval

    def _tick(self, number: int) -> float:
        return self.offset + number * self.interval


class Ramp:
    """Lets first polls begin a few at a time."""

    def __init__(self) -> None:
        self._places = asyncio.Semaphore(FIRST_POLLS)

    @asynccontextmanager
    async def place(self, *, until: float) -> AsyncIterator[None]:
        """Hold a place for the block. From `until` of `clock.now` on the block needs none."""
        began = clock.now()
        try:
            async with asyncio.timeout(until - began):
                await self._places.acquire()
        except TimeoutError:
            yield
            return
        taken = clock.now()
        try:
            yield
        finally:
            wait = max(0.0, taken + FIRST_POLL_SECONDS - clock.now())
            asyncio.get_running_loop().call_later(wait, self._places.release)
