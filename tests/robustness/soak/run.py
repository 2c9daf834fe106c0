"""The exporter and, in another process, two platforms: for as many days as are asked for."""

import asyncio
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

import aiohttp
import yaml

from exporter.daemon import logs
from exporter.daemon.target import PolledLists, polling
from exporter.metrics.exposition import Exposition, OnStale
from exporter.metrics.page import Format
from exporter.metrics.target_telemetry import TargetTelemetry
from exporter.metrics.telemetry import Telemetry
from exporter.polling.certificates import tls_contexts
from exporter.settings import load
from exporter.simulator import Cloud, serving
from exporter.simulator.accounts import EXAMPLE_KEY_ID, EXAMPLE_KEY_SECRET

from .clock import Clock
from .events import DAY, MINUTE, Events
from .invariants import OPENMETRICS, TEXT, Invariants
from .memory import Memory
from .platforms import AUDITOR, Platform
from .process import Running, running
from .virtual_time import Leading

SERVICES: Final = 40
PAGE_SIZE: Final = 25
LOOK_EVERY: Final = 30
"""Minutes between two looks at the page; polls come every minute."""

COMPARE_EVERY: Final = 6 * 60


@dataclass(frozen=True, slots=True)
class Evening:
    """What there was at the end of a day: the counters, the size of the page and the process's."""

    day: int
    polls: int
    failed: int
    logins: int
    series: int
    memory: Memory


@dataclass
class Report:
    """All that was seen."""

    evenings: list[Evening] = field(default_factory=list)
    happened: dict[str, int] = field(default_factory=dict)
    looks: int = 0
    compared: int = 0
    grown: dict[str, float] = field(default_factory=dict)
    broken: list[str] = field(default_factory=list)


async def live(
    clock: Clock,
    waiting: Leading,
    days: int,
    folder: Path,
    seed: int,
    report_evening: Callable[[Evening], None],
    *,
    traced: bool,
) -> Report:
    """So many days; `report_evening` gets each when it has passed."""
    logs.configure("error", "logfmt")
    by_account, by_key = _platforms(clock, folder)
    async with serving(by_account.cloud) as by_account.url, serving(by_key.cloud) as by_key.url:
        file = folder / "exporter.yaml"
        file.write_text(yaml.safe_dump(_settings(by_account, by_key)), encoding="utf-8")
        observer = _Observer(clock, (by_account, by_key), waiting.memory, report_evening)
        async with running(file, clock, waiting, observer.bad, traced=traced) as exporter:
            await observer.live(exporter, days, seed)
        observer.ended()
        return observer.report


class _Observer:
    """Looks, compares and writes down."""

    def __init__(
        self,
        clock: Clock,
        platforms: tuple[Platform, Platform],
        memory: Callable[[], Memory],
        report_evening: Callable[[Evening], None],
    ) -> None:
        self._clock = clock
        self._platforms = platforms
        self._memory = memory
        self._report_evening = report_evening
        self._invariants = Invariants(platforms, clock)
        self._compare_at = 0
        self.report = Report(broken=self._invariants.broken)

    def bad(self, what: str) -> None:
        self._invariants.hold(False, what)  # noqa: FBT003 - it does not

    async def live(self, exporter: Running, days: int, seed: int) -> None:
        events = Events(*self._platforms, self._clock, exporter.reload, seed)
        async with aiohttp.ClientSession(exporter.url) as http, asyncio.TaskGroup() as tasks:
            living = tasks.create_task(events.live())
            for minute in range(0, days * DAY, LOOK_EVERY):
                at = (minute + 0.5) * MINUTE
                await asyncio.sleep(at - self._clock.elapsed)
                await self._look(http, minute)
            living.cancel()
        self.report.happened = dict(events.counts)

    def ended(self) -> None:
        """The exporter has ended and left nothing behind."""
        for platform in self._platforms:
            left = platform.sessions.living
            self._invariants.hold(left == 0, f"{platform.name}: {left} sessions left open")
        self._invariants.steady_memory([each.memory for each in self.report.evenings])
        self.report.grown = self._invariants.grown
        self.report.looks = self._invariants.looks

    async def _look(self, http: aiohttp.ClientSession, minute: int) -> None:
        accept = TEXT if minute // LOOK_EVERY % 2 else OPENMETRICS
        async with http.get("/metrics", headers={"Accept": accept}) as response:
            page = await response.text()
        self._invariants.look(page, accept)
        if minute >= self._compare_at and all(platform.calm for platform in self._platforms):
            await self._compare(page)
            self._compare_at = minute + COMPARE_EVERY
        if (minute + LOOK_EVERY) % DAY == 0:
            self._write_down(page, minute // DAY + 1)
        for platform in self._platforms:
            platform.cloud.requests.clear()

    async def _compare(self, page: str) -> None:
        for platform in self._platforms:
            fresh = await _page_of_new(platform)
            self._invariants.same_as_new(page, fresh, platform.name)
        self.report.compared += 1

    def _write_down(self, page: str, day: int) -> None:
        evening = Evening(
            day,
            polls=_total(page, "zstack_polls_total"),
            failed=_total(page, "zstack_polls_total", 'outcome="failure"'),
            logins=_total(page, "zstack_logins_total", 'result="success"'),
            series=self._invariants.series,
            memory=self._memory(),
        )
        self.report.evenings.append(evening)
        self._report_evening(evening)


def _platforms(clock: Clock, folder: Path) -> tuple[Platform, Platform]:
    """One whose clocks go back in autumn while the other's go forward; each its own credentials."""
    north = Cloud(SERVICES, seed=1, time_zone="America/New_York", now=clock.true, lock_after=6)
    south = Cloud(SERVICES, seed=2, time_zone="Australia/Sydney", now=clock.true)
    password, secret = folder / "password", folder / "secret"
    by_account = Platform(
        "north", north, clock, password, {"account": "admin", "password_file": str(password)}
    )
    by_key = Platform(
        "south",
        south,
        clock,
        secret,
        {
            "access_key_id": EXAMPLE_KEY_ID,
            "access_key_secret_file": str(secret),
            "time_zone": south.time_zone,
            "page_size": PAGE_SIZE,
        },
    )
    by_account.write_secret("password")
    by_key.write_secret(EXAMPLE_KEY_SECRET)
    return by_account, by_key


def _settings(*platforms: Platform) -> dict[str, Any]:
    return {
        "targets": {platform.name: platform.settings for platform in platforms},
        "web": {"listen_address": ["127.0.0.1:0"]},
    }


async def _page_of_new(platform: Platform) -> str:
    """What an exporter shows after its first poll, with a session of its own."""
    settings = platform.settings
    if "account" in settings:
        settings |= {"account": AUDITOR.name, "password": AUDITOR.password}
        del settings["password_file"]
    known = load({"targets": {platform.name: settings}}, {})
    loaded = known.named_targets
    exposition, telemetry = Exposition({platform.name: OnStale.KEEP}), Telemetry(process=False)
    contexts = await asyncio.to_thread(tls_contexts, loaded)
    async with polling(
        platform.name,
        loaded[platform.name],
        contexts[platform.name],
        lists=PolledLists.of(known),
        keeper=None,
        telemetry=TargetTelemetry(),
        publisher=exposition,
    ) as poller:
        await poller.poll()
    page = await exposition.page(Format.TEXT, telemetry)
    return b"".join(page.text()).decode()


def _total(page: str, name: str, label: str = "") -> int:
    lines = [line for line in page.splitlines() if line.startswith(f"{name}{{") and label in line]
    return round(sum(float(line.rpartition(" ")[2]) for line in lines))
