"""What the other commands leave behind, interrupted or not: no task, no thread, no session."""

import signal
from asyncio.subprocess import PIPE
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Final

import pytest

from exporter.simulator import Fault
from tests.support.sample import IS_WHOLE

from .process import Run, running, wrong
from .signal_points import LOG_IN, LOG_OUT, QUERY, ZONE, scene, until

TERM, INT, HUP = signal.SIGTERM, signal.SIGINT, signal.SIGHUP

STEPS: Final[Mapping[str, Callable[[], Fault]]] = {
    "login": lambda: Fault.late(0.5, operation=LOG_IN),
    "list": lambda: Fault.hang(operation=QUERY),
    "zone look-up": lambda: Fault.hang(operation=ZONE),
    "log-out": lambda: Fault.slow(0.5, operation=LOG_OUT),
}

each_signal = pytest.mark.parametrize(
    "number", [TERM, INT] if IS_WHOLE else [INT], ids=lambda number: number.name
)


@pytest.mark.parametrize("command", ["once", "check"])
async def test_a_command_that_comes_to_its_end_leaves_nothing(command: str, tmp_path: Path) -> None:
    async with scene(tmp_path) as made, running((command, *made.arguments)) as run:
        assert await run.ended() == 0
    assert not list(wrong(run))
    assert not made.cloud.sessions


@pytest.mark.small_sample
@pytest.mark.parametrize("command", ["once", "check"])
@pytest.mark.parametrize("step", STEPS if IS_WHOLE else ("login", "log-out"))
@each_signal
async def test_a_command_that_is_interrupted_leaves_nothing(
    command: str, step: str, number: signal.Signals, tmp_path: Path
) -> None:
    struck = STEPS[step]()
    async with scene(tmp_path) as made, running((command, *made.arguments)) as run:
        made.cloud.faults.append(struck)
        await until(lambda: struck.struck, run)
        await run.send_until_ended(number, HUP, pause=0.01)
        assert await run.ended() == 1
    assert not list(wrong(run))
    assert not made.cloud.sessions


@pytest.mark.parametrize(
    "command",
    [
        ("demo", "--port=0", "--services=20", "--no-prometheus"),
        ("simulate", "--listen", "127.0.0.1:0"),
    ],
    ids=["demo", "simulate"],
)
@each_signal
async def test_a_command_that_runs_until_a_signal_leaves_nothing(
    command: tuple[str, ...], number: signal.Signals
) -> None:
    async with running(command, stdout=PIPE) as run:
        await _shown(run, "http://")
        await run.send_until_ended(number, pause=0.002)
        assert await run.ended() == 0
    assert not list(wrong(run))


async def _shown(run: Run, text: str) -> None:
    """Wait for what it writes to standard output."""
    assert run.process.stdout is not None
    line = ""
    while text not in line:
        line = (await run.process.stdout.readline()).decode()
        assert line, run.lines
