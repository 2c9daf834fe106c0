"""The limit of the time that one request of the check may take."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from exporter.settings import TargetSettings
from exporter.zstack import DeadlineError, Operation


@asynccontextmanager
async def deadline(target: TargetSettings, operation: Operation) -> AsyncIterator[None]:
    """Raise DeadlineError if the block takes longer than the target's timeout."""
    try:
        async with asyncio.timeout(target.timeout):
            yield
    except TimeoutError:
        raise DeadlineError(f"not done within {target.timeout:g} s", operation) from None
