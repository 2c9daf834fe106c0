"""List every metric."""

from exporter import NAME
from exporter.flags import Parser
from exporter.metrics import table

from .command import Arguments
from .ending import OK


def parser() -> Parser:
    """Flags of `metrics`: none."""
    description = "List every metric: name, type, labels, meaning."
    return Parser(prog=f"{NAME} metrics", description=description)


def run(_given: Arguments) -> int:
    """Print every metric, as a table."""
    for line in table():
        print(line)  # noqa: T201 - the answer to the command
    return OK
