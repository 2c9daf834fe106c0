"""What commands with an event loop share: signals, threads, the log, and what becomes of errors."""

import asyncio
import signal
from collections.abc import Callable, Coroutine
from functools import partial
from typing import Any, Final

import structlog

from exporter.daemon import event_loop, logs
from exporter.daemon.signals import Signals
from exporter.daemon.threads import HANDLED_SIGNALS, Threads, exit_code_or_kill_hung_threads
from exporter.settings import LogSettings, Settings, SettingsError

from .exit_codes import FAILED, usage_error

log = structlog.get_logger(__name__)

THREADS: Final = 32
"""For commands that set no larger pool."""

LOG_AS: Final = LogSettings()
"""For commands without settings."""

Work = Callable[[Signals], Coroutine[Any, Any, int]]


def run_with_signals(work: Work, log_as: LogSettings = LOG_AS) -> int:
    """Run `work` in an event loop, with the signals as events; returns the exit code.

    An error is logged and becomes an exit code. It must be the last thing that the process does:
    the signals stay blocked afterwards.
    """
    logs.configure(log_as.level, log_as.format)

    async def handling() -> int:
        signals = Signals()
        loop = asyncio.get_running_loop()
        loop.set_default_executor(Threads(THREADS))
        for number in (signal.SIGTERM, signal.SIGINT):
            loop.add_signal_handler(number, signals.stop.set)
        loop.add_signal_handler(signal.SIGHUP, signals.reload.set)
        signal.pthread_sigmask(signal.SIG_UNBLOCK, HANDLED_SIGNALS)
        try:
            return await work(signals)
        finally:
            # The loop removes its handlers; a second signal would then kill the process.
            signal.pthread_sigmask(signal.SIG_BLOCK, HANDLED_SIGNALS)

    try:
        with asyncio.Runner(loop_factory=event_loop.new_event_loop) as runner:
            code = runner.run(handling())
        return exit_code_or_kill_hung_threads(code)
    except Exception as error:  # noqa: BLE001 - the one place that reports what nothing else caught
        return exit_code_or_kill_hung_threads(_failed(_only_error(error)))


def run_with_settings(
    read: Callable[[], Settings], work: Callable[[Settings, Signals], Coroutine[Any, Any, int]]
) -> int:
    """Read the settings and run `work` with them, or report their faults."""
    try:
        settings = read()
    except SettingsError as error:
        return usage_error(error.faults)
    return run_with_signals(partial(work, settings), settings.log)


def _failed(error: BaseException) -> int:
    from exporter.web.sockets import AddressError

    if isinstance(error, SettingsError):
        return usage_error(error.faults)
    if isinstance(error, BrokenPipeError):
        raise error
    if isinstance(error, OSError):
        hint = {"hint": error.fix} if isinstance(error, AddressError) else {}
        file = f"{error.filename}: " if error.filename else ""
        log.error("failed", error=f"{file}{error.strerror or error}", **hint)
    else:
        log.error("internal error, please report it", exc_info=error)
    return FAILED


def _only_error(error: BaseException) -> BaseException:
    """Unwrap groups that hold a single error."""
    while isinstance(error, BaseExceptionGroup) and len(error.exceptions) == 1:
        error = error.exceptions[0]
    return error
