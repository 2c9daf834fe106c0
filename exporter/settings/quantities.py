"""The notation of durations and sizes."""

import math
import re
from typing import Annotated

from pydantic import BeforeValidator

from .notation import Shown, wrong

_UNITS = {"d": 86400, "h": 3600, "m": 60, "s": 1, "ms": 0.001}
_DURATION = re.compile("".join(rf"(?:(?P<{unit}>\d+(?:\.\d+)?){unit})?" for unit in _UNITS))
_NUMBER = re.compile(r"\d+(?:\.\d*)?|\.\d+")


def read_duration(value: object) -> float:
    """Seconds of `30s`, `5m`, `1h30m`, `500ms` or a plain number."""
    seconds = _seconds(value)
    if seconds is None or not math.isfinite(seconds):
        raise wrong("is not a duration", "write it like 30s, 5m, 1h30m, 500ms, or in plain seconds")
    if seconds <= 0:
        raise wrong("must be longer than zero", "write it like 30s or 5m")
    return seconds


def _seconds(value: object) -> float | None:
    if isinstance(value, bool):
        return None
    if isinstance(value, int | float):
        return float(value)
    text = value.strip() if isinstance(value, str) else ""
    if _NUMBER.fullmatch(text):
        return float(text)
    match = _DURATION.fullmatch(text)
    if not text or match is None:
        return None
    seconds = sum(float(n) * _UNITS[unit] for unit, n in match.groupdict().items() if n)
    return round(seconds, 9)  # 700ms is 0.7s


def write_duration(seconds: float) -> str:
    """Write a duration in its largest whole unit."""
    unit = next((u for u, size in _UNITS.items() if seconds % size == 0), "s")
    return f"{seconds / _UNITS[unit]:g}{unit}"


_SIZES = {"": 1, "B": 1, "KiB": 2**10, "MiB": 2**20, "GiB": 2**30}
_SIZE = re.compile(r"(\d+)\s*(|B|KiB|MiB|GiB)")


def read_size(value: object) -> int:
    """Bytes of `64MiB` or a plain number."""
    match = _SIZE.fullmatch("" if isinstance(value, bool) else str(value).strip())
    size = int(match[1]) * _SIZES[match[2]] if match else 0
    if size <= 0:
        raise wrong("is not a size", "write it like 64MiB, 512KiB, or in plain bytes")
    return size


def write_size(size: float) -> str:
    """Write a size in its largest whole unit."""
    unit = max((u for u, n in _SIZES.items() if u and size % n == 0), key=_SIZES.__getitem__)
    return f"{size / _SIZES[unit]:g}{unit}"


Duration = Annotated[float, BeforeValidator(read_duration), Shown("DURATION", write_duration)]
Size = Annotated[int, BeforeValidator(read_size), Shown("SIZE", write_size)]
