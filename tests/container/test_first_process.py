"""The program as the first process of its own world, as it is in a container."""

import asyncio
import os
import shutil
import signal
import sys
from asyncio.subprocess import DEVNULL, PIPE
from contextlib import suppress
from pathlib import Path

import pytest

pytestmark = pytest.mark.container

UNSHARE = shutil.which("unshare")
FIRST = ("--user", "--map-root-user", "--pid", "--fork", "--kill-child")


@pytest.fixture
async def first() -> tuple[str, ...]:
    """What makes a command the first process."""
    if UNSHARE is None:
        pytest.skip("there is no unshare here")
    command = (UNSHARE, *FIRST)
    trying = await asyncio.create_subprocess_exec(*command, "true", stdout=DEVNULL, stderr=PIPE)
    _, err = await trying.communicate()
    if trying.returncode:
        pytest.skip(f"no process can be the first here: {err.decode().strip()}")
    return command


async def test_it_can_be_ended_while_it_still_loads(first: tuple[str, ...]) -> None:
    simulate = (sys.executable, "-m", "exporter", "simulate", "--listen", "127.0.0.1:0")
    process = await asyncio.create_subprocess_exec(*first, *simulate, stdout=PIPE, stderr=PIPE)
    # Once it runs the simulator ends with 0, so it is only this code before that.
    async with asyncio.timeout(60):
        while process.returncode is None:
            await asyncio.sleep(0.01)
            _terminate_children(process.pid)
    out, err = await process.communicate()
    assert (process.returncode, out, err) == (128 + signal.SIGTERM, b"", b"")


def _terminate_children(number: int) -> None:
    with suppress(OSError):  # there is none yet, or none any more
        children = Path(f"/proc/{number}/task/{number}/children").read_text("utf-8")
        for child in children.split():
            os.kill(int(child), signal.SIGTERM)
