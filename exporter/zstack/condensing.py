"""What is made of each page's records, kept for as long as the platform sends the same bytes."""

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from typing import Generic, TypeVar

from xxhash import xxh3_128_digest

from . import schema
from .paging import Part, Reading
from .schema import ModelService, Page

T = TypeVar("T")

_Key = tuple[bool, bytes]
"""Whether the page goes on from another one, and the digest of its bytes."""


class Condenser(Generic[T]):
    """Remembers the parts of the last list that was proven whole, by the bytes they came in.

    `make` gets the new records of a page, in a worker thread. What it makes must follow from them
    alone: what else it depends on must not change without `forget`.
    """

    def __init__(self, make: Callable[[tuple[ModelService, ...]], T]) -> None:
        self._make = make
        self.prepare: Callable[[], Awaitable[None]] | None = None
        """What has to be done, once a page has come, before anything is made of it."""
        self._kept: Mapping[_Key, Part[T]] = {}
        self._list: dict[_Key, Part[T]] = {}
        self._key: _Key = (False, b"")
        self.trusts_order = True
        """Whether the platform's order can tell that no row came twice."""

    def begin(self) -> None:
        """A list is read from its start."""
        self._list = {}

    def end(self) -> None:
        """The list is whole: its parts are worth remembering, and no others."""
        if self.trusts_order:
            self._kept = self._list
        self._list = {}

    def forget(self) -> None:
        """Make everything anew from now on."""
        self._kept = {}

    def distrust_order(self) -> None:
        self.trusts_order = False
        self.forget()

    def recognise(self, body: bytes, reading: Reading[T]) -> Part[T] | None:
        """The part that these bytes became the last time, if it can be next in this list too."""
        self._key = (reading.continued, xxh3_128_digest(body))
        part = self._kept.get(self._key)
        if part is None or not reading.follows(part):
            return None
        self._list[self._key] = part
        return part

    def decode(self, body: bytes, reading: Reading[T]) -> Part[T] | Page:
        """The part that bytes become which were not recognised; the page, if it has to wait.

        The records come and go in one worker thread, so that the event loop need not even let go of
        them. Raises msgspec.DecodeError, and what `_condense` does.
        """
        page = schema.model_services(body)
        return self._condense(page, reading) if self.prepare is None else page

    async def finish(self, found: Part[T] | Page, reading: Reading[T]) -> Part[T]:
        """The part that a page becomes which had to wait."""
        if isinstance(found, Part):
            return found
        prepare, self.prepare = self.prepare, None
        if prepare is not None:
            await prepare()
        return await asyncio.to_thread(self._condense, found, reading)

    def _condense(self, page: Page, reading: Reading[T]) -> Part[T]:
        """Raises IncompleteError or UnsortedError where the page cannot be next."""
        cut = reading.cut(page)
        part = Part.of(page, cut, self._make(cut.services))
        self._list[self._key] = part
        return part
