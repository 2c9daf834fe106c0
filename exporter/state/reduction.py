"""How the records of a list become what is known of them."""

from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final, Generic, Protocol, TypeVar

from exporter.zstack import Listing, Record, Resource
from exporter.zstack.errors import UnreadableError

from .columns import Conventions
from .drift import Drift

_UNUSABLE_UUID: Final = "a uuid that no label can hold"
"""What is wrong with a record that is decoded and yet in no metric."""


class Found(Protocol):
    """What a whole list comes to; `dates` counts the dates that could be read.

    `undecodable` and `duplicates` count records that are in no metric.
    """

    @property
    def undecodable(self) -> int: ...
    @property
    def duplicates(self) -> int: ...
    @property
    def drift(self) -> Drift: ...
    @property
    def dates(self) -> int: ...


K = TypeVar("K", str, tuple[str, str, str])
R = TypeVar("R", bound=Record)
C = TypeVar("C")
P = TypeVar("P")
F = TypeVar("F", bound=Found)


@dataclass(frozen=True, slots=True)
class Reduction(Generic[R, C, P, F]):
    """For one resource: a page's records to columns, these to a summary, summaries to one value.

    All of them run in a worker thread. `combine` also gets the value of the list before. `replace`
    puts the summary of some records at their places in that of the page before, and returns None
    where it cannot; without it, a page of which a part has changed is made anew as a whole.
    `records` is the plural of the record, for the log.
    """

    records: str
    resource: Resource[R]
    columns: Callable[[Sequence[R], Conventions], C]
    summarize: Callable[[Sequence[R], C], P]
    combine: Callable[[Listing[P], F | None], F]
    replace: Callable[[P, Sequence[int], P], P | None] | None = None

    def whole(self, listing: Listing[P], before: F | None) -> F:
        """The value of a list. Raises UnreadableError if it has records, and no metric has one."""
        found = self.combine(listing, before)
        if 0 < listing.total == found.undecodable:
            message = "no record has a uuid that can be read"
            raise UnreadableError(message, self.resource.operation)
        return found


def first_faults(listing: Listing[Any], most: int) -> str:
    """What is wrong with the first records of a list that are in no metric."""
    return "; ".join(row.fault for row in listing.undecodable[:most]) or _UNUSABLE_UUID


def counts(pages: Iterable[Mapping[K, int]]) -> dict[K, int]:
    """The counts of all pages, added up and in order."""
    combined: Counter[K] = Counter()
    for each in pages:
        combined.update(each)
    return dict(sorted(combined.items()))
