"""What runs: the instance groups of one platform, and the instances in them.

Totals are kept as they are, groups compressed, some 100 bytes each: they are looked at when the
page is rendered and their services' names are known, or when somebody asks for endpoints.
"""

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import chain, islice
from typing import Final

import msgspec
from isal import isal_zlib

from exporter.zstack import INSTANCE_GROUPS, Drifted, InstanceGroup, Listing
from exporter.zstack import Instance as InstanceRecord

from .columns import Conventions, Numbers
from .drift import Drift, combined_drift, drift_of
from .endpoints import Endpoint, endpoint, endpoint_url
from .labels import sanitize_labels, shared_or_unknown, with_label_uuids
from .reduction import Reduction, counts
from .service_names import NO_SERVICE, ServiceNames

GroupKey = tuple[str, str, str]
"""Type of the model service, type and status."""

InstanceKey = tuple[str, str, str]
"""Status, GPU vendor and architecture."""

RUNNING: Final = "Running"
"""The platform's word for a group or an instance that serves; all others mean that it does not."""

_LEVEL: Final = 1


class Instance(msgspec.Struct, frozen=True, array_like=True, gc=False):
    """One instance; `url` is fit to be shown, and empty where there is none of http or https."""

    status: str
    url: str


class Group(msgspec.Struct, frozen=True, array_like=True, gc=False):
    """One instance group; `service_uuid` is empty where it has outlived its service."""

    uuid: str
    name: str
    service_uuid: str
    service_type: str
    model_uuid: str
    type: str
    status: str
    instances: tuple[Instance, ...]


@dataclass(frozen=True, slots=True)
class InstanceCounts:
    """How many instances each group has in each status; one index for each that occurs."""

    uuid: Sequence[str]
    name: Sequence[str]
    status: Sequence[str]
    instances: Numbers

    def __len__(self) -> int:
        return len(self.uuid)


@dataclass(frozen=True, slots=True)
class Groups:
    """Instance groups of one page, as columns; of `kinds` there is one for each instance.

    `unreadable` counts groups by the fields of their instances that could not be read.
    """

    groups: Sequence[Group]
    instance_counts: InstanceCounts
    kinds: Sequence[InstanceKey]
    unreadable: Counter[str]

    def __len__(self) -> int:
        return len(self.groups)


@dataclass(frozen=True, slots=True)
class NamedGroups:
    """Groups of one page in columns, with the names of their model services."""

    uuid: Sequence[str]
    name: Sequence[str]
    model_service_uuid: Sequence[str]
    model_service_name: Sequence[str]
    type: Sequence[str]
    status: Sequence[str]

    def __len__(self) -> int:
        return len(self.uuid)


_GROUPS: Final = msgspec.msgpack.Decoder(list[Group])


@dataclass(frozen=True, slots=True)
class PackedGroups:
    """The groups of one page, compressed; so many of them are `not_running`."""

    packed: bytes
    not_running: int

    @classmethod
    def create(cls, groups: Sequence[Group]) -> "PackedGroups":
        packed = isal_zlib.compress(msgspec.msgpack.encode(groups), _LEVEL)
        return cls(packed, sum(group.status != RUNNING for group in groups))

    def __iter__(self) -> Iterator[Group]:
        return iter(_GROUPS.decode(isal_zlib.decompress(self.packed)))


@dataclass(frozen=True, slots=True, eq=False)
class PageSummary:
    """The groups of one page; `rejected` have a uuid that no label can hold."""

    groups: PackedGroups
    by_group: Mapping[GroupKey, int]
    by_instance: Mapping[InstanceKey, int]
    endpoints: Mapping[str, int]
    unusable: Mapping[str, int]
    rejected: int
    drift: Drift


@dataclass(frozen=True, slots=True)
class InstanceGroups:
    """What one poll listed. `groups` counts groups, `instances` counts instances by what they are.

    `endpoints` counts those that can be scraped by status; several instances of a group may share
    one. `unusable` counts instances that nobody can scrape, by the reason. `pages` have the groups.
    """

    groups: Mapping[GroupKey, int] = field(default_factory=dict)
    instances: Mapping[InstanceKey, int] = field(default_factory=dict)
    endpoints: Mapping[str, int] = field(default_factory=dict)
    unusable: Mapping[str, int] = field(default_factory=dict)
    pages: tuple[PackedGroups, ...] = ()
    undecodable: int = 0
    duplicates: int = 0
    drift: Drift = field(default_factory=dict)
    dates: int = 0

    @property
    def by_status(self) -> Mapping[str, int]:
        """How many groups each status has."""
        statuses = Counter[str]()
        for (_, _, status), number in self.groups.items():
            statuses[status] += number
        return statuses

    def __iter__(self) -> Iterator[Group]:
        """Every group; for a worker thread."""
        return chain.from_iterable(self.pages)

    def not_running(self, most: int) -> list[Group]:
        """The first groups that do not run; for a worker thread. Pages without any stay packed."""
        groups = chain.from_iterable(page for page in self.pages if page.not_running)
        return [*islice((group for group in groups if group.status != RUNNING), most)]

    def named(self, names: ServiceNames) -> Iterator[NamedGroups]:
        """The groups, page by page, with the names of their services; for a worker thread."""
        found = names.find({group.service_uuid for group in self} - {""})
        for page in self.pages:
            groups = [*page]
            yield NamedGroups(
                [group.uuid for group in groups],
                [group.name for group in groups],
                [group.service_uuid for group in groups],
                [found.get(group.service_uuid, NO_SERVICE).name for group in groups],
                [group.type for group in groups],
                [group.status for group in groups],
            )


def columns(records: Sequence[InstanceGroup], _conventions: Conventions) -> Groups:
    """The groups of a page that have a uuid which a label can hold."""
    chosen = with_label_uuids(records)
    texts = (
        [record.uuid for record in chosen],
        sanitize_labels([record.name for record in chosen]),
        sanitize_labels([record.model_service_uuid for record in chosen]),
        shared_or_unknown([record.model_service_type for record in chosen]),
        sanitize_labels([record.model_uuid for record in chosen]),
        shared_or_unknown([record.type for record in chosen]),
        shared_or_unknown([record.status for record in chosen]),
    )
    instances = [record.instances or () for record in chosen]
    every = [*chain.from_iterable(instances)]
    statuses = shared_or_unknown([each.status for each in every])
    vendors = shared_or_unknown([each.gpu_vendor for each in every])
    architectures = shared_or_unknown([each.architecture for each in every])
    made = map(Instance, statuses, [endpoint_url(each.url) for each in every])
    parts = [tuple([next(made) for _ in its]) for its in instances]
    groups = [*map(Group, *texts, parts)]
    return Groups(
        groups=groups,
        instance_counts=_instance_counts(groups),
        kinds=[*zip(statuses, vendors, architectures, strict=True)],
        unreadable=Counter(chain.from_iterable(map(_unreadable, instances))),
    )


def summarize(records: Sequence[InstanceGroup], found: Groups) -> PageSummary:
    """What is kept of a page whose groups are `found`."""
    groups = found.groups
    endpoints, unusable = _endpoints(groups)
    return PageSummary(
        groups=PackedGroups.create(groups),
        by_group=Counter((group.service_type, group.type, group.status) for group in groups),
        by_instance=Counter(found.kinds),
        endpoints=endpoints,
        unusable=unusable,
        rejected=len(records) - len(groups),
        drift=drift_of(records, found.unreadable),
    )


def combine(listing: Listing[PageSummary], _before: InstanceGroups | None = None) -> InstanceGroups:
    """The summaries of all pages as one value."""
    pages = listing.parts
    return InstanceGroups(
        groups=counts(page.by_group for page in pages),
        instances=counts(page.by_instance for page in pages),
        endpoints=counts(page.endpoints for page in pages),
        unusable=counts(page.unusable for page in pages),
        pages=tuple(page.groups for page in pages),
        undecodable=len(listing.undecodable) + sum(page.rejected for page in pages),
        duplicates=listing.duplicates,
        drift=combined_drift(page.drift for page in pages),
    )


def _endpoints(groups: Iterable[Group]) -> tuple[Counter[str], Counter[str]]:
    """Different endpoints of each group by status, and unusable instances by the reason."""
    by_status, unusable = Counter[str](), Counter[str]()
    for group in groups:
        different: set[tuple[str, Endpoint]] = set()
        for each in group.instances:
            found = endpoint(each.url)
            if isinstance(found, Endpoint):
                different.add((each.status, found))
            else:
                unusable[found] += 1
        by_status.update(status for status, _ in different)
    return by_status, unusable


def _instance_counts(groups: Sequence[Group]) -> InstanceCounts:
    rows = [
        (group.uuid, group.name, status, number)
        for group in groups
        for status, number in Counter(each.status for each in group.instances).items()
    ]
    uuids, names, statuses, numbers = zip(*rows, strict=True) if rows else ((), (), (), ())
    return InstanceCounts(uuids, names, statuses, numbers)


def _unreadable(instances: Iterable[InstanceRecord]) -> set[str]:
    """The fields of a group's instances that cannot be read, each once."""
    names = chain.from_iterable(each.unreadable for each in instances if isinstance(each, Drifted))
    return {f"instances.{name}" if name else "instances" for name in names}


INSTANCES: Final = Reduction("instance groups", INSTANCE_GROUPS, columns, summarize, combine)
"""The list of instance groups as what runs."""
