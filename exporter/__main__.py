"""The program: it can be told to end from its first moment on."""

import os
import signal
import sys
from types import FrameType


def main() -> int:
    """Run what the command line asks for; returns the exit code."""
    if os.getpid() == 1:
        # For the first process of a container a signal without a handler is lost, and loading all
        # the rest takes half a second.
        signal.signal(signal.SIGTERM, _end)
    from .commandline import run  # noqa: PLC0415 - for the same reason

    return run(sys.argv[1:])


def _end(number: int, _frame: FrameType | None) -> None:
    """End with the code that a shell gives to a process which a signal has ended."""
    signal.signal(number, signal.SIG_IGN)  # a second one would only disturb the ending
    sys.exit(128 + number)


if __name__ == "__main__":
    sys.exit(main())
