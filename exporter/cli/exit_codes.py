"""The exit codes, and how wrong usage is reported."""

import signal
import sys
from collections.abc import Iterable
from typing import Final

from exporter import NAME

OK: Final = 0
FAILED: Final = 1
MISUSED: Final = 2
INTERRUPTED: Final = 128 + signal.SIGINT


def usage_error(faults: Iterable[object]) -> int:
    """Print a line for each fault, without a log's fields: its reader has typed the command.

    A fault is one of the settings, or a text.
    """
    for fault in faults:
        print(f"{NAME}: {fault}", file=sys.stderr)  # noqa: T201 - meant for a terminal
    return MISUSED
