"""Inventory: the model services of one platform as one good poll found them.

It is combined from summaries, one for each page of the platform's list. A summary has what is
added up and no longer the services themselves. It is kept for as long as its page stays the same;
of a page in which some services changed, only these are summarized anew.
"""

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from itertools import chain, compress, count
from typing import Final

from exporter.zstack import MODEL_SERVICES, Listing, ModelService

from .columns import Number
from .drift import DATES, Drift, combined_drift, drift_of
from .labels import SharedValues
from .packed import Packed, V
from .reduction import Reduction, counts
from .service_names import NamesPage, ServiceNames
from .services import Service, Services, services
from .tallies import Group, GroupKey, Totals, total


@dataclass(frozen=True, slots=True, eq=False)
class PageSummary:
    """The services of one page: in columns what is added up, and what few of them have.

    `rejected` have a uuid that no label can hold: no metric has them. `dates` counts those that
    could be read; `dated` is whether there is one to read, for each of their fields.
    """

    groups: Packed[GroupKey]
    cpu_cores: Packed[Number]
    memory_bytes: Packed[Number]
    has_new_version: Packed[bool | None]
    by_cpu_architecture: Mapping[str, int]
    by_gpu_vendor: Mapping[str, int]
    outdated: tuple[Service, ...]
    names: NamesPage
    rejected: int
    drift: Drift
    dates: int
    dated: tuple[Packed[bool], ...]

    @property
    def has_only_columns(self) -> bool:
        """Whether there is nothing of which it is not known which row it comes from."""
        counts = (self.by_cpu_architecture, self.by_gpu_vendor, self.drift, self.rejected)
        return not any(counts)


@dataclass(frozen=True, slots=True)
class Inventory:
    """What one poll listed. `reported` is the platform's own count, with the skipped records.

    `outdated` are the services that have a new version, so many `outdated_on_pages`, page by page.
    `dates` counts the dates that could be read. `names` is the object of the inventory before where
    no name or framework has changed; `versions` has, page by page as well, what is known of each
    service's.
    `totals` serves the next inventory.
    """

    total: Group
    groups: Mapping[GroupKey, Group]
    by_cpu_architecture: Mapping[str, int]
    by_gpu_vendor: Mapping[str, int]
    reported: int
    undecodable: int = 0
    duplicates: int = 0
    outdated: tuple[Service, ...] = ()
    outdated_on_pages: tuple[int, ...] = ()
    drift: Drift = field(default_factory=dict)
    dates: int = 0
    names: ServiceNames = field(default_factory=ServiceNames, repr=False)
    versions: tuple[Packed[bool | None], ...] = field(default=(), repr=False, compare=False)
    totals: "Totals | None" = field(default=None, repr=False, compare=False)

    @property
    def services(self) -> int:
        return self.total.services

    def services_of_unknown_version(self) -> Iterator[str]:
        """The uuids of those of which the platform does not say whether they have a new version."""
        for names, versions in zip(self.names.pages, self.versions, strict=True):
            if None in versions.values:
                yield from compress(names.uuids(), [flag is None for flag in versions])


def summarize(records: Sequence[ModelService], found: Services) -> PageSummary:
    """The summary of a page whose services are `found`. Parses dates: for a worker thread."""
    dates = dict(zip(DATES, (found.create_dates, found.last_op_dates), strict=True))
    unreadable = found.unreadable + Counter({name: col.unreadable for name, col in dates.items()})
    groups = Packed.create(found.groups)
    return PageSummary(
        groups=Packed((*_shared_keys(groups.values),), groups.codes),
        cpu_cores=Packed.create(found.cpu_cores),
        memory_bytes=Packed.create(found.memory_bytes),
        has_new_version=Packed.create(found.has_new_version),
        by_cpu_architecture=Counter(chain.from_iterable(found.cpu_architectures)),
        by_gpu_vendor=Counter(chain.from_iterable(found.gpu_vendors)),
        outdated=tuple(found.outdated),
        names=NamesPage.create(found.uuid, found.name, found.framework),
        rejected=len(records) - len(found),
        drift=drift_of(records, unreadable),
        dates=sum(column.readable for column in dates.values()),
        dated=tuple(column.known for column in dates.values()),
    )


def replace_rows(
    before: PageSummary, places: Sequence[int], rows: PageSummary
) -> PageSummary | None:
    """The summary of a page in which the services at `places` have become those of `rows`.

    None where it is not known what has to be taken from the sums of the page before.
    """
    if not (before.has_only_columns and rows.has_only_columns):
        return None

    def replaced(column: Packed[V], values: Packed[V]) -> Packed[V]:
        return column.replaced(dict(zip(places, values, strict=True)))

    # No date is drift, so that all that are there can be read.
    dated = tuple(map(replaced, before.dated, rows.dated))
    return replace(
        before,
        groups=replaced(before.groups, rows.groups),
        cpu_cores=replaced(before.cpu_cores, rows.cpu_cores),
        memory_bytes=replaced(before.memory_bytes, rows.memory_bytes),
        has_new_version=replaced(before.has_new_version, rows.has_new_version),
        outdated=_outdated(before, places, rows),
        names=before.names.replaced(places, rows.names),
        dates=before.dates if dated == before.dated else sum(map(sum, dated)),
        dated=dated,
    )


def _outdated(before: PageSummary, places: Sequence[int], rows: PageSummary) -> tuple[Service, ...]:
    """In the order of their places."""
    found = dict(zip(compress(count(), before.has_new_version), before.outdated, strict=True))
    for place in places:
        found.pop(place, None)
    found.update(zip(compress(places, rows.has_new_version), rows.outdated, strict=True))
    return tuple(found[place] for place in sorted(found))


def combine(listing: Listing[PageSummary], before: Inventory | None = None) -> Inventory:
    """The summaries of all pages as one inventory; `before` is that of the list before."""
    pages = listing.parts
    totals = Totals() if before is None or before.totals is None else before.totals
    tallies, totals = totals.add_up(pages)
    return Inventory(
        total=total(tallies.values()).group,
        groups={key: tallies[key].group for key in sorted(tallies)},
        by_cpu_architecture=counts(each.by_cpu_architecture for each in pages),
        by_gpu_vendor=counts(each.by_gpu_vendor for each in pages),
        reported=listing.total,
        undecodable=len(listing.undecodable) + sum(each.rejected for each in pages),
        duplicates=listing.duplicates,
        outdated=tuple(chain.from_iterable(each.outdated for each in pages)),
        outdated_on_pages=tuple(len(each.outdated) for each in pages if each.outdated),
        drift=combined_drift(each.drift for each in pages),
        dates=sum(each.dates for each in pages),
        names=_names(pages, before),
        versions=tuple(each.has_new_version for each in pages),
        totals=totals,
    )


def _names(pages: Sequence[PageSummary], before: Inventory | None) -> ServiceNames:
    names = ServiceNames(tuple(each.names for each in pages))
    return before.names if before is not None and before.names == names else names


_shared_keys: Final[SharedValues[GroupKey, GroupKey]] = SharedValues(lambda key: key)
"""The same object for all that are equal: every page has each of them."""

INVENTORY: Final = Reduction(
    "model services", MODEL_SERVICES, services, summarize, combine, replace_rows
)
"""The list of model services as an inventory."""
