"""Reads a whole list of the API, page by page, and again if it is not proven whole."""

from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, replace
from typing import Generic, Protocol, TypeVar

from .changes import Change, Replace
from .digests import Digests
from .errors import IncompleteError, Operation, RejectedError
from .page_cache import PageCache, PageKey
from .paging import Listing, ListReader, PageResult, Position, UnsortedError, new_rows, page_result
from .records import Page, R
from .resource import Resource
from .schema import UNKNOWN_FIELD
from .worker import Worker

T = TypeVar("T")
A = TypeVar("A")

Query = Sequence[tuple[str, str]]
Make = Callable[[tuple[R, ...]], T]
"""Makes a result of the new records of a page, in a worker thread, from its argument alone."""


class Call(Protocol):
    """Sends a request, again while its failure may pass. Raises ZStackError.

    `lookup` sees the body first, on the event loop; where it returns None, `decode` gets it in a
    worker thread.
    """

    async def __call__(
        self,
        operation: Operation,
        decode: Callable[[bytes], A],
        query: Query,
        lookup: Callable[[bytes], A | None],
    ) -> A: ...


@dataclass(frozen=True, slots=True)
class ListRequest(Generic[R, T]):
    """One list that is read: `make` and `cache` have the results of its pages.

    With `replace`, a page that has changed in part is made from the one that was in its place.
    """

    resource: Resource[R]
    make: Make[R, T]
    replace: Replace[T, R] | None
    cache: PageCache[T]
    call: Call
    worker: Worker
    conditions: Query
    page_size: int

    async def projected(self) -> Listing[T] | None:
        """The list with the fields of the projection; None where the platform lacks one of them."""
        try:
            return await self.whole((("fields", self.resource.projection),))
        except RejectedError as error:
            if error.code != UNKNOWN_FIELD:
                raise
        return None

    async def whole(self, fields: Query = ()) -> Listing[T]:
        """The list, read a second time if it is not proven whole. Raises ZStackError."""
        try:
            return await self._list(fields)
        except IncompleteError:
            return await self._list(fields)

    async def _list(self, fields: Query) -> Listing[T]:
        if self.cache.trusts_order:
            try:
                return (await self._pass(fields))[0]
            except UnsortedError:
                self.cache.distrust_order()
        return await self._unordered_list(fields)

    async def _unordered_list(self, fields: Query) -> Listing[T]:
        """Two passes that have to agree, or one if a single answer had everything."""
        listing, first = await self._pass(fields)
        if first.is_one_page:
            return listing
        listing, second = await self._pass(fields)
        if first.uuids != second.uuids:
            message = "the list has no order, and two passes over it found different rows"
            raise IncompleteError(message, self.resource.operation)
        return listing

    async def _pass(self, fields: Query) -> tuple[Listing[T], ListReader[T]]:
        """Read the list once. Its results are cached only when it is proven whole."""
        reader: ListReader[T] = ListReader(
            self.resource.operation, self.page_size, order=self.cache.trusts_order
        )
        results: dict[PageKey, PageResult[T]] = {}
        while not reader.finished:
            key, result = await self._page(reader, fields)
            results[key] = result
            reader.add(result)
        listing = reader.listing()
        self.cache.replace(results)
        return listing, reader

    async def _page(self, reader: ListReader[T], fields: Query) -> tuple[PageKey, PageResult[T]]:
        """The next page of the list: from the cache, or made anew."""
        position = reader.position
        start, limit = reader.next_page
        waits = self.cache.before_first_miss is not None
        before = self.cache.at(reader.pages)

        def lookup(body: bytes) -> tuple[PageKey, PageResult[T]] | None:
            key = PageKey.create(position, body)
            result = self.cache.lookup(key, position)
            return None if result is None else (key, result)

        def decode(body: bytes) -> tuple[PageKey, PageResult[T] | Page[R]]:
            key = PageKey.create(position, body)
            if waits:
                return key, self.resource.decode(body, limit)
            return key, self._made(body, limit, position, before)

        query = self._query(start, limit, fields)
        key, found = await self.call(self.resource.operation, decode, query, lookup)
        if isinstance(found, Page):
            await self._prepare()
            found = await self.worker.run(_result, found, position, self.make)
        return key, found

    def _made(
        self, body: bytes, limit: int, position: Position, before: PageResult[T] | None
    ) -> PageResult[T]:
        """The result of a page, with what is known of the one that was in its place."""
        decoder, digests = self.resource.decode, Digests.create(body)
        if self.replace is not None and before is not None:
            changed = Change(decoder, before, self.replace).result(body, limit, position)
            if isinstance(changed, PageResult):
                return changed
            digests = changed
        return replace(_result(decoder(body, limit), position, self.make), digests=digests)

    def _query(self, start: int, limit: int, fields: Query) -> Query:
        return (
            *self.conditions,
            ("limit", str(limit)),
            ("start", str(start)),
            ("sort", "+uuid"),  # without it the order, and so the offset, means nothing
            ("replyWithCount", "true"),
            *fields,
        )

    async def _prepare(self) -> None:
        """Await what has to come before the first result, once."""
        prepare: Callable[[], Awaitable[None]] | None
        prepare, self.cache.before_first_miss = self.cache.before_first_miss, None
        if prepare is not None:
            await prepare()


def _result(page: Page[R], position: Position, make: Make[R, T]) -> PageResult[T]:
    """Make the result of a page; runs in a worker thread, and leaves nothing there.

    Raises IncompleteError or UnsortedError where the page cannot come next.
    """
    new = new_rows(page, position)
    return page_result(page, new, make(new.records), position)
