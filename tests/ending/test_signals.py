"""Signals at every moment of the exporter's life."""

import asyncio
import signal
from collections.abc import Awaitable, Callable, Mapping
from pathlib import Path
from typing import Final

import pytest

from .life import Life, wrong
from .moments import MOMENTS, WHOLE, Moment, reached

TERM, INT, HUP = signal.SIGTERM, signal.SIGINT, signal.SIGHUP
STORM: Final = (HUP,) * 50

Told = Callable[[Life], Awaitable[None]]


def _sent(*numbers: signal.Signals) -> Told:
    async def tell(life: Life) -> None:
        life.hear(*numbers)

    return tell


def _hammered(*numbers: signal.Signals, pause: float) -> Told:
    """Until it has ended: some come at its very end."""

    async def tell(life: Life) -> None:
        await life.hammered(*numbers, pause=pause)

    return tell


WAYS: Final[Mapping[str, Told]] = {
    "SIGTERM": _sent(TERM),
    "SIGINT": _sent(INT),
    "SIGTERM twice": _sent(TERM, TERM),
    "SIGINT twice": _sent(INT, INT),
    "SIGINT and SIGTERM": _sent(INT, TERM),
    "a storm of SIGHUP and then SIGTERM": _sent(*STORM, TERM),
    "SIGTERM and then a storm of SIGHUP": _sent(TERM, *STORM),
    "SIGTERM until it ends": _hammered(TERM, pause=0.001),
    "SIGINT until it ends": _hammered(INT, pause=0.001),
    "all three until it ends": _hammered(TERM, HUP, INT, pause=0.002),
}


def cells() -> list[tuple[Moment, str]]:
    """Every moment with every way, or every other moment with one of them."""
    ways = list(WAYS)
    if WHOLE:
        return [(moment, way) for moment in MOMENTS for way in ways]
    return [(moment, ways[3 * at % len(ways)]) for at, moment in enumerate(MOMENTS[::2])]


@pytest.mark.parametrize(("moment", "way"), cells(), ids=str)
async def test_it_ends_well_when_told_to(moment: Moment, way: str, tmp_path: Path) -> None:
    async with reached(moment, tmp_path) as (scene, life):
        sessions = set(scene.cloud.sessions)
        await WAYS[way](life)
        code = await life.ended()
    found = list(wrong(life, secrets=sessions))
    assert not found, found
    if moment.quick:
        assert code in {0, -TERM, -INT}
        assert not scene.cloud.requests
    else:
        assert code == 0
        assert any("stopping" in line for line in life.lines)
    assert moment.leaves or not scene.cloud.sessions


async def test_a_storm_of_sighup_ends_nothing(tmp_path: Path) -> None:
    [between] = [moment for moment in MOMENTS if moment.name == "between polls"]
    async with reached(between, tmp_path) as (scene, life):
        for _ in range(20):
            life.hear(*STORM)
            await asyncio.sleep(0.01)
        scene.write(interval=1800)
        life.hear(HUP)
        await life.until("changed=default")
        life.hear(TERM)
        assert await life.ended() == 0
    assert not list(wrong(life))
    assert not scene.cloud.sessions
