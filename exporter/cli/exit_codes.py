"""The exit codes, and how wrong usage is reported."""

import signal
import sys
from collections.abc import Iterable
from typing import TYPE_CHECKING, Final

from exporter import NAME

if TYPE_CHECKING:  # most commands end without a fault, and some need no settings
    from exporter.settings import Fault

OK: Final = 0
FAILED: Final = 1
MISUSED: Final = 2
INTERRUPTED: Final = 128 + signal.SIGINT


def usage_error(faults: Iterable["Fault"]) -> int:
    """Print a line for each fault, without a log's fields: its reader has typed the command."""
    for fault in faults:
        print(f"{NAME}: {fault}", file=sys.stderr)  # noqa: T201 - meant for a terminal
    return MISUSED
