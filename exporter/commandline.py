"""The command line: which command is meant, and how it ended."""

import os
import sys
from collections.abc import Sequence
from difflib import get_close_matches

from . import logs
from .commands import COMMANDS
from .commands.ending import FAILED, misused
from .settings import Fault


def run(arguments: Sequence[str]) -> int:
    """Run a command; returns the exit code: 0, 1 it failed, 2 it was used or set wrongly."""
    name, *given = _with_command(list(arguments))
    if name not in COMMANDS:
        near = get_close_matches(name, COMMANDS, n=1)
        known = f"did you mean {near[0]}?" if near else f"--help lists {', '.join(COMMANDS)}"
        return misused([Fault(f"{name!a}", "is not a command", known)])
    logs.configure("info", "logfmt")
    command = COMMANDS[name]
    try:
        code = command.run(command.parser().parse_args(given))
        sys.stdout.flush()
    except BrokenPipeError:  # of `once | head`: who reads has seen enough
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return FAILED
    return code


def _with_command(arguments: list[str]) -> list[str]:
    """The arguments with the command that is meant where none is named."""
    return arguments if arguments and not arguments[0].startswith("-") else ["serve", *arguments]
