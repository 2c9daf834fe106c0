"""The exporter and, in another process, two platforms: for as many days as are asked for."""

import asyncio
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

import aiohttp
import yaml

from exporter import logs
from exporter.connection import tls_contexts
from exporter.exposition import Exposition, Format, OnStale
from exporter.settings import load
from exporter.simulator import Cloud, serving
from exporter.simulator.accounts import EXAMPLE_KEY_ID, EXAMPLE_KEY_SECRET
from exporter.telemetry import Telemetry
from exporter.watching import polling

from .clock import Clock
from .happenings import DAY, MINUTE, Happenings
from .memory import Memory
from .pace import Leading
from .process import Running, running
from .promises import OPENMETRICS, TEXT, Promises
from .sites import AUDITOR, Site

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
    told: Callable[[Evening], None],
    *,
    traced: bool,
) -> Report:
    """So many days; `told` hears of each when it has passed."""
    logs.configure("error", "logfmt")
    by_account, by_key = _sites(clock, folder)
    async with serving(by_account.cloud) as by_account.url, serving(by_key.cloud) as by_key.url:
        file = folder / "exporter.yaml"
        file.write_text(yaml.safe_dump(_settings(by_account, by_key)), encoding="utf-8")
        weeks = _Weeks(clock, (by_account, by_key), waiting.memory, told)
        async with running(file, clock, waiting, weeks.bad, traced=traced) as exporter:
            await weeks.live(exporter, days, seed)
        weeks.ended()
        return weeks.report


class _Weeks:
    """Whoever looks, compares and writes down."""

    def __init__(
        self,
        clock: Clock,
        sites: tuple[Site, Site],
        memory: Callable[[], Memory],
        told: Callable[[Evening], None],
    ) -> None:
        self._clock = clock
        self._sites = sites
        self._memory = memory
        self._told = told
        self._promises = Promises(sites, clock)
        self._compare_at = 0
        self.report = Report(broken=self._promises.broken)

    def bad(self, what: str) -> None:
        self._promises.hold(False, what)  # noqa: FBT003 - it does not

    async def live(self, exporter: Running, days: int, seed: int) -> None:
        happenings = Happenings(*self._sites, self._clock, exporter.reload, seed)
        async with aiohttp.ClientSession(exporter.url) as http, asyncio.TaskGroup() as tasks:
            living = tasks.create_task(happenings.live())
            for minute in range(0, days * DAY, LOOK_EVERY):
                at = (minute + 0.5) * MINUTE
                await asyncio.sleep(at - self._clock.elapsed)
                await self._look(http, minute)
            living.cancel()
        self.report.happened = dict(happenings.counts)

    def ended(self) -> None:
        """The exporter has ended and left nothing behind."""
        for site in self._sites:
            left = site.sessions.living
            self._promises.hold(left == 0, f"{site.name}: {left} sessions left open")
        self._promises.steady_memory([each.memory for each in self.report.evenings])
        self.report.grown = self._promises.grown
        self.report.looks = self._promises.looks

    async def _look(self, http: aiohttp.ClientSession, minute: int) -> None:
        accept = TEXT if minute // LOOK_EVERY % 2 else OPENMETRICS
        async with http.get("/metrics", headers={"Accept": accept}) as response:
            page = await response.text()
        self._promises.look(page, accept)
        if minute >= self._compare_at and all(site.calm for site in self._sites):
            await self._compare(page)
            self._compare_at = minute + COMPARE_EVERY
        if (minute + LOOK_EVERY) % DAY == 0:
            self._write_down(page, minute // DAY + 1)
        for site in self._sites:
            site.cloud.requests.clear()

    async def _compare(self, page: str) -> None:
        for site in self._sites:
            fresh = await _page_of_new(site)
            self._promises.same_as_new(page, fresh, site.name)
        self.report.compared += 1

    def _write_down(self, page: str, day: int) -> None:
        evening = Evening(
            day,
            polls=_total(page, "zstack_polls_total"),
            failed=_total(page, "zstack_polls_total", 'outcome="failure"'),
            logins=_total(page, "zstack_logins_total", 'result="success"'),
            series=self._promises.series,
            memory=self._memory(),
        )
        self.report.evenings.append(evening)
        self._told(evening)


def _sites(clock: Clock, folder: Path) -> tuple[Site, Site]:
    """One whose clocks go back in autumn while the other's go forward; each its own credentials."""
    north = Cloud(SERVICES, seed=1, time_zone="America/New_York", now=clock.true, lock_after=6)
    south = Cloud(SERVICES, seed=2, time_zone="Australia/Sydney", now=clock.true)
    password, secret = folder / "password", folder / "secret"
    by_account = Site(
        "north", north, clock, password, {"account": "admin", "password_file": str(password)}
    )
    by_key = Site(
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


def _settings(*sites: Site) -> dict[str, Any]:
    return {
        "targets": {site.name: site.settings for site in sites},
        "web": {"listen_address": ["127.0.0.1:0"]},
    }


async def _page_of_new(site: Site) -> str:
    """What an exporter shows after its first poll, with a session of its own."""
    settings = site.settings
    if "account" in settings:
        settings |= {"account": AUDITOR.name, "password": AUDITOR.password}
        del settings["password_file"]
    loaded = load({"targets": {site.name: settings}}, {}).named_targets
    exposition, telemetry = Exposition({site.name: OnStale.KEEP}), Telemetry(process=False)
    contexts = await asyncio.to_thread(tls_contexts, loaded)
    async with polling(
        site.name,
        loaded[site.name],
        exposition.publish,
        write=exposition.writer(site.name),
        tls=contexts[site.name],
        telemetry=telemetry.target(site.name),
    ) as poller:
        await poller.poll()
    page = exposition.page(Format.TEXT, telemetry)
    return b"".join(page.text()).decode()


def _total(page: str, name: str, label: str = "") -> int:
    lines = [line for line in page.splitlines() if line.startswith(f"{name}{{") and label in line]
    return round(sum(float(line.rpartition(" ")[2]) for line in lines))
