"""A process of the exporter in which each warning is an error and asyncio is in debug mode."""

import asyncio
import os
import re
import signal
import sys
import time
from asyncio.subprocess import DEVNULL, PIPE, Process
from collections.abc import AsyncIterator, Collection, Iterator, Sequence
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

PROGRAM: Final = ("-m", "exporter")
PROBED: Final = ("-m", "tests.robustness.signals.probe")

PATIENCE: Final = 60.0
"""Seconds after which what was waited for counts as missing, on a machine that has other work."""

SECRET: Final = "hunter2-is-not-to-be-seen"

_ROOT: Final = Path(__file__).parents[3]
_LOG: Final = re.compile(r"ts=\S+ level=(info|warning) ")
_SLOW: Final = re.compile(r'msg="Executing <.*> took [\d.]+ seconds')
"""Depends on the machine more than on us; test_debugging.py looks into it."""


@dataclass(eq=False)
class Run:
    """A run of the program, from start to exit."""

    process: Process
    lines: list[str] = field(default_factory=list)
    """What it has written to standard error so far."""
    _more: asyncio.Event = field(default_factory=asyncio.Event)

    @property
    def code(self) -> int | None:
        return self.process.returncode

    def send(self, *numbers: int) -> None:
        """Send it signals, as fast as it goes."""
        for number in numbers:
            with suppress(ProcessLookupError):
                os.kill(self.process.pid, number)  # asyncio alone is to see how it ended

    async def send_until_ended(self, *numbers: int, pause: float) -> None:
        """Send it signals, one after the other, until it has ended."""
        while self.code is None:
            for number in numbers:
                self.send(number)
                await asyncio.sleep(pause)

    @property
    def begun(self) -> bool:
        """Whether our code runs: it has blocked SIGHUP, or handles it."""
        status = Path(f"/proc/{self.process.pid}/status").read_text("utf-8")
        masks = re.findall(r"^Sig(?:Blk|Cgt):\s+([0-9a-f]+)$", status, re.MULTILINE)
        return any(int(mask, 16) >> (signal.SIGHUP - 1) & 1 for mask in masks)

    async def until(self, text: str) -> str:
        """The first line that has this in it."""
        async with asyncio.timeout(PATIENCE):
            while True:
                found = [line for line in self.lines if text in line]
                if found:
                    return found[0]
                assert self.code is None, f"ended before {text!r}: {self.lines}"
                self._more.clear()
                await self._more.wait()

    async def url(self) -> str:
        """Where it listens, once it does."""
        found = re.search(r"url=(\S+)", await self.until("msg=listening"))
        assert found
        return found[1]

    async def ended(self) -> int:
        """Its exit code, in the end."""
        async with asyncio.timeout(PATIENCE):
            return await self.process.wait()

    async def read(self) -> None:
        """Read its standard error to the end."""
        assert self.process.stderr is not None
        async for line in self.process.stderr:
            self.lines.append(line.decode(errors="replace").rstrip("\n"))
            self._more.set()
        await self.process.wait()
        self._more.set()


@asynccontextmanager
async def running(
    arguments: Sequence[str | Path],
    program: Sequence[str] = PROBED,
    *,
    strict: bool = True,
    stdout: int = DEVNULL,
    before: Sequence[str] = (),
) -> AsyncIterator[Run]:
    """A process, killed at the end of the block if it still runs; `before` starts it."""
    environment = {k: v for k, v in os.environ.items() if not k.startswith("ZSTACK_EXPORTER_")}
    flags = ("-X", "dev", "-W", "error") if strict else ("-W", "error")
    process = await asyncio.create_subprocess_exec(
        *(*before, sys.executable, *flags, *program, *map(str, arguments)),
        stdin=DEVNULL,
        stdout=stdout,
        stderr=PIPE,
        env=environment | {"PYTHONASYNCIODEBUG": "1"},
        cwd=_ROOT,
    )
    run = Run(process)
    async with asyncio.TaskGroup() as tasks:
        tasks.create_task(run.read())
        try:
            yield run
        finally:
            if run.code is None:
                process.kill()
            await process.wait()


def wrong(run: Run, *, secrets: Collection[str] = (), failing: bool = False) -> Iterator[str]:
    """What may not stand on its standard error; a `failing` run may log errors."""
    for line in run.lines:
        if any(secret in line for secret in (SECRET, *secrets)):
            yield "it shows a secret"
        allowed = _LOG.match(line) or (failing and " level=error " in line)
        if not allowed and not _SLOW.search(line):
            yield line


@dataclass
class Clock:
    """How long something takes, for the record."""

    began: float = field(default_factory=time.monotonic)

    @property
    def seconds(self) -> float:
        return time.monotonic() - self.began
