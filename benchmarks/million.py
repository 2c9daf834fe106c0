"""Ten times as many services in one target: polls beside the first one, and the process's memory.

Counted is the processor time of the exporter alone, HTTP and all: the platform, which takes about
as long to send its pages, has the other core.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import partial
from time import perf_counter
from typing import Final

from .client import Scraper
from .estate import Shape
from .exporting import exporter, metrics, target
from .measure import Spread
from .platform import platform
from .program import SERVICES, Plan, duration, main
from .programs import Program
from .table import Budget, Row, at_most, row

TIMES: Final = 10
CHURN: Final = 100
"""One service in so many changes before each of those polls."""

LEARNING: Final = 2
"""Polls of that kind until the exporter keeps rows apart, and families that change or do not."""

CHURN_BUDGET: Final = 0.4
STEADY_MIB: Final = 320
CHURN_MIB: Final = 400


@dataclass(frozen=True)
class Poll:
    """What a poll took of the processor, and by the clock; and the memory after it, in MiB."""

    cpu: float
    wall: float
    memory: float


def measure(plan: Plan) -> Iterator[Row]:
    """Rows for one exporter, which is scraped after each poll."""
    services = TIMES * plan.services
    full = plan.services == SERVICES
    with (
        platform(services, Shape.PROJECTED) as platform_,
        exporter(x=target(platform_)) as ours,
        Scraper(metrics(ours), gzip=True) as scraper,
    ):
        first = _poll(ours, scraper, partial(platform_.polls, 1))
        nothing = [_poll(ours, scraper, partial(platform_.polls, 1)) for _ in range(plan.rounds)]
        some = partial(platform_.polls, 1, changed=services // CHURN)
        learning = [_poll(ours, scraper, some) for _ in range(LEARNING)]
        churn = [_poll(ours, scraper, some) for _ in range(plan.rounds)]
    where = f"{services:,} services"
    yield _row(f"{where}, poll, nothing changed", nothing, first)
    budget = at_most(CHURN_BUDGET) if full else None
    hint = f"; before that {' and '.join(duration(poll.cpu) for poll in learning)}"
    yield _row(f"{where}, poll, 1 % changed at random", churn, first, budget, hint)
    for what, polls, limit in (
        ("nothing changes", nothing, STEADY_MIB),
        ("1 % changes at each poll", churn, CHURN_MIB),
    ):
        found = Spread.of([poll.memory for poll in polls])
        yield row(f"{where}, memory, {what}", found, "MiB", at_most(limit) if full else None, "")


def _poll(ours: Program, scraper: Scraper, poll: Callable[[], None]) -> Poll:
    cpu, began = ours.cpu_seconds, perf_counter()
    poll()
    took, wall = ours.cpu_seconds - cpu, perf_counter() - began
    scraper.scrape()
    return Poll(took, wall, ours.memory)


def _row(
    what: str, polls: list[Poll], first: Poll, budget: Budget | None = None, more: str = ""
) -> Row:
    ratio = Spread.of([poll.cpu / first.cpu for poll in polls])
    cpu, wall = (
        (duration(Spread.of(each).median), duration(one))
        for each, one in (
            ([poll.cpu for poll in polls], first.cpu),
            ([poll.wall for poll in polls], first.wall),
        )
    )
    hint = f"{cpu[0]} to {cpu[1]}; by the clock, with the platform, {wall[0]} to {wall[1]}{more}"
    return row(f"{what}, to the first poll", ratio, "times as long", budget, hint)


if __name__ == "__main__":
    main(measure, __doc__)
