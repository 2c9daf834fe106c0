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

    `total` is the platform's own count, the `undecodable` rows included; `duplicates` is the
    number of rows that came again.
    """

    services: tuple[ModelService, ...]
    total: int
    undecodable: tuple[Undecodable, ...] = ()
    duplicates: int = 0


class Reading:
    """One pass over the list. `add` raises IncompleteError as soon as the proof fails."""

    def __init__(self, operation: Operation, page_size: int) -> None:
        self._operation = operation
        self._page_size = page_size
        self._services: list[ModelService] = []
        self._undecodable: list[Undecodable] = []
        self._seen: set[str] = set()
        self._duplicates = 0
        self._last: Row | None = None
        self._total = 0
        self.finished = False
        """Whether another page would add nothing; `listing` then says if the proof holds."""

    @property
    def next_page(self) -> tuple[int, int]:
        """The `start` and `limit` to ask for, from the last row on, to see it still there."""
        if self._rows == 0:
            return 0, self._page_size
        return self._rows - 1, self._page_size + 1

    def add(self, page: Page) -> None:
        (_, limit), before = self.next_page, self._rows
        for row in self._without_overlap(page):
            self._take(row)
        self._total = page.total
        whole = self._rows == page.total and len(page.rows) < limit
        nothing_new = self._rows == before
        too_many = self._rows > page.total
        self.finished = whole or nothing_new or too_many

    def listing(self) -> Listing:
        """Raises IncompleteError if the rows do not add up."""
        if self._rows != self._total:
            message = f"got {self._rows} distinct rows, the platform counts {self._total}"
            raise IncompleteError(message, self._operation)
        return Listing(
            tuple(self._services), self._total, tuple(self._undecodable), self._duplicates
        )

    @property
    def _rows(self) -> int:
        return len(self._services) + len(self._undecodable)

    def _without_overlap(self, page: Page) -> tuple[Row, ...]:
        """The page without the row it shares with the page before."""
        if self._last is None:
            rows = page.rows
        elif page.rows and page.rows[0].uuid == self._last.uuid:
            rows = page.rows[1:]
        else:
            raise IncompleteError("the rows moved while they were read", self._operation)
        self._last = page.rows[-1] if page.rows else None
        return rows

    def _take(self, row: Row) -> None:
        if row.uuid in self._seen:
            self._duplicates += 1
            return
        if row.uuid is not None:
            self._seen.add(row.uuid)
        if isinstance(row, ModelService):
            self._services.append(row)
        else:
            self._undecodable.append(row)
