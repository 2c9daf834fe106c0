"""Columns of numbers and dates, as records have them. None is a value that is not known.

Nearly all that is done with records is done to whole columns, and that way costs half as much as
with an object for each record.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import tzinfo
from functools import cached_property, partial
from itertools import compress
from math import inf, isfinite
from typing import Final, Literal, cast

import msgspec
from xxhash import xxh3_128_digest

from exporter.zstack import timestamps

from .labels import SharedValues, Value
from .packed import Packed

MemoryUnit = Literal["auto", "bytes", "KiB", "MiB", "GiB"]

_KIB: Final = 1024
_FACTORS: Final[Mapping[MemoryUnit, int]] = {
    "bytes": 1,
    "KiB": _KIB,
    "MiB": _KIB**2,
    "GiB": _KIB**3,
}
_AUTO_LIMIT: Final = 2**24
"""No service asks for less than 16 MiB or for more than 16 TiB, so this parts bytes from MiB."""

Number = float | None
Numbers = Sequence[Number]


@dataclass(frozen=True, slots=True)
class Conventions:
    """What the API leaves open: the unit of `requestMemory`, and the zone of its dates."""

    memory_unit: MemoryUnit = "auto"
    zone: tzinfo | None = None


def digest(*parts: object) -> bytes:
    """The digest of what msgpack can write. Equal parts have equal digests."""
    try:
        return xxh3_128_digest(msgspec.msgpack.encode(parts))
    except (UnicodeEncodeError, OverflowError):  # a lone surrogate in what is no label; 2**64
        return xxh3_128_digest(repr(parts).encode())


class Dates:
    """A column of dates. To parse it costs more than all else that is read of a record.

    So it is parsed once and not before it is asked for; `digest` identifies the result without it.
    """

    _CACHED: Final = 20_000
    _readable: Final[dict[bytes, int]] = {}
    """By digest, for all columns: 2 MiB at most."""

    def __init__(self, texts: Sequence[Value], zone: tzinfo | None) -> None:
        self._texts = texts
        self._zone = zone

    @cached_property
    def digest(self) -> bytes:
        """The digest of all that the timestamps are made from."""
        return digest(self._texts, str(self._zone))

    @cached_property
    def timestamps(self) -> Numbers:
        """Each date in Unix time."""
        return timestamps(self._texts, self._zone)

    def selected(self, selectors: Iterable[object]) -> Numbers:
        """The timestamps of those records whose selector is true."""
        return timestamps(compress(self._texts, selectors), self._zone)

    @property
    def known(self) -> Packed[bool]:
        """Whether there is a date, for each record; nowhere where the zone is unknown."""
        if self._zone is None or None not in self._texts:
            return Packed.constant(self._zone is not None, len(self._texts))
        return Packed.create(text is not None for text in self._texts)

    @property
    def readable(self) -> int:
        """How many are dates; 0 where the zone is unknown, as then none is read.

        A column that came before is not parsed for it.
        """
        if self._zone is None:
            return 0
        cached = self._readable
        if (known := cached.get(self.digest)) is not None:
            return known
        if len(cached) >= self._CACHED:
            cached.clear()
        number = cached[self.digest] = len(self.timestamps) - self.timestamps.count(None)
        return number

    @property
    def unreadable(self) -> int:
        """How many are there but no dates; 0 where the zone is unknown."""
        if self._zone is None:
            return 0
        return len(self._texts) - self._texts.count(None) - self.readable


def known(value: float | None) -> float | None:
    """The number if it is a possible amount: neither negative nor infinite, nor NaN.

    NaN comes as text, infinity of sums beyond a float. Of the two zeros it is the one without a
    sign: they are equal, but not written alike.
    """
    return value + 0.0 if value is not None and 0 <= value < inf else None


def known_numbers(values: list[Number]) -> tuple[Numbers, int]:
    """`known` of each, and how many are there but not known.

    Their smallest and their sum nearly always show that all of them are.
    """
    numbers = cast("list[float]", values)
    try:
        smallest = min(numbers, default=1.0)
        plain = smallest >= 0 and isfinite(sum(numbers))
    except TypeError:  # there is a None among them
        plain = False
    if plain:
        return (numbers if smallest > 0 else [number + 0.0 for number in numbers]), 0
    found = [*map(known, values)]
    return found, found.count(None) - values.count(None)


def memory_in_bytes(values: list[Number], unit: MemoryUnit) -> tuple[Numbers, int]:
    """`requestMemory` of each in bytes, and how many are there but no amount of memory."""
    found = _IN_BYTES[unit](values)
    try:
        sum(cast("list[float]", found))
    except TypeError:  # there is a None among them
        return found, found.count(None) - values.count(None)
    return found, 0


def memory_bytes(value: float | None, unit: MemoryUnit) -> float | None:
    """`requestMemory` in bytes. Its unit is undocumented; examples show MiB as well as bytes."""
    if value is None:
        return None
    if unit == "auto":
        unit = "MiB" if value < _AUTO_LIMIT else "bytes"
    return known(value * _FACTORS[unit])


_IN_BYTES: Final[Mapping[MemoryUnit, SharedValues[Number, Number]]] = {
    unit: SharedValues(partial(memory_bytes, unit=unit)) for unit in ("auto", *_FACTORS)
}
