"""VictoriaMetrics as the place of all series: what a query sees, and what is stored."""

import json
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import aiohttp

from tests.support.exporting import until_seen
from tests.system.prometheus import Prometheus
from tests.system.victoriametrics import VictoriaMetrics

from .shards import LONG, LOOK

_MANY_SERIES: Final = 10_000_000


@dataclass(frozen=True)
class Database:
    """It has one sample of each series in an interval, but stores what it is sent."""

    url: str
    http: aiohttp.ClientSession
    answers: Prometheus

    async def number(self, expression: str) -> float:
        """What a query for one series gives now; 0 where it gives none."""
        rows = await self.answers.rows(expression, time.time())
        return rows[0][1] if rows else 0.0

    async def until(self, expression: str, number: float) -> None:
        """Wait until a query gives this number."""

        async def look() -> float:
            return await self.number(expression)

        await until_seen(look, lambda seen: seen == number, patience=LONG, every=LOOK)

    async def by_target(self, expression: str, at: float) -> dict[str, float]:
        """A vector with a series for each target, at a moment."""
        rows = await self.answers.rows(expression, at)
        return {labels["target"]: value for labels, value in rows}

    async def stored(self, name: str, since: float, until: float) -> dict[str, list[float]]:
        """When a target had a sample of this name, from whichever shard and agent, by target."""
        asked = {"match[]": name, "start": f"{since:.3f}", "end": f"{until:.3f}"}
        without_deduplication = {"reduce_mem_usage": "1"}
        stored: dict[str, list[float]] = {}
        async with self.http.get("/api/v1/export", params=asked | without_deduplication) as answer:
            async for line in answer.content:
                series = json.loads(line)
                stored.setdefault(series["metric"]["target"], []).extend(_moments(series))
        return stored


@asynccontextmanager
async def storing(
    victoria: VictoriaMetrics, folder: Path, interval: float
) -> AsyncIterator[Database]:
    """An empty one that keeps one sample an interval of what two agents send."""
    flags = (
        f"-dedup.minScrapeInterval={interval:g}s",
        f"-search.maxUniqueTimeseries={_MANY_SERIES}",
        f"-search.maxQueryDuration={LONG:g}s",
    )
    async with (
        victoria.storing(folder, *flags) as (url, answers),
        aiohttp.ClientSession(url, read_bufsize=1 << 22) as http,
    ):
        yield Database(url, http, answers)


def _moments(series: dict[str, Any]) -> list[float]:
    """Of the samples that are no mark of a series' end."""
    pairs = zip(series["timestamps"], series["values"], strict=True)
    return [milliseconds / 1000 for milliseconds, value in pairs if value is not None]
