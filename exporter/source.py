"""What a target's platform has, in the exporter's terms: a client and how to read its answers."""

import asyncio
from datetime import tzinfo
from typing import Final

import structlog

from .inventory import Conventions, Inventory, MemoryUnit, inventory, label
from .zstack import Client, Listing, ZStackError

log = structlog.get_logger(__name__)

ZONE_SECONDS: Final = 1.0
"""How long a poll waits to learn the zone of its dates; it is worth no more."""

MOST_POLLS_WITHOUT_ASKING: Final = 1000

TOLD_RECORDS: Final = 3
"""How many of the records that do not decode are named in the log."""


class Source:
    """Gives the inventory of one platform, and finds out its time zone if nobody set it."""

    def __init__(
        self, target: str, client: Client, *, memory_unit: MemoryUnit, zone: tzinfo | None
    ) -> None:
        self._client = client
        self._memory_unit = memory_unit
        self._zone = zone
        self._zone_known = zone is not None
        self._zone_failures = 0
        self._polls_to_pass = 0
        self._undecodable = 0
        self._log = log.bind(target=target)

    async def inventory(self) -> Inventory:
        """The platform's model services. Raises ZStackError."""
        listing = await self._client.model_services()
        self._tell_undecodable(listing)
        if self._polls_to_pass:
            self._polls_to_pass -= 1
        elif not self._zone_known:
            await self._ask_zone()
        conventions = Conventions(self._memory_unit, self._zone)
        return await asyncio.to_thread(inventory, listing, conventions)

    async def _ask_zone(self) -> None:
        """Once; where the platform fails to answer, again after 1, 2, 4 … polls."""
        try:
            async with asyncio.timeout(ZONE_SECONDS):
                self._zone = await self._client.time_zone()
        except (ZStackError, TimeoutError) as error:
            self._zone_failures += 1
            self._polls_to_pass = min(2 ** (self._zone_failures - 1), MOST_POLLS_WITHOUT_ASKING)
            if self._zone_failures == 1:
                self._log_no_zone(str(error) or "no answer")
            return
        self._zone_known = True
        if self._zone is None:
            self._log_no_zone("it has no API for that")

    def _log_no_zone(self, why: str) -> None:
        self._log.warning(
            "dates are left out: the platform does not tell its time zone",
            error=why,
            hint="set time_zone, such as time_zone: Asia/Shanghai",
        )

    def _tell_undecodable(self, listing: Listing) -> None:
        """Say so when the number of unreadable records changes, with the first few of them."""
        number = len(listing.undecodable)
        if number and number != self._undecodable:
            rows = [f"{label(row.uuid)}: {row.fault}" for row in listing.undecodable[:TOLD_RECORDS]]
            self._log.warning(
                "some records could not be decoded", records=number, first="; ".join(rows)
            )
        self._undecodable = number
