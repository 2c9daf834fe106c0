"""Whether a service costs the same however many there are.

What a scrape or a poll costs independent of the number, as that of one service shows, is taken off
first: a small page is mostly that.
"""

import asyncio
from collections.abc import Iterator
from contextlib import ExitStack
from functools import partial
from typing import Final

from .estate import Shape
from .exporting import exporter, metrics, target
from .measure import Rounds, rounds
from .platform import platform
from .poll import ALL, NOTHING, Poller, changes_among
from .program import SERVICES, Plan, duration, main
from .scrape import ENCODINGS, scrapes
from .table import Row, at_most, row

SMALLER: Final = (1000, 10_000)
LEAST: Final = 1
POLLS: Final = 3
"""In each turn, for the median of them."""


def measure(plan: Plan) -> Iterator[Row]:
    """Rows for each smaller number against the full one, scrapes first."""
    smaller = [size for size in SMALLER if size < plan.services]
    sizes = (LEAST, *smaller, plan.services)
    for what, found in (*_scrapes(plan, sizes), *_polls(plan, sizes)):
        for size in smaller:
            yield _row(what, found, size, plan.services)


def _scrapes(plan: Plan, sizes: tuple[int, ...]) -> Iterator[tuple[str, Rounds]]:
    """What a scrape took at each size, by the size."""
    with ExitStack() as running:
        urls = {str(size): _exporter(running, size) for size in sizes}
        for encoding in ENCODINGS:
            yield f"{encoding.name} scrape", scrapes(3 * plan.rounds, urls, encoding)


def _exporter(running: ExitStack, services: int) -> str:
    platform_ = running.enter_context(platform(services, Shape.PROJECTED))
    ours = running.enter_context(exporter(x=target(platform_)))
    platform_.polls(1)
    return metrics(ours)


def _polls(plan: Plan, sizes: tuple[int, ...]) -> Iterator[tuple[str, Rounds]]:
    with asyncio.Runner() as runner:
        pollers = {size: Poller(runner, size) for size in sizes}
        for what in (NOTHING, ALL):
            turns = {
                str(size): partial(poller.poll, changes_among(size)[what])
                for size, poller in pollers.items()
            }
            found = rounds(plan.rounds, turns, repeats=dict.fromkeys(turns, POLLS))
            yield f"poll, {what} changed", found


def _row(what: str, found: Rounds, size: int, full: int) -> Row:
    names = [str(each) for each in (LEAST, size, full)]

    def ratio(least: float, some: float, most: float) -> float:
        return ((some - least) / (size - LEAST)) / ((most - least) / (full - LEAST))

    took = ", ".join(f"{name}: {duration(found.seconds(name).median)}" for name in names)
    what = f"{what}, a service's share with {size:,} of them"
    budget = at_most(1) if full == SERVICES else None
    return row(what, found.by_round(ratio, *names), f"times that with {full:,}", budget, took)


if __name__ == "__main__":
    main(measure, __doc__)
