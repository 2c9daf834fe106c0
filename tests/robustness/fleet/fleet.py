"""The fleet's parts, put together: platforms, shards, what scrapes them, and where it is stored."""

import asyncio
import time
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from tests.system.programs import Programs
from tests.system.victoriametrics import VictoriaMetrics

from .database import Database, storing
from .platforms import Platforms, running
from .scrapers import Agents, Alerting, alerting, scraping
from .shards import Shards

STORED: Final = 3.0
"""Seconds from a scrape until the agents have sent it and the database can show it."""

SETTLED: Final = 8.0
"""Intervals after which every platform should have answered all that is asked of it."""

_SERIES: Final = 'count({job="zstack-aios", target!=""})'
_TARGETS: Final = 'count(count by (target) (zstack_up{job="zstack-aios"} == 1))'


@dataclass(frozen=True)
class Sizes:
    """How large the fleet is, and for how many seconds it is watched at rest.

    `alert_after` is the alert's `for`, None for the one that is shipped.
    """

    targets: int = 1000
    shards: int = 4
    services: int = 10
    interval: float = 30.0
    seconds: float = 120.0
    alert_after: str | None = None


SHORT: Final = Sizes(targets=120, interval=5.0, seconds=15.0, alert_after="5s")


@dataclass(frozen=True)
class Fleet:
    """All of it, with no shard that runs yet."""

    sizes: Sizes
    platforms: Platforms
    shards: Shards
    agents: Agents
    database: Database
    alerts: Alerting

    async def found(self) -> None:
        """Wait until the agents scrape what the shards have now, and the database shows it."""
        shards = self.shards.running.values()
        await self.agents.scrape({shard.address: await shard.targets() for shard in shards})
        await asyncio.sleep(STORED)  # a series that is asked for before it is there is found late
        await self.database.until(_TARGETS, self.sizes.targets)

    async def later(self, intervals: float) -> float:
        """The moment after so many intervals; what was scraped until then is stored."""
        await asyncio.sleep(intervals * self.sizes.interval)
        until = time.time()
        await asyncio.sleep(STORED)
        return until

    async def series(self) -> tuple[float, int]:
        """Of targets, in the database and on the pages: as soon as they are the same, or at last.

        They are not while a platform has not been asked for all, or was asked in vain.
        """
        at_last = time.time() + SETTLED * self.sizes.interval
        while True:
            shown = sum([await shard.series() for shard in self.shards.running.values()])
            stored = await self.database.number(_SERIES)
            if stored == shown or time.time() > at_last:
                return stored, shown
            await asyncio.sleep(STORED)


@asynccontextmanager
async def assembled(
    sizes: Sizes, programs: Programs, victoria: VictoriaMetrics, folder: Path
) -> AsyncIterator[Fleet]:
    """A fleet whose programs write into the folder; they end with the block."""
    async with AsyncExitStack() as stack:
        enter = stack.enter_async_context
        platforms = await enter(running(sizes.targets, sizes.services))
        targets = platforms.targets(interval=sizes.interval, timeout=sizes.interval)
        database = await enter(storing(victoria, folder, sizes.interval))
        alerts = await enter(alerting(programs, folder, sizes.alert_after))
        shards = await enter(Shards(folder, targets, sizes.shards + 1))
        agents = await enter(scraping(victoria, folder, database, shards.addresses, sizes.interval))
        yield Fleet(sizes, platforms, shards, agents, database, alerts)
