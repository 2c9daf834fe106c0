"""The time of whole processes, which passes only when it is asked to."""

import mmap
import os
import time
from typing import Final

_BOOTED: Final = 1000.0
"""The monotonic clock when the exporter starts: not zero, as it never is."""

_NANOSECONDS: Final = 1_000_000_000
_SIZE: Final = 16
"""Bytes: two numbers."""


class Clock:
    """`began` is Unix time; what passes since is in memory that other processes can share."""

    def __init__(self, began: float, shared: int | None = None) -> None:
        """`shared` is another clock's, in a process that has inherited it."""
        self.began = began
        self.shared = _zeros() if shared is None else shared
        self._cells = memoryview(mmap.mmap(self.shared, _SIZE)).cast("d")

    @property
    def elapsed(self) -> float:
        """Seconds since it began."""
        return self._cells[0]

    @elapsed.setter
    def elapsed(self, seconds: float) -> None:
        self._cells[0] = seconds

    @property
    def error(self) -> float:
        """How wrong the wall clock is, in seconds."""
        return self._cells[1]

    @error.setter
    def error(self, seconds: float) -> None:
        self._cells[1] = seconds

    def true(self) -> float:
        """The time that everybody else has: Unix seconds."""
        return self.began + self.elapsed

    def wall(self) -> float:
        """The time that this machine's clock shows."""
        return self.true() + self.error

    def monotonic(self) -> float:
        """What does not step with the wall clock."""
        return _BOOTED + self.elapsed

    def rule(self) -> None:
        """Be the time of this process; before anything is imported that keeps a clock of its own.

        A clock handed down to each object would leave out aiohttp's timers and cookies, asyncio,
        the log and prometheus_client. So it takes the place of the clocks in `time`, for good.
        """
        reads = {
            "time": self.wall,
            "monotonic": self.monotonic,
            "perf_counter": self.monotonic,
        }
        for name, read in reads.items():
            setattr(time, name, read)
            setattr(time, f"{name}_ns", lambda read=read: round(read() * _NANOSECONDS))
        setattr(time, "clock_gettime", lambda _clock: self.monotonic())  # noqa: B010 - for mypy


def _zeros() -> int:
    memory = os.memfd_create("clock")
    os.ftruncate(memory, _SIZE)
    return memory
