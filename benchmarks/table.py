"""What was found, as rows of a table: a figure, what it may be, and whether it is."""

from collections.abc import Iterable
from typing import Final, Literal

import msgspec

from .measure import Spread

HEAD: Final = ("", "measured", "quartiles", "budget", "", "medians, as a hint")

_MEMORY: Final = ("KiB", "MiB")

Bound = Literal["at least", "at most"]


class Budget(msgspec.Struct, frozen=True):
    """What a figure has to reach or to stay below."""

    bound: Bound
    value: float

    def met(self, figure: float) -> bool:
        if self.bound == "at least":
            return figure >= self.value
        return figure <= self.value


class Row(msgspec.Struct, frozen=True):
    """One figure, its spread, and what it is made of; without a figure, why there is none."""

    what: str
    unit: str = ""
    low: float = 0
    figure: float | None = None
    high: float = 0
    budget: Budget | None = None
    hint: str = ""

    @property
    def is_memory(self) -> bool:
        """Whether it is a size of memory, which does not depend on the speed of the machine."""
        return self.unit in _MEMORY

    @property
    def met(self) -> bool:
        return self.met_within(1)

    def met_within(self, slack: float) -> bool:
        """Whether the figure is at most so many times beyond its budget."""
        if self.figure is None or self.budget is None:
            return True
        factor = slack if self.budget.bound == "at most" else 1 / slack
        return Budget(self.budget.bound, self.budget.value * factor).met(self.figure)


def row(what: str, spread: Spread, unit: str, budget: Budget | None, hint: str) -> Row:
    return Row(what, unit, spread.low, spread.median, spread.high, budget, hint)


def at_least(value: float) -> Budget:
    return Budget("at least", value)


def at_most(value: float) -> Budget:
    return Budget("at most", value)


def markdown(rows: Iterable[Row]) -> str:
    """A table that can be read as it is as well."""
    cells = [HEAD, *map(_cells, rows)]
    widths = [max(map(len, column)) for column in zip(*cells, strict=True)]
    head, *lines = (_line(row, widths) for row in cells)
    return "\n".join((head, f"|{'|'.join('-' * (width + 2) for width in widths)}|", *lines))


def _line(cells: Iterable[str], widths: Iterable[int]) -> str:
    return f"| {' | '.join(map(str.ljust, cells, widths))} |"


def _cells(row: Row) -> tuple[str, ...]:
    if row.figure is None:
        return row.what, "skipped", "", "", "", row.hint
    quartiles = f"{_number(row.low)} … {_number(row.high)}" if row.low != row.high else ""
    measured = f"{_number(row.figure)} {row.unit}"
    if row.budget is None:
        return row.what, measured, quartiles, "", "", row.hint
    budget = f"{row.budget.bound} {row.budget.value:g}"
    verdict = "met" if row.met else "**missed**"
    return row.what, measured, quartiles, budget, verdict, row.hint


def _number(value: float) -> str:
    """Three digits."""
    for limit, digits in ((100, 0), (10, 1), (1, 2)):
        if abs(value) >= limit:
            return f"{value:.{digits}f}"
    return f"{value:.2g}"
