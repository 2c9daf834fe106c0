"""Rounds: everything that is compared takes its turn in each, in random order."""

import random
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from operator import truediv
from statistics import median, quantiles
from typing import Final

Turn = Callable[[], float]
"""Does what is measured once; seconds."""

_SEED: Final = 1


@dataclass(frozen=True)
class Spread:
    """A median and the quartiles around it."""

    low: float
    median: float
    high: float

    @classmethod
    def of(cls, values: Sequence[float]) -> "Spread":
        if len(values) == 1:
            return cls(values[0], values[0], values[0])
        low, middle, high = quantiles(values, n=4, method="inclusive")
        return cls(low, middle, high)

    def times(self, factor: float) -> "Spread":
        return Spread(self.low * factor, self.median * factor, self.high * factor)


class Rounds:
    """What each took in each round."""

    def __init__(self, seconds: Mapping[str, Sequence[float]]) -> None:
        self._seconds = seconds

    def seconds(self, name: str) -> Spread:
        return Spread.of(self._seconds[name])

    def ratio(self, of: str, to: str) -> Spread:
        """How many times as long the one takes as the other, both in the same round."""
        return self.by_round(truediv, of, to)

    def by_round(self, figure: Callable[..., float], *names: str) -> Spread:
        """A figure that is made of what these took in the same round."""
        return Spread.of([*map(figure, *(self._seconds[name] for name in names))])


def rounds(count: int, turns: Mapping[str, Turn], *, repeats: Mapping[str, int]) -> Rounds:
    """So many rounds; what is over in a moment is repeated within its turn, for the median of it.

    Warming up is for who calls: it is something else for each.
    """
    order = random.Random(_SEED)
    seconds: dict[str, list[float]] = {name: [] for name in turns}
    for _ in range(count):
        for name in order.sample([*turns], len(turns)):
            times = [turns[name]() for _ in range(repeats.get(name, 1))]
            seconds[name].append(median(times))
    return Rounds(seconds)
