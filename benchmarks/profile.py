"""Where the time of a poll goes, as py-spy sees it, which has to be installed: pip install py-spy.

It looks at a process that polls some hundred times a second, and notes the function that each busy
thread is in. What a library's C code does counts for the function that calls it.
"""

import argparse
import asyncio
import os
import re
import subprocess
import sys
from collections import Counter
from collections.abc import Iterable, Iterator
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Final

from .poll import Poller, changes_among
from .program import SERVICES
from .programs import running

SECONDS: Final = 30
RATE: Final = 400
SHOWN: Final = 0.02
"""The share from which a function has a line of its own."""

_FRAME: Final = re.compile(r"(?P<function>.+) \((?P<file>.+):\d+\)")
_POLLING: Final = re.compile(r"_poll \(benchmarks/poll\.py|_worker \(concurrent/futures/thread\.py")
"""A stack with one of these is of a poll: the rest is the making of the answers."""

_WAITING: Final = re.compile(r"(_worker \(concurrent/futures/thread|select \(selectors)\.py:\d+\)$")
"""A thread that has nothing to do."""


def main() -> None:
    """Look at a process that polls, and print what was seen."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("changed", choices=changes_among(0), help="what changes between polls")
    parser.add_argument("--services", type=int, default=SERVICES)
    parser.add_argument("--poll", action="store_true", help="do nothing but poll, until the end")
    given = parser.parse_args()
    if given.poll:
        _poll(given.services, changes_among(given.services)[given.changed])
    print(_table(_seen(given.services, given.changed)))


def _poll(services: int, changed: int) -> None:
    with asyncio.Runner() as runner:
        poller = Poller(runner, services)
        print(f"polling as {os.getpid()}", flush=True)
        while True:
            poller.poll(changed)


def _seen(services: int, changed: str) -> list[str]:
    """Lines of stacks, outermost function first, and how often each was seen."""
    polling = ("benchmarks.profile", changed, "--services", str(services), "--poll")
    options = ("--format", "raw", "--rate", str(RATE), "--duration", str(SECONDS))
    with (
        TemporaryDirectory() as folder,
        running(sys.executable, "-m", *polling, ready=r"polling as (\d+)") as program,
    ):
        file = Path(folder, "stacks")
        command = ("py-spy", "record", *options, "--output", file, "--pid", program.address)
        subprocess.run(command, check=True, stdout=sys.stderr)
        return file.read_text(encoding="utf-8").splitlines()


def _table(lines: Iterable[str]) -> str:
    seen = Counter[str]()
    for stack, times in _stacks(lines):
        if _POLLING.search(stack) and not _WAITING.search(stack):
            seen[_where(stack)] += times
    if not seen:
        raise RuntimeError("the process did not poll")
    shares = [(where, times / seen.total()) for where, times in seen.most_common()]
    shown = [(where, share) for where, share in shares if share >= SHOWN]
    rest = ("the rest", 1 - sum(share for _, share in shown))
    rows = (f"| {share:.0%} | {where} |" for where, share in (*shown, rest))
    return "\n".join(("| share | in |", "|---|---|", *rows))


def _stacks(lines: Iterable[str]) -> Iterator[tuple[str, int]]:
    for line in lines:
        stack, _, times = line.rpartition(" ")
        yield stack, int(times)


def _where(stack: str) -> str:
    """The innermost function, by its file's place in the project or in a library."""
    innermost = stack.rpartition(";")[2]
    found = _FRAME.fullmatch(innermost)
    return f"`{found['file']}` `{found['function']}`" if found else innermost


if __name__ == "__main__":
    main()
