"""What was made of each page of a list, kept until the platform sends other bytes in its place."""

from collections.abc import Awaitable, Callable, Mapping, Sequence
from typing import Generic, NamedTuple, TypeVar

from xxhash import xxh3_128_digest

from .paging import PageResult, Position

T = TypeVar("T")


class PageKey(NamedTuple):
    """Whether the page begins with the last row of the page before, and the digest of its bytes."""

    has_overlap: bool
    digest: bytes

    @classmethod
    def create(cls, position: Position, body: bytes) -> "PageKey":
        return cls(position.has_overlap, xxh3_128_digest(body))


class PageCache(Generic[T]):
    """The results of the last list that was proven whole, by the bytes of their pages.

    Only the event loop reads and changes it, between two awaits of the poll that is under way. No
    thread knows of it, so that nothing that outlives its poll can reach the next one.
    """

    def __init__(self) -> None:
        self.before_first_miss: Callable[[], Awaitable[None]] | None = None
        """Awaited once, when a page has come that is not cached, before anything is made of it."""
        self._results: Mapping[PageKey, PageResult[T]] = {}
        self._in_order: Sequence[PageResult[T]] = ()
        self.trusts_order = True
        """Whether the platform's order can prove that no row came twice."""

    def lookup(self, key: PageKey, position: Position) -> PageResult[T] | None:
        """The result of these bytes in the last list, if it can come next in this list too."""
        result = self._results.get(key)
        return result if result is not None and position.can_precede(result) else None

    def at(self, page: int) -> PageResult[T] | None:
        """The result of that page of the last list, counted from 0, if the list had so many."""
        return self._in_order[page] if page < len(self._in_order) else None

    def replace(self, results: Mapping[PageKey, PageResult[T]]) -> None:
        """Keep the results of a list that is proven whole, and no others."""
        self._results = results if self.trusts_order else {}
        self._in_order = (*self._results.values(),)

    def clear(self) -> None:
        """Make every result anew from now on."""
        self._results, self._in_order = {}, ()

    def distrust_order(self) -> None:
        self.trusts_order = False
        self.clear()
