"""Inventory: the model services of one platform as one good poll found them.

It is put together from batches, one for each page of the platform's list. A batch has sums and
lines and no longer the services themselves, and is kept for as long as its page stays the same.
"""

from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import chain
from typing import Final

import msgspec

from .gzipped import Block
from .services import Conventions, Service, Services, known, services
from .zstack import Listing, ModelService

GroupKey = tuple[str, str, str]
"""Framework, type and source."""

Lines = Mapping[str, Block]
"""The series of some services, by the name of their family; none where it has no samples."""


@dataclass(frozen=True, slots=True)
class Group:
    """Services, by what they say; a sum is None where none of them says, or beyond all numbers."""

    services: int
    cpu_cores: float | None
    memory_bytes: float | None
    new_version: int
    current: int
    unknown: int


class Tally(msgspec.Struct, gc=False):
    """Sums over services that can be added up; `…_known` count those that say.

    It changes only while services are counted: a new one for each would take twice as long. There
    are twenty thousand of them in a large list, which the garbage collector need not look at.
    """

    services: int = 0
    cpu_cores: float = 0
    cpu_known: int = 0
    memory_bytes: float = 0
    memory_known: int = 0
    new_version: int = 0
    current: int = 0

    def add(self, other: "Tally") -> None:
        """Count its services as well."""
        self.services += other.services
        self.cpu_cores += other.cpu_cores
        self.cpu_known += other.cpu_known
        self.memory_bytes += other.memory_bytes
        self.memory_known += other.memory_known
        self.new_version += other.new_version
        self.current += other.current

    @property
    def group(self) -> Group:
        return Group(
            services=self.services,
            cpu_cores=known(self.cpu_cores) if self.cpu_known else None,
            memory_bytes=known(self.memory_bytes) if self.memory_known else None,
            new_version=self.new_version,
            current=self.current,
            unknown=self.services - self.new_version - self.current,
        )


Tallies = Mapping[GroupKey, Tally]

_ROW: Final = 10
"""Batches that are added up together: of a hundred, one that changed makes twenty to add."""


@dataclass(frozen=True, slots=True, eq=False)
class Batch:
    """The services of one page. `unfit` have a uuid that no label can hold, and count nowhere."""

    tallies: Tallies
    by_cpu_architecture: Mapping[str, int]
    by_gpu_vendor: Mapping[str, int]
    outdated: tuple[Service, ...]
    lines: Lines
    unfit: int


@dataclass(frozen=True, slots=True)
class Inventory:
    """What one poll listed. `reported` is the platform's own count; the skipped are in it.

    `outdated` are the services that have a new version; `lines` the series of all services, by
    family and then by batch.
    """

    total: Group
    groups: Mapping[GroupKey, Group]
    by_cpu_architecture: Mapping[str, int]
    by_gpu_vendor: Mapping[str, int]
    reported: int
    undecodable: int = 0
    duplicates: int = 0
    outdated: tuple[Service, ...] = ()
    lines: Mapping[str, tuple[Block, ...]] = field(default_factory=dict)

    @property
    def services(self) -> int:
        return self.total.services


def batch(
    records: Sequence[ModelService],
    conventions: Conventions,
    write: Callable[[Services], Lines],
) -> Batch:
    """The records of a page; costs some microseconds a record, so off the event loop."""
    found = services(records, conventions)
    return Batch(
        tallies=_tallies(found),
        by_cpu_architecture=Counter(chain.from_iterable(found.cpu_architectures)),
        by_gpu_vendor=Counter(chain.from_iterable(found.gpu_vendors)),
        outdated=tuple(found.outdated),
        lines=write(found),
        unfit=len(records) - len(found),
    )


class Sums:
    """Adds up batches, some at a time, and does not do so again for those that stayed."""

    def __init__(self) -> None:
        self._rows: Mapping[tuple[Batch, ...], Tallies] = {}

    def of(self, batches: Sequence[Batch]) -> Tallies:
        """The tallies of all; what is kept of other batches than these is let go."""
        rows = [tuple(batches[i : i + _ROW]) for i in range(0, len(batches), _ROW)]
        self._rows = {
            row: self._rows.get(row) or _together(each.tallies for each in row) for row in rows
        }
        return _together(self._rows.values())


def inventory(listing: Listing[Batch], sums: Sums) -> Inventory:
    """All batches as one; `sums` knows those of the listing before."""
    batches = listing.parts
    tallies = sums.of(batches)
    return Inventory(
        total=_total(tallies.values()).group,
        groups={key: tallies[key].group for key in sorted(tallies)},
        by_cpu_architecture=_counts(each.by_cpu_architecture for each in batches),
        by_gpu_vendor=_counts(each.by_gpu_vendor for each in batches),
        reported=listing.total,
        undecodable=len(listing.undecodable) + sum(each.unfit for each in batches),
        duplicates=listing.duplicates,
        outdated=tuple(chain.from_iterable(each.outdated for each in batches)),
        lines=_by_family([each.lines for each in batches]),
    )


def _tallies(found: Services) -> dict[GroupKey, Tally]:
    sums: defaultdict[GroupKey, Tally] = defaultdict(Tally)
    facts = (found.groups, found.cpu_cores, found.memory_bytes, found.has_new_version)
    for key, cores, memory, new in zip(*facts, strict=True):
        of = sums[key]
        of.services += 1
        if cores is not None:
            of.cpu_cores += cores
            of.cpu_known += 1
        if memory is not None:
            of.memory_bytes += memory
            of.memory_known += 1
        if new:
            of.new_version += 1
        elif new is not None:
            of.current += 1
    return sums


def _together(batches: Iterable[Tallies]) -> Tallies:
    sums: defaultdict[GroupKey, Tally] = defaultdict(Tally)
    for tallies in batches:
        for key, tally in tallies.items():
            sums[key].add(tally)
    return sums


def _total(tallies: Iterable[Tally]) -> Tally:
    total = Tally()
    for tally in tallies:
        total.add(tally)
    return total


def _counts(counts: Iterable[Mapping[str, int]]) -> dict[str, int]:
    together: Counter[str] = Counter()
    for each in counts:
        together.update(each)
    return dict(sorted(together.items()))


def _by_family(batches: Sequence[Lines]) -> dict[str, tuple[Block, ...]]:
    families = dict.fromkeys(chain.from_iterable(batches))
    return {name: tuple(lines[name] for lines in batches if name in lines) for name in families}
