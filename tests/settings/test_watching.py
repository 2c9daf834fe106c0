"""The pace at which changes are looked for."""

import asyncio
from collections.abc import Iterator, Sequence

import pytest

from exporter.settings.watching import Pace, follow
from tests.support.jumping import JumpingLoop

PACE = Pace(seconds=5, settle_seconds=1)


class EndError(Exception):
    """There is nothing more to see."""


def followed(
    *looks: str, unusable: str = ""
) -> tuple[Sequence[float], Sequence[tuple[float, str]]]:
    """When it looked, and what was loaded when; `a` was loaded before."""
    coming: Iterator[str] = iter(looks)
    times: list[float] = []
    loads: list[tuple[float, str]] = []
    seen = "a"

    async def look() -> str:
        now = next(coming, None)
        if now is None:
            raise EndError
        times.append(asyncio.get_running_loop().time())
        return now

    async def load(now: str) -> None:
        nonlocal seen
        loads.append((asyncio.get_running_loop().time(), now))
        if now != unusable:
            seen = now

    with asyncio.Runner(loop_factory=JumpingLoop) as runner, pytest.raises(EndError):
        runner.run(follow(look, lambda: seen, load, PACE))
    return times, loads


def test_while_nothing_changes_it_looks_at_the_usual_pace() -> None:
    assert followed("a", "a", "a") == ([5, 10, 15], [])


def test_a_change_is_loaded_once_two_looks_agree_and_the_second_comes_soon() -> None:
    assert followed("a", "b", "b", "b", "b") == ([5, 10, 11, 16, 21], [(11, "b")])


def test_what_is_still_being_written_is_not_loaded() -> None:
    assert followed("b", "c", "d", "d", "d") == ([5, 6, 7, 8, 13], [(8, "d")])


def test_a_change_that_was_taken_back_is_no_change() -> None:
    assert followed("b", "a", "a") == ([5, 6, 11], [])


def test_what_cannot_be_loaded_is_tried_again_at_the_usual_pace() -> None:
    times, loads = followed("b", "b", "b", "b", unusable="b")
    assert times == [5, 6, 11, 16]
    assert loads == [(6, "b"), (11, "b"), (16, "b")]
