"""Ends that nobody can prepare for: kill -9 at every moment, and a new start."""

import signal
from pathlib import Path

import aiohttp
import pytest

from exporter.simulator import Fault

from .life import Life, living, wrong
from .moments import (
    LOG_IN,
    MOMENTS,
    PAGE_SIZE,
    QUERY,
    SERVICES,
    WHOLE,
    Moment,
    reached,
    scene,
    until,
)

RESTARTED = [moment for moment in MOMENTS if not moment.name.startswith("reading")]


@pytest.mark.parametrize("moment", RESTARTED if WHOLE else RESTARTED[2::7], ids=str)
async def test_after_kill_9_another_takes_its_place_at_once(moment: Moment, tmp_path: Path) -> None:
    async with reached(moment, tmp_path) as (scene, life):
        scene.port = await _port(life)
        life.hear(signal.SIGKILL)
        assert await life.ended() == -signal.SIGKILL
        scene.cloud.faults.clear()
        scene.write()
        async with living(scene.arguments) as next_one:
            await next_one.until('msg="first poll"')
            async with (
                aiohttp.ClientSession() as http,
                http.get(f"{await next_one.url()}/metrics", ssl=False) as response,
            ):
                page = await response.text()
            assert str(scene.port or "") in await next_one.url()
            next_one.hear(signal.SIGTERM)
            assert await next_one.ended() == 0
        left = scene.cloud.sessions
    assert f'\nzstack_model_services_reported{{target="default"}} {moment.services}' in page
    assert not list(wrong(next_one))
    assert len(left) <= 1, "the one that was killed could have had more than one session"


async def _port(life: Life) -> int:
    """Where it listened, if it came so far; else any."""
    told = [line for line in life.lines if "msg=listening" in line]
    return int(told[0].rpartition(":")[2]) if told else 0


async def test_where_those_that_were_killed_left_no_session_free_it_waits_for_one(
    tmp_path: Path,
) -> None:
    async with scene(tmp_path, interval=0.1) as made:
        made.cloud.max_sessions = 2
        for number in range(made.cloud.max_sessions):
            async with living(made.arguments) as life:
                await life.until('msg="first poll"')
            assert len(made.cloud.sessions) == number + 1
        async with living(made.arguments) as life:
            assert "code=ID.1006" in await life.until('msg="poll failed"')
            made.cloud.sessions.clear()  # as they expire
            await life.until("msg=recovered")
            life.hear(signal.SIGTERM)
            assert await life.ended() == 0
        assert not list(wrong(life))
        assert not made.cloud.sessions


async def test_it_writes_no_file_that_could_be_half_written(tmp_path: Path) -> None:
    async with scene(tmp_path) as made:
        before = {each.name for each in tmp_path.iterdir()}
        made.cloud.faults.append(Fault.hang(operation=QUERY, start=2 * PAGE_SIZE - 1))
        async with living(made.arguments) as life:
            await until(lambda: made.cloud.faults[0].struck, life)
        assert {each.name for each in tmp_path.iterdir()} == before
        assert made.cloud.operations[LOG_IN] == 1
        assert len(made.cloud.estate) == SERVICES
