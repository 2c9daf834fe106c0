"""A thread pool whose hung threads do not delay process exit.

A name server that does not answer, or a file on a share that is gone, blocks a thread, which cannot
be cancelled; and Python waits for each of its threads before it exits.
"""

import asyncio
import itertools
import os
import signal
import threading
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Final

from typing_extensions import override

HANDLED_SIGNALS: Final = frozenset({signal.SIGTERM, signal.SIGINT, signal.SIGHUP})

ENDING_SECONDS: Final = 1.0
"""For threads to end at shutdown, when their results are no longer needed."""

THREADS: Final = 64
THREADS_PER_TARGET: Final = 3
"""One looks up a name, one reads a secret, one decodes or renders; they begin only when needed."""

_PREFIX: Final = "work"
_numbers: Final = itertools.count()


class Threads(ThreadPoolExecutor):
    """A pool whose shutdown waits for its threads no longer than ENDING_SECONDS."""

    def __init__(self, most: int) -> None:
        self._name = f"{_PREFIX}{next(_numbers)}_"
        super().__init__(most, thread_name_prefix=self._name, initializer=_block_signals)

    @override
    def shutdown(self, wait: bool = True, *, cancel_futures: bool = False) -> None:
        super().shutdown(wait=False, cancel_futures=cancel_futures)
        if wait:
            deadline = time.monotonic() + ENDING_SECONDS
            for thread in _alive(self._name):
                thread.join(max(0.0, deadline - time.monotonic()))


def _block_signals() -> None:
    """Leave signals to the main thread, which blocks them once the process is ending."""
    signal.pthread_sigmask(signal.SIG_BLOCK, HANDLED_SIGNALS)


def exit_code_or_kill_hung_threads(code: int) -> int:
    """Return the exit code, or exit with it at once where a thread still hangs."""
    if _alive(_PREFIX):
        os._exit(code)  # without a flush: a hung thread may hold the lock of its stream
    return code


def _alive(prefix: str) -> list[threading.Thread]:
    return [each for each in threading.enumerate() if each.name.startswith(prefix)]


def use_threads(targets: int, threads: Callable[[int], Threads] = Threads) -> None:
    """Enough that name look-ups which hang don't keep healthy targets from rendering their pages.

    The default pool has few; and a reload may add targets, but cannot make the pool larger.
    """
    most = THREADS + THREADS_PER_TARGET * targets
    asyncio.get_running_loop().set_default_executor(threads(most))
