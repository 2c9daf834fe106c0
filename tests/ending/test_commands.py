"""What the other commands leave behind, told to end or not: no task, no thread, no session."""

import signal
from asyncio.subprocess import PIPE
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Final

import pytest

from exporter.simulator import Fault

from .life import Life, living, wrong
from .moments import LOG_IN, LOG_OUT, QUERY, WHOLE, ZONE, scene, until

TERM, INT, HUP = signal.SIGTERM, signal.SIGINT, signal.SIGHUP

STEPS: Final[Mapping[str, Callable[[], Fault]]] = {
    "login": lambda: Fault.late(0.5, operation=LOG_IN),
    "list": lambda: Fault.hang(operation=QUERY),
    "zone look-up": lambda: Fault.hang(operation=ZONE),
    "log-out": lambda: Fault.slow(0.5, operation=LOG_OUT),
}


@pytest.mark.parametrize("command", ["once", "check"])
async def test_a_command_that_comes_to_its_end_leaves_nothing(command: str, tmp_path: Path) -> None:
    async with scene(tmp_path) as made, living((command, *made.arguments)) as life:
        assert await life.ended() == 0
    assert not list(wrong(life))
    assert not made.cloud.sessions


@pytest.mark.parametrize("command", ["once", "check"])
@pytest.mark.parametrize("step", STEPS if WHOLE else ("login", "log-out"))
@pytest.mark.parametrize("number", [TERM, INT] if WHOLE else [INT], ids=lambda number: number.name)
async def test_a_command_that_is_interrupted_leaves_nothing(
    command: str, step: str, number: signal.Signals, tmp_path: Path
) -> None:
    struck = STEPS[step]()
    async with scene(tmp_path) as made, living((command, *made.arguments)) as life:
        made.cloud.faults.append(struck)
        await until(lambda: struck.struck, life)
        await life.hammered(number, HUP, pause=0.01)
        assert await life.ended() == 1
    assert not list(wrong(life))
    assert not made.cloud.sessions


@pytest.mark.parametrize(
    "command",
    [("demo", "--port", "0", "--services", "20"), ("simulate", "--listen", "127.0.0.1:0")],
    ids=["demo", "simulate"],
)
@pytest.mark.parametrize("number", [TERM, INT] if WHOLE else [INT], ids=lambda number: number.name)
async def test_what_runs_until_it_is_told_to_end_leaves_nothing(
    command: tuple[str, ...], number: signal.Signals
) -> None:
    async with living(command, stdout=PIPE) as life:
        await _shown(life, "http://")
        await life.hammered(number, pause=0.002)
        assert await life.ended() == 0
    assert not list(wrong(life))


async def _shown(life: Life, text: str) -> None:
    """Wait for what it writes to standard output."""
    assert life.process.stdout is not None
    line = ""
    while text not in line:
        line = (await life.process.stdout.readline()).decode()
        assert line, life.lines
