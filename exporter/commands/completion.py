"""Complete commands and flags in a shell."""

from exporter import NAME
from exporter.completion import SHELLS, script
from exporter.flags import Parser

from . import COMMANDS
from .command import Arguments
from .ending import OK


def parser() -> Parser:
    """Flags of `completion`."""
    made = Parser(
        prog=f"{NAME} completion",
        description="Print what makes a shell complete commands, flags and their values:\n\n"
        f'  eval "$({NAME} completion bash)"',
    )
    made.add_argument("shell", choices=SHELLS, help=" or ".join(SHELLS))
    return made


def run(given: Arguments) -> int:
    """Print the script that completes every command."""
    parsers = {name: command.parser() for name, command in COMMANDS.items()}
    print(script(given.shell, parsers["serve"], parsers))  # noqa: T201 - the answer to the command
    return OK
