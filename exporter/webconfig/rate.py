"""`rate_limit`: so many requests at once, and one more after each interval."""

import re
import time
from dataclasses import dataclass
from typing import Final

from .document import Value

# The notation of Go's time.ParseDuration.
_SECONDS: Final = {
    "ns": 1e-9,
    "us": 1e-6,
    "µs": 1e-6,
    "μs": 1e-6,
    "ms": 1e-3,
    "s": 1.0,
    "m": 60.0,
    "h": 3600.0,
}
_PART: Final = re.compile(r"([0-9]{1,12}(?:\.[0-9]{0,12})?|\.[0-9]{1,12})(ns|us|µs|μs|ms|s|m|h)")
_WHOLE: Final = re.compile(r"[0-9]{1,9}")


@dataclass(frozen=True)
class Rate:
    """Up to `burst` requests at once; `interval` seconds bring back one of them."""

    interval: float
    burst: int


def read_rate(value: Value) -> Rate | None:
    """Read the section; None for no limit, and where it is wrong, which is noted."""
    keys = value.section("interval", "burst")
    interval = _interval(keys["interval"])
    burst = _burst(keys["burst"])
    if not interval or burst is None:
        return None
    if not burst:
        keys["burst"].wrong("is 0, which refuses every request", "set the requests taken at once")
        return None
    return Rate(interval, burst)


class Bucket:
    """The requests that a rate has left."""

    def __init__(self, rate: Rate) -> None:
        self.rate = rate
        self._left = float(rate.burst)
        self._counted_at = time.monotonic()

    def take(self) -> bool:
        """Whether one more request may come; if so, it has."""
        now = time.monotonic()
        gained = (now - self._counted_at) / self.rate.interval
        self._left = min(float(self.rate.burst), self._left + gained)
        self._counted_at = now
        if self._left < 1:
            return False
        self._left -= 1
        return True


def _interval(value: Value) -> float:
    """Seconds; 0 for no limit and where it is wrong."""
    text = value.text()
    if text in {"", "0"}:
        return 0
    parts = _PART.findall(text)
    if "".join(map("".join, parts)) != text:
        value.wrong("is not a duration", "write it like 500ms, 1s or 1m30s")
        return 0
    return sum(float(number) * _SECONDS[unit] for number, unit in parts)


def _burst(value: Value) -> int | None:
    """Requests; None where it is wrong."""
    if not value.given:
        return 0
    text = value.text()
    if value.quoted or not _WHOLE.fullmatch(text):
        value.wrong("must be a whole number, 0 or more", "write it without quotes")
        return None
    return int(text)
