"""A poller that runs for as long as a test looks at it."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Final

from exporter.poller import Poller, Schedule

SCHEDULE: Final = Schedule(interval=60, timeout=30, stale_after=180)


@asynccontextmanager
async def running(one: Poller) -> AsyncIterator[None]:
    task = asyncio.create_task(one.run())
    try:
        yield
    finally:
        task.cancel()
        await asyncio.wait([task])
