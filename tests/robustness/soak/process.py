"""The exporter as a process of its own: its log, its signals, its end."""

import asyncio
import signal
import subprocess
import sys
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Final

from . import virtual_time
from .clock import Clock

_LISTENING: Final = "msg=listening url="
_LEVELS: Final = ("level=debug", "level=info", "level=warning")


@dataclass(frozen=True, slots=True)
class Running:
    """An exporter that listens at `url`."""

    url: str
    process: subprocess.Popen[bytes]

    def reload(self) -> None:
        """Have it read its settings anew."""
        self.process.send_signal(signal.SIGHUP)


@asynccontextmanager
async def running(
    file: Path,
    clock: Clock,
    waiting: virtual_time.Leading,
    bad: Callable[[str], None],
    *,
    traced: bool,
) -> AsyncIterator[Running]:
    """The exporter of this file, which lives in the time of this process until the block ends.

    `bad` gets errors in its log, all else that it prints, and a bad end. Where it is
    traced, every allocation is, from its first one on; that takes twice as long.
    """
    process = _started(file, clock, waiting, ("-X", "tracemalloc") if traced else ())
    loop, log = asyncio.get_running_loop(), asyncio.StreamReader()
    await loop.connect_read_pipe(lambda: asyncio.StreamReaderProtocol(log), _pipe(process))
    url: asyncio.Future[str] = loop.create_future()
    async with asyncio.TaskGroup() as tasks:
        tasks.create_task(_read_log(log, url, bad))
        try:
            yield Running(await url, process)
        finally:
            process.send_signal(signal.SIGTERM)
    code = await asyncio.to_thread(process.wait)
    if code:
        bad(f"the exporter has ended with {code}")


def _started(
    file: Path, clock: Clock, waiting: virtual_time.Leading, options: Sequence[str]
) -> subprocess.Popen[bytes]:
    ours, others = virtual_time.ends()
    with others:
        inherited = (clock.shared, others.fileno())
        numbers = (str(clock.began), *map(str, inherited))
        command = (sys.executable, *options, "-m", "tests.robustness.soak.exporter", *numbers)
        process = subprocess.Popen(
            (*command, f"--config.file={file}"), stderr=subprocess.PIPE, pass_fds=inherited
        )
    waiting.lead(ours)
    return process


def _pipe(process: subprocess.Popen[bytes]) -> IO[bytes]:
    if process.stderr is None:
        raise TypeError("it was started with a pipe for its log")
    return process.stderr


async def _read_log(
    log: asyncio.StreamReader, url: asyncio.Future[str], bad: Callable[[str], None]
) -> None:
    """Until the log ends."""
    async for line in log:
        entry = line.decode().rstrip()
        if _LISTENING in entry:
            url.set_result(entry.partition(_LISTENING)[2])
        elif not any(level in entry for level in _LEVELS):
            bad(f"the exporter logged: {entry}")
    if not url.done():
        url.set_exception(RuntimeError("the exporter has ended before it listened"))
