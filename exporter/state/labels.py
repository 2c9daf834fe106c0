"""Untrusted texts as label values: every label is sanitized here, and nowhere else."""

import re
from collections.abc import Callable, Collection, Iterable, Sequence
from itertools import islice
from typing import Final, Generic, TypeVar

from exporter.zstack import Record

UNKNOWN: Final = "unknown"
LABEL_LIMIT: Final = 256
"""Characters; ZStack's own columns for names end at 255."""

MOST_OF_ONE: Final = 32
"""Labels of one kind that one record can have: each is a series of its own."""

_READ_LIMIT: Final = 16 * LABEL_LIMIT
"""Characters of an untrusted text that are looked at: leading blanks do not count as label."""

_UNPRINTABLE: Final = re.compile("[\x00-\x1f\x7f-\x9f\ud800-\udfff]")

Value = str | float | None
"""What a field that becomes a label may hold."""

R = TypeVar("R", bound=Record)
K = TypeVar("K")
V = TypeVar("V")


def sanitize_label(value: Value) -> str:
    """Replace control characters and lone surrogates, strip, truncate to LABEL_LIMIT."""
    text = ("" if value is None else str(value))[:_READ_LIMIT]
    if not text.isprintable():
        text = _UNPRINTABLE.sub("\ufffd", text)
    text = text.strip()
    return text if len(text) <= LABEL_LIMIT else text[: LABEL_LIMIT - 1] + "…"


def sanitize_line(value: Value) -> str:
    """A label that is also safe in a log line or on a terminal, without invisible characters."""
    text = sanitize_label(value)
    if text.isprintable():
        return text
    return "".join(each if each.isprintable() else "\ufffd" for each in text)


def sanitize_labels(values: Sequence[str | None]) -> list[str]:
    """`sanitize_label` of each; a check of all of them joined mostly shows that they are plain."""
    texts = [value or "" for value in values]
    if _are_short(texts) and "".join(texts).isprintable():
        return [*map(str.strip, texts)]
    return [*map(sanitize_label, texts)]


def are_labels(texts: Sequence[str]) -> bool:
    """Whether they are surely labels as they are: short, and of ASCII letters and digits."""
    joined = "".join(texts)
    # As bytes: of a text each character would be looked up among those of all the world.
    return joined.isascii() and joined.encode().isalnum() and _are_short(texts)


def with_label_uuids(records: Sequence[R]) -> Sequence[R]:
    """The records whose uuid can be a label; nearly always it is all of them."""
    if are_labels([record.uuid for record in records]):
        return records
    return [record for record in records if sanitize_label(record.uuid) == record.uuid]


def _are_short(texts: Sequence[str]) -> bool:
    return max(map(len, texts), default=0) <= LABEL_LIMIT


class SharedValues(Generic[K, V]):
    """Converts values that many records share, each once.

    It caches the results of numbers and of texts that a label can hold whole, so it is bounded in
    bytes: 10,000 texts of 256 characters and their labels have 20 MiB at most.
    """

    _LIMIT: Final = 10_000

    def __init__(self, convert: Callable[[K], V]) -> None:
        self._convert = convert
        self._cached: dict[K, V] = {}

    def __call__(self, values: Collection[K]) -> list[V]:
        """Each value, converted. Other threads may convert theirs at the same time."""
        cached = self._cached
        try:
            return [cached[value] for value in values]
        except KeyError:
            new = {value: self._convert(value) for value in values}
        if len(cached) + len(new) > self._LIMIT:
            cached.clear()
        short = ((value, new[value]) for value in new if not _is_long(value))
        cached.update(islice(short, self._LIMIT))
        return [new[value] for value in values]


def _is_long(value: object) -> bool:
    return isinstance(value, str) and len(value) > LABEL_LIMIT


def _label_or_unknown(value: Value) -> str:
    return sanitize_label(value) or UNKNOWN


shared_labels: Final[SharedValues[Value, str]] = SharedValues(sanitize_label)
"""`sanitize_label` of each."""

shared_or_unknown: Final[SharedValues[Value, str]] = SharedValues(_label_or_unknown)
"""The same, with UNKNOWN for one that is empty."""


def distinct_labels(values: Collection[str] | None) -> Iterable[str]:
    """The different ones that are not empty, of the first MOST_OF_ONE."""
    if not values:
        return ()
    if len(values) > MOST_OF_ONE:
        values = [*islice(values, MOST_OF_ONE)]
    return {*shared_labels(values)} - {""}
