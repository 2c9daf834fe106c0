"""The entry point; signals end it properly even while the rest still loads."""

import os
import signal
import sys
from types import FrameType


def main() -> int:
    """Run the command line; returns the exit code."""
    _install_early_signal_handlers()
    _keep_metrics_in_memory()
    from .cli.main import run  # noqa: PLC0415 - after the signals

    return run(sys.argv[1:])


def _install_early_signal_handlers() -> None:
    """Until a command installs its own handlers, SIGTERM and SIGINT just end the process.

    A SIGHUP stays pending until then.
    """
    # A SIGINT that comes while its handler changes would be lost, so it is blocked, too.
    signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGHUP, signal.SIGINT})
    # The kernel drops signals without a handler for process 1 of a container.
    first = os.getpid() == 1
    if first:
        signal.signal(signal.SIGTERM, _end)
    # Python's own handler would show a traceback. A parent may have set SIGINT to be ignored.
    if signal.getsignal(signal.SIGINT) is signal.default_int_handler:
        signal.signal(signal.SIGINT, _end if first else signal.SIG_DFL)
    signal.pthread_sigmask(signal.SIG_UNBLOCK, {signal.SIGINT})


def _keep_metrics_in_memory() -> None:
    """Remove the variables that make prometheus_client keep the values of metrics in files.

    They are for servers of several processes, such as others in the same container. The library
    reads them when it is loaded and later.
    """
    for name in ("PROMETHEUS_MULTIPROC_DIR", "prometheus_multiproc_dir"):
        os.environ.pop(name, None)


def _end(number: int, _frame: FrameType | None) -> None:
    """Exit with the code that a shell reports for a process which a signal has ended."""
    os._exit(128 + number)


if __name__ == "__main__":
    sys.exit(main())
