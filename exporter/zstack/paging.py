"""A list read page by page while it may change, and the proof that it is whole.

Rows are read in the order of their uuid. Every page after the first begins with the last row of
the page before: if that row is not there, rows were added or removed before it and the offset
points elsewhere, so that a row could have slipped through. At the end, the rows without repeats
must be as many as the platform counts, and the last page must not be full: the platform counts
after it has read the page, and a row removed in between would hide one that is still to come. A
list that passes holds every row that was there all along, and exactly as many as there are.

As long as every uuid is above the one before it, no row can be there twice. Where a platform's
order is another one, every uuid is remembered and the list is read twice, since rows may then also
change places. A pass that lacks a row which was there all along, and yet has as many rows as the
platform counts, has another row that was removed before the pass ended. The next pass cannot have
that one. Two passes with the same uuids therefore lack no row.
"""

from collections.abc import Iterable, Iterator
from collections.abc import Set as AbstractSet
from dataclasses import dataclass
from operator import lt
from typing import Final, Generic, TypeVar

from .digests import Digests
from .errors import IncompleteError, Operation, UnreadableError
from .records import Page, R, Row, Undecodable

T = TypeVar("T")

_LOWEST: Final = ""
"""Below every uuid, as none is empty."""


class UnsortedError(Exception):
    """The platform's order of uuids is not ours, so order proves nothing about repeats."""


@dataclass(frozen=True, slots=True)
class NewRows(Generic[R]):
    """The rows that a page adds to the list: without the one it shares with the page before.

    `uuids` are theirs, in the order they came, without rows whose uuid cannot be read.
    """

    records: tuple[R, ...]
    undecodable: tuple[Undecodable, ...]
    duplicates: int
    uuids: tuple[str, ...]

    @property
    def rows(self) -> int:
        return len(self.records) + len(self.undecodable)


@dataclass(frozen=True, slots=True)
class PageResult(Generic[T]):
    """What is kept of a page: enough to go on with the proof, and what was made of its records.

    `size` counts the rows that came, `rows` those that are new. `first` and `last` are the uuids
    of the first and the last row that came; `lowest` and `highest` those of the new rows. Each is
    None where there is none to read. `uuids` are all of the new ones where order proves nothing,
    and empty otherwise. `digests` are of the bytes that it was made from.
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
    uuids: tuple[str, ...] = ()
    digests: Digests | None = None


@dataclass(frozen=True, slots=True)
class Listing(Generic[T]):
    """Every record that matches, once: what was made of them, page by page.

    `total` is the platform's own count, the `undecodable` rows included; `duplicates` is the
    number of rows that came again.
    """

    parts: tuple[T, ...]
    total: int
    undecodable: tuple[Undecodable, ...] = ()
    duplicates: int = 0


@dataclass(frozen=True, slots=True)
class Position:
    """How far a pass has come: all that the next page has to be compared with.

    `last` is the uuid of the last row that came, `highest` the highest one so far. `seen` has
    every uuid so far where order proves nothing, and is None where it does.
    """

    operation: Operation
    has_overlap: bool
    """Whether the next page begins with the last row of the page before."""
    last: str | None
    highest: str
    seen: AbstractSet[str] | None

    def can_precede(self, result: PageResult[T]) -> bool:
        """Whether a result that was made before can come next: order alone has to show it."""
        joins = not self.has_overlap or result.first == self.last
        above = result.lowest is None or result.lowest > self.highest
        return self.seen is None and joins and above


class ListReader(Generic[T]):
    """One pass over the list. Raises IncompleteError as soon as the proof fails.

    A pass that relies on `order` raises UnsortedError where there is none.
    """

    def __init__(self, operation: Operation, page_size: int, *, order: bool = True) -> None:
        self._operation = operation
        self._page_size = page_size
        self._results: list[PageResult[T]] = []
        self._rows = 0
        self._highest = _LOWEST
        self._seen: set[str] | None = None if order else set()
        self.finished = False
        """Whether another page would add nothing; `listing` then checks the proof."""

    @property
    def next_page(self) -> tuple[int, int]:
        """The `start` and `limit` to ask for, from the last row on, to see it still there."""
        return (self._rows - 1, self._page_size + 1) if self._rows else (0, self._page_size)

    @property
    def position(self) -> Position:
        last = self._results[-1].last if self._results else None
        return Position(self._operation, self._rows > 0, last, self._highest, self._seen)

    @property
    def pages(self) -> int:
        """How many have come."""
        return len(self._results)

    @property
    def is_one_page(self) -> bool:
        """Whether a single answer had the whole list, so that nothing could change meanwhile."""
        return self.pages == 1

    @property
    def uuids(self) -> AbstractSet[str]:
        """Every uuid that came; known only to a pass that does not rely on order."""
        return frozenset() if self._seen is None else self._seen

    def add(self, result: PageResult[T]) -> None:
        _, limit = self.next_page
        self._results.append(result)
        self._rows += result.rows
        self._highest = result.highest or self._highest
        if self._seen is not None:
            self._seen.update(result.uuids)
        whole = self._rows == result.total and result.size < limit
        too_many = self._rows > result.total
        self.finished = whole or too_many or result.rows == 0

    def listing(self) -> Listing[T]:
        """Raises IncompleteError if the rows do not add up, UnreadableError if none has a uuid."""
        total = self._results[-1].total
        if self._rows != total:
            message = f"got {self._rows} distinct rows, the platform counts {total}"
            raise IncompleteError(message, self._operation)
        if total and self._highest == _LOWEST:
            raise UnreadableError("no record has a uuid that can be read", self._operation)
        return Listing(
            tuple(result.made for result in self._results),
            total,
            tuple(row for result in self._results for row in result.undecodable),
            sum(result.duplicates for result in self._results),
        )


def new_rows(page: Page[R], position: Position) -> NewRows[R]:
    """What the page adds to the list that was read up to `position`.

    Raises IncompleteError where it does not join the page before, UnsortedError where only order
    could show repeats, and there is none.
    """
    rows = _without_overlap(page, position)
    distinct = _distinct(rows, position)
    return NewRows(
        records=tuple([row for row in distinct if not isinstance(row, Undecodable)]),
        undecodable=tuple([row for row in distinct if isinstance(row, Undecodable)]),
        duplicates=len(rows) - len(distinct),
        uuids=tuple(_uuids(distinct)),
    )


def page_result(page: Page[R], new: NewRows[R], made: T, position: Position) -> PageResult[T]:
    """The result of a page whose new rows became `made`."""
    return PageResult(
        made=made,
        size=len(page.rows),
        rows=new.rows,
        total=page.total,
        first=page.rows[0].uuid if page.rows else None,
        last=page.rows[-1].uuid if page.rows else None,
        lowest=new.uuids[0] if new.uuids else None,
        highest=new.uuids[-1] if new.uuids else None,
        undecodable=new.undecodable,
        duplicates=new.duplicates,
        uuids=() if position.seen is None else new.uuids,
    )


def _without_overlap(page: Page[R], position: Position) -> tuple[Row[R], ...]:
    """The page without the row it shares with the page before."""
    if not position.has_overlap:
        return page.rows
    if page.rows and page.rows[0].uuid == position.last:
        return page.rows[1:]
    raise IncompleteError("the rows moved while they were read", position.operation)


def _distinct(rows: tuple[Row[R], ...], position: Position) -> tuple[Row[R], ...]:
    """Without rows that came before; a page that ascends has none."""
    if _ascends(rows, position):
        return rows
    distinct = tuple(_unseen(rows, position))
    if position.seen is None and not _ascends(distinct, position):
        raise UnsortedError
    return distinct


def _ascends(rows: Iterable[Row[R]], position: Position) -> bool:
    """Whether order, where the pass relies on it, proves that none of them came before."""
    if position.seen is not None:
        return False
    uuids = (position.highest, *_uuids(rows))
    return all(map(lt, uuids, uuids[1:]))


def _unseen(rows: Iterable[Row[R]], position: Position) -> Iterator[Row[R]]:
    before = {position.highest} if position.seen is None else position.seen
    seen: set[str] = set()
    for row in rows:
        if row.uuid is None:
            yield row
        elif row.uuid not in seen and row.uuid not in before:
            seen.add(row.uuid)
            yield row


def _uuids(rows: Iterable[Row[R]]) -> list[str]:
    return [row.uuid for row in rows if row.uuid is not None]
