"""Programs of their own: started, known to be ready, watched by what the system counts, ended."""

import os
import re
import subprocess
import threading
from collections import deque
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Final
from urllib.request import Request, urlopen

ROOT: Final = Path(__file__).parents[1]
PATIENCE: Final = 300.0
"""Seconds after which what was waited for counts as missing."""

_KEPT_LINES: Final = 50
_MIB: Final = 1024


class Program:
    """A running program: what it has printed, and what the system knows."""

    def __init__(self, process: int, address: str) -> None:
        self.address = address
        self._proc = Path("/proc", str(process))

    @property
    def memory(self) -> float:
        """Resident now, in MiB."""
        return self._status("VmRSS")

    @property
    def peak_memory(self) -> float:
        """The most that was ever resident since the start or `forget_peak`, in MiB."""
        return self._status("VmHWM")

    @property
    def cpu_seconds(self) -> float:
        """CPU time so far of all the threads that it has."""
        # `stat` has them in steps of a hundredth of a second, which is much for one poll.
        threads = (self._proc / "task").glob("*/schedstat")
        return sum(int(thread.read_text().split()[0]) for thread in threads) / 10**9

    def forget_peak(self) -> None:
        (self._proc / "clear_refs").write_text("5")

    def _status(self, name: str) -> float:
        status = (self._proc / "status").read_text()
        found = re.search(rf"^{name}:\s+(\d+) kB$", status, re.MULTILINE)
        if found is None:
            raise RuntimeError(f"the system does not report {name}")
        return int(found[1]) / _MIB


@contextmanager
def running(*command: str | Path, ready: str) -> Iterator[Program]:
    """A program until the block ends.

    It is ready when it prints what matches `ready`, whose first group, if there is one, is its
    address.
    """
    with subprocess.Popen(
        command,
        cwd=ROOT,
        env=_environment(),
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    ) as process:
        address = _address(process, ready)
        # What it prints from now on must be read, or some day it would wait for a reader.
        reader = threading.Thread(target=deque, args=(process.stdout, 0))
        reader.start()
        try:
            yield Program(process.pid, address)
        finally:
            _end(process)
            reader.join()


def _environment() -> dict[str, str]:
    """Without the variable that makes Python compile every module at each start."""
    return {name: each for name, each in os.environ.items() if name != "PYTHONDONTWRITEBYTECODE"}


def ask(url: str, *, method: str = "GET") -> bytes:
    """The answer of a program to a question that is no measurement."""
    with urlopen(Request(url, method=method), timeout=PATIENCE) as response:  # noqa: S310 - ours
        body: bytes = response.read()
    return body


def _address(process: subprocess.Popen[str], ready: str) -> str:
    printed: deque[str] = deque(maxlen=_KEPT_LINES)
    impatience = threading.Timer(PATIENCE, process.kill)
    impatience.start()
    try:
        for line in process.stdout or ():
            printed.append(line)
            if found := re.search(ready, line):
                return found[1] if found.groups() else ""
    finally:
        impatience.cancel()
    raise RuntimeError(f"{process.args!r} was not ready before it ended:\n{''.join(printed)}")


def _end(process: subprocess.Popen[str]) -> None:
    process.terminate()
    try:
        process.wait(PATIENCE)
    except subprocess.TimeoutExpired:
        process.kill()
        raise
