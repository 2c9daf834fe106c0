"""Run it: one line a day, then what happened, and what was broken."""

import argparse
import asyncio
import sys
from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from tempfile import TemporaryDirectory
from time import perf_counter as real_time  # before another clock rules
from typing import TYPE_CHECKING, Final

from .clock import Clock
from .loop import Loop
from .virtual_time import Leading

if TYPE_CHECKING:
    from .run import Evening, Report

DAYS: Final = 30
BEGIN: Final = "2026-10-03T00:00"
"""Hours before clocks go forward in Sydney; a month later they go back in New York."""

_COLUMNS: Final = (
    "day",
    "polls",
    "failed",
    "logins",
    "series",
    "blocks",
    "KiB resident",
    "KiB held",
    "KiB traced",
)


def main() -> int:
    given = _arguments()
    began, clock = real_time(), Clock(_utc(given.begin))
    clock.rule()
    from . import run  # noqa: PLC0415 - nothing of the exporter before the clock rules

    print("  ".join(_COLUMNS))
    waiting = Leading(clock)
    making = partial(Loop, clock, waiting)
    with TemporaryDirectory() as folder, asyncio.Runner(loop_factory=making) as loop:
        living = run.live(
            clock, waiting, given.days, Path(folder), given.seed, _print_row, traced=given.traced
        )
        report = loop.run(living)
    _sum_up(report)
    print(f"{given.days} days in {real_time() - began:.0f} s")
    return 1 if report.broken else 0


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m tests.robustness.soak", description=__doc__)
    parser.add_argument("--days", type=int, default=DAYS, help=f"how many; {DAYS} by default")
    parser.add_argument("--begin", default=BEGIN, help=f"when, in UTC; {BEGIN} by default")
    parser.add_argument("--seed", type=int, default=1, help="of all chance; 1 by default")
    traced = "trace each allocation of the exporter; this takes twice as long"
    parser.add_argument("--traced", action="store_true", help=traced)
    return parser.parse_args()


def _utc(text: str) -> float:
    return datetime.fromisoformat(text).replace(tzinfo=UTC).timestamp()


def _print_row(evening: "Evening") -> None:
    memory = evening.memory
    figures = (
        str(evening.day),
        str(evening.polls),
        str(evening.failed),
        str(evening.logins),
        str(evening.series),
        str(memory.blocks),
        f"{memory.resident / 1024:.0f}",
        f"{memory.held / 1024:.0f}",
        f"{memory.traced / 1024:.0f}",
    )
    row = (figure.rjust(len(name)) for figure, name in zip(figures, _COLUMNS, strict=True))
    print("  ".join(row), flush=True)


def _sum_up(report: "Report") -> None:
    happened = {"looks at the page": report.looks, "comparisons with a new one": report.compared}
    for what, number in {**happened, **report.happened}.items():
        print(f"{number:>7} {what}")
    for kind, grown in report.grown.items():
        print(f"{grown:>7.2%} more memory {kind}")
    print("\n".join(["BROKEN:", *report.broken]) if report.broken else "every invariant held")


if __name__ == "__main__":
    sys.exit(main())
