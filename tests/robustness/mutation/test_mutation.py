"""What is changed by make mutate, and what it may leave unnoticed."""

from pathlib import Path

import pytest

from .accepted import Change, accepted
from .scratch import undecorated

ROOT = Path(__file__).parents[3]


def test_a_decorated_function_is_the_same_without_its_decorator() -> None:
    source = '''\
from functools import lru_cache


class Line:
    """A line."""

    length = 0

    @property
    def long(self) -> bool:
        """Whether it is."""
        return self.length > 3

    @classmethod
    def of(cls) -> "Line":
        return cls()


@lru_cache(
    maxsize=2,
)
def square(number: int) -> int:
    return number * number
'''
    made = undecorated(source)
    assert "@property" not in made
    assert "@lru_cache" not in made
    assert "    @classmethod\n" in made
    names: dict[str, object] = {}
    exec(compile(made, "made", "exec"), names)
    line, square = names["Line"], names["square"]
    assert isinstance(line, type)
    assert line.long.__doc__ == "Whether it is."  # type: ignore[attr-defined]
    assert line.of().long is False  # type: ignore[attr-defined]
    assert square(3) == 9  # type: ignore[operator]
    assert square.cache_parameters()["maxsize"] == 2  # type: ignore[attr-defined]


@pytest.mark.parametrize("change", sorted(accepted().changes, key=str), ids=str)
def test_what_may_change_unnoticed_is_still_in_the_code(change: Change) -> None:
    source = [line.strip() for line in (ROOT / change.module).read_text().splitlines()]
    gone = [line[2:] for line in change.lines if line.startswith("- ")]
    assert gone
    assert set(gone) <= set(source)


@pytest.mark.parametrize(
    ("became", "expected"),
    [
        ("zip(names, columns, strict=False)", True),
        ("zip(names, columns, strict=None)", True),
        ("zip(names, columns, )", True),
        ("zip(columns, strict=True)", False),
        ("zip(names, None, strict=True)", False),
    ],
)
def test_a_zip_that_does_not_look_at_lengths_may_go_unnoticed(
    became: str, *, expected: bool
) -> None:
    lines = ("- pairs = zip(names, columns, strict=True)", f"+ pairs = {became}")
    assert (Change("exporter/metrics/lines.py", "_labels", lines) in accepted()) == expected
