"""Signals at every point of the exporter's run."""

import asyncio
import signal
from collections.abc import Awaitable, Callable, Mapping
from pathlib import Path
from typing import Final

import pytest

from tests.support.sample import IS_WHOLE

from .process import Run, wrong
from .signal_points import SIGNAL_POINTS, SignalPoint, reached

TERM, INT, HUP = signal.SIGTERM, signal.SIGINT, signal.SIGHUP
STORM: Final = (HUP,) * 50

Send = Callable[[Run], Awaitable[None]]


def _sent(*numbers: signal.Signals) -> Send:
    async def send(run: Run) -> None:
        run.send(*numbers)

    return send


def _until_ended(*numbers: signal.Signals, pause: float) -> Send:
    """Until it has ended: some come at its very end."""

    async def send(run: Run) -> None:
        await run.send_until_ended(*numbers, pause=pause)

    return send


WAYS: Final[Mapping[str, Send]] = {
    "SIGTERM": _sent(TERM),
    "SIGINT": _sent(INT),
    "SIGTERM twice": _sent(TERM, TERM),
    "SIGINT twice": _sent(INT, INT),
    "SIGINT and SIGTERM": _sent(INT, TERM),
    "a storm of SIGHUP and then SIGTERM": _sent(*STORM, TERM),
    "SIGTERM and then a storm of SIGHUP": _sent(TERM, *STORM),
    "SIGTERM until it ends": _until_ended(TERM, pause=0.001),
    "SIGINT until it ends": _until_ended(INT, pause=0.001),
    "all three until it ends": _until_ended(TERM, HUP, INT, pause=0.002),
}


def cells() -> list[tuple[SignalPoint, str]]:
    """Every point with every way, or every other point with one of them."""
    ways = list(WAYS)
    if IS_WHOLE:
        return [(point, way) for point in SIGNAL_POINTS for way in ways]
    return [(point, ways[3 * at % len(ways)]) for at, point in enumerate(SIGNAL_POINTS[::2])]


@pytest.mark.small_sample(5)
@pytest.mark.parametrize(("point", "way"), cells(), ids=str)
async def test_it_ends_cleanly_on_a_signal(point: SignalPoint, way: str, tmp_path: Path) -> None:
    async with reached(point, tmp_path) as (scene, run):
        sessions = set(scene.cloud.sessions)
        await WAYS[way](run)
        code = await run.ended()
    found = list(wrong(run, secrets=sessions))
    assert not found, found
    if point.quick:
        assert code in {0, -TERM, -INT}
        assert not scene.cloud.requests
    else:
        assert code == 0
        assert any("stopping" in line for line in run.lines)
    assert point.leaves or not scene.cloud.sessions


async def test_a_storm_of_sighup_ends_nothing(tmp_path: Path) -> None:
    [between] = [point for point in SIGNAL_POINTS if point.name == "between polls"]
    async with reached(between, tmp_path) as (scene, run):
        for _ in range(20):
            run.send(*STORM)
            await asyncio.sleep(0.01)
        scene.write(interval=1800)
        run.send(HUP)
        await run.until("changed=default")
        run.send(TERM)
        assert await run.ended() == 0
    assert not list(wrong(run))
    assert not scene.cloud.sessions
