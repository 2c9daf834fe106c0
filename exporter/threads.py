"""Threads for what would block the event loop; one that hangs keeps the process from nothing.

A name server that does not answer, a file on a share that is gone: no thread can be told to give
that up, and Python waits for each of its threads before it ends.
"""

import itertools
import os
import signal
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from typing import Final

from typing_extensions import override

HEARD: Final = frozenset({signal.SIGTERM, signal.SIGINT, signal.SIGHUP})
"""The signals that mean something to the exporter."""

ENDING_SECONDS: Final = 1.0
"""For threads to end when there is nothing more to do; what they bring is no longer wanted."""

_PREFIX: Final = "work"
_numbers: Final = itertools.count()


class Threads(ThreadPoolExecutor):
    """A pool that waits for its threads only for so long."""

    def __init__(self, most: int) -> None:
        self._name = f"{_PREFIX}{next(_numbers)}_"
        super().__init__(most, thread_name_prefix=self._name, initializer=_hear_nothing)

    @override
    def shutdown(self, wait: bool = True, *, cancel_futures: bool = False) -> None:
        super().shutdown(wait=False, cancel_futures=cancel_futures)
        if wait:
            deadline = time.monotonic() + ENDING_SECONDS
            for thread in _alive(self._name):
                thread.join(max(0.0, deadline - time.monotonic()))


def _hear_nothing() -> None:
    """Signals are for the main thread, which can tell when they matter no more."""
    signal.pthread_sigmask(signal.SIG_BLOCK, HEARD)


def leave(code: int) -> int:
    """The exit code, for whoever ends the process; where a thread hangs, the end itself."""
    if _alive(_PREFIX):
        os._exit(code)  # without a flush: a thread may hold the lock of what it hangs at
    return code


def _alive(prefix: str) -> list[threading.Thread]:
    return [each for each in threading.enumerate() if each.name.startswith(prefix)]
