"""Memory under answers that are made to fill it: what is kept of them, and what reading them takes.

The platform and the exporter are those of tests/robustness/hostile: a process of its own is
measured.
"""

import asyncio
from collections.abc import Iterator
from typing import Final

from tests.robustness.hostile.pages import MIB, TEXTS, body, gained, peak, texts

from .measure import Spread
from .program import Plan, main
from .table import Row, at_most, row

GAINED_MIB: Final = 60
"""Twelve polls fetch 288 MiB."""

PEAK_MIB: Final = 200

FEW_PLACES: Final = ("version", "cpuArchitectures", "month")
"""Where texts once stayed; a short run looks at these."""

MANY_ROUNDS: Final = 5


def measure(plan: Plan) -> Iterator[Row]:
    """One row for all places of a text in a record, and one for a page of the most rows."""
    places = [*TEXTS] if plan.rounds >= MANY_ROUNDS else FEW_PLACES
    found = [asyncio.run(gained(texts(place))) for place in places]
    what = f"memory gained over 12 polls of new long texts, the worst of {len(places)} fields"
    yield row(what, Spread.of([max(found)]), "MiB", at_most(GAINED_MIB), "24 MiB at each poll")
    empty = body([b",".join([b"{}"] * (8 * MIB // 3))])
    most = asyncio.run(peak(empty))
    yield row(
        "memory at its peak, a page of 8 MiB of empty rows",
        Spread.of([most]),
        "MiB",
        at_most(PEAK_MIB),
        "2.8 million rows",
    )


if __name__ == "__main__":
    main(measure, __doc__)
