"""`rate_limit`: a token bucket for the requests of all clients."""

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from exporter.zstack import clock

if TYPE_CHECKING:  # loaded where there is a file
    from .yaml_value import YamlValue

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
    """Up to `burst` requests at once, and one more after each `interval` seconds."""

    interval: float
    burst: int


def read_rate(value: "YamlValue") -> Rate | None:
    """Read the section; None for no limit, and if it has a fault, which is reported."""
    keys = value.section("interval", "burst")
    interval = _interval(keys["interval"])
    burst = _burst(keys["burst"])
    if not interval or burst is None:
        return None
    if not burst:
        keys["burst"].report("is 0, which refuses every request", "set the requests taken at once")
        return None
    return Rate(interval, burst)


class TokenBucket:
    """Counts the requests that a rate still allows."""

    def __init__(self, rate: Rate) -> None:
        self.rate = rate
        self._left = float(rate.burst)
        self._counted_at = clock.now()

    def take(self) -> bool:
        """Take a token; False if none is left."""
        now = clock.now()
        gained = (now - self._counted_at) / self.rate.interval
        self._left = min(float(self.rate.burst), self._left + gained)
        self._counted_at = now
        if self._left < 1:
            return False
        self._left -= 1
        return True


def _interval(value: "YamlValue") -> float:
    """Seconds; 0 for no limit, and if it has a fault."""
    text = value.as_text()
    if text in {"", "0"}:
        return 0
    parts = _PART.findall(text)
    if "".join(map("".join, parts)) != text:
        value.report("is not a duration", "write it like 500ms, 1s or 1m30s")
        return 0
    return sum(float(number) * _SECONDS[unit] for number, unit in parts)


def _burst(value: "YamlValue") -> int | None:
    """Requests; None if it has a fault."""
    if not value.is_set:
        return 0
    text = value.as_text()
    if value.is_quoted or not _WHOLE.fullmatch(text):
        value.report("must be a whole number, 0 or more", "write it without quotes")
        return None
    return int(text)
