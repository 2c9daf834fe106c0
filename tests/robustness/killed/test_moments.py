"""Kill -9 at any moment: never an earlier date, never a lost one."""

import asyncio
import sys
import time
from asyncio.subprocess import PIPE
from pathlib import Path
from random import Random
from typing import Final

import aiohttp

from exporter.simulator import Cloud
from tests.robustness.signals.process import PROGRAM, running, wrong
from tests.robustness.signals.signal_points import Scene, scene
from tests.support.exporting import Samples, is_up, until_seen
from tests.support.sample import sized

SINCE: Final = "zstack_model_service_new_version_pending_since_timestamp_seconds"
MOMENTS: Final = sized(small=30, usual=1000, whole=5000)
BEGUN_BEFORE: Final = 30.0
"""Seconds for which a poll may have been under way that finds what has just been announced."""

STARTS: Final = sized(small=2, usual=20, whole=100)


async def test_each_process_goes_on_with_the_dates_that_one_showed_that_was_killed(
    tmp_path: Path,
) -> None:
    arguments = (str(tmp_path / "state.json"), str(MOMENTS), "1")
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-W", "error", "-m", "tests.robustness.killed.story", *arguments),
        stdout=PIPE,
        stderr=PIPE,
        cwd=Path(__file__).parents[3],
    )
    output, errors = await process.communicate()
    *found, last = output.decode().splitlines()
    assert (found, errors) == ([], b"")
    ended_early = int(last.removeprefix("killed "))
    assert ended_early > MOMENTS / 4, "many are killed before they have played all"


async def test_the_exporter_shows_the_same_dates_after_kill_9(tmp_path: Path) -> None:
    random = Random(1)
    known: dict[str, float] = {}
    async with scene(tmp_path, services=40, interval=0.05, stale_after=600) as made:
        arguments = (*made.arguments, "--state.file", str(tmp_path / "state.json"))
        for _ in range(STARTS):
            async with running(arguments, PROGRAM, strict=False) as run:
                await run.until('msg="first poll"')
                url = await run.url()
                async with aiohttp.ClientSession(url) as http:
                    checked(made, known, await first_page(http))
                    for _ in range(random.randrange(8)):
                        announced(made.cloud, random)
                        checked(made, known, await scraped(http))
                await asyncio.sleep(random.uniform(0, 0.1))  # the moment, not an effect
            assert not list(wrong(run))
    assert len(known) > STARTS


def announced(cloud: Cloud, random: Random) -> None:
    """A new version of one service; nothing is ever updated here."""
    uuid = random.choice(list(cloud.estate))
    if not cloud.estate[uuid].has_new_version:
        cloud.estate.alter(uuid, has_new_version=True, last_operated=time.time())


async def scraped(http: aiohttp.ClientSession) -> Samples:
    async with http.get("/metrics") as response:
        return Samples(await response.text())


async def first_page(http: aiohttp.ClientSession) -> Samples:
    return await until_seen(lambda: scraped(http), is_up)


def checked(made: Scene, known: dict[str, float], page: Samples) -> None:
    """Each date that was ever shown is on the page as it was, and no date is before its time."""
    shown = {labels["uuid"]: at for labels, at in page.all(SINCE)}
    assert shown.items() >= known.items()
    for uuid in shown.keys() - known.keys():
        assert shown[uuid] >= (made.cloud.estate[uuid].last_operated or 0) - BEGUN_BEFORE
    known |= shown
