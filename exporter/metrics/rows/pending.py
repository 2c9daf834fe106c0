"""Since when new versions are pending: it follows from polls before, not from a record alone.

So the lines are written when a snapshot is rendered, in a block for each page of the platform's
list: a block whose services and dates are as they were is kept.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import islice
from typing import Final

from exporter.metrics.family import Family, RecordRow
from exporter.metrics.list_families import Joined
from exporter.state.first_sights import FirstSights
from exporter.state.inventory import Inventory


@dataclass(frozen=True, slots=True)
class Pending:
    """Services with a first sight, in columns."""

    uuid: Sequence[str]
    name: Sequence[str]
    since: Sequence[float]

    def __len__(self) -> int:
        return len(self.uuid)


PENDING_SINCE: Final[RecordRow[Pending]] = RecordRow(
    Family(
        "zstack_model_service_new_version_pending_since_timestamp_seconds",
        "When a poll of this exporter began that first found a newer version of the model service"
        " available (hasNewVersion), in Unix time; kept over restarts where state.file is set.",
        ("uuid", "name"),
    ),
    lambda pending: pending.since,
)


def _pages(inventory: Inventory, sights: FirstSights) -> Iterator[Pending]:
    """What there is to show of each page of the list, where there is anything."""
    services = iter(inventory.outdated)
    for number in inventory.outdated_on_pages:
        found = [
            (service.uuid, service.name, at)
            for service in islice(services, number)
            if (at := sights.get(service.uuid)) is not None
        ]
        if found:
            yield Pending(*zip(*found, strict=True))


PENDING: Final = Joined(
    (PENDING_SINCE,),
    lambda inventory: (inventory.outdated, inventory.outdated_on_pages),
    lambda snapshot: snapshot.pending_since,
    _pages,
)
