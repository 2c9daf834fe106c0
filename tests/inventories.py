"""Inventories as a poll would find them, for tests."""

from collections.abc import Iterator
from datetime import UTC

from exporter.inventory import Inventory, Sums, batch, inventory
from exporter.lines import ServiceLines
from exporter.metrics import PER_SERVICE
from exporter.services import Conventions, Services
from exporter.services import services as services_of
from exporter.zstack import Listing, ModelService

CONVENTIONS = Conventions(zone=UTC)


def found(*records: ModelService, target: str = "lab", page_size: int = 1000) -> Inventory:
    """What a poll finds that lists these records, so many on a page."""
    write = ServiceLines(PER_SERVICE, target)
    batches = tuple(batch(page, CONVENTIONS, write) for page in _pages(records, page_size))
    return inventory(Listing(batches, len(records)), Sums())


def services(*records: ModelService, conventions: Conventions = CONVENTIONS) -> Services:
    """The services that these records tell of."""
    return services_of(records, conventions)


def _pages(records: tuple[ModelService, ...], page_size: int) -> Iterator[tuple[ModelService, ...]]:
    for start in range(0, len(records), page_size):
        yield records[start : start + page_size]
