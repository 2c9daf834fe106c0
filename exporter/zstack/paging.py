"""A list read page by page while it may change, and the proof that it is whole.

Rows are read in the order of their uuid. Every page after the first begins with the last row of
the page before: if that row is not there, rows were added or removed before it and the offset
points elsewhere, so that a row could have slipped through. At the end, the rows without repeats
must be as many as the platform counts, and the last page must not be full: the platform counts
after it has read the page, and a row removed in between would hide one that is still to come. A
list that passes holds every row that was there all along, and exactly as many as there are.

As long as every uuid is above the one before it, no row can be there twice. Where a platform's
order is another one, the list is read again and every uuid of it remembered.
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from operator import lt
from typing import Final, Generic, TypeVar

from .errors import IncompleteError, Operation
from .schema import ModelService, Page, Row, Undecodable

T = TypeVar("T")

_LOWEST: Final = ""
"""Below every uuid, as none is empty."""


class UnsortedError(Exception):
    """The platform's order of uuids is not ours, so order proves nothing about repeats."""


@dataclass(frozen=True, slots=True)
class Cut:
    """The rows that a page adds to the list: without the one it shares with the page before.

    `lowest` and `highest` are the uuids of the first and the last of them, None where none has one.
    """

    services: tuple[ModelService, ...]
    undecodable: tuple[Undecodable, ...]
    duplicates: int
    lowest: str | None
    highest: str | None

    @property
    def rows(self) -> int:
        return len(self.services) + len(self.undecodable)


@dataclass(frozen=True, slots=True)
class Part(Generic[T]):
    """What stays of a page: enough to go on with the proof, and what was made of its records.

    `size` counts the rows that came, `rows` those that are new; `first` and `last` are the uuids
    of the first and the last that came, None where there is none to read.
    """

    made: T
    size: int
    rows: int
    total: int
    first: str | None
    last: str | None
    lowest: str | None
    highest: str | None
    undecodable: tuple[Undecodable, ...]
    duplicates: int

    @classmethod
    def of(cls, page: Page, cut: Cut, made: T) -> "Part[T]":
        return cls(
            made=made,
            size=len(page.rows),
            rows=cut.rows,
            total=page.total,
            first=page.rows[0].uuid if page.rows else None,
            last=page.rows[-1].uuid if page.rows else None,
            lowest=cut.lowest,
            highest=cut.highest,
            undecodable=cut.undecodable,
            duplicates=cut.duplicates,
        )


@dataclass(frozen=True, slots=True)
class Listing(Generic[T]):
    """Every model service that matches, once: what was made of them, page by page.

    `total` is the platform's own count, the `undecodable` rows included; `duplicates` is the
    number of rows that came again.
    """

    parts: tuple[T, ...]
    total: int
    undecodable: tuple[Undecodable, ...] = ()
    duplicates: int = 0


class Reading(Generic[T]):
    """One pass over the list. Raises IncompleteError as soon as the proof fails.

    A pass that relies on `order` raises UnsortedError where there is none.
    """

    def __init__(self, operation: Operation, page_size: int, *, order: bool = True) -> None:
        self._operation = operation
        self._page_size = page_size
        self._parts: list[Part[T]] = []
        self._rows = 0
        self._highest = _LOWEST
        self._seen: set[str] | None = None if order else set()
        self.finished = False
        """Whether another page would add nothing; `listing` then says if the proof holds."""

    @property
    def continued(self) -> bool:
        """Whether the next page begins with the last row of the one before."""
        return self._rows > 0

    @property
    def next_page(self) -> tuple[int, int]:
        """The `start` and `limit` to ask for, from the last row on, to see it still there."""
        return (self._rows - 1, self._page_size + 1) if self.continued else (0, self._page_size)

    def follows(self, part: Part[T]) -> bool:
        """Whether a part that was made before can be the next: order alone has to show it."""
        seam = not self.continued or part.first == self._parts[-1].last
        above = part.lowest is None or part.lowest > self._highest
        return self._seen is None and seam and above

    def cut(self, page: Page) -> Cut:
        """What is new on the next page."""
        rows = self._without_overlap(page)
        distinct = self._distinct(rows)
        uuids = _uuids(distinct)
        if self._seen is not None:
            self._seen.update(uuids)
        return Cut(
            services=tuple([row for row in distinct if isinstance(row, ModelService)]),
            undecodable=tuple([row for row in distinct if isinstance(row, Undecodable)]),
            duplicates=len(rows) - len(distinct),
            lowest=uuids[0] if uuids else None,
            highest=uuids[-1] if uuids else None,
        )

    def add(self, part: Part[T]) -> None:
        _, limit = self.next_page
        self._parts.append(part)
        self._rows += part.rows
        self._highest = part.highest or self._highest
        whole = self._rows == part.total and part.size < limit
        too_many = self._rows > part.total
        self.finished = whole or too_many or part.rows == 0

    def listing(self) -> Listing[T]:
        """Raises IncompleteError if the rows do not add up."""
        total = self._parts[-1].total
        if self._rows != total:
            message = f"got {self._rows} distinct rows, the platform counts {total}"
            raise IncompleteError(message, self._operation)
        return Listing(
            tuple(part.made for part in self._parts),
            total,
            tuple(row for part in self._parts for row in part.undecodable),
            sum(part.duplicates for part in self._parts),
        )

    def _without_overlap(self, page: Page) -> tuple[Row, ...]:
        """The page without the row it shares with the page before."""
        if not self.continued:
            return page.rows
        if page.rows and page.rows[0].uuid == self._parts[-1].last:
            return page.rows[1:]
        raise IncompleteError("the rows moved while they were read", self._operation)

    def _distinct(self, rows: tuple[Row, ...]) -> tuple[Row, ...]:
        """Without those that came before; there are none in a page that ascends.

        Raises UnsortedError where only order could tell, and there is none.
        """
        if self._ascend(rows):
            return rows
        distinct = tuple(self._unseen(rows))
        if self._seen is None and not self._ascend(distinct):
            raise UnsortedError
        return distinct

    def _ascend(self, rows: Iterable[Row]) -> bool:
        """Whether order, where it is relied on, proves that none of them came before."""
        if self._seen is not None:
            return False
        uuids = (self._highest, *_uuids(rows))
        return all(map(lt, uuids, uuids[1:]))

    def _unseen(self, rows: Iterable[Row]) -> Iterator[Row]:
        before = {self._highest} if self._seen is None else self._seen
        seen: set[str] = set()
        for row in rows:
            if row.uuid is None:
                yield row
            elif row.uuid not in seen and row.uuid not in before:
                seen.add(row.uuid)
                yield row


def _uuids(rows: Iterable[Row]) -> list[str]:
    return [row.uuid for row in rows if row.uuid is not None]
