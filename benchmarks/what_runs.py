"""What instance groups and model centers add: polls, scrapes and memory beside services alone.

Two exporters ask the same platform one after the other, one for the model services alone. What is
compared is the cost of a series that they export, in processor time of the process, HTTP and all.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import partial
from typing import Final

from .client import Scraper, text
from .estate import Shape
from .exporting import exporter, metrics, target
from .measure import Spread
from .platform import Platform, platform
from .program import SERVICES, Plan, duration, main
from .programs import Program
from .table import Row, at_most, row

GROUPS_EVERY: Final = 5
"""One instance group for so many services."""

CENTERS: Final = 20

CHURN: Final = 100
"""One service and one group in so many changes before a poll that finds something new."""

LEARNING: Final = 2
"""Polls of that kind until the exporter keeps rows apart, and families that change or do not."""

SCRAPES: Final = 20
TIMES_ALONE: Final = 1.3
MEMORY_MIB: Final = 130
ALONE: Final = {"metrics": {"instances": "false", "model_centers": "false"}}


@dataclass(frozen=True)
class Found:
    """What one exporter took, in seconds of the processor for each poll and scrape, and in MiB."""

    series: int
    first: float
    nothing: list[float]
    some: list[float]
    scrapes: list[float]
    steady: list[float]
    churning: list[float]


def measure(plan: Plan) -> Iterator[Row]:
    """Rows for services as platforms send them, and as a projection brings them; memory of these.

    With a projection services bring fewer bytes than groups, which come with their machines. These
    bytes are then most of what a series costs, and it has no budget.
    """
    groups = plan.services // GROUPS_EVERY
    where = f"with {groups:,} instance groups and {CENTERS} model centers"
    full = plan.services == SERVICES
    for shape in Shape if full else (Shape.PROJECTED,):
        with platform(plan.services, shape, groups=groups, centers=CENTERS) as platform_:
            alone = _found(plan, platform_, ALONE)
            both = _found(plan, platform_, {})
        if full:
            yield from _ratios(f"{where}, {shape.value} services", shape, alone, both)
    for what, memory, other in (
        ("nothing changes", both.steady, alone.steady),
        ("1 % changes at each poll", both.churning, alone.churning),
    ):
        without = f"{Spread.of(other).median:.0f} MiB without them"
        budget = at_most(MEMORY_MIB)
        yield row(f"{where}, memory, {what}", Spread.of(memory), "MiB", budget, without)


def _found(plan: Plan, platform_: Platform, settings: dict[str, dict[str, str]]) -> Found:
    groups = plan.services // GROUPS_EVERY
    some = partial(platform_.polls, 1, changed=plan.services // CHURN, groups=groups // CHURN)
    nothing = partial(platform_.polls, 1)
    with (
        exporter(settings, x=target(platform_)) as ours,
        Scraper(metrics(ours), gzip=True) as scraper,
    ):
        first, _ = _poll(ours, scraper, nothing)
        steady = [_poll(ours, scraper, nothing) for _ in range(plan.rounds)]
        for _ in range(LEARNING):
            _poll(ours, scraper, some)
        churning = [_poll(ours, scraper, some) for _ in range(2 * plan.rounds)]
        scrapes = [scraper.scrape() for _ in range(SCRAPES * plan.rounds)]
        series = _series(text(scraper.page()))
    return Found(
        series,
        first,
        [cpu for cpu, _ in steady],
        [cpu for cpu, _ in churning],
        scrapes,
        [memory for _, memory in steady],
        [memory for _, memory in churning],
    )


def _poll(ours: Program, scraper: Scraper, poll: Callable[[], None]) -> tuple[float, float]:
    """Seconds of the processor for a poll, and the memory after it and a scrape, in MiB."""
    before = ours.cpu_seconds
    poll()
    took = ours.cpu_seconds - before
    scraper.scrape()
    return took, ours.memory


def _series(page: str) -> int:
    """The series of services, groups and centers; the exporter's own are a few dozen."""
    return sum(line.startswith("zstack_model_") for line in page.splitlines())


def _ratios(where: str, shape: Shape, alone: Found, both: Found) -> Iterator[Row]:
    turns = {
        "gzip scrape": (alone.scrapes, both.scrapes),
        "first poll": ([alone.first], [both.first]),
        "poll, nothing changed": (alone.nothing, both.nothing),
        "poll, 1 % changed": (alone.some, both.some),
    }
    budget = at_most(TIMES_ALONE) if shape is Shape.FULL else None
    for what, (without, with_) in turns.items():
        base = Spread.of(without).median / alone.series
        ratio = Spread.of([each / both.series / base for each in with_])
        hint = (
            f"{duration(Spread.of(without).median)} for {alone.series:,} series,"
            f" {duration(Spread.of(with_).median)} for {both.series:,}"
        )
        yield row(f"{where}, {what}, for each series", ratio, "times services alone", budget, hint)


if __name__ == "__main__":
    main(measure, __doc__)
