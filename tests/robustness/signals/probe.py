"""Runs the program of the exporter and writes what it has not cleared up to standard error.

asyncio cancels the tasks that are left when a loop ends, and reports none of them.
"""

import asyncio
import gc
import sys
import threading
from asyncio import runners
from typing import Final

from exporter.__main__ import main

PATIENCE: Final = 5.0
"""Seconds for a thread to end."""


def run() -> int:
    left = list[str]()
    cancel = runners._cancel_all_tasks  # type: ignore[attr-defined]  # noqa: SLF001 - none public

    def look(loop: asyncio.AbstractEventLoop) -> None:
        left.extend(map(repr, asyncio.all_tasks(loop)))
        cancel(loop)

    runners._cancel_all_tasks = look  # type: ignore[attr-defined]  # noqa: SLF001
    code = main()
    left += _threads()
    gc.collect()  # what was never closed, awaited or retrieved gives a warning
    for each in left:
        sys.stderr.write(f"left behind: {each}\n")
    return code


def _threads() -> list[str]:
    others = [each for each in threading.enumerate() if each is not threading.main_thread()]
    for each in others:
        each.join(PATIENCE)
    return [repr(each) for each in others if each.is_alive()]


if __name__ == "__main__":
    sys.exit(run())
