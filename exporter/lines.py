"""Sample lines, byte for byte as prometheus_client writes them, in compressed blocks.

A gauge's lines are alike in both formats. The labels are in the order of their names.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from functools import cached_property
from itertools import islice, repeat
from typing import Final
from weakref import WeakValueDictionary

import msgspec
from prometheus_client.utils import floatToGoString
from xxhash import xxh3_128_digest

from .family import Family, Sample
from .gzipped import Block
from .inventory import Lines
from .metrics import ServiceRow
from .services import Numbers, Services

SAMPLES_PER_BLOCK: Final = 1000

_ESCAPES: Final = {"\\": r"\\", "\n": r"\n", '"': r"\""}
"""By what stands in a line for what can't; backslashes first, as the others bring some."""

_GAP: Final = "\0"
"""What no label has."""

_EXPONENT_FROM: Final = 1e6
_WHOLE_UP_TO: Final = 1e15
"""Below it every whole number has a float of its own."""


def header(family: Family) -> Block:
    """What stands before the family's samples."""
    text = f"# HELP {family.name} {family.help}\n# TYPE {family.name} {family.type}\n"
    return Block.of(text.encode())


def sample_blocks(family: Family, samples: Iterable[Sample], target: str) -> Iterator[Block]:
    """Blocks of many lines: few enough that compressing one does not hold up the event loop."""
    remaining = iter(samples)
    while chunk := list(islice(remaining, SAMPLES_PER_BLOCK)):
        labels, values = zip(*chunk, strict=True)
        columns = tuple(map(_Column, zip(*labels, strict=True)))
        written = _labels(family.own_labels, columns, target, len(chunk))
        yield Block.of(_text(family.name, written, values))


class ServiceLines:
    """Writes the services of a page: a block for each family that has samples.

    What it wrote before, of the same labels and values, it gives again as long as somebody has it:
    of all that is told of a service, most stays the same when something changes.
    """

    def __init__(self, rows: Sequence[ServiceRow], target: str) -> None:
        self._rows = rows
        self._target = target
        self._written: WeakValueDictionary[bytes, Block] = WeakValueDictionary()

    def __call__(self, services: Services) -> Lines:
        names = dict.fromkeys(name for row in self._rows for name in row.family.own_labels)
        columns = {name: _Column(getattr(services, name)) for name in names}
        labels = {
            each: _Labels(each, [columns[name] for name in each], self._target, len(services))
            for each in dict.fromkeys(row.family.own_labels for row in self._rows)
        }
        lines = ((row, self._block(row, labels, services)) for row in self._rows)
        return {row.family.name: block for row, block in lines if block is not None}

    def _block(
        self, row: ServiceRow, labels: Mapping[tuple[str, ...], "_Labels"], services: Services
    ) -> Block | None:
        of = labels[row.family.own_labels]
        said = row.said or row.values
        key = _digest(row.family.name, of.digest, said(services))
        block = self._written.get(key)
        if block is None:
            values = row.values(services)
            if any(value is not None for value in values):
                block = self._written[key] = Block.of(_text(row.family.name, of.written, values))
        return block


class _Column:
    """The values that a label has in each row."""

    def __init__(self, texts: Sequence[str]) -> None:
        self._texts = texts
        self.together = _GAP.join(texts)

    @property
    def fit(self) -> Sequence[str]:
        """As they stand in a line. One look at all of them tells that nothing has to be escaped."""
        texts = self._texts
        for character in (each for each in _ESCAPES if each in self.together):
            texts = [
                text.replace(character, _ESCAPES[character]) if character in text else text
                for text in texts
            ]
        return texts


class _Labels:
    """The labels of one kind of all services, written when a family needs them."""

    def __init__(
        self, names: Sequence[str], columns: Sequence[_Column], target: str, rows: int
    ) -> None:
        self._names = names
        self._columns = columns
        self._target = target
        self._rows = rows

    @cached_property
    def digest(self) -> bytes:
        """Of all there is to write."""
        return _digest(*(column.together for column in self._columns))

    @cached_property
    def written(self) -> list[bytes]:
        return _labels(self._names, self._columns, self._target, self._rows)


def _digest(*parts: object) -> bytes:
    try:
        return xxh3_128_digest(msgspec.msgpack.encode(parts))
    except UnicodeEncodeError:  # a lone surrogate, in what is no label
        return xxh3_128_digest(repr(parts).encode())


def _text(name: str, labels: Sequence[bytes], values: Numbers) -> bytes:
    """A line for each value that is known; one is, at least."""
    known = [value for value in values if value is not None]
    if len(known) < len(values):
        labels = [label for label, value in zip(labels, values, strict=True) if value is not None]
    # Three parts a line, put where they belong a column at a time.
    parts = [b"\n" + name.encode(), b"", b""] * len(known)
    parts[0] = name.encode()
    parts[1::3] = labels
    parts[2::3] = _numbers(known)
    parts.append(b"\n")
    return b"".join(parts)


def _numbers(values: Sequence[float]) -> list[bytes]:
    """Each written; those that keep coming back only once."""
    different = set(values)
    if len(different) > len(values) // 2:
        return [*map(_number, values)]
    written = {value: _number(value) for value in different}
    return [*map(written.__getitem__, values)]


def _labels(
    names: Sequence[str], columns: Sequence[_Column], target: str, rows: int
) -> list[bytes]:
    """`{name="value",…} ` of each row, the names in order, and the target's among them.

    Joined from columns, of which every other one has only what stands between two values: that
    takes two thirds of the time of a template.
    """
    own = dict(zip(names, columns, strict=True))
    gaps = {**dict.fromkeys(names, _GAP), "target": _Column([target]).fit[0]}
    template = ",".join(f'{name}="{gaps[name]}"' for name in sorted(gaps))
    first, *others = f"{{{template}}} ".split(_GAP)
    parts: list[Iterable[str]] = [repeat(first, rows)]
    for name, text in zip(sorted(own), others, strict=True):
        parts += [own[name].fit, repeat(text, rows)]
    return [*map(str.encode, map("".join, zip(*parts, strict=True)))]


def _number(value: float) -> bytes:
    """As prometheus_client writes it; a whole number of many digits in half the time."""
    if _EXPONENT_FROM <= value < _WHOLE_UP_TO and value % 1 == 0:
        digits = "%d" % value  # noqa: UP031 - an f-string would say 1700000000.0
        mantissa = f"{digits[0]}.{digits[1:]}".rstrip("0.")
        return b"%be+%02d" % (mantissa.encode(), len(digits) - 1)
    written: str = floatToGoString(value)
    return written.encode()
