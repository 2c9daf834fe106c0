"""Many targets in one exporter: what a scrape, a poll and a further target cost, and their herd.

All targets are one platform, which answers every poll as it comes. The exporter polls them on its
own schedule while it is measured.
"""

import time
from collections import Counter
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, replace
from functools import partial
from typing import Final

from typing_extensions import override

from .client import Scraper
from .estate import Shape
from .exporting import exporter, metrics, target
from .measure import Spread, rounds
from .platform import UNASKED, Platform, platform
from .program import SERVICES, Plan, duration, main
from .programs import Program
from .table import Row, at_most, row

TIMES_ONE: Final = 2
BUSIEST: Final = 2.5
KIB: Final = 100
CORE_PERCENT: Final = 5

SCRAPE_SECONDS: Final = 1.1
"""Between two scrapes: each gets a page that was made for it, with what was polled meanwhile."""


@dataclass(frozen=True)
class Fleet:
    """So many targets, of so many services each, polled every `interval` seconds."""

    targets: int
    services: int
    interval: int

    @property
    def as_one(self) -> "Fleet":
        """One target with the services of all."""
        return Fleet(1, self.targets * self.services, self.interval)

    @override
    def __str__(self) -> str:
        return f"{self.targets:,} targets of {self.services} services"


SMALL: Final = Fleet(200, 20, 10)
LARGE: Final = Fleet(1000, 30, 60)
FURTHER: Final = {"groups": 6, "centers": 2}
"""What each target has beside its services."""


def measure(plan: Plan) -> Iterator[Row]:
    """Rows for a fleet beside one large target, and for the largest fleet."""
    with running(SMALL) as (ours, platform_), running(SMALL.as_one) as (one, _):
        yield _scrapes(plan, SMALL, ours, one)
        yield _busiest_second(platform_)
    yield _further_target(plan)
    if plan.services >= SERVICES:
        with running(LARGE) as (ours, _), running(LARGE.as_one) as (one, _):
            yield _scrapes(plan, LARGE, ours, one)
            yield _share_of_core(ours, f"{LARGE}")
        with running(LARGE, **FURTHER) as (ours, _):
            what = f"{FURTHER['groups']} instance groups and {FURTHER['centers']} model centers"
            yield _share_of_core(ours, f"the same, each with {what}")


@contextmanager
def running(fleet: Fleet, **further: int) -> Iterator[tuple[Program, Platform]]:
    """An exporter that has polled each target of the fleet."""
    with ExitStack() as programs:
        answering = platform(fleet.services, Shape.PROJECTED, polls=UNASKED, **further)
        platform_ = programs.enter_context(answering)
        settings = target(platform_, interval=fleet.interval, timeout=fleet.interval)
        targets = {f"platform-{number:04d}": settings for number in range(fleet.targets)}
        ours = programs.enter_context(exporter(**targets))
        with Scraper(f"{ours.address}/-/ready", gzip=False) as readiness:
            while not readiness.answers():
                time.sleep(0.1)
        yield ours, platform_


def _scrapes(plan: Plan, fleet: Fleet, ours: Program, one: Program) -> Row:
    with Scraper(metrics(ours), gzip=True) as many, Scraper(metrics(one), gzip=True) as single:
        sizes = {"fleet": len(many.page()) / 1e6, "one": len(single.page()) / 1e6}
        turns = {"fleet": partial(_later, many), "one": partial(_later, single)}
        found = rounds(4 * plan.rounds, turns, repeats={})
    medians = {name: duration(found.seconds(name).median) for name in turns}
    hint = ", ".join(f"{name} {medians[name]} for {sizes[name]:.2g} MB" for name in turns)
    what = f"gzip scrape, {fleet}, to one of {fleet.as_one.services:,}"
    ratio = found.ratio("fleet", "one")
    return row(what, ratio, "times as long", at_most(TIMES_ONE), hint)


def _later(scraper: Scraper) -> float:
    time.sleep(SCRAPE_SECONDS)
    return scraper.scrape()


def _busiest_second(platform_: Platform) -> Row:
    platform_.begun()
    time.sleep(3 * SMALL.interval)
    seconds = Counter(map(int, platform_.begun()))
    whole = [seconds[second] for second in range(min(seconds) + 1, max(seconds))]
    mean = sum(whole) / len(whole)
    what = f"polls of {SMALL.targets} targets, the busiest second"
    hint = f"{max(whole)} polls, mean {mean:.1f}, interval {SMALL.interval} s"
    return row(what, Spread.of([max(whole) / mean]), "times the mean", at_most(BUSIEST), hint)


def _further_target(plan: Plan) -> Row:
    """Memory of a further target: what a fleet has more than one of a third of its size."""
    larger = replace(SMALL, targets=3 * SMALL.targets)
    fewer, more = (_memory(plan, fleet) for fleet in (SMALL, larger))
    kib = 1024 * (more - fewer) / (larger.targets - SMALL.targets)
    what = f"memory of a further target of {SMALL.services} services"
    hint = f"{SMALL.targets} targets {fewer:.0f} MiB, {larger.targets} targets {more:.0f} MiB"
    return row(what, Spread.of([kib]), "KiB", at_most(KIB), hint)


def _memory(plan: Plan, fleet: Fleet) -> float:
    """MiB after some polls of each target, and scrapes."""
    with running(fleet) as (ours, _), Scraper(metrics(ours), gzip=True) as scraper:
        for _ in range(2 * plan.rounds):
            _later(scraper)
        return ours.memory


def _share_of_core(ours: Program, fleet: str) -> Row:
    began = ours.cpu_seconds
    time.sleep(LARGE.interval)
    share = 100 * (ours.cpu_seconds - began) / LARGE.interval
    what = f"{fleet}, nothing changes, interval {LARGE.interval} s"
    milliseconds = 10 * share * LARGE.interval / LARGE.targets
    hint = f"{milliseconds:.1f} ms a poll, {ours.memory:.0f} MiB"
    return row(what, Spread.of([share]), "% of a core", at_most(CORE_PERCENT), hint)


if __name__ == "__main__":
    main(measure, __doc__)
