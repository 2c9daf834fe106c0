"""A small target's scrape while all of a large one is rendered anew, against the same at rest.

Scrapes are due at fixed times. One that has to wait for the one before counts from when it was
due, so that a pause is seen by every scrape that it delays.
"""

import threading
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from dataclasses import dataclass
from statistics import quantiles
from time import perf_counter
from typing import Final

from .client import Scraper
from .estate import Shape
from .exporting import exporter, target
from .measure import Spread
from .platform import Platform, platform
from .program import Plan, duration, main
from .table import Row, at_most, row

SMALL: Final = 1000
EVERY_SECONDS: Final = 0.01
POLLS: Final = 4
"""In each round, one after the other without a pause."""

P99_MS: Final = 10
LONGEST_MS: Final = 30


@dataclass(frozen=True)
class Round:
    """How long scrapes took at rest, and then as many during polls."""

    idle: list[float]
    busy: list[float]

    @property
    def added(self) -> float:
        return p99(self.busy) - p99(self.idle)


def measure(plan: Plan) -> Iterator[Row]:
    """Rows for the time added, and for the longest scrape of all."""
    with ExitStack() as running:
        large, small = (
            running.enter_context(platform(services, Shape.PROJECTED))
            for services in (plan.services, SMALL)
        )
        ours = running.enter_context(exporter(large=target(large), small=target(small)))
        large.polls(1)
        small.polls(1)
        url = f"{ours.address}/probe?target=small"
        scraper = running.enter_context(Scraper(url, gzip=True))
        _round(plan, large, scraper)
        yield from _rows([_round(plan, large, scraper) for _ in range(plan.rounds)])


def _rows(rounds: list[Round]) -> Iterator[Row]:
    idle, busy = (Spread.of([p99(times) for times in each]) for each in _columns(rounds))
    scrapes = sum(len(each.busy) for each in rounds)
    hint = f"p99 {duration(idle.median)} at rest, {duration(busy.median)} during polls"
    what = f"scrape of {SMALL:,} services while all others are rendered, p99 beyond that at rest"
    added = Spread.of([each.added for each in rounds]).times(1000)
    yield row(what, added, "ms", at_most(P99_MS), hint)
    longest = Spread.of([max(each.busy) for each in rounds]).times(1000)
    figure = max(max(each.busy) for each in rounds) * 1000
    at_rest = max(max(each.idle) for each in rounds)
    hint = f"of {scrapes} scrapes; {duration(at_rest)} at rest"
    what = "the longest of them"
    yield Row(what, "ms", longest.low, figure, longest.high, at_most(LONGEST_MS), hint)


def _columns(rounds: list[Round]) -> tuple[list[list[float]], list[list[float]]]:
    return [each.idle for each in rounds], [each.busy for each in rounds]


def _round(plan: Plan, large: Platform, scraper: Scraper) -> Round:
    polling = threading.Thread(target=large.polls, args=(POLLS,), kwargs={"changed": plan.services})
    polling.start()
    busy = scrapes(scraper, polling.is_alive)
    polling.join()
    left = iter(range(len(busy)))
    return Round(idle=scrapes(scraper, lambda: next(left, None) is not None), busy=busy)


def scrapes(scraper: Scraper, go_on: Callable[[], bool]) -> list[float]:
    """Seconds that each scrape took, one every few milliseconds."""
    times: list[float] = []
    due = perf_counter()
    while go_on():
        wait = due - perf_counter()
        if wait > 0:
            time.sleep(wait)
        asked = perf_counter() if wait > 0 else due
        scraper.scrape()
        times.append(perf_counter() - asked)
        due += EVERY_SECONDS
    return times


def p99(times: list[float]) -> float:
    return quantiles(times, n=100, method="inclusive")[-1]


if __name__ == "__main__":
    main(measure, __doc__)
