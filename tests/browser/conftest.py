from collections.abc import AsyncIterator

import pytest
import pytest_asyncio
from playwright.async_api import Browser, expect

from tests.support.exporting import PATIENCE

from . import chromium


@pytest_asyncio.fixture(scope="session", loop_scope="session")
async def browser() -> AsyncIterator[Browser]:
    """One browser for all tests of a worker; each opens a context of its own."""
    path = chromium.program()
    if path is None:
        pytest.skip(chromium.MISSING)
    expect.set_options(timeout=PATIENCE * 1000)
    async with chromium.launched(path) as launched:
        yield launched
