"""List every metric."""

from .command import Arguments
from .exit_codes import OK
from .parser import Parser, command_parser


def parser() -> Parser:
    """Flags of `metrics`: none."""
    return command_parser("metrics", "List every metric: name, type, labels, meaning.")


def run(_given: Arguments) -> int:
    """Print every metric, as a table."""
    from exporter.metrics.table import table

    for line in table():
        print(line)  # noqa: T201 - the answer to the command
    return OK
