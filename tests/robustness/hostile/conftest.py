"""One exporter for the tests of a file that leave it as they found it."""

from collections.abc import AsyncIterator

import pytest_asyncio

from exporter.simulator import Cloud, serving

from .running import Running, running


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def exporter() -> AsyncIterator[Running]:
    """At the end its log has no warning."""
    async with serving(Cloud(services=3)) as platform, running(platform) as exporter:
        await exporter.until_up()
        yield exporter
        assert not exporter.warnings
