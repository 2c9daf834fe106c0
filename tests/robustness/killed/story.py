"""A platform's life, played to process after process: each goes on with it until it is killed.

Run as a program: `python -m tests.robustness.killed.story FILE MOMENTS SEED`. It forks, and so has
neither threads nor an event loop of its own. It prints what was not as it should be.
"""

import asyncio
import json
import logging
import os
import signal
import sys
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from random import Random
from types import FrameType
from typing import Any, Final, TypeAlias

import structlog

from exporter.polling import keeper as keeper_module
from exporter.polling.keeper import Keeper
from exporter.polling.pending_since import pending_since
from exporter.state.inventory import Inventory
from exporter.zstack import ModelService
from tests.support.builders import found

UUIDS: Final = tuple("abcdefgh")
URL: Final = "http://10.0.0.5:8080"

MOST_POLLS: Final = 6
"""Of a process that is not killed before."""

MOST_LINES: Final = 700
"""Of our code, after which a process is killed: somewhat more than it runs in so many polls."""

MOST_SECONDS: Final = 0.04
"""After which it is killed from outside: also between two lines, and within a call."""

TRACED: Final = ("polling/keeper", "polling/pending_since", "polling/state_", "first_sights")

Shown: TypeAlias = dict[str, float]
Flags: TypeAlias = Mapping[str, bool | None]


@dataclass(frozen=True)
class Chapter:
    """One poll: what the platform says, and since when each new version is pending in truth.

    One of which the platform does not say whether it is still there is among them.
    """

    at: float
    flags: Flags
    truth: Shown

    @property
    def inventory(self) -> Inventory:
        flags = self.flags.items()
        return found(*(ModelService(uuid, has_new_version=flag) for uuid, flag in flags))


def chapters(random: Random) -> Iterator[Chapter]:
    """The story without end: versions appear, are taken over or unknown, and services go."""
    flags: dict[str, bool | None] = {}
    truth: Shown = {}
    at = 1_750_000_000.0
    while True:
        at += random.choice((60.0, 60.125, 3600.7))
        for uuid in random.sample(UUIDS, random.choice((0, 1, 1, 2))):
            flags[uuid] = random.choice((True, True, False, None))
            if random.random() < 0.1:
                del flags[uuid]
        for uuid in UUIDS:
            if flags.get(uuid, False) is False:
                truth.pop(uuid, None)
            elif flags[uuid]:
                truth.setdefault(uuid, at)
        yield Chapter(at, dict(flags), dict(truth))


class Story:
    """Chapters that processes have read and that the next one will."""

    def __init__(self, random: Random) -> None:
        self._endless = chapters(random)
        self.chapters: list[Chapter] = []

    def __getitem__(self, number: int) -> Chapter:
        while len(self.chapters) <= number:
            self.chapters.append(next(self._endless))
        return self.chapters[number]


def forked(work: Callable[[int], object]) -> tuple[int, int]:
    """Run it in a process of its own with the writing end of a pipe: its pid, the reading end."""
    reading, writing = os.pipe()
    pid = os.fork()
    if pid:
        os.close(writing)
        return pid, reading
    try:
        work(writing)
    except BaseException as error:  # noqa: BLE001 - the parent reports it
        os.write(writing, json.dumps(repr(error)).encode() + b"\n")
    os._exit(0)


def played(pid: int, reading: int) -> list[Any]:
    """The whole lines that it wrote before it ended."""
    with os.fdopen(reading, "rb") as pipe:
        content = pipe.read()
    os.waitpid(pid, 0)
    return [json.loads(line) for line in content.splitlines(keepends=True) if line[-1:] == b"\n"]


async def play(file: Path, parts: list[Chapter], writing: int) -> None:
    """Poll after poll; a line is what may be shown from then on."""
    keeper = await asyncio.to_thread(Keeper.open, file)
    async with keeper.writing(), pending_since(keeper, "lab", URL) as since:
        assert since is not None
        for part in parts:
            shown = await since(part.inventory, part.at)
            os.write(writing, json.dumps(shown).encode() + b"\n")


def killed_after(lines: int) -> None:
    """Kill this process when it has run so many lines of what keeps the dates."""
    left = lines

    def line(_frame: FrameType, event: str, _argument: object) -> Any:
        nonlocal left
        left -= event == "line"
        if left <= 0:
            os.kill(os.getpid(), signal.SIGKILL)
        return line

    def call(frame: FrameType, _event: str, _argument: object) -> Any:
        name = frame.f_code.co_filename
        return line if any(part in name for part in TRACED) else None

    threading.settrace(call)
    sys.settrace(call)


def killed(file: Path, parts: list[Chapter], random: Random) -> list[Shown]:
    """What the process showed that was killed at a moment that chance chose."""
    by_line = random.random() < 0.6
    lines = random.randrange(1, MOST_LINES)

    def work(writing: int) -> None:
        if by_line:
            killed_after(lines)
        asyncio.run(play(file, parts, writing))

    pid, reading = forked(work)
    if not by_line:
        time.sleep(random.uniform(0, MOST_SECONDS))
        os.kill(pid, signal.SIGKILL)
    return played(pid, reading)


def read_on(file: Path, part: Chapter) -> list[Any]:
    """What a process shows that reads this chapter and ends."""
    return played(*forked(lambda writing: asyncio.run(play(file, [part], writing))))


def main(file: Path, moments: int, seed: int) -> int:
    """Returns how many of the processes were killed before they had played all."""
    random = Random(seed)
    story, number, ended_early = Story(random), 0, 0

    def check(pages: list[Any], moment: int) -> None:
        """All polls before were shown, so their dates were safe: each page has the true ones."""
        nonlocal number
        for page in pages:
            if page != story[number].truth:
                print(f"moment {moment}: {page} instead of {story[number].truth}")  # noqa: T201
            number += 1

    for moment in range(moments):
        parts = [story[number + offset] for offset in range(MOST_POLLS)]
        pages = killed(file, parts, random)
        ended_early += len(pages) < MOST_POLLS
        check(pages, moment)
        # What the process had found and not shown, the next one finds again.
        check(read_on(file, story[number]) or ["no page"], moment)
    for name in sorted(each.name for each in file.parent.iterdir()):
        if name not in {file.name, f"{file.name}.lock", f"{file.name}.new"}:
            print(f"left: {name}")  # noqa: T201
    return ended_early


if __name__ == "__main__":
    structlog.configure(wrapper_class=structlog.make_filtering_bound_logger(logging.WARNING))
    keeper_module.PAUSE_SECONDS = 0.0  # type: ignore[misc]  # to have more writes
    _, path, moments, seed = sys.argv
    print("killed", main(Path(path), int(moments), int(seed)))  # noqa: T201
