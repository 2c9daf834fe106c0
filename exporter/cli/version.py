"""Show the version and build facts."""

from .command import Arguments
from .exit_codes import OK
from .parser import Parser, command_parser


def parser() -> Parser:
    """Flags of `version`: none."""
    return command_parser("version", "Show the version and build facts.")


def run(_given: Arguments) -> int:
    """Print them."""
    from exporter.build import version_text

    print(version_text())  # noqa: T201 - the answer to the command
    return OK
