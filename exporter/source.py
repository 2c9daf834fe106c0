"""What a target's platform has, in the exporter's terms: a client and how to read its answers."""

import asyncio
from collections.abc import Callable
from datetime import tzinfo
from typing import Final

import structlog

from .inventory import Batch, Inventory, Lines, Sums, batch, inventory
from .services import Conventions, MemoryUnit, Services, label
from .zstack import Client, Condenser, Listing, ModelService, ZStackError

log = structlog.get_logger(__name__)

ZONE_SECONDS: Final = 1.0
"""How long a poll waits to learn the zone of its dates; it is worth no more."""

MOST_POLLS_WITHOUT_ASKING: Final = 1000

TOLD_RECORDS: Final = 3
"""How many of the records that do not decode are named in the log."""


class Source:
    """Gives the inventory of one platform, and finds out its time zone if nobody set it."""

    def __init__(
        self,
        target: str,
        client: Client,
        write: Callable[[Services], Lines],
        *,
        memory_unit: MemoryUnit,
        zone: tzinfo | None,
        most_polls_without_asking: int = MOST_POLLS_WITHOUT_ASKING,
    ) -> None:
        """`write` makes the lines of the services of a page, to be kept as long as the page."""
        self._client = client
        self._write = write
        self._condenser = Condenser(self._batch)
        self._memory_unit = memory_unit
        self._zone = zone
        self._zone_known = zone is not None
        self._most_polls_without_asking = most_polls_without_asking
        self._zone_failures = 0
        self._told_no_zone_api = False
        self._polls_until_asking = 0
        self._listing: Listing[Batch] | None = None
        self._inventory: Inventory | None = None
        self._sums = Sums()
        self._undecodable = 0
        self._log = log.bind(target=target)

    async def inventory(self) -> Inventory:
        """The platform's model services, the one before if they are the same.

        Raises ZStackError.
        """
        self._polls_until_asking = max(0, self._polls_until_asking - 1)
        if not self._zone_known and self._polls_until_asking == 0:
            # It waits for a page, which shows that the platform answers; and all pages wait for it.
            self._condenser.forget()
            self._condenser.prepare = self._ask_zone
        asked_for_projection = self._client.projecting
        listing = await self._client.model_services(self._condenser)
        if asked_for_projection and not self._client.projecting:
            self._log_no_projection()
        self._tell_undecodable(listing)
        if self._inventory is None or listing != self._listing:
            self._inventory = await asyncio.to_thread(inventory, listing, self._sums)
            self._listing = listing
        return self._inventory

    def _batch(self, records: tuple[ModelService, ...]) -> Batch:
        return batch(records, Conventions(self._memory_unit, self._zone), self._write)

    async def _ask_zone(self) -> None:
        """Until it is known; where the platform fails to answer, after 1, 2, 4 … polls without."""
        try:
            async with asyncio.timeout(ZONE_SECONDS):
                self._zone = await self._client.time_zone()
        except (ZStackError, TimeoutError) as error:
            self._zone_failures += 1
            wait = min(2 ** (self._zone_failures - 1), self._most_polls_without_asking)
            self._polls_until_asking = wait + 1
            if self._zone_failures == 1:
                self._log_no_zone(str(error) or "no answer")
            return
        self._zone_known = self._zone is not None
        if self._zone is None:
            if not self._told_no_zone_api:
                self._log_no_zone("it has no API for that")
            self._told_no_zone_api = True
            # Its next release may have one.
            self._polls_until_asking = self._most_polls_without_asking

    def _log_no_zone(self, why: str) -> None:
        self._log.warning(
            "dates are left out: the platform does not tell its time zone",
            error=why,
            hint="set time_zone, such as time_zone: Asia/Shanghai",
        )

    def _log_no_projection(self) -> None:
        self._log.warning(
            "projection is off: the platform does not know every field that is asked for",
            hint="remove projection, or upgrade the platform",
        )

    def _tell_undecodable(self, listing: Listing[Batch]) -> None:
        """Say so when the number of unreadable records changes, with the first few of them."""
        number = len(listing.undecodable)
        if number and number != self._undecodable:
            rows = [f"{label(row.uuid)}: {row.fault}" for row in listing.undecodable[:TOLD_RECORDS]]
            self._log.warning(
                "some records could not be decoded", records=number, first="; ".join(rows)
            )
        self._undecodable = number
