"""What the tests themselves promise to notice."""

import asyncio
import warnings
from itertools import product
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from blockbuster import BlockingError

from exporter.polling.secret_files import secret_text
from tests.support.sample import left_out


async def test_a_call_that_blocks_the_loop_raises(tmp_path: Path) -> None:
    secret = tmp_path / "secret"
    await asyncio.to_thread(secret.write_text, "password")
    assert await asyncio.to_thread(secret_text, secret) == "password"
    with pytest.raises(BlockingError):
        secret_text(secret)


@pytest.mark.parametrize("kind", [DeprecationWarning, ResourceWarning, UserWarning])
def test_a_warning_is_an_error(kind: type[Warning]) -> None:
    with pytest.raises(kind):
        warnings.warn("careful", kind, stacklevel=1)


def test_the_order_of_tests_is_a_matter_of_chance(pytestconfig: pytest.Config) -> None:
    assert pytestconfig.pluginmanager.hasplugin("randomly")
    assert pytestconfig.getoption("randomly_reorganize")


def cases(*marks: int, colours: int, sizes: int) -> list[Any]:
    """The cases of a test with two parameters, in the order of pytest."""
    marker = SimpleNamespace(args=marks)
    return [
        SimpleNamespace(
            nodeid=f"test[{position}]",
            callspec=SimpleNamespace(
                params=dict(zip(("colour", "size"), values, strict=True)),
                indices={"colour": position, "size": position},
            ),
            get_closest_marker=lambda _name: marker,
        )
        for position, values in enumerate(product(range(colours), range(100, 100 + sizes)))
    ]


def kept(every: list[Any]) -> list[tuple[int, ...]]:
    left = [id(each) for each in left_out(every)]
    return [tuple(each.callspec.params.values()) for each in every if id(each) not in left]


def test_a_small_sample_has_each_value_of_each_parameter() -> None:
    sample = kept(cases(colours=3, sizes=7))
    assert {colour for colour, _ in sample} == {0, 1, 2}
    assert len({size for _, size in sample}) == len(sample) == 7


def test_a_small_sample_has_as_many_cases_as_its_number_in_any_order() -> None:
    every = cases(5, colours=3, sizes=7)
    sample = kept(every)
    assert len(sample) == 5
    assert {*kept(every[::-1])} == {*sample}
    assert not kept(cases(0, colours=3, sizes=7))
