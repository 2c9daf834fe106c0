"""An exporter in a container, and when it has polled."""

import re
from typing import Final

import aiohttp

from tests.support.exporting import Samples, is_up

SIMULATED: Final = re.compile(r"\bat (http://\S+)")
"""What `simulate` logs as soon as it listens."""


def flags(platform: str) -> tuple[str, ...]:
    """Settings for a platform whose password is where the fixture `secret` puts it."""
    return (
        *("--target.url", platform, "--target.account", "admin"),
        *("--target.password-file", "/run/secrets/zstack", "--target.interval", "100ms"),
    )


async def up(exporter: str) -> Samples:
    """Its page, as soon as the platform was polled."""
    async with aiohttp.ClientSession(exporter) as http:
        while True:
            async with http.get("/metrics") as response:
                page = Samples(await response.text())
            if is_up(page):
                return page
