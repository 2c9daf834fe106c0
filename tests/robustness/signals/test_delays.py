"""Signals so many milliseconds after the process was started, wherever it is by then."""

import signal
from asyncio import sleep
from contextlib import suppress
from pathlib import Path
from typing import Final

import pytest

from tests.support.sample import IS_WHOLE

from .process import PROGRAM, Run, running, wrong
from .signal_points import scene

TERM, INT, HUP = signal.SIGTERM, signal.SIGINT, signal.SIGHUP

DELAYS: Final = tuple(range(0, 1500, 20)) if IS_WHOLE else (40, 300)
"""Milliseconds. Python itself takes the first twenty, loading a few hundred more."""


def _of_python_alone(run: Run) -> bool:
    """Whether it comes from the interpreter's own start, before our code has done anything."""
    deeper = (line.replace("exporter/__main__.py", "") for line in run.lines)
    return not any("/exporter/" in line for line in deeper)


@pytest.mark.parametrize("number", [TERM, INT], ids=lambda number: number.name)
@pytest.mark.parametrize("delay", DELAYS)
async def test_it_can_be_ended_at_any_millisecond(
    delay: int, number: signal.Signals, tmp_path: Path
) -> None:
    async with scene(tmp_path) as made, running(made.arguments, PROGRAM, strict=False) as run:
        await sleep(delay / 1000)
        begun, serving = run.begun, any("msg=starting" in line for line in run.lines)
        run.send(number)
        if not begun:  # Python may lose one while it starts, in a place where it can't raise
            await _begins_or_ends(run)
            run.send(number)
        code = await run.ended()
    if begun:
        assert not list(wrong(run))
    assert begun or _of_python_alone(run) or not list(wrong(run))
    # Until it has handlers, a signal ends it as any process: there is nothing to close.
    assert code in ({0} if serving else {0, -number} if begun else {0, 1, -number})
    assert not made.cloud.sessions


@pytest.mark.parametrize("delay", DELAYS)
async def test_sighup_ends_it_at_no_millisecond(delay: int, tmp_path: Path) -> None:
    async with scene(tmp_path) as made, running(made.arguments, PROGRAM, strict=False) as run:
        await sleep(delay / 1000)
        begun = run.begun
        run.send(HUP)
        if not begun:  # Python's own start, in which nothing can block it
            run.send(HUP)
            assert await _survives_or_was_not_there(run)
            return
        await run.until('msg="first poll"')
        run.send(TERM)
        assert await run.ended() == 0
    assert not list(wrong(run))
    assert not made.cloud.sessions


async def _begins_or_ends(run: Run) -> None:
    with suppress(FileNotFoundError, ProcessLookupError):  # it has ended
        while run.code is None and not run.begun:  # noqa: ASYNC110 - of another process
            await sleep(0.01)


async def _survives_or_was_not_there(run: Run) -> bool:
    while run.code is None:
        if any('msg="first poll"' in line for line in run.lines):
            return True
        await sleep(0.01)
    return run.code == -HUP and not run.lines
