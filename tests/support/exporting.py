"""The exporter in this process, on a free port, and what it shows, for tests."""

import asyncio
import gzip
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any, Final, TypeVar

import aiohttp
from prometheus_client.parser import text_string_to_metric_families
from typing_extensions import override
from yarl import URL

from exporter.daemon import serve
from exporter.daemon.signals import Signals
from exporter.daemon.threads import Threads
from exporter.settings import Settings, load
from exporter.simulator import Cloud

T = TypeVar("T")

ACCOUNT: Final = {"account": "admin", "password": "password"}
WEB: Final = {"listen_address": ["127.0.0.1:0"]}
PATIENCE: Final = 30.0
"""Seconds after which an effect that was waited for counts as missing."""

BETWEEN_LOOKS: Final = 0.02
"""Seconds from one look at what is waited for to the next: to ask all the time delays it."""


async def until_seen(
    look: Callable[[], Awaitable[T]],
    holds: Callable[[T], object],
    *,
    patience: float = PATIENCE,
    every: float = BETWEEN_LOOKS,
) -> T:
    """The first look at which something holds; looks again until then, every so many seconds."""
    last: T | None = None
    try:
        async with asyncio.timeout(patience):
            while True:
                last = seen = await look()
                if holds(seen):
                    return seen
                await asyncio.sleep(every)
    except TimeoutError:
        raise AssertionError(f"it never held; last seen was {last}") from None


class Samples:
    """The samples of one page in text format; a family is parsed when it is asked for."""

    def __init__(self, text: str) -> None:
        chunks = text.split("# HELP ")[1:]
        self._chunks = {chunk.split(" ", 1)[0]: f"# HELP {chunk}" for chunk in chunks}

    def all(self, name: str, **labels: str) -> Iterator[tuple[dict[str, str], float]]:
        """Labels and value of each sample of this name that has at least these labels."""
        for family in text_string_to_metric_families(self._chunks.get(name, "")):
            for sample in family.samples:
                if sample.name == name and labels.items() <= sample.labels.items():
                    yield sample.labels, sample.value

    def value(self, name: str, **labels: str) -> float | None:
        """The value of the one sample that fits, None where there is none."""
        values = [value for _, value in self.all(name, **labels)]
        assert len(values) <= 1, f"{len(values)} samples of {name} {labels}"
        return values[0] if values else None

    def total(self, name: str, **labels: str) -> float:
        return sum(value for _, value in self.all(name, **labels))

    @property
    def names(self) -> set[str]:
        """The families on the page."""
        return set(self._chunks)

    @override
    def __str__(self) -> str:
        return "\n".join(
            chunk for name, chunk in self._chunks.items() if "model_service" not in name
        )


class Exporter:
    """A running exporter, asked over HTTP."""

    def __init__(self, http: aiohttp.ClientSession, urls: tuple[str, ...]) -> None:
        self.http = http
        self.urls = urls

    @property
    def address(self) -> tuple[str, int]:
        url = URL(self.urls[0])
        return str(url.host), int(url.port or 0)

    def url(self, path: str) -> str:
        return self.urls[0] + path

    async def text(self, path: str = "/metrics", **headers: str) -> str:
        async with self.http.get(path, headers=headers) as response:
            return await response.text()

    async def scrape(self, path: str = "/metrics") -> Samples:
        async with self.http.get(path) as response:
            assert response.status == 200, await response.text()
            return Samples(await response.text())

    async def until(self, holds: Callable[[Samples], object], path: str = "/metrics") -> Samples:
        """The first page on which something holds; asks again until then."""
        return await until_seen(lambda: self.scrape(path), holds)

    async def reload(self) -> tuple[int, str]:
        """Ask for a reload: status and text of the answer."""
        async with self.http.post("/-/reload") as response:
            return response.status, await response.text()

    async def next_polls(self, number: int = 2) -> Samples:
        """The page after so many further polls have ended: with two, one began after the call."""
        polled = polls(await self.scrape())
        return await self.until(lambda page: polls(page) >= polled + number)


def polls(page: Samples) -> float:
    return page.total("zstack_polls_total", outcome="success") + page.total(
        "zstack_polls_total", outcome="failure"
    )


def is_up(page: Samples) -> bool:
    return page.value("zstack_up") == 1


def is_down(page: Samples) -> bool:
    return page.value("zstack_up") == 0


def target(url: str, **settings: Any) -> dict[str, Any]:
    """Settings of a target that polls as often as a test can want."""
    if not {"access_key_id", "account", "session_uuid_file", "session_uuid"} & settings.keys():
        settings = ACCOUNT | settings
    interval = settings.get("interval", 0.05)
    stale_after = max(600, interval)
    return {"url": url, "interval": interval, "timeout": 20, "stale_after": stale_after} | settings


@asynccontextmanager
async def exporting(**settings: Any) -> AsyncIterator[Exporter]:
    """An exporter with these settings (`target`, `targets`, `web`, …), until the block ends."""
    web = WEB | settings.pop("web", {})
    async with exporting_what(lambda: load({"web": web, **settings}, environ={})) as exporter:
        yield exporter


@asynccontextmanager
async def exporting_file(
    file: Path, *, threads: Callable[[int], Threads] = Threads, **web: Any
) -> AsyncIterator[Exporter]:
    """An exporter that has its targets from a file, and reads it again when asked to."""
    flags = {"config": {"file": file}, "web": WEB | {"enable_lifecycle": True} | web}
    async with exporting_what(lambda: load(flags, environ={}), threads=threads) as exporter:
        yield exporter


@asynccontextmanager
async def exporting_what(
    read: Callable[[], Settings], *, threads: Callable[[int], Threads] = Threads
) -> AsyncIterator[Exporter]:
    """An exporter with the settings that each read returns."""
    signals = Signals()
    listening: asyncio.Future[tuple[str, ...]] = asyncio.get_running_loop().create_future()
    async with asyncio.TaskGroup() as tasks:
        settings = await asyncio.to_thread(read)
        tasks.create_task(
            serve.run(settings, signals, read=read, listening=listening.set_result, threads=threads)
        )
        try:
            urls = await listening
            async with aiohttp.ClientSession(urls[0]) as http:
                yield Exporter(http, urls)
        finally:
            signals.stop.set()


def logins(cloud: Cloud) -> int:
    return cloud.operations["LogInByAccount"]


def unzipped(body: bytes) -> str:
    return gzip.decompress(body).decode()
