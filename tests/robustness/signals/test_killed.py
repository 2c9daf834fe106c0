"""Ends without a signal handler: kill -9 at every point, and a new start."""

import signal
from pathlib import Path

import aiohttp
import pytest

from exporter.simulator import Fault
from tests.support.sample import IS_WHOLE

from .process import Run, running, wrong
from .signal_points import (
    LOG_IN,
    PAGE_SIZE,
    QUERY,
    SERVICES,
    SIGNAL_POINTS,
    SignalPoint,
    reached,
    scene,
    until,
)

RESTARTED = [point for point in SIGNAL_POINTS if not point.name.startswith("reading")]


@pytest.mark.small_sample(1)
@pytest.mark.parametrize("point", RESTARTED if IS_WHOLE else RESTARTED[2::7], ids=str)
async def test_after_kill_9_the_next_one_serves_at_once(point: SignalPoint, tmp_path: Path) -> None:
    async with reached(point, tmp_path) as (scene, run):
        scene.port = await _port(run)
        run.send(signal.SIGKILL)
        assert await run.ended() == -signal.SIGKILL
        scene.cloud.faults.clear()
        scene.write()
        async with running(scene.arguments) as next_one:
            await next_one.until('msg="first poll"')
            async with (
                aiohttp.ClientSession() as http,
                http.get(f"{await next_one.url()}/metrics", ssl=False) as response,
            ):
                page = await response.text()
            assert str(scene.port or "") in await next_one.url()
            next_one.send(signal.SIGTERM)
            assert await next_one.ended() == 0
        left = scene.cloud.sessions
    assert f'\nzstack_model_services_reported{{target="default"}} {point.services}' in page
    assert not list(wrong(next_one))
    assert len(left) <= 1, "the one that was killed could have had more than one session"


async def _port(run: Run) -> int:
    """Where it listened, if it came so far; else any."""
    listening = [line for line in run.lines if "msg=listening" in line]
    return int(listening[0].rpartition(":")[2]) if listening else 0


async def test_where_those_that_were_killed_left_no_session_free_it_waits_for_one(
    tmp_path: Path,
) -> None:
    async with scene(tmp_path, interval=0.1) as made:
        made.cloud.max_sessions = 2
        for number in range(made.cloud.max_sessions):
            async with running(made.arguments) as run:
                await run.until('msg="first poll"')
            assert len(made.cloud.sessions) == number + 1
        async with running(made.arguments) as run:
            assert "code=ID.1006" in await run.until('msg="poll failed"')
            made.cloud.sessions.clear()  # as they expire
            await run.until("msg=recovered")
            run.send(signal.SIGTERM)
            assert await run.ended() == 0
        assert not list(wrong(run))
        assert not made.cloud.sessions


async def test_it_writes_no_file_that_could_be_half_written(tmp_path: Path) -> None:
    async with scene(tmp_path) as made:
        before = {each.name for each in tmp_path.iterdir()}
        made.cloud.faults.append(Fault.hang(operation=QUERY, start=2 * PAGE_SIZE - 1))
        async with running(made.arguments) as run:
            await until(lambda: made.cloud.faults[0].struck, run)
        assert {each.name for each in tmp_path.iterdir()} == before
        assert made.cloud.operations[LOG_IN] == 1
        assert len(made.cloud.estate) == SERVICES
