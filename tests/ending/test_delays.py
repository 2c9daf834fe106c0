"""Signals so many milliseconds after the process was started, whatever it is about by then."""

import signal
from asyncio import sleep
from contextlib import suppress
from pathlib import Path
from typing import Final

import pytest

from .life import PROGRAM, Life, living, wrong
from .moments import WHOLE, scene

TERM, INT, HUP = signal.SIGTERM, signal.SIGINT, signal.SIGHUP

DELAYS: Final = tuple(range(0, 1500, 20)) if WHOLE else (40, 300)
"""Milliseconds. Python itself takes the first twenty, loading a few hundred more."""


def _of_python_alone(life: Life) -> bool:
    """Whether it comes from the interpreter's own start, before our code has done anything."""
    deeper = (line.replace("exporter/__main__.py", "") for line in life.lines)
    return not any("/exporter/" in line for line in deeper)


@pytest.mark.parametrize("number", [TERM, INT], ids=lambda number: number.name)
@pytest.mark.parametrize("delay", DELAYS)
async def test_it_can_be_ended_at_any_millisecond(
    delay: int, number: signal.Signals, tmp_path: Path
) -> None:
    async with scene(tmp_path) as made, living(made.arguments, PROGRAM, strict=False) as life:
        await sleep(delay / 1000)
        begun, serving = life.begun, any("msg=starting" in line for line in life.lines)
        life.hear(number)
        if not begun:  # Python may lose one while it starts, in a place where it can't raise
            await _begins_or_ends(life)
            life.hear(number)
        code = await life.ended()
    if begun:
        assert not list(wrong(life))
    assert begun or _of_python_alone(life) or not list(wrong(life))
    # Until it hears signals itself, it ends as any process does that has nothing to close.
    assert code in ({0} if serving else {0, -number} if begun else {0, 1, -number})
    assert not made.cloud.sessions


@pytest.mark.parametrize("delay", DELAYS)
async def test_sighup_ends_it_at_no_millisecond(delay: int, tmp_path: Path) -> None:
    async with scene(tmp_path) as made, living(made.arguments, PROGRAM, strict=False) as life:
        await sleep(delay / 1000)
        begun = life.begun
        life.hear(HUP)
        if not begun:  # Python's own start, in which nobody can be told to have it wait
            life.hear(HUP)
            assert await _survives_or_was_not_there(life)
            return
        await life.until('msg="first poll"')
        life.hear(TERM)
        assert await life.ended() == 0
    assert not list(wrong(life))
    assert not made.cloud.sessions


async def _begins_or_ends(life: Life) -> None:
    with suppress(FileNotFoundError, ProcessLookupError):  # it has ended
        while life.code is None and not life.begun:  # noqa: ASYNC110 - of another process
            await sleep(0.01)


async def _survives_or_was_not_there(life: Life) -> bool:
    while life.code is None:
        if any('msg="first poll"' in line for line in life.lines):
            return True
        await sleep(0.01)
    return life.code == -HUP and not life.lines
