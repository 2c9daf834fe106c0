"""A scrape sees one poll: never half of one, never two mixed."""

import asyncio
import gzip
import re
from collections import Counter, defaultdict
from itertools import cycle
from pathlib import Path

import aiohttp

from exporter.simulator import Cloud, serving

from .installed import exporter_of

LOOPS = 8
SCRAPES_A_LOOP = 60
POLLS_SEEN = 20
SIZES_SEEN = 10

ACCEPTS = ("text/plain;version=0.0.4", "application/openmetrics-text;version=1.0.0")
ENCODINGS = ("gzip", "identity")


async def test_scrapes_amid_polls_and_changes_always_add_up(tmp_path: Path) -> None:
    cloud = Cloud(services=60)
    scraped: Counter[str] = Counter()
    polls: set[float] = set()
    sizes: set[float] = set()

    async def scrape_for_long(url: str) -> None:
        wanted = cycle((accept, encoding) for accept in ACCEPTS for encoding in ENCODINGS)
        async with aiohttp.ClientSession(auto_decompress=False) as http:
            scrapes = 0
            while scrapes < SCRAPES_A_LOOP or len(polls) < POLLS_SEEN or len(sizes) < SIZES_SEEN:
                accept, encoding = next(wanted)
                sums, counts = await _scrape(http, f"{url}/metrics", accept, encoding)
                _assert_whole(sums, counts)
                polls.add(sums["zstack_poll_last_success_timestamp_seconds"])
                sizes.add(sums["zstack_model_services_requested_cpu_cores"])
                scraped[f"{accept} {encoding}"] += 1
                scrapes += 1

    async with (
        serving(cloud) as platform,
        exporter_of(platform, tmp_path, interval="5ms") as url,
        asyncio.timeout(100),
        asyncio.TaskGroup() as tasks,
    ):
        living = tasks.create_task(_live(cloud))
        async with asyncio.TaskGroup() as loops:
            for _ in range(LOOPS):
                loops.create_task(scrape_for_long(url))
        living.cancel()

    assert sum(scraped.values()) >= LOOPS * SCRAPES_A_LOOP
    assert len(scraped) == 4
    assert len(polls) >= POLLS_SEEN
    assert len(sizes) >= SIZES_SEEN, "the platform has hardly changed"


async def _live(cloud: Cloud) -> None:
    while True:
        cloud.evolve()
        await asyncio.sleep(0.005)


async def _scrape(
    http: aiohttp.ClientSession, url: str, accept: str, encoding: str
) -> tuple[dict[str, float], Counter[str]]:
    """The sum and the number of the samples of each name."""
    async with http.get(url, headers={"Accept": accept, "Accept-Encoding": encoding}) as response:
        assert response.status == 200
        body = await response.read()
    page = (gzip.decompress(body) if encoding == "gzip" else body).decode()
    assert page.endswith("\n# EOF\n") is ("openmetrics" in accept)
    sums: dict[str, float] = defaultdict(float)
    counts: Counter[str] = Counter()
    for line in page.split("\n"):
        if line and not line.startswith("#"):
            name = re.split("[{ ]", line, maxsplit=1)[0]
            sums[name] += float(line.rpartition(" ")[2])
            counts[name] += 1
    return sums, counts


def _assert_whole(sums: dict[str, float], counts: Counter[str]) -> None:
    services = sums["zstack_model_services_reported"]
    assert sums["zstack_model_services"] == services
    assert sums["zstack_model_services_version_status"] == services
    assert counts["zstack_model_service_info"] == services
    for resource in ("requested_cpu_cores", "requested_memory_bytes"):
        together = sums[f"zstack_model_services_{resource}"]
        assert sums[f"zstack_model_service_{resource}"] == together
