"""The program: it can be told to end from its first moment on."""

import os
import signal
import sys
from types import FrameType


def main() -> int:
    """Run what the command line asks for; returns the exit code."""
    _end_quietly()
    from .commandline import run  # noqa: PLC0415 - loading it takes half a second

    return run(sys.argv[1:])


def _end_quietly() -> None:
    """Until a command hears signals itself there is nothing to close, and nothing to read anew.

    SIGTERM and SIGINT end the process as they end any other; a SIGHUP waits until it is heard.
    """
    # One that comes while its handler changes would be lost: it waits, too.
    signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGHUP, signal.SIGINT})
    # For the first process of a container a signal without a handler is lost.
    first = os.getpid() == 1
    if first:
        signal.signal(signal.SIGTERM, _end)
    # Python's own handler would show a traceback; one who starts us may have it ignored.
    if signal.getsignal(signal.SIGINT) is signal.default_int_handler:
        signal.signal(signal.SIGINT, _end if first else signal.SIG_DFL)
    signal.pthread_sigmask(signal.SIG_UNBLOCK, {signal.SIGINT})


def _end(number: int, _frame: FrameType | None) -> None:
    """End with the code that a shell gives to a process which a signal has ended."""
    os._exit(128 + number)


if __name__ == "__main__":
    sys.exit(main())
