"""Chromium, as this machine has it: never one that Playwright would download."""

import os
import shutil
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any, Final

from playwright.async_api import Browser, Page, async_playwright

_NAMES: Final = ("chromium", "chromium-browser", "google-chrome")
_GIVEN: Final = os.environ.get("ZSTACK_TEST_CHROMIUM")

MISSING: Final = (
    f"no browser at {_GIVEN}, set by ZSTACK_TEST_CHROMIUM"
    if _GIVEN
    else f"no browser here: install Chromium (looked for {', '.join(_NAMES)})"
)

_FLAGS: Final = (
    "--no-sandbox",  # tests in containers run as root, which its sandbox refuses
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--disable-dev-shm-usage",
)


def program() -> str | None:
    """The browser's path, None where there is none."""
    names = (_GIVEN,) if _GIVEN else _NAMES
    return next((found for name in names if (found := shutil.which(name))), None)


@asynccontextmanager
async def launched(path: str) -> AsyncIterator[Browser]:
    """The browser, without a window, until the block ends."""
    async with async_playwright() as playwright:
        browser = await playwright.chromium.launch(executable_path=path, args=_FLAGS)
        try:
            yield browser
        finally:
            await browser.close()


class Tab:
    """A page in a context of its own, and what went on in it."""

    def __init__(self, page: Page) -> None:
        self.page = page
        self.complaints: list[str] = []
        self.requests: list[str] = []
        page.on("console", lambda message: self.complaints.append(message.text))
        page.on("pageerror", lambda error: self.complaints.append(str(error)))
        page.on("requestfailed", lambda request: self.complaints.append(f"failed: {request.url}"))
        page.on("request", lambda request: self.requests.append(request.url))

    async def evaluate(self, script: str) -> Any:
        return await self.page.evaluate(script)


@asynccontextmanager
async def tab(
    browser: Browser, url: str, *, clock: bool = False, **context: Any
) -> AsyncIterator[Tab]:
    """The page at this URL; afterwards, nothing was complained of or fetched from elsewhere.

    With `clock`, the page has one that a test can move on.
    """
    opened = await browser.new_context(**{"locale": "en-US"} | context)
    try:
        one = Tab(await opened.new_page())
        if clock:
            await one.page.clock.install()
        response = await one.page.goto(url)
        assert response is not None
        assert response.ok
        yield one
        home = url.split("/", 3)[:3]
        foreign = [each for each in one.requests if each.split("/", 3)[:3] != home]
        assert [each for each in foreign if not each.startswith("data:")] == []
        assert one.complaints == []
    finally:
        await opened.close()
