"""Show the help of a command, or of the program."""

from .command import COMMANDS, Arguments
from .exit_codes import OK, usage_error
from .parser import Parser, command_parser


def parser() -> Parser:
    """Flags of `help`."""
    made = command_parser(
        "help", "Show what a command does and its flags; without one, those of the program."
    )
    made.add_argument("command", nargs="?", metavar="COMMAND", help=f"one of {', '.join(COMMANDS)}")
    return made


def run(given: Arguments) -> int:
    """Print the help of the command that is named."""
    name = given.command or "serve"
    if name not in COMMANDS:
        return unknown_command(name)
    COMMANDS[name].parser().print_help()
    return OK


def unknown_command(name: str) -> int:
    """Report that there is no such command; returns the exit code."""
    from exporter.settings import Fault, did_you_mean

    hint = did_you_mean(name, COMMANDS) or f"--help lists {', '.join(COMMANDS)}"
    return usage_error([Fault(f"{name!a}", "is not a command", hint)])
