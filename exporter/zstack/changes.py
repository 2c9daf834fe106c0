"""Which rows of a page have changed, and its result with these rows made anew.

Where one service in a hundred changes, every page has other bytes, but nearly all that was made of
its rows still holds. So the digest of each row is kept, once a page has changed in part. Nothing
is taken for unchanged but a row of the same bytes at the same place of the same page; whatever is
unusual about a page or its rows has the page made anew as a whole.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import Final, Generic, TypeVar

import msgspec

from .digests import Digests
from .paging import PageResult, Position, new_rows, page_result
from .records import SAMPLED_ROWS, Page, PageDecoder, R, RawPage, Undecodable

T = TypeVar("T")

Replace = Callable[[T, Sequence[int], tuple[R, ...]], T | None]
"""Makes a result from that of the page before, the places of new rows that have changed, and these.

None where it cannot; then the page is made anew as a whole. It runs in a worker thread.
"""

_MOST_CHANGED: Final = 4
"""If more than one row in so many has changed, to make the whole page anew takes less time."""


@dataclass(frozen=True, slots=True)
class Change(Generic[R, T]):
    """A page that has come in the place of another: `before` is the result of that one."""

    decoder: PageDecoder[R]
    before: PageResult[T]
    replace: Replace[T, R]

    def result(self, body: bytes, limit: int, position: Position) -> PageResult[T] | Digests:
        """The result of the page; only its digests where it has to be made as a whole.

        Raises IncompleteError or UnsortedError where it cannot come next.
        """
        head, before = Digests.create(body), self.before.digests
        if before is None or not before.resembles(head):
            return head
        try:
            page = self.decoder.split(body, limit)
        except (msgspec.DecodeError, UnicodeDecodeError):
            return head
        digests = head.with_rows(page.rows)
        changed = digests.changed_since(before)
        if changed is None:
            return digests
        if len(changed) > len(page.rows) // _MOST_CHANGED:
            return head
        result = self._replaced(body, page, changed, position)
        return digests if result is None else replace(result, digests=digests)

    def _replaced(
        self, body: bytes, page: RawPage, changed: Sequence[int], position: Position
    ) -> PageResult[T] | None:
        """Only rows that have changed are read, and those beside them, to see that all ascend."""
        if self.before.undecodable or self.before.duplicates:
            return None  # the places of rows are not those of records
        searched = bool(changed) and changed[0] < SAMPLED_ROWS
        if searched and self.decoder.unknown_fields(body, len(page.rows)):
            return None
        shared = 1 if position.has_overlap else 0
        ends = {0, shared, len(page.rows) - 1}
        beside = {place + step for place in changed for step in (-1, 0, 1)}
        places = sorted((beside | ends) & {*range(len(page.rows))})
        rows = tuple(self.decoder.row(page.rows[place]) for place in places)
        if any(isinstance(row, Undecodable) for row in rows):
            return None
        read = Page(rows, page.total)
        new = new_rows(read, position)
        if new.duplicates:
            return None
        records = dict(zip(places[shared:], new.records, strict=True))
        chosen = [place for place in changed if place in records]
        made = self.replace(
            self.before.made,
            [place - shared for place in chosen],
            tuple(records[place] for place in chosen),
        )
        if made is None:
            return None
        result = page_result(read, new, made, position)
        return replace(result, size=len(page.rows), rows=self.before.rows)
