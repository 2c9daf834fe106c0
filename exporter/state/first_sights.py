"""Since when new versions are pending: when a poll first found each service to have one.

The platform does not report it. (docs/decisions/0032-pending-since.md)
"""

from collections.abc import Iterable, Iterator, Mapping
from itertools import islice
from typing import Final

from .inventory import Inventory

FirstSights = Mapping[str, float]
"""By the uuid of a service, when the poll began (Unix time) that first found a new version."""

MOST_SERVICES: Final = 250_000
"""Of a target; any further ones have no first sight."""

LONGEST_UUID: Final = 64
"""In characters of ASCII; ZStack's have 32. A service with another one has no first sight."""


def first_sights(before: FirstSights, inventory: Inventory, at: float) -> FirstSights:
    """The first sights after a poll that began `at`; `before` itself where none has changed.

    They end with the new version, and with the service. They go on while the platform does not say
    whether there is a new version: unknown is not false. Takes a while: for a worker thread.
    """
    pending = [service.uuid for service in inventory.outdated]
    sights = {uuid: before[uuid] for uuid in pending if uuid in before}
    if len(sights) < len(before):
        unknown = inventory.services_of_unknown_version()
        sights |= {uuid: before[uuid] for uuid in unknown if uuid in before}
    new = islice(_new(pending, before), max(0, MOST_SERVICES - len(sights)))
    sights |= dict.fromkeys(new, at)
    return before if sights == before else sights


def may_differ(inventory: Inventory, before: Inventory | None) -> bool:
    """Whether first sights may have changed from an inventory to the next."""
    return (
        before is None
        or inventory.outdated != before.outdated
        or inventory.versions != before.versions
        or inventory.names is not before.names
    )


def _new(pending: Iterable[str], before: FirstSights) -> Iterator[str]:
    for uuid in pending:
        if uuid not in before and len(uuid) <= LONGEST_UUID and uuid.isascii():
            yield uuid
