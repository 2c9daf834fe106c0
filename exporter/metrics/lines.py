"""Sample lines, byte for byte as prometheus_client writes them, in compressed blocks.

Lines are alike in both formats. The labels are in the order of their names.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence, Sized
from dataclasses import dataclass
from functools import cache, cached_property
from itertools import accumulate, chain, islice, repeat
from types import MappingProxyType
from typing import Any, Final, Generic, TypeVar

from prometheus_client.utils import floatToGoString

from exporter.state.columns import Numbers, digest

from .blocks import Block
from .family import Distribution, Family, HistogramRow, RecordRow, Row
from .values import value_written, values_written

Lines = Mapping[str, Block]
"""Samples of a page's records, by the name of their family; none where it has no samples."""

Blocks = Mapping[str, tuple[Block, ...]]
"""The samples of each family, by its name."""

V = TypeVar("V")
AnyRow = Row[V] | HistogramRow[V]

Texts = Mapping[str, Sequence[bytes]]
"""The line of each record, without its end, by the name of its family; empty where it has none."""

C = TypeVar("C", bound=Sized)
"""Columns: a struct of lists of one length, which is its own."""

SAMPLES_PER_BLOCK: Final = 1000
DISTRIBUTIONS_PER_BLOCK: Final = 50
"""Of about sixteen lines each."""

_ESCAPES: Final = {"\\": r"\\", "\n": r"\n", '"': r"\""}
"""Escapes of the exposition format; backslash first, because the others introduce backslashes."""

_SEPARATOR: Final = "\0"
"""NUL cannot occur in a sanitized label."""

_NOTHING: Final[Mapping[bytes, Block]] = MappingProxyType({})

_BOUND: Final = "le="
"""The label of a histogram's buckets, with which it stands among the others."""


def header(family: Family, *, openmetrics: bool) -> Block:
    """What stands before the family's samples; OpenMetrics names a counter without `_total`."""
    name = family.name
    if openmetrics and family.type == "counter":
        name = name.removesuffix("_total")
    return Block.compressed(f"# HELP {name} {family.help}\n# TYPE {name} {family.type}\n".encode())


def blocks_by_family(rows: Iterable[AnyRow[V]], value: V, target: str, before: Blocks) -> Blocks:
    """The samples that the rows read off a value; a block of `before` is kept where it is alike."""
    return {
        row.family.name: family_blocks(row, value, target, before.get(row.family.name, ()))
        for row in rows
    }


def family_blocks(
    row: AnyRow[V], value: V, target: str, before: Iterable[Block] = ()
) -> tuple[Block, ...]:
    """The samples of one family; a block of `before` is kept where its samples are the same.

    `before` is of the same family and target.
    """
    written = {block.key: block for block in before}
    keyed = ((digest(some), some) for some in _divided(row, value))
    return tuple(
        written.get(key) or Block.compressed(_written(row.family, some, target), key=key)
        for key, some in keyed
    )


def _divided(row: AnyRow[V], value: V) -> Iterator[Sequence[Any]]:
    """Few samples each, so that compressing them does not hold up the event loop."""
    remaining: Iterator[Any]
    if isinstance(row, HistogramRow):
        remaining, most = iter(row.distributions(value)), DISTRIBUTIONS_PER_BLOCK
    else:
        remaining, most = iter(row.samples(value)), SAMPLES_PER_BLOCK
    while some := list(islice(remaining, most)):
        yield some


def _written(family: Family, samples: Sequence[Any], target: str) -> bytes:
    if family.type == "histogram":
        return b"".join(_histogram(family, labels, value, target) for labels, value in samples)
    labels, values = zip(*samples, strict=True)
    columns = tuple(map(_Column, zip(*labels, strict=True)))
    return _text(family.name, _labels(family.own_labels, columns, target, len(samples)), values)


def _histogram(
    family: Family, labels: Sequence[str], distribution: Distribution, target: str
) -> bytes:
    """The buckets, which add up, then the number of all and their sum."""
    own = dict(zip(("target", *family.own_labels), (target, *labels), strict=True))
    pairs = sorted(f'{name}="{_Column([value]).escaped[0]}"' for name, value in own.items())
    head = "".join(f"{pair}," for pair in pairs if pair < _BOUND)
    tail = "".join(f",{pair}" for pair in pairs if pair > _BOUND)
    counts = [*map(bytes.decode, values_written([*accumulate(distribution.buckets)]))]
    name, series = family.name, ",".join(pairs)
    buckets = (
        f'{name}_bucket{{{head}{_BOUND}"{bound}"{tail}}} {count}\n'
        for bound, count in zip(_bounds(distribution.bounds), counts, strict=True)
    )
    total = value_written(distribution.sum).decode()
    rest = f"{name}_count{{{series}}} {counts[-1]}\n{name}_sum{{{series}}} {total}\n"
    return ("".join(buckets) + rest).encode()


@cache
def _bounds(bounds: tuple[float, ...]) -> Sequence[str]:
    """As they are written; there are no more of them than kinds of histograms."""
    return (*map(floatToGoString, bounds), "+Inf")


@dataclass(frozen=True, slots=True)
class RecordLines(Generic[C]):
    """Writes the records of a page, given in columns: a block for each family that has samples.

    A block that was written before from the same labels and values is taken from `written`, by its
    key: most of what is known of a record stays the same when something changes.
    """

    rows: Sequence[RecordRow[C]]
    target: str

    def __call__(self, columns: C, written: Mapping[bytes, Block] = _NOTHING) -> Lines:
        lines = (
            (row.family.name, _block(row, labels, columns, written))
            for row, labels in self._labelled(columns)
        )
        return {name: block for name, block in lines if block is not None}

    def texts(self, columns: C) -> Texts:
        """Each record's line in each family, where one is to be put in another's place.

        It is for rows that have one sample for a record at most.
        """
        return {
            row.family.name: _lines(row.family.name, labels.written, row.values(columns))
            for row, labels in self._labelled(columns)
        }

    def _labelled(self, columns: C) -> Iterator[tuple[RecordRow[C], "_Labels"]]:
        """Each row with its labels, which rows of the same columns and label names share."""
        for choose in dict.fromkeys(row.columns for row in self.rows):
            rows = [row for row in self.rows if row.columns is choose]
            labels = self._labels(rows, choose(columns))
            yield from ((row, labels[row.family.own_labels]) for row in rows)

    def _labels(
        self, rows: Sequence[RecordRow[C]], labelled: Sized
    ) -> Mapping[tuple[str, ...], "_Labels"]:
        """Each set of labels that some of these families has."""
        names = dict.fromkeys(name for row in rows for name in row.family.own_labels)
        texts = {name: _Column(getattr(labelled, name)) for name in names}
        return {
            each: _Labels(each, [texts[name] for name in each], self.target, len(labelled))
            for each in dict.fromkeys(row.family.own_labels for row in rows)
        }


def _block(
    row: RecordRow[C], labels: "_Labels", columns: C, written: Mapping[bytes, Block]
) -> Block | None:
    inputs = row.cache_key or row.values
    key = digest(row.family.name, labels.digest, inputs(columns))
    if key in written:
        return written[key]
    values = row.values(columns)
    samples = len(values) - values.count(None)
    if not samples:
        return None
    text = _text(row.family.name, labels.written, values)
    return Block.compressed(text, key=key, samples=samples)


class _Column:
    """The values that a label has in each row."""

    def __init__(self, texts: Sequence[str]) -> None:
        self._texts = texts
        self.joined = _SEPARATOR.join(texts)

    @property
    def escaped(self) -> Sequence[str]:
        """As they stand in a line; a check of all of them joined mostly shows none needs it."""
        texts = self._texts
        for character in (each for each in _ESCAPES if each in self.joined):
            texts = [
                text.replace(character, _ESCAPES[character]) if character in text else text
                for text in texts
            ]
        return texts


class _Labels:
    """One set of labels of all records, written when a family needs them."""

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
        return digest(*(column.joined for column in self._columns))

    @cached_property
    def written(self) -> list[bytes]:
        return _labels(self._names, self._columns, self._target, self._rows)


def _text(name: str, labels: Sequence[bytes], values: Numbers) -> bytes:
    """A line for each value that is known; one is, at least."""
    known = [value for value in values if value is not None]
    if len(known) < len(values):
        labels = [label for label, value in zip(labels, values, strict=True) if value is not None]
    # Three parts a line, put where they belong a column at a time.
    parts = [b"\n" + name.encode(), b"", b""] * len(known)
    parts[0] = name.encode()
    parts[1::3] = labels
    parts[2::3] = values_written(known)
    parts.append(b"\n")
    return b"".join(parts)


def _lines(name: str, labels: Sequence[bytes], values: Numbers) -> list[bytes]:
    start = name.encode()
    return [
        b"" if value is None else b"%b%b%b" % (start, label, value_written(value))
        for label, value in zip(labels, values, strict=True)
    ]


def _labels(
    names: Sequence[str], columns: Sequence[_Column], target: str, rows: int
) -> list[bytes]:
    """`{name="value",…} ` of each row, the names in order, and the target's among them.

    Joined from columns, of which every other one has only what stands between two values: that
    takes two thirds of the time of a template.
    """
    own = dict(zip(names, columns, strict=True))
    places = {**dict.fromkeys(names, _SEPARATOR), "target": _Column([target]).escaped[0]}
    template = ",".join(f'{name}="{places[name]}"' for name in sorted(places))
    first, *others = f"{{{template}}} ".split(_SEPARATOR)
    parts: list[Iterable[str]] = [repeat(first, rows)]
    for name, text in zip(sorted(own), others, strict=True):
        parts += [own[name].escaped, repeat(text, rows)]
    return [*map(str.encode, map("".join, zip(*parts, strict=True)))]


def blocks_by_key(pages: Iterable[Lines]) -> dict[bytes, Block]:
    """Every block of the pages, by what it was written from, where that is one key."""
    return {block.key: block for lines in pages for block in lines.values() if block.key}


def by_family(pages: Sequence[Lines]) -> dict[str, tuple[Block, ...]]:
    """The blocks of all pages, family by family."""
    families = dict.fromkeys(chain.from_iterable(pages))
    return {name: tuple(lines[name] for lines in pages if name in lines) for name in families}
