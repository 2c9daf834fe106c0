"""A usual day: some hundred services with all their fields, polled once a minute, scraped by one.

An hour's polls and scrapes are made one after the other instead of waiting in between. What the
exporter does while it waits is measured by itself, for some seconds; both together are its share
of a core.
"""

import time
from collections.abc import Iterator
from contextlib import ExitStack
from functools import partial
from time import perf_counter
from typing import Final

from .client import Scraper
from .estate import Shape
from .exporting import exporter, metrics, target
from .measure import Rounds, Spread, rounds
from .peers import nginx, nginx_program
from .platform import Platform, platform
from .program import Plan, duration, main
from .programs import Program
from .table import Budget, Row, at_most, row

SERVICES: Final = 300
POLL_SECONDS: Final = 60
SCRAPE_SECONDS: Final = 15
HOUR: Final = 3600
SCRAPES_PER_POLL: Final = POLL_SECONDS // SCRAPE_SECONDS
IDLE_SECONDS: Final = 10

CORE_PERCENT: Final = 0.1
MIB: Final = 58
TIMES_NGINX: Final = 2.5
FIRST_PAGE_SECONDS: Final = 0.45

SCRAPES: Final = 200
"""In each turn of a round, for the median of them, or their sum."""


def measure(plan: Plan) -> Iterator[Row]:
    """Rows for some starts, and for one exporter after its start."""
    firsts = Spread.of([_first_page() for _ in range(plan.rounds)])
    yield row("usual day, first page after", firsts, "s", at_most(FIRST_PAGE_SECONDS), "")
    with ExitStack() as running:
        platform_ = running.enter_context(platform(SERVICES, Shape.FULL))
        ours = running.enter_context(exporter(x=target(platform_)))
        platform_.polls(1)
        with Scraper(metrics(ours), gzip=True) as scraper:
            hours = [_hour(platform_, ours, scraper) for _ in range(plan.rounds)]
        yield _share_of_core(hours, _idle(ours))
        memory = Spread.of([ours.memory])
        yield row("usual day, memory", memory, "MiB", at_most(MIB), "after those hours")
        yield from _scrapes(plan, ours)


def _first_page() -> float:
    """Seconds from the start of the process to the last byte of a page with the services."""
    with platform(SERVICES, Shape.FULL, polls=1) as platform_:
        began = perf_counter()
        with (
            exporter(x=target(platform_)) as ours,
            Scraper(f"{ours.address}/-/ready", gzip=False) as readiness,
            Scraper(metrics(ours), gzip=True) as scraper,
        ):
            while not readiness.answers():
                time.sleep(0.001)
            scraper.scrape()
            return perf_counter() - began


def _hour(platform_: Platform, ours: Program, scraper: Scraper) -> float:
    """CPU seconds of an hour's polls, with one service changed before each, and scrapes."""
    began = ours.cpu_seconds
    for _ in range(HOUR // POLL_SECONDS):
        platform_.polls(1, changed=1)
        for _ in range(SCRAPES_PER_POLL):
            scraper.scrape()
    return ours.cpu_seconds - began


def _idle(ours: Program) -> float:
    """CPU seconds of an hour in which nothing happens."""
    began = ours.cpu_seconds
    time.sleep(IDLE_SECONDS)
    return (ours.cpu_seconds - began) * HOUR / IDLE_SECONDS


def _share_of_core(hours: list[float], idle: float) -> Row:
    share = Spread.of([100 * (busy + idle) / HOUR for busy in hours])
    busy = Spread.of(hours).median
    hint = f"in an hour {busy:.2g} s for {HOUR // POLL_SECONDS} polls and "
    hint += f"{HOUR // SCRAPE_SECONDS} scrapes, {idle:.2g} s for waiting"
    return row("usual day, CPU", share, "% of a core", at_most(CORE_PERCENT), hint)


def _scrapes(plan: Plan, exporter_: Program) -> Iterator[Row]:
    """Rows beside nginx: what a scraper waits for, and what the server spends on it."""
    what, spent = (
        "usual day, gzip scrape, to nginx's",
        "usual day, processor time of a gzip scrape, to nginx's",
    )
    program = nginx_program()
    if program is None:
        yield from (Row(each, hint="nginx is not installed") for each in (what, spent))
        return
    url = metrics(exporter_)
    with (
        Scraper(url, gzip=False) as plain,
        Scraper(url, gzip=True) as ours,
        nginx(program, plain.page(), ours.page()) as its,
        Scraper(its.address, gzip=True) as theirs,
    ):
        waits = {"exporter": ours.scrape, "nginx": theirs.scrape}
        found = rounds(plan.rounds, waits, repeats=dict.fromkeys(waits, SCRAPES))
        yield _to_nginx(what, found, "times as long", at_most(TIMES_NGINX))
        spends = {
            "exporter": partial(_processor_seconds, exporter_, ours),
            "nginx": partial(_processor_seconds, its, theirs),
        }
        found = rounds(plan.rounds, spends, repeats={})
        yield _to_nginx(spent, found, "times as much", None)


def _processor_seconds(server: Program, scraper: Scraper) -> float:
    """Of the server, for one scrape; the client's and its waits are not in it."""
    began = server.cpu_seconds
    for _ in range(SCRAPES):
        scraper.scrape()
    return (server.cpu_seconds - began) / SCRAPES


def _to_nginx(what: str, found: Rounds, unit: str, budget: Budget | None) -> Row:
    names = ("exporter", "nginx")
    medians = [f"{name} {duration(found.seconds(name).median)}" for name in names]
    return row(what, found.ratio(*names), unit, budget, ", ".join(medians))


if __name__ == "__main__":
    main(measure, __doc__)
