"""Selects the command that the arguments name, and runs it."""

import io
import os
import sys
from collections.abc import Sequence
from pathlib import Path

from .command import COMMANDS
from .exit_codes import FAILED
from .help import unknown_command


def run(arguments: Sequence[str]) -> int:
    """Run a command; returns the exit code: 0, 1 for a failure, 2 for wrong usage or settings."""
    _prepare_output()
    try:
        code = _run(list(arguments))
        sys.stdout.flush()
    except BrokenPipeError:  # as in `once | head`
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return FAILED
    return code


def _run(arguments: list[str]) -> int:
    name, *given = _with_command(arguments)
    if name not in COMMANDS:
        return unknown_command(name)
    command = COMMANDS[name]
    return command.run(command.parser().parse_args(given))


def _prepare_output() -> None:
    """Escape what the locale cannot encode; replace closed streams by the null device."""
    for name in ("stdout", "stderr"):
        if getattr(sys, name) is None:
            null = Path(os.devnull).open("w", encoding="utf-8")  # noqa: SIM115 - for good
            setattr(sys, name, null)
    if isinstance(sys.stdout, io.TextIOWrapper):
        sys.stdout.reconfigure(errors="backslashreplace")


def _with_command(arguments: list[str]) -> list[str]:
    """The arguments, after `serve` where they name no command."""
    if arguments in (["--version"], ["-V"]):  # beside other flags they are those of `serve`
        return ["version"]
    return arguments if arguments and not arguments[0].startswith("-") else ["serve", *arguments]
