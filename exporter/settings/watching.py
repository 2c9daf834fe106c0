"""Follows what an operator may change while the exporter runs."""

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import NoReturn, TypeVar

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Pace:
    """Seconds between two looks, and until the look after one that found a change."""

    seconds: float
    settle_seconds: float


async def follow(
    look: Callable[[], Awaitable[T]],
    seen: Callable[[], T | None],
    load: Callable[[T], Awaitable[object]],
    pace: Pace,
) -> NoReturn:
    """Look again and again, and load what two looks agree on, until cancelled.

    `seen` is what the last load saw. Looks are compared and never ordered, and the pauses are
    measured by the event loop: a clock that is set changes nothing.
    """
    earlier: T | None = seen()
    pause = pace.seconds
    while True:
        await asyncio.sleep(pause)
        now = await look()
        # What differs from one look to the next is still being written.
        is_settled = now == earlier
        if is_settled and now != seen():
            await load(now)
        # What cannot be loaded is tried again at the usual pace.
        pause = pace.seconds if is_settled or now == seen() else pace.settle_seconds
        earlier = now
