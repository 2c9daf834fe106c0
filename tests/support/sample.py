"""How much of each matrix a run of the tests tries.

ZSTACK_TEST_SAMPLE is `small` for the minutes of `make test`, `usual` for `make test-all`, or
`whole` for every case that there is. A sample has the same cases in each run.
"""

import os
from collections import Counter
from collections.abc import Collection, Iterable
from enum import Enum
from itertools import groupby
from typing import Final, TypeVar

import pytest

T = TypeVar("T")

VARIABLE: Final = "ZSTACK_TEST_SAMPLE"
MARKER: Final = (
    "small_sample(cases): in the small sample this test has so many of its cases;"
    " without a number, as few as have each value of each parameter once"
)

_GOLDEN: Final = (5**0.5 - 1) / 2
"""Its multiples lie evenly between 0 and 1, so that cases are taken from all over a list."""


class Sample(Enum):
    SMALL = "small"
    USUAL = "usual"
    WHOLE = "whole"


SAMPLE: Final = Sample(os.environ.get(VARIABLE) or Sample.SMALL)
IS_SMALL: Final = SAMPLE is Sample.SMALL
IS_WHOLE: Final = SAMPLE is Sample.WHOLE


def sized(*, small: T, usual: T, whole: T) -> T:
    """The value for the sample of this run."""
    return {Sample.SMALL: small, Sample.USUAL: usual, Sample.WHOLE: whole}[SAMPLE]


def left_out(items: Iterable[pytest.Item]) -> list[pytest.Item]:
    """The cases that the small sample leaves out of tests that are marked `small_sample`."""
    left: list[pytest.Item] = []
    for _, cases in groupby(sorted(items, key=_position), key=_test):
        left += _left_out_of(list(cases))
    return left


def _left_out_of(cases: list[pytest.Item]) -> list[pytest.Item]:
    """All but those that are kept: each has the most values that were not, or seldom, kept yet."""
    marker = cases[0].get_closest_marker("small_sample")
    if marker is None:
        return []
    left = sorted(cases, key=lambda case: cases.index(case) * _GOLDEN % 1)
    every = {value for case in cases for value in _values(case)}
    kept = Counter[tuple[str, int]]()
    for _ in range(marker.args[0] if marker.args else len(cases)):
        if not left or (not marker.args and kept.keys() >= every):
            break
        best = max(left, key=lambda case: _novelty(_values(case), kept))
        left.remove(best)
        kept.update(_values(best))
    return left


def _novelty(
    values: Collection[tuple[str, int]], kept: Counter[tuple[str, int]]
) -> tuple[int, int]:
    return sum(not kept[value] for value in values), -sum(kept[value] for value in values)


def _test(item: pytest.Item) -> str:
    """The test whose case this is."""
    return item.nodeid.partition("[")[0]


def _position(item: pytest.Item) -> tuple[str, list[int]]:
    """Where it stands in the order of its definition, which pytest-randomly changes."""
    call = getattr(item, "callspec", None)
    return _test(item), [*call.indices.values()] if call else []


def _values(item: pytest.Item) -> set[tuple[str, int]]:
    """Which value each parameter of a case has, as far as they can be distinguished."""
    call = getattr(item, "callspec", None)
    return {(name, id(value)) for name, value in call.params.items()} if call else set()
