"""Figures of moments in time, and of processes as the system accounts for them."""

import os
from collections import Counter
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from itertools import pairwise
from math import sqrt
from pathlib import Path
from typing import Final, Self

_TICKS: Final = os.sysconf("SC_CLK_TCK")
_PAGE: Final = os.sysconf("SC_PAGE_SIZE")

_POINTS: Final = 0.03
_DEVIATIONS: Final = 2


@dataclass(frozen=True, slots=True)
class Usage:
    """Of a process: seconds of processor time since its start, and bytes that are resident."""

    cpu: float
    resident: int

    @classmethod
    def of(cls, process: int) -> Self:
        stat = Path(f"/proc/{process}/stat").read_text(encoding="ascii")
        fields = stat.rpartition(")")[2].split()  # the name before may have spaces
        resident = int(Path(f"/proc/{process}/statm").read_text(encoding="ascii").split()[1])
        return cls((int(fields[11]) + int(fields[12])) / _TICKS, resident * _PAGE)


def within(moments: Iterable[float], since: float, until: float) -> list[float]:
    return [each for each in moments if since <= each < until]


def busiest_second(moments: Collection[float]) -> int:
    """How many moments are in the fullest second of the clock."""
    return max(Counter(map(int, moments)).values(), default=0)


def longest_gap(moments: Iterable[float], since: float, until: float) -> float:
    """The longest time within these two in which there is no moment."""
    inside = sorted(within(moments, since, until))
    return max(after - before for before, after in pairwise([since, *inside, until]))


def moved(before: Mapping[str, int], after: Mapping[str, int]) -> set[str]:
    """The targets that another shard has than before."""
    return {target for target, ordinal in before.items() if after.get(target) != ordinal}


def tolerance(share: float, targets: int) -> float:
    """By how much a share of the targets may differ from the one that a hash should give them.

    Three points of a hundred; with few targets chance alone takes it further.
    """
    return max(_POINTS, _DEVIATIONS * sqrt(share * (1 - share) / targets))
