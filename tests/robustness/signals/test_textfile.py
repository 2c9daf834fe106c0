"""The file of `once --output`: the one before, or the whole new one, whatever ends the run."""

import asyncio
import os
import shutil
import signal
import time
from asyncio import sleep
from asyncio.subprocess import DEVNULL, PIPE
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Final

import pytest

from exporter.simulator import Fault
from tests.support.sample import IS_WHOLE

from .process import PROGRAM, Run, running, wrong
from .signal_points import LOG_OUT, QUERY, Scene, scene, until

TERM, INT, KILL = signal.SIGTERM, signal.SIGINT, signal.SIGKILL

OLD: Final = "# what an earlier run wrote\n"
SERVICES: Final = 1500
"""A page of most of a megabyte, whose writing can be caught in the act."""

DELAYS: Final = tuple(range(300, 1800, 20)) if IS_WHOLE else (700,)

SIGNALS: Final = (TERM, INT, KILL) if IS_WHOLE else (KILL,)

Reach = Callable[[Scene, "Watched", Run], Awaitable[None]]

UNSHARE: Final = shutil.which("unshare")


class Watched:
    """A folder as the collector sees it, looked at again and again."""

    def __init__(self, folder: Path) -> None:
        self.file = folder / "zstack.prom"
        self.file.write_text(OLD, "utf-8")
        self.wrong: set[str] = set()
        self._whole: set[int] = {len(OLD)}

    def look(self) -> None:
        pages = {each.name for each in self.file.parent.glob("*.prom")}
        self.wrong |= pages - {self.file.name}
        text = self.file.read_text("utf-8")
        if len(text) not in self._whole:
            self._whole.add(len(text))
            if not whole(text):
                self.wrong.add(f"{len(text)} bytes are no page")

    @property
    def unfinished(self) -> list[Path]:
        return [each for each in self.file.parent.iterdir() if each != self.file]

    async def watch(self) -> None:
        while True:
            self.look()
            await sleep(0.002)


def whole(text: str) -> bool:
    """Whether every service of it is there, and the last line is one."""
    services = text.count("\nzstack_model_service_info{")
    return text.endswith("\n") and services == SERVICES and "zstack_up" in text


@asynccontextmanager
async def watched(folder: Path) -> AsyncIterator[tuple[Scene, Watched]]:
    output = folder / "textfile"
    output.mkdir()
    seen = Watched(output)
    async with scene(folder, SERVICES, page_size=1000) as made:
        watching = asyncio.create_task(seen.watch())
        try:
            yield made, seen
        finally:
            watching.cancel()
            await asyncio.wait({watching})
    assert watching.cancelled()
    seen.look()
    assert not seen.wrong


def _once(made: Scene, seen: Watched) -> tuple[str, ...]:
    return ("once", "--output", str(seen.file), *made.arguments)


async def _writing(_made: Scene, seen: Watched, run: Run) -> None:
    await until(lambda: seen.unfinished or seen.file.stat().st_size != len(OLD), run)


async def _polling(made: Scene, _seen: Watched, run: Run) -> None:
    fault = Fault.slow(0.5, operation=QUERY)
    made.cloud.faults.append(fault)
    await until(lambda: fault.struck, run)


async def _logging_out(made: Scene, _seen: Watched, run: Run) -> None:
    fault = Fault.slow(0.5, operation=LOG_OUT)
    made.cloud.faults.append(fault)
    await until(lambda: fault.struck, run)


def endings() -> list[tuple[Reach, signal.Signals]]:
    """Every point with every signal, or each point once."""
    reaches = (_polling, _logging_out, _writing)
    if IS_WHOLE:
        return [(reach, number) for reach in reaches for number in SIGNALS]
    return list(zip(reaches, (INT, TERM, KILL), strict=True))


@pytest.mark.parametrize(("reach", "number"), endings())
async def test_the_file_is_whole_however_the_run_ends(
    reach: Reach,
    number: signal.Signals,
    tmp_path: Path,
) -> None:
    async with (
        watched(tmp_path) as (made, seen),
        running(_once(made, seen)) as run,
    ):
        await reach(made, seen, run)
        run.send(number)
        code = await run.ended()
        assert code == -KILL if number is KILL else code in {0, 1}
        assert not list(wrong(run))
        if number is not KILL:
            assert not made.cloud.sessions
            assert not seen.unfinished


@pytest.mark.parametrize("number", SIGNALS, ids=lambda number: number.name)
@pytest.mark.parametrize("delay", DELAYS)
async def test_the_file_is_whole_at_any_millisecond(
    delay: int, number: signal.Signals, tmp_path: Path
) -> None:
    async with (
        watched(tmp_path) as (made, seen),
        running(_once(made, seen), PROGRAM, strict=False) as run,
    ):
        await sleep(delay / 1000)
        begun = run.code is None and run.begun
        run.send(number)
        code = await run.ended()
        assert code in {0, 1, -number}
        if begun:
            assert not list(wrong(run))
        if number is not KILL:
            assert not made.cloud.sessions
            assert not seen.unfinished


async def test_a_run_removes_what_a_killed_one_left_and_nothing_else(tmp_path: Path) -> None:
    async with watched(tmp_path) as (made, seen):
        async with running(_once(made, seen)) as run:
            await until(lambda: seen.unfinished, run)
            run.send(KILL)
            await run.ended()
        [left] = seen.unfinished
        assert left.suffix != ".prom"
        fresh = left.with_name(".zstack.prom.zzzzzzzz.unfinished")
        other = left.with_name(".other.prom.zzzzzzzz.unfinished")
        for each in (other, fresh):
            each.write_text("not ours to remove", "utf-8")
        long_ago = time.time() - 3600
        for each in (left, other):
            os.utime(each, (long_ago, long_ago))
        async with running(_once(made, seen)) as run:
            assert await run.ended() == 0
        assert set(seen.unfinished) == {other, fresh}


async def test_a_pipe_without_a_reader_does_not_keep_it_from_ending(tmp_path: Path) -> None:
    pipe = tmp_path / "pipe"
    os.mkfifo(pipe)
    async with (
        scene(tmp_path) as made,
        running(("once", "--output", pipe, *made.arguments)) as run,
    ):
        await until(lambda: made.cloud.operations[LOG_OUT], run)
        await sleep(0)
        run.send(TERM)
        assert await run.ended() == 1
    assert not list(wrong(run))
    assert not made.cloud.sessions


async def in_a_folder_that(mount: str, made: Scene, folder: Path, limits: str = "") -> Run:
    """A run in a mount namespace of its own, whose folder is mounted so."""
    if UNSHARE is None:
        pytest.skip("there is no unshare here")
    script = f'mount -t tmpfs -o "$1" tmpfs "$2" && {limits or ":"} && shift 2 && exec "$@"'
    enter = (UNSHARE, "--user", "--map-root-user", "--mount", "sh", "-c", script, "sh", mount)
    trying = await asyncio.create_subprocess_exec(
        *enter, str(folder), "true", stdout=DEVNULL, stderr=PIPE
    )
    _, err = await trying.communicate()
    if trying.returncode:
        pytest.skip(f"no file system can be mounted here: {err.decode().strip()}")
    output = folder / "zstack.prom"
    before = (*enter, str(folder))
    async with running(("once", "--output", output, *made.arguments), before=before) as run:
        await run.ended()
    return run


@pytest.mark.parametrize(
    ("mount", "error"),
    [("size=64k", "No space left on device"), ("ro", "Read-only file system")],
    ids=["full", "read-only"],
)
async def test_a_disk_that_takes_nothing_is_reported_in_one_line(
    mount: str, error: str, tmp_path: Path
) -> None:
    folder = tmp_path / "textfile"
    folder.mkdir()
    async with scene(tmp_path, SERVICES, page_size=1000) as made:
        run = await in_a_folder_that(mount, made, folder)
    assert run.code == 1
    assert not list(wrong(run, failing=True))
    errors = [line for line in run.lines if "level=error" in line]
    assert len(errors) == 1
    assert f"{folder}/zstack.prom: {error}" in errors[0]
    assert not made.cloud.sessions


async def test_a_disk_that_fills_up_leaves_the_file_as_it_was(tmp_path: Path) -> None:
    async with (
        watched(tmp_path) as (made, seen),
        running(_once(made, seen), before=("prlimit", f"--fsize={100 << 10}")) as run,
    ):
        assert await run.ended() == 1
        assert any("File too large" in line for line in run.lines)
        assert seen.file.read_text("utf-8") == OLD
        assert not seen.unfinished
