"""Since when the new versions of one target are pending, poll after poll."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import structlog

from exporter.state.first_sights import FirstSights, first_sights, may_differ
from exporter.state.inventory import Inventory

from .keeper import Keeper
from .poller import PendingSince

log = structlog.get_logger(__name__)


@asynccontextmanager
async def pending_since(
    keeper: Keeper | None, target: str, url: str
) -> AsyncIterator[PendingSince | None]:
    """The first sights of a target that is polled during the block; None without a keeper."""
    if keeper is None:
        yield None
        return
    keeper.begin(target, url)
    try:
        yield TargetSights(keeper, target)
    finally:
        keeper.end(target)


class TargetSights:
    """Finds the first sights of a poll, and has them kept before they are shown."""

    def __init__(self, keeper: Keeper, target: str) -> None:
        self._keeper = keeper
        self._target = target
        self._inventory: Inventory | None = None
        self._is_full = False

    async def __call__(self, inventory: Inventory, at: float) -> FirstSights:
        """The first sights to show after a poll that began `at`: those that are kept."""
        if may_differ(inventory, self._inventory):
            await self._update(inventory, at)
        self._inventory = inventory
        sights = self._keeper.sights(self._target)
        if self._keeper.kept(self._target) is not sights:
            await self._keeper.save()
        kept = self._keeper.kept(self._target)
        return sights if kept is sights else await asyncio.to_thread(_both, sights, kept)

    async def _update(self, inventory: Inventory, at: float) -> None:
        before = self._keeper.sights(self._target)
        sights = await asyncio.to_thread(first_sights, before, inventory, at)
        if sights is not before:
            self._keeper.put(self._target, sights)
        is_full = len(self._keeper.sights(self._target)) < len(inventory.outdated)
        if is_full and not self._is_full:
            hint = "most platforms have few new versions: look at what this one reports"
            about = "too many new versions to keep since when each is pending"
            log.warning(about, target=self._target, hint=hint)
        self._is_full = is_full


def _both(sights: FirstSights, kept: FirstSights) -> FirstSights:
    """Those that are the same in both."""
    return {uuid: at for uuid, at in sights.items() if kept.get(uuid) == at}
