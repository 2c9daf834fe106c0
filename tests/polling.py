"""A poller that runs for as long as a test looks at it."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Final

from exporter.poller import Poller, Schedule

SCHEDULE: Final = Schedule(interval=60, timeout=30, stale_after=180)


@asynccontextmanager
async def running(one: Poller) -> AsyncIterator[None]:
    """Ends the block with its error if it fails."""
    async with asyncio.TaskGroup() as tasks:
        loop = tasks.create_task(one.run())
        yield
        loop.cancel()
