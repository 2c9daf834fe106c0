"""How a command runs and how it ends: its signals, its errors, its exit code."""

import asyncio
import signal
import sys
from collections.abc import Callable, Coroutine, Iterable
from functools import partial
from typing import Any, Final

import structlog

from exporter import NAME, logs
from exporter.settings import Fault, Settings, SettingsError
from exporter.signals import Signals
from exporter.threads import HEARD, Threads, leave

log = structlog.get_logger(__name__)

OK: Final = 0
FAILED: Final = 1
MISUSED: Final = 2
INTERRUPTED: Final = 128 + signal.SIGINT

THREADS: Final = 32
"""For commands that ask for no more."""

Work = Callable[[Signals], Coroutine[Any, Any, int]]


def run_until_signalled(work: Work) -> int:
    """Run until it ends, and tell it by its events of signals; returns the exit code.

    What it raises is told and becomes an exit code. It is the last thing that the process does:
    signals that come later change nothing any more.
    """

    async def listening() -> int:
        signals = Signals()
        loop = asyncio.get_running_loop()
        loop.set_default_executor(Threads(THREADS))
        for number in (signal.SIGTERM, signal.SIGINT):
            loop.add_signal_handler(number, signals.stop.set)
        loop.add_signal_handler(signal.SIGHUP, signals.reload.set)
        signal.pthread_sigmask(signal.SIG_UNBLOCK, HEARD)
        try:
            return await work(signals)
        finally:
            # The loop closes with its handlers; without one, a second signal would end the ending.
            signal.pthread_sigmask(signal.SIG_BLOCK, HEARD)

    try:
        return leave(asyncio.run(listening()))
    except Exception as error:  # noqa: BLE001 - the one place where whatever is left is told
        return leave(_failed(_only_error(error)))


def run_with(
    read: Callable[[], Settings], work: Callable[[Settings, Signals], Coroutine[Any, Any, int]]
) -> int:
    """The same with settings, as long as there is nothing wrong with them."""
    try:
        settings = read()
    except SettingsError as error:
        return misused(error.faults)
    logs.configure(settings.log.level, settings.log.format)
    return run_until_signalled(partial(work, settings))


def misused(faults: Iterable[Fault]) -> int:
    """One line a fault, plain, for whoever has just typed the command."""
    for fault in faults:
        print(f"{NAME}: {fault}", file=sys.stderr)  # noqa: T201 - meant for a terminal
    return MISUSED


def _failed(error: BaseException) -> int:
    if isinstance(error, SettingsError):
        return misused(error.faults)
    if isinstance(error, BrokenPipeError):
        raise error
    if isinstance(error, OSError):
        file = f"{error.filename}: " if error.filename else ""
        log.error("failed", error=f"{file}{error.strerror or error}")
    else:
        log.error("internal error, please report it", exc_info=error)
    return FAILED


def _only_error(error: BaseException) -> BaseException:
    """The error itself where a task group holds just one."""
    while isinstance(error, BaseExceptionGroup) and len(error.exceptions) == 1:
        error = error.exceptions[0]
    return error
