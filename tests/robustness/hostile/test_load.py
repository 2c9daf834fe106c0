"""Very many scrapes at once, while it polls."""

import asyncio
import logging
from concurrent.futures import ProcessPoolExecutor
from multiprocessing import get_context

import aiohttp

from exporter.simulator import Cloud, serving
from tests.support.exporting import polls
from tests.support.sample import IS_WHOLE

from .running import Running, running
from .scraping import Scrapes, changing, scraped_at_once

log = logging.getLogger(__name__)

SCRAPERS, SERVICES = (1000, 2000) if IS_WHOLE else (100, 500)
INTERVAL = 5.0 if IS_WHOLE else 0.5
POLLS = 2
"""That lie between the first scrapes and the last, at least."""
MORE_MEMORY = 150 if IS_WHOLE else 60
"""MiB that it may take for all of them."""


async def test_each_gets_a_whole_page_or_is_refused_and_asks_again() -> None:
    cloud = Cloud(services=SERVICES)
    async with (
        serving(cloud) as platform,
        changing(cloud),
        running(
            platform,
            f"--target.interval={INTERVAL}",
            "--target.stale-after=10m",
            "--target.page-size=10000",  # so that one page of the list is one generation
        ) as exporter,
    ):
        await exporter.until_up()
        before, began, rounds = exporter.memory(), await polled(exporter), 0
        now = began
        scrapes = Scrapes()
        with ProcessPoolExecutor(1, get_context("spawn")) as apart:
            loop = asyncio.get_running_loop()
            while now < began + POLLS:
                now = await polled(exporter)
                some = await loop.run_in_executor(
                    apart, scraped_at_once, exporter.address, SCRAPERS
                )
                scrapes.statuses.update(some.statuses)
                scrapes.pages.update(some.pages)
                rounds += 1
        peak, status = exporter.memory("VmHWM"), await target_status(exporter)
        await exporter.until(lambda page: polls(page) > now + 2)
        after = exporter.memory()
        assert not exporter.warnings

    generations = await asyncio.to_thread(scrapes.generations, SERVICES)
    late, missed = latest(status["polls"]), skipped(status["polls"])
    pages = f"{len(scrapes.pages)} pages of {len(generations)} generations"
    log.info("%d scrapers: %s, %s", SCRAPERS, dict(scrapes.statuses), pages)
    log.info("RSS before %.0f, peak %.0f, after %.0f MiB", before, peak, after)
    log.info("%d polls, skipped %d, latest %.3f s", len(status["polls"]), missed, late)
    assert scrapes.statuses.keys() <= {200, 503}
    assert scrapes.statuses[200] == rounds * SCRAPERS
    assert all(poll["services"] == SERVICES for poll in status["polls"])
    assert len(generations) > 1
    assert peak < before + MORE_MEMORY
    assert scrapes.statuses[503] or not IS_WHOLE


async def polled(exporter: Running) -> float:
    """Polls so far."""
    return polls(await exporter.scrape("/probe?target=default"))


async def target_status(exporter: Running) -> dict[str, list[dict[str, float]]]:
    async with (
        aiohttp.ClientSession() as http,
        http.get(f"{exporter.url}/api/v1/status") as response,
    ):
        [target] = (await response.json())["targets"]
        return dict(target)


def skipped(ended: list[dict[str, float]]) -> float:
    return sum(poll["skipped"] for poll in ended)


def latest(ended: list[dict[str, float]]) -> float:
    """Seconds by which a poll began later than on its tick, at worst."""
    first = ended[0]["at"]
    return max((poll["at"] - first) % INTERVAL for poll in ended)
