"""The whole exporter's memory: at rest, while every service changes, and from poll to poll."""

from collections.abc import Iterator
from statistics import median
from typing import Final

from .client import Scraper
from .estate import Shape
from .exporting import exporter, metrics, target
from .measure import Spread
from .platform import Platform, platform
from .program import Plan, main
from .programs import Program
from .table import Row, at_most, row

STEADY_MIB: Final = 110
PEAK_MIB: Final = 140
GROWTH_MIB: Final = 3
"""What counts as flat: less than the allocator's own comings and goings."""

POLLS_PER_ROUND: Final = 20
CHURN: Final = 100
"""One service in so many changes from one of those polls to the next."""

ENDS: Final = 20
"""So many polls are looked at, the first and the last ones, to see if memory grows."""


def measure(plan: Plan) -> Iterator[Row]:
    """Rows for one exporter through its life, scraped after each poll as it would be."""
    with (
        platform(plan.services, Shape.PROJECTED) as platform_,
        exporter(x=target(platform_)) as ours,
        Scraper(metrics(ours), gzip=True) as gzip,
        Scraper(metrics(ours), gzip=False) as identity,
    ):
        scrapers = (gzip, identity)
        first = [_after_poll(platform_, ours, scrapers, changed=0) for _ in range(ENDS)]
        yield _memory("memory, nothing changes", first[1:], STEADY_MIB)
        some = plan.services // CHURN
        polls = POLLS_PER_ROUND * plan.rounds
        churn = [_after_poll(platform_, ours, scrapers, changed=some) for _ in range(polls)]
        yield _memory("memory, 1 % changes at each poll", churn, STEADY_MIB)
        growth = median(churn[-ENDS:]) - median(churn[:ENDS])
        what = f"memory gained over {polls} polls at each of which 1 % changes"
        yield row(what, Spread.of([growth]), "MiB", at_most(GROWTH_MIB), "")
        yield _peak(plan, platform_, ours, scrapers)


def _after_poll(
    platform_: Platform, ours: Program, scrapers: tuple[Scraper, ...], *, changed: int
) -> float:
    platform_.polls(1, changed=changed)
    for scraper in scrapers:
        scraper.scrape()
    return ours.memory


def _memory(what: str, mib: list[float], budget: float) -> Row:
    return row(what, Spread.of(mib), "MiB", at_most(budget), "")


def _peak(plan: Plan, platform_: Platform, ours: Program, scrapers: tuple[Scraper, ...]) -> Row:
    peaks = [ours.peak_memory]
    for _ in range(plan.rounds):
        ours.forget_peak()
        _after_poll(platform_, ours, scrapers, changed=plan.services)
        peaks.append(ours.peak_memory)
    hint = f"until then {peaks[0]:.0f} MiB, the first poll included"
    return Row(
        "memory at its peak, everything changes",
        "MiB",
        min(peaks),
        max(peaks),
        max(peaks),
        at_most(PEAK_MIB),
        hint,
    )


if __name__ == "__main__":
    main(measure, __doc__)
