"""The table of services that have a new version: searched, sorted, and in pages."""

import heapq
import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from itertools import islice
from operator import itemgetter
from typing import Any, Final

from exporter.state.services import Service

from .excerpt import Excerpt, page_count

ROWS_PER_PAGE: Final = 50
MOST_ROWS: Final = 2000
"""Rows that the pages of the table have; a search finds the others."""

_DIGITS: Final = re.compile(r"([0-9]+)")


@dataclass(frozen=True, slots=True)
class OutdatedRow:
    """A service with a new version, and the target that has it."""

    target: str
    service: Service


@dataclass(frozen=True, slots=True)
class Selection:
    """A page of the rows that match a search, the number that match, and the number of all."""

    excerpt: Excerpt[OutdatedRow]
    found: int
    all: int

    @property
    def left_out(self) -> int:
        """How many rows that match are on no page."""
        return self.found - self.excerpt.found


def natural(text: str) -> list[str | int]:
    """A sort key that puts `0.9` before `0.11`: texts and numbers in turn."""
    parts: list[str | int] = list(_DIGITS.split(text.casefold()))
    parts[1::2] = map(int, parts[1::2])
    return parts


_KEYS: Final[Mapping[str, Callable[[OutdatedRow], Any]]] = {
    "name": lambda row: natural(row.service.name),
    "target": lambda row: row.target,
    "framework": lambda row: row.service.framework.casefold(),
    "type": lambda row: row.service.type.casefold(),
    "source": lambda row: row.service.source.casefold(),
    "version": lambda row: natural(row.service.version),
    "created": lambda row: row.service.created,
    "changed": lambda row: row.service.last_operation,
}
"""What a row is sorted by, for each of `query.ORDERS`."""


def outdated(target: str, services: Iterable[Service]) -> tuple[OutdatedRow, ...]:
    """The target's services that have a new version, as rows."""
    return tuple(OutdatedRow(target, service) for service in services)


def select(
    rows: Iterable[OutdatedRow], *, search: str, sort: str, descending: bool, page: int
) -> Selection:
    """A page of the rows that have every word of the search, sorted; those without a value last.

    A page beyond the last is the last.
    """
    every = tuple(rows)
    words = search.casefold().split()
    found = [row for row in every if _has(row, words)] if words else list(every)
    reachable = min(len(found), MOST_ROWS)
    number = min(page, page_count(reachable, ROWS_PER_PAGE))
    shown = _first(found, number * ROWS_PER_PAGE, sort, descending=descending)
    excerpt = Excerpt.of_page(shown, reachable, number, ROWS_PER_PAGE)
    return Selection(excerpt, len(found), len(every))


def _first(
    rows: Iterable[OutdatedRow], number: int, sort: str, *, descending: bool
) -> list[OutdatedRow]:
    """The first rows, without sorting all: that would keep other threads waiting."""
    keyed = [(_KEYS[sort](row), row) for row in rows]
    known = [pair for pair in keyed if pair[0] is not None]
    pick = heapq.nlargest if descending else heapq.nsmallest
    picked = pick(number, known, key=itemgetter(0))
    unknown = (row for key, row in keyed if key is None)
    return [row for _, row in picked] + list(islice(unknown, number - len(picked)))


def _has(row: OutdatedRow, words: Iterable[str]) -> bool:
    service = row.service
    texts = (
        service.name,
        service.uuid,
        service.framework,
        service.type,
        service.source,
        service.version,
        row.target,
    )
    text = "\n".join(texts).casefold()
    return all(word in text for word in words)
