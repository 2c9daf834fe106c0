"""What a metric family is, and how its samples are read off a value."""

from collections.abc import Callable, Iterable, Sized
from dataclasses import dataclass
from typing import Any, Generic, Literal, TypeVar

from exporter.state.columns import Numbers

Type = Literal["gauge", "counter", "histogram"]

C = TypeVar("C")
V_contra = TypeVar("V_contra", contravariant=True)


@dataclass(frozen=True, slots=True)
class Distribution:
    """The value of a histogram: how many fell in each bucket, the last one without a bound."""

    bounds: tuple[float, ...]
    buckets: tuple[int, ...]
    sum: float


Sample = tuple[tuple[str, ...], float]
"""The values of the family's own labels, in their order, and the value."""

Samples = Iterable[Sample]


@dataclass(frozen=True, slots=True)
class Family:
    """One exported family; with `per_target` it has the label `target` before its own."""

    name: str
    help: str
    own_labels: tuple[str, ...] = ()
    type: Type = "gauge"
    per_target: bool = True

    @property
    def labels(self) -> tuple[str, ...]:
        """The names of its labels, as they are on the page."""
        return ("target", *self.own_labels) if self.per_target else self.own_labels


@dataclass(frozen=True, slots=True)
class Row(Generic[V_contra]):
    """A family and how its samples are read off a value."""

    family: Family
    samples: Callable[[V_contra], Samples]


@dataclass(frozen=True, slots=True)
class HistogramRow(Generic[V_contra]):
    """A histogram, and how its values are read off a value, each with its labels."""

    family: Family
    distributions: Callable[[V_contra], Iterable[tuple[tuple[str, ...], Distribution]]]


def _themselves(columns: Any) -> Any:
    return columns


@dataclass(frozen=True, slots=True)
class RecordRow(Generic[C]):
    """A family with a sample for each record of which its value is known.

    Its labels are the columns of the same names. Where a record can have several samples,
    `columns` gives others that have an entry for each. `cache_key` gives the inputs of `values`
    where these are costly: while they are unchanged, the block is reused and `values` is not
    called.
    """

    family: Family
    values: Callable[[C], Numbers]
    cache_key: Callable[[C], object] | None = None
    columns: Callable[[C], Sized] = _themselves
