"""A page that comes just before the deadline, so that its decoding outlives the poll.

Each platform has two pages of 10,000 services. In a run it sends one list on time, then another
list of which one page is late, and then the first list twice more.
"""

import asyncio
import json
import random
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field
from itertools import count, pairwise
from pathlib import Path
from typing import Any, Final

import pytest
import yaml
from aiohttp import web

from exporter.daemon import logs
from exporter.web.sockets import bind
from tests.support.exporting import Exporter, exporting_file
from tests.support.sample import IS_WHOLE

PLATFORMS: Final = 5 if IS_WHOLE else 4
RUNS: Final = 40 if IS_WHOLE else 1
"""Of each platform."""

ROWS: Final = 10_000
INTERVAL: Final = 3.0
TIMEOUT: Final = 2.95
EARLIEST, LATEST = 2.7, 2.95
"""Seconds after which the late page comes."""

POLLS_OF_A_RUN: Final = 3
_LATE: Final = 1
"""The second poll of a run."""


def record(generation: str, number: int) -> dict[str, Any]:
    """A service with the generation for its framework; with much in it that takes time to read."""
    return {
        "uuid": f"{number:032x}",
        "name": f"{generation} {number}",
        "framework": generation,
        "version": f"{generation}.{number}",
        "modelCenterUuid": f"{number:032x}",
        "hasNewVersion": True,
        "requestCpu": number + 0.5,
        "requestMemory": number + 2**30,
        "size": number * 1.5,
        "createDate": f"Nov {number % 28 + 1}, 2017 10:{number % 60:02}:57 PM",
        "lastOpDate": f"Dec {number % 28 + 1}, 2017 10:{number % 60:02}:57 PM",
        "cpuArchitectures": ["x86_64", f"{generation}{number}"],
    }


def page(generation: str, start: int, rows: int) -> bytes:
    records = [record(generation, number) for number in range(start, start + rows)]
    return json.dumps({"inventories": records, "total": 2 * ROWS}).encode()


STARTS: Final = (0, ROWS - 1, 2 * ROWS - 1)
"""Each page begins with the last row of the page before; the third shows that there are no more."""

PAGES: Final = {
    generation: {
        start: page(generation, start, rows)
        for start, rows in zip(STARTS, (ROWS, ROWS + 1, 1), strict=True)
    }
    for generation in "ab"
}


@dataclass
class Platform:
    """Answers with ready pages; `late_page` is the one that is late, the first or the second."""

    late_page: int
    random: random.Random
    lists: int = 0
    late: int = 0
    seen: dict[str, list[float]] = field(default_factory=dict)

    async def answer(self, request: web.Request) -> web.Response:
        start = int(request.query["start"])
        self.lists += start == 0
        is_late_list = (self.lists - 1) % POLLS_OF_A_RUN == _LATE
        if is_late_list and start == STARTS[self.late_page]:
            self.late += 1
            await asyncio.sleep(self.random.uniform(EARLIEST, LATEST))
        return web.Response(body=PAGES["b" if is_late_list else "a"][start])


@asynccontextmanager
async def serving(platform: Platform) -> AsyncIterator[str]:
    app = web.Application()
    app.router.add_get("/zstack/v1/ai/model-services", platform.answer)
    runner = web.AppRunner(app, shutdown_timeout=0)
    await runner.setup()
    [listening] = bind([("127.0.0.1", 0)])
    try:
        await web.SockSite(runner, listening).start()
        yield f"http://127.0.0.1:{listening.getsockname()[1]}"
    finally:
        await runner.cleanup()


def target(url: str, **settings: Any) -> dict[str, Any]:
    session = {"session_uuid": "0" * 32, "time_zone": "UTC", "page_size": ROWS}
    times = {"interval": INTERVAL, "timeout": TIMEOUT, "stale_after": 600}
    return {"url": url, **session, **times, **settings}


@pytest.mark.small_sample(0)
async def test_nothing_old_is_published_and_no_later_list_fails(tmp_path: Path) -> None:
    logs.configure("error", "logfmt")
    platforms = [Platform(n % 2, random.Random(n)) for n in range(PLATFORMS)]
    file = tmp_path / "exporter.yml"
    async with AsyncExitStack() as stack:
        urls = [await stack.enter_async_context(serving(each)) for each in platforms]
        targets = {f"t{n}": target(url) for n, url in enumerate(urls)}
        file.write_text(yaml.safe_dump({"targets": targets}))
        exporter = await stack.enter_async_context(exporting_file(file, max_requests=0))
        for looks in count(1):
            shown = json.loads(await exporter.text("/api/v1/status"))
            for each in shown["targets"]:
                assert_right(each)
            if all(each.lists > POLLS_OF_A_RUN * RUNS + 2 for each in platforms):
                break
            if IS_WHOLE and looks % 40 == 0:
                await reload_some(exporter, file, targets, looks)
            await asyncio.sleep(0.2)  # between two looks
    assert sum(each.late for each in platforms) >= PLATFORMS * RUNS


async def reload_some(
    exporter: Exporter, file: Path, targets: dict[str, dict[str, Any]], looks: int
) -> None:
    """Begin a third of the targets anew, whatever they are doing."""
    for name in [*targets][looks % 3 :: 3]:
        targets[name]["stale_after"] = 600 + looks
    file.write_text(yaml.safe_dump({"targets": targets}))
    assert (await exporter.reload())[0] == 200


def assert_right(shown: dict[str, Any]) -> None:
    """The data is one whole list, and no poll failed but for its deadline."""
    reasons = {poll["reason"] for poll in shown["polls"]}
    assert reasons <= {"", "timeout"}, reasons
    if IS_WHOLE:  # on an idle machine; on a busy one any poll may be late
        failures = [poll["reason"] for poll in shown["polls"]]
        late = [n for n, reason in enumerate(failures) if reason]
        assert all(after - before > 1 for before, after in pairwise(late)), failures
    if shown["data"] is not None:
        groups = {group["framework"]: group["services"] for group in shown["data"]["groups"]}
        assert groups in ({"a": 2 * ROWS}, {"b": 2 * ROWS}), groups
