"""What a target's platform has, in the exporter's terms: a client and how to read its answers."""

import asyncio
from datetime import tzinfo
from typing import Final

import structlog

from .inventory import Conventions, Inventory, MemoryUnit, inventory
from .zstack import Client, Listing, ZStackError

log = structlog.get_logger(__name__)

ZONE_SECONDS: Final = 5.0
"""How long a poll waits to learn the zone of its dates; it is worth no more."""

TOLD_RECORDS: Final = 3


class Source:
    """Gives the inventory of one platform, and finds out its time zone if nobody set it."""

    def __init__(
        self, target: str, client: Client, *, memory_unit: MemoryUnit, zone: tzinfo | None
    ) -> None:
        self._client = client
        self._memory_unit = memory_unit
        self._zone = zone
        self._zone_known = zone is not None
        self._undecodable = 0
        self._log = log.bind(target=target)

    async def inventory(self) -> Inventory:
        """The platform's model services. Raises ZStackError."""
        listing = await self._client.model_services()
        self._tell_undecodable(listing)
        if not self._zone_known:
            await self._ask_zone()
        conventions = Conventions(self._memory_unit, self._zone)
        return await asyncio.to_thread(inventory, listing, conventions)

    async def _ask_zone(self) -> None:
        """Once; again at the next poll only if the platform could not answer."""
        try:
            async with asyncio.timeout(ZONE_SECONDS):
                self._zone = await self._client.time_zone()
        except (ZStackError, TimeoutError) as error:
            self._log.debug("the platform did not tell its time zone", error=str(error))
            return
        self._zone_known = True
        if self._zone is None:
            self._log.warning(
                "dates are left out: the platform does not tell its time zone",
                hint="set time_zone, such as time_zone: Asia/Shanghai",
            )

    def _tell_undecodable(self, listing: Listing) -> None:
        """Say so when the number of unreadable records changes, with the first few of them."""
        number = len(listing.undecodable)
        if number and number != self._undecodable:
            rows = [f"{row.uuid}: {row.fault}" for row in listing.undecodable[:TOLD_RECORDS]]
            self._log.warning("records do not decode", records=number, first="; ".join(rows))
        self._undecodable = number
