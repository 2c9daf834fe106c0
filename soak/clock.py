"""The time of a whole process, which passes only when it is told to."""

import time
from dataclasses import dataclass
from typing import Final

_BOOTED: Final = 1000.0
"""The monotonic clock when the exporter starts: not zero, as it never is."""

_NANOSECONDS: Final = 1_000_000_000


@dataclass(slots=True)
class Clock:
    """`began` is Unix time, `elapsed` the seconds since; `error` is how wrong the wall clock is."""

    began: float
    elapsed: float = 0.0
    error: float = 0.0

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
