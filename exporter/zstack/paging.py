"""A list read page by page while it may change, and the proof that it is whole.

Rows are read in the order of their uuid. Every page after the first begins with the last row of
the page before: if that row is not there, rows were added or removed before it and the offset
points elsewhere, so that a row could have slipped through. At the end, the rows without repeats
must be as many as the platform counts, and the last page must not be full: the platform counts
after it has read the page, and a row removed in between would hide one that is still to come. A
list that passes holds every row that was there all along, and exactly as many as there are.
"""

from dataclasses import dataclass

from .errors import IncompleteError, Operation
from .schema import ModelService, Page, Row, Undecodable


@dataclass(frozen=True, slots=True)
class Listing:
    """Every model service that matches, once.

    `total` is the platform's own count, the `undecodable` rows included; `repeats` is the number
    of rows that came more than once.
    """

    services: tuple[ModelService, ...]
    total: int
    undecodable: tuple[Undecodable, ...] = ()
    repeats: int = 0


class Reading:
    """One pass over the list. `add` raises IncompleteError as soon as the proof fails."""

    def __init__(self, operation: Operation, page_size: int) -> None:
        self._operation = operation
        self._page_size = page_size
        self._services: list[ModelService] = []
        self._undecodable: list[Undecodable] = []
        self._seen: set[str] = set()
        self._repeats = 0
        self._last: Row | None = None
        self._total = 0
        self.finished = False

    @property
    def next_page(self) -> tuple[int, int]:
        """The `start` and `limit` to ask for, from the last row on, to see it still there."""
        if self._rows == 0:
            return 0, self._page_size
        return self._rows - 1, self._page_size + 1

    def add(self, page: Page) -> None:
        before, full = self._rows, len(page.rows) >= self.next_page[1]
        for row in self._fresh(page):
            self._take(row)
        self._total = page.total
        at_the_end = self._rows == self._total and not full
        self.finished = at_the_end or self._rows > self._total or self._rows == before

    def listing(self) -> Listing:
        """Raises IncompleteError if the rows do not add up."""
        if self._rows != self._total:
            message = f"{self._rows} different rows came of {self._total}"
            raise IncompleteError(message, self._operation)
        return Listing(tuple(self._services), self._total, tuple(self._undecodable), self._repeats)

    @property
    def _rows(self) -> int:
        return len(self._services) + len(self._undecodable)

    def _fresh(self, page: Page) -> tuple[Row, ...]:
        """The page without the row it shares with the page before."""
        if self._last is None:
            fresh = page.rows
        elif page.rows and page.rows[0].uuid == self._last.uuid:
            fresh = page.rows[1:]
        else:
            raise IncompleteError("the rows moved while they were read", self._operation)
        self._last = page.rows[-1] if page.rows else None
        return fresh

    def _take(self, row: Row) -> None:
        if row.uuid in self._seen:
            self._repeats += 1
            return
        if row.uuid is not None:
            self._seen.add(row.uuid)
        if isinstance(row, ModelService):
            self._services.append(row)
        else:
            self._undecodable.append(row)
