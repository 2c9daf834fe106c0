"""Inventories as a poll would find them, for tests."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field, fields
from datetime import UTC
from typing import Any, Final, TypeVar

from exporter.metrics.exposition import Exposition
from exporter.metrics.lines import Blocks, RecordLines, by_family
from exporter.metrics.list_families import ListFamilies
from exporter.metrics.rows.centers import CENTER_FAMILIES
from exporter.metrics.rows.instances import INSTANCE_FAMILIES
from exporter.metrics.rows.services import PER_SERVICE
from exporter.metrics.target_telemetry import TargetTelemetry
from exporter.state.centers import CENTERS, ModelCenters
from exporter.state.columns import Conventions
from exporter.state.instances import INSTANCES, InstanceGroups
from exporter.state.inventory import INVENTORY, Inventory, PageSummary
from exporter.state.reduction import Reduction
from exporter.state.services import Services
from exporter.state.services import services as services_of
from exporter.state.snapshot import Snapshot
from exporter.zstack import InstanceGroup, Listing, ModelCenter, ModelService
from exporter.zstack.records import Undecodable

T = TypeVar("T")

CONVENTIONS: Final = Conventions(zone=UTC)


@dataclass(frozen=True, slots=True)
class Listed(Inventory):
    """An inventory with the lines of its services."""

    lines: Blocks = field(default_factory=dict)


def found(*records: ModelService, target: str = "lab", page_size: int = 1000) -> Listed:
    """What a poll finds that lists these records, so many on a page."""
    return listed([*_pages(records, page_size)], len(records), target=target)


def listed(
    pages: Sequence[Sequence[ModelService]],
    total: int,
    undecodable: tuple[Undecodable, ...] = (),
    duplicates: int = 0,
    *,
    target: str = "lab",
    conventions: Conventions = CONVENTIONS,
) -> Listed:
    """The same of pages, with rows that became no record."""
    write = RecordLines(PER_SERVICE, target)
    columns = [INVENTORY.columns(page, conventions) for page in pages]
    lines = by_family([write(each) for each in columns])
    summaries = tuple(map(INVENTORY.summarize, pages, columns))
    listing: Listing[PageSummary] = Listing(summaries, total, undecodable, duplicates)
    inventory = INVENTORY.combine(listing, None)
    values = {each.name: getattr(inventory, each.name) for each in fields(inventory)}
    return Listed(**values, lines=lines)


@dataclass(frozen=True, slots=True)
class ListedGroups(InstanceGroups):
    """What runs, with the lines of its groups."""

    lines: Blocks = field(default_factory=dict)


def listed_groups(
    *records: InstanceGroup, target: str = "lab", page_size: int = 100
) -> ListedGroups:
    """What a poll finds that lists these instance groups."""
    pages = [records[start : start + page_size] for start in range(0, len(records), page_size)]
    return _lined(ListedGroups, INSTANCES, INSTANCE_FAMILIES, pages, target)


@dataclass(frozen=True, slots=True)
class ListedCenters(ModelCenters):
    """Model centers, with their lines."""

    lines: Blocks = field(default_factory=dict)


def listed_centers(*records: ModelCenter, target: str = "lab") -> ListedCenters:
    """What a poll finds that lists these model centers."""
    return _lined(ListedCenters, CENTERS, CENTER_FAMILIES, [records], target)


def _lined(
    kind: Callable[..., T],
    reduction: Reduction[Any, Any, Any, Any],
    families: ListFamilies[Any, Any],
    pages: Sequence[Sequence[Any]],
    target: str,
) -> T:
    """What a list comes to, as the kind of it that has the lines of its records."""
    write: RecordLines[Any] = RecordLines(families.records, target)
    columns = [reduction.columns(page, CONVENTIONS) for page in pages]
    summaries = tuple(map(reduction.summarize, pages, columns))
    found = reduction.combine(Listing(summaries, sum(map(len, pages))), None)
    values = {each.name: getattr(found, each.name) for each in fields(found)}
    return kind(**values, lines=by_family([write(each) for each in columns]))


LINED: Final = (Listed, ListedGroups, ListedCenters)


async def publish(
    exposition: Exposition, snapshot: Snapshot, telemetry: TargetTelemetry | None = None
) -> None:
    """Publish a snapshot with the lines of its lists."""
    found = [state.found for state in snapshot.states.values()]
    lines = {
        name: blocks
        for each in found
        if isinstance(each, LINED)
        for name, blocks in each.lines.items()
    }
    exposition.publish(await exposition.render(snapshot, lines), telemetry or TargetTelemetry())


def services(*records: ModelService, conventions: Conventions = CONVENTIONS) -> Services:
    """The services of these records."""
    return services_of(records, conventions)


def _pages(records: tuple[ModelService, ...], page_size: int) -> Iterator[tuple[ModelService, ...]]:
    for start in range(0, len(records), page_size):
        yield records[start : start + page_size]
