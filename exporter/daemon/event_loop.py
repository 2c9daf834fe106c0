"""An event loop whose timers include the time that the machine was suspended."""

import asyncio
import selectors
from typing import Final

from typing_extensions import override

from exporter.zstack import clock

LONGEST_WAIT_SECONDS: Final = 10.0
"""Longest wait in the kernel, whose own time-outs stand still while the machine is suspended.

So a timer that fell due in a suspend fires within ten seconds after it. Each wake-up costs some
milliseconds of a processor that has slept, more than the rest of a usual day.
"""


class EventLoop(asyncio.SelectorEventLoop):
    """asyncio's loop on `clock.now`: overdue timers fire soon after a suspend."""

    def __init__(self) -> None:
        super().__init__(_Selector())

    @override
    def time(self) -> float:
        return clock.now()


class _Selector(selectors.DefaultSelector):
    @override
    def select(self, timeout: float | None = None) -> list[tuple[selectors.SelectorKey, int]]:
        longest = LONGEST_WAIT_SECONDS
        return super().select(longest if timeout is None else min(timeout, longest))


def new_event_loop() -> asyncio.AbstractEventLoop:
    """The event loop of every command."""
    return EventLoop()
