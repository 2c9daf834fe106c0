"""What the lists of a target come to, and the series that they would yield."""

from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any, Final, NamedTuple

from exporter.metrics.family import RecordRow
from exporter.metrics.list_families import ListFamilies
from exporter.settings import MetricsSettings
from exporter.state.columns import Conventions
from exporter.state.first_sights import first_sights
from exporter.state.inventory import Inventory
from exporter.state.reduction import F, Reduction
from exporter.state.snapshot import Snapshot
from exporter.zstack import Listing

from .finding import Finding, passed, warned

MANY_SERIES: Final = 100_000


class Series(NamedTuple):
    """How many: totals, and those of single records."""

    totals: int = 0
    of_records: int = 0


@dataclass(slots=True)
class PolledOnce:
    """One poll of the check, as far as it has come."""

    conventions: Conventions = field(default_factory=Conventions)
    inventory: Inventory | None = None
    series: list[Series] = field(default_factory=list)

    def predicted(self, metrics: MetricsSettings) -> Finding:
        """How many series the exporter will have, and whether they are too many."""
        of_records = sum(each.of_records for each in self.series)
        number = of_records + sum(each.totals for each in self.series)
        most = metrics.max_series
        if most is not None and of_records > most:
            found = (
                f"{number}, of which {of_records} are of single records, more than"
                f" metrics.max_series: these will be left out, the totals stay"
            )
            return warned("series", found, f"set metrics.max_series to {of_records} or more")
        if most is None and of_records > MANY_SERIES:
            hint = (
                "set metrics.per_service to false if the totals are enough, or metrics.max_series"
                " to what Prometheus can take"
            )
            return warned("series", f"{number}, which is many for one target", hint)
        return passed("series", f"{number}, besides those about polling")


def reduced(
    reduction: Reduction[Any, Any, Any, F],
    families: ListFamilies[Any, F],
    listed: Listing[tuple[Any, ...]],
    conventions: Conventions,
    services: Inventory | None = None,
) -> tuple[F, Series]:
    """What a list comes to, and the series of its families; for a worker thread.

    A further list needs what the model `services` came to. Raises UnreadableError.
    """
    summaries, of_records = [], 0
    for page in listed.parts:
        columns = reduction.columns(page, conventions)
        summaries.append(reduction.summarize(page, columns))
        of_records += _samples(families.records, columns)
    listing = Listing(tuple(summaries), listed.total, listed.undecodable, listed.duplicates)
    found = reduction.whole(listing, None)
    if families.joined is not None:
        snapshot = _first_snapshot(found if isinstance(found, Inventory) else services)
        pages = families.joined.pages(found, families.joined.needed(snapshot))
        of_records += sum(_samples(families.joined.rows, columns) for columns in pages)
    totals = sum(1 for row in families.totals for _ in row.samples(found))
    return found, Series(totals, of_records)


def _first_snapshot(inventory: Inventory | None) -> Snapshot:
    """What a first poll knows of the model services: that it was the first to see new versions."""
    if inventory is None:
        return Snapshot("", 0, 0)
    sights = first_sights({}, inventory, 0.0)
    return Snapshot("", 0, 0, inventory=inventory, pending_since=sights)


def _samples(rows: Iterable[RecordRow[Any]], columns: object) -> int:
    values = (row.values(columns) for row in rows)
    return sum(len(each) - each.count(None) for each in values)
