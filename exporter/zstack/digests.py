"""Digests of a page and its rows, which show how much of it has changed."""

from array import array
from collections.abc import Iterable
from dataclasses import dataclass
from itertools import compress, count
from operator import ne
from typing import Final, Self

from msgspec import Raw
from xxhash import xxh3_64_intdigest

_HEAD: Final = 1024
"""Bytes: the first few rows. If they have changed, probably all have, and rows are no use."""


@dataclass(frozen=True, slots=True)
class Digests:
    """Of a page's first bytes and, where it has changed in part before, of each of its rows."""

    head: int
    rows: "array[int] | None" = None

    @classmethod
    def create(cls, body: bytes) -> Self:
        return cls(xxh3_64_intdigest(body[:_HEAD]))

    def with_rows(self, rows: Iterable[Raw]) -> "Digests":
        return Digests(self.head, array("Q", map(xxh3_64_intdigest, rows)))

    def resembles(self, other: "Digests") -> bool:
        """Whether many rows may be the same, so that it is of use to look at each."""
        return self.rows is not None or self.head == other.head

    def changed_since(self, before: "Digests") -> list[int] | None:
        """The places of rows that are other ones now; None where that is not known."""
        if self.rows is None or before.rows is None or len(self.rows) != len(before.rows):
            return None
        return [*compress(count(), map(ne, before.rows, self.rows))]
