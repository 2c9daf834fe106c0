"""Sums over services by group, added up from the columns of the pages of a list."""

from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from itertools import chain, repeat
from typing import Any, Final, Protocol

import msgspec

from .columns import Number, known
from .packed import Packed

GroupKey = tuple[str, str, str]
"""Framework, type and source."""


@dataclass(frozen=True, slots=True)
class Group:
    """Services and their sums; a sum is None where no service has the field, or if it overflows."""

    services: int
    cpu_cores: float | None
    memory_bytes: float | None
    new_version: int
    current: int
    unknown: int


class Tally(msgspec.Struct, gc=False):
    """Sums over services that can be added up; `has_…` is whether any of them has the field.

    It changes only while services are counted: a new one for each would take twice as long. There
    are tens of thousands of them in a large list, which the garbage collector need not look at.
    """

    services: int = 0
    cpu_cores: float = 0
    has_cpu: bool = False
    memory_bytes: float = 0
    has_memory: bool = False
    new_version: int = 0
    current: int = 0

    def add(self, other: "Tally") -> None:
        """Count its services as well."""
        self.services += other.services
        self.cpu_cores += other.cpu_cores
        self.has_cpu |= other.has_cpu
        self.memory_bytes += other.memory_bytes
        self.has_memory |= other.has_memory
        self.new_version += other.new_version
        self.current += other.current

    @property
    def group(self) -> Group:
        return Group(
            services=self.services,
            cpu_cores=known(self.cpu_cores) if self.has_cpu else None,
            memory_bytes=known(self.memory_bytes) if self.has_memory else None,
            new_version=self.new_version,
            current=self.current,
            unknown=self.services - self.new_version - self.current,
        )


Tallies = Mapping[GroupKey, Tally]


class Counted(Protocol):
    """The columns of a page that are added up."""

    @property
    def groups(self) -> Packed[GroupKey]: ...
    @property
    def cpu_cores(self) -> Packed[Number]: ...
    @property
    def memory_bytes(self) -> Packed[Number]: ...
    @property
    def has_new_version(self) -> Packed[bool | None]: ...


_TOGETHER: Final = 10
"""Pages that are added up together: if a column of one of them changes, it is counted in all ten.

The tallies of each page by itself would take a quarter of the memory of its lines.
"""

Columns = tuple[Packed[GroupKey], Packed[Any]] | tuple[Packed[GroupKey], Packed[Any], Packed[Any]]
"""The groups of a page, and what is counted by them."""


@dataclass(frozen=True, slots=True)
class Part:
    """The tallies of some pages, and the columns that they were counted from."""

    columns: Sequence[Columns]
    tallies: Tallies


@dataclass(frozen=True, slots=True)
class Totals:
    """Tallies of pages that were added up together, some at a time, to be used again.

    When services get new versions, what they request mostly stays the same.
    """

    requests: Sequence[Part] = ()
    versions: Sequence[Part] = ()

    def add_up(self, pages: Sequence[Counted]) -> tuple[Tallies, "Totals"]:
        """The tallies of all pages, and the totals that are of use for the next list."""
        parts = [pages[i : i + _TOGETHER] for i in range(0, len(pages), _TOGETHER)]
        requests = [[(p.groups, p.cpu_cores, p.memory_bytes) for p in part] for part in parts]
        versions = [[(p.groups, p.has_new_version) for p in part] for part in parts]
        totals = Totals(
            [*map(partial(_counted, _count_requests), requests, _endless(self.requests))],
            [*map(partial(_counted, _count_versions), versions, _endless(self.versions))],
        )
        return _add_up(part.tallies for part in (*totals.requests, *totals.versions)), totals


def total(tallies: Iterable[Tally]) -> Tally:
    """One tally of all services."""
    sums = Tally()
    for tally in tallies:
        sums.add(tally)
    return sums


def _endless(parts: Iterable[Part]) -> Iterator[Part | None]:
    """With None for all that were not there."""
    return chain(parts, repeat(None))


def _counted(count: Callable[..., None], columns: Sequence[Columns], before: Part | None) -> Part:
    """The tallies of some pages; those that were counted in their place if they count the same."""
    if before is not None and columns == before.columns:
        return Part(columns, before.tallies)
    sums: defaultdict[GroupKey, Tally] = defaultdict(Tally)
    nothing = Tally()
    for groups, *counted in columns:
        count([sums[key] for key in groups.values], groups.codes, *counted)
    return Part(columns, {key: tally for key, tally in sums.items() if tally != nothing})


def _count_requests(
    tallies: Sequence[Tally], groups: Sequence[int], cpu: Iterable[Number], memory: Iterable[Number]
) -> None:
    """Add each service, and what it requests, to the tally of its group."""
    for group, cores, requested in zip(groups, cpu, memory, strict=True):
        tally = tallies[group]
        tally.services += 1
        if cores is not None:
            tally.cpu_cores += cores
            tally.has_cpu = True
        if requested is not None:
            tally.memory_bytes += requested
            tally.has_memory = True


def _count_versions(
    tallies: Sequence[Tally], groups: Sequence[int], has_new: Iterable[bool | None]
) -> None:
    for group, new in zip(groups, has_new, strict=True):
        if new:
            tallies[group].new_version += 1
        elif new is not None:
            tallies[group].current += 1


def _add_up(parts: Iterable[Tallies]) -> Tallies:
    sums: defaultdict[GroupKey, Tally] = defaultdict(Tally)
    for tallies in parts:
        for key, tally in tallies.items():
            sums[key].add(tally)
    return sums
