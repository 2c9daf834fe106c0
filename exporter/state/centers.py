"""Model centers, and how full they are."""

import re
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import chain
from typing import Final

import msgspec

from exporter.zstack import MODEL_CENTERS, Listing, ModelCenter, number

from .columns import Conventions, Numbers, known
from .drift import Drift, combined_drift, drift_of
from .labels import sanitize_labels, shared_or_unknown, with_label_uuids
from .reduction import Reduction, counts

MOST_KINDS: Final = 32
"""That one center can use space for; ZStack has eight."""

CONNECTED: Final = "Connected"
"""The platform's word for a center that it reaches."""

MOST_KEPT: Final = 100
"""Centers of which the status page has more than their number."""

_USED: Final = re.compile(r"([a-z][A-Za-z0-9]{0,62})UsedCapacity")
_SIZES: Final = {"totalCapacity": "total", "availableCapacity": "available"}
_CAPITAL: Final = re.compile("[A-Z]")


@dataclass(frozen=True, slots=True)
class Center:
    """One model center; its bytes are None where the platform does not say."""

    uuid: str
    name: str
    status: str
    used: float | None
    available: float | None
    total: float | None


@dataclass(frozen=True, slots=True)
class Space:
    """Bytes of centers by kind; one index for each kind of each center."""

    uuid: Sequence[str]
    name: Sequence[str]
    kind: Sequence[str]
    bytes: Numbers

    def __len__(self) -> int:
        return len(self.uuid)


@dataclass(frozen=True, slots=True)
class Centers:
    """Model centers of one page. `unreadable` counts centers by the sizes that are no amount."""

    centers: Sequence[Center]
    used: Space
    capacity: Space
    unreadable: Counter[str]

    def __len__(self) -> int:
        return len(self.centers)


@dataclass(frozen=True, slots=True, eq=False)
class PageSummary:
    """The centers of one page, the `first` of them whole; `rejected` have an unusable uuid."""

    first: tuple[Center, ...]
    by_status: Mapping[str, int]
    rejected: int
    drift: Drift


@dataclass(frozen=True, slots=True)
class ModelCenters:
    """What one poll listed: the number of centers by status, and the first of them.

    First are those that are not connected: no series names them.
    """

    centers: Mapping[str, int] = field(default_factory=dict)
    first: tuple[Center, ...] = ()
    undecodable: int = 0
    duplicates: int = 0
    drift: Drift = field(default_factory=dict)
    dates: int = 0


def columns(records: Sequence[ModelCenter], _conventions: Conventions) -> Centers:
    """The centers of a page that have a uuid which a label can hold."""
    chosen = with_label_uuids(records)
    names = sanitize_labels([record.name for record in chosen])
    statuses = shared_or_unknown([record.status for record in chosen])
    unreadable: Counter[str] = Counter()
    centers, used, capacity = [], [], []
    for record, name, status in zip(chosen, names, statuses, strict=True):
        sizes = dict(_sizes(record.capacity or {}, unreadable))
        by_kind = dict(_used(sizes))
        centers.append(_center(record.uuid, name, status, by_kind, sizes))
        used += [(record.uuid, name, kind, size) for kind, size in by_kind.items()]
        found = ((kind, sizes.get(key)) for key, kind in _SIZES.items())
        capacity += [(record.uuid, name, kind, size) for kind, size in found if size is not None]
    return Centers(
        centers=centers,
        used=_space(used),
        capacity=_space(capacity),
        unreadable=unreadable,
    )


def summarize(records: Sequence[ModelCenter], found: Centers) -> PageSummary:
    """What is kept of a page whose centers are `found`."""
    return PageSummary(
        first=_first(found.centers),
        by_status=Counter(each.status for each in found.centers),
        rejected=len(records) - len(found),
        drift=drift_of(records, found.unreadable),
    )


def combine(listing: Listing[PageSummary], _before: ModelCenters | None = None) -> ModelCenters:
    """The summaries of all pages as one value."""
    pages = listing.parts
    return ModelCenters(
        centers=counts(page.by_status for page in pages),
        first=_first(chain.from_iterable(page.first for page in pages)),
        undecodable=len(listing.undecodable) + sum(page.rejected for page in pages),
        duplicates=listing.duplicates,
        drift=combined_drift(page.drift for page in pages),
    )


def _first(centers: Iterable[Center]) -> tuple[Center, ...]:
    """As many as are kept, those first that are not connected."""
    return tuple(sorted(centers, key=lambda each: each.status == CONNECTED)[:MOST_KEPT])


def _center(
    uuid: str, name: str, status: str, by_kind: Mapping[str, float], sizes: Mapping[str, float]
) -> Center:
    used = known(sum(by_kind.values())) if by_kind else None
    return Center(
        uuid, name, status, used, sizes.get("availableCapacity"), sizes.get("totalCapacity")
    )


def _sizes(
    capacity: Mapping[str, msgspec.Raw], unreadable: Counter[str]
) -> Iterator[tuple[str, float]]:
    """The sizes that are amounts, by their field; one that is none is counted."""
    for key, raw in capacity.items():
        if key not in _SIZES and not _USED.fullmatch(key):
            continue
        try:
            size = number(raw)
        except msgspec.DecodeError:
            size = -1.0
        if size is not None and (amount := known(size)) is not None:
            yield key, amount
        elif size is not None:
            unreadable[f"capacity.{key}"] += 1


def _used(sizes: Mapping[str, float]) -> Iterator[tuple[str, float]]:
    """What is used by kind, as labels have it: of `fineTuneUsedCapacity` it is `fine_tune`."""
    found = [(match[1], size) for key, size in sizes.items() if (match := _USED.fullmatch(key))]
    for kind, size in found[:MOST_KINDS]:
        yield _CAPITAL.sub(lambda capital: f"_{capital[0].lower()}", kind), size


def _space(rows: Sequence[tuple[str, str, str, float]]) -> Space:
    uuids, names, kinds, sizes = zip(*rows, strict=True) if rows else ((), (), (), ())
    return Space(uuids, names, kinds, sizes)


CENTERS: Final = Reduction("model centers", MODEL_CENTERS, columns, summarize, combine)
"""The list of model centers as what they hold."""
