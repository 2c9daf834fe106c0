"""The families of one list, and how they are made of what a poll found."""

from collections.abc import Callable, Iterable, Iterator, Sequence, Sized
from dataclasses import dataclass
from typing import Any, Final, Generic, TypeVar

from exporter.state.drift import MOST_FIELDS
from exporter.state.reduction import F, Found
from exporter.state.snapshot import Snapshot
from exporter.zstack import SAMPLED_ROWS

from .family import Family, RecordRow, Row, Sample

C = TypeVar("C", bound=Sized)
T = TypeVar("T")

DRIFT: Final = Family(
    "zstack_schema_drift_records",
    "Number of records with a field that could not be read and counts as unknown"
    " (unreadable), or that no release known to the exporter has (unknown), as polled;"
    f" unknown fields are looked for in the first {SAMPLED_ROWS} records of each page"
    f" alone, and fields beyond {MOST_FIELDS} are counted as other.",
    ("resource", "field", "kind"),
)
"""Every list has samples of it."""


@dataclass(frozen=True, slots=True)
class Joined(Generic[F, T]):
    """Families of records that also need something else of the snapshot than their list.

    `needed` reads that off a snapshot: an object that is the same one as long as it is unchanged.
    `shown` is what of the list they show: equal as long as it is unchanged. `pages` gives their
    columns page by page; it is called in a worker thread, when one of the two has changed.
    """

    rows: Sequence[RecordRow[Any]]
    shown: Callable[[F], object]
    needed: Callable[[Snapshot], T]
    pages: Callable[[F, T], Iterable[Sized]]


@dataclass(frozen=True, slots=True)
class ListFamilies(Generic[C, F]):
    """The families of the list `name`, that of its records in labels.

    `totals` are read off what the whole list comes to. `records` were written when their page was
    read. `joined` are written when the page is rendered.
    """

    name: str
    totals: Sequence[Row[F]]
    records: Sequence[RecordRow[C]] = ()
    joined: Joined[F, Any] | None = None

    @property
    def families(self) -> tuple[Family, ...]:
        """Its own; DRIFT, which all lists have, is not among them."""
        return (*(row.family for row in self.totals), *self.of_records)

    @property
    def of_records(self) -> tuple[Family, ...]:
        """Those with a sample for each record."""
        joined: Sequence[RecordRow[Any]] = () if self.joined is None else self.joined.rows
        return tuple(row.family for row in (*self.records, *joined))

    @property
    def drift(self) -> Row[Found]:
        """Its samples of DRIFT."""

        def samples(found: Found) -> Iterator[Sample]:
            for (field, kind), records in found.drift.items():
                yield (self.name, field, kind), records

        return Row(DRIFT, samples)
