"""Excerpt: the rows of a long table that one page shows."""

from collections.abc import Sequence
from dataclasses import dataclass
from math import ceil
from typing import Generic, Self, TypeVar

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Excerpt(Generic[T]):
    """The rows on page `number` of `pages`, and how many rows all pages have (`found`).

    `first` is the place of the first row, counted from 1. A page beyond the last has no rows.
    """

    rows: tuple[T, ...]
    first: int
    found: int
    number: int
    pages: int

    @classmethod
    def cut(cls, rows: Sequence[T], number: int, per_page: int) -> Self:
        return cls.of_page(rows, len(rows), number, per_page)

    @classmethod
    def of_page(cls, rows: Sequence[T], found: int, number: int, per_page: int) -> Self:
        """As `cut`, where only the rows up to the end of the page need to be there."""
        start = (number - 1) * per_page
        shown = tuple(rows[start : min(start + per_page, found)])
        return cls(shown, start + 1, found, number, page_count(found, per_page))

    @property
    def last(self) -> int:
        """The place of the last row."""
        return self.first + len(self.rows) - 1

    @property
    def next(self) -> int | None:
        """The number of the page after this one."""
        return self.number + 1 if self.number < self.pages else None

    @property
    def numbers(self) -> list[int]:
        """The pages to link to: the first, the last, this one and its neighbours."""
        near = {1, self.number - 1, self.number, self.number + 1, self.pages}
        return sorted(number for number in near if 1 <= number <= self.pages)


def page_count(rows: int, per_page: int) -> int:
    """The pages for so many rows; an empty table has one."""
    return max(1, ceil(rows / per_page))
