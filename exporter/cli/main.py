"""Selects the command that the arguments name, and runs it."""

import io
import os
import sys
from collections.abc import Sequence
from pathlib import Path

from exporter.build import version_text

from .command import COMMANDS
from .exit_codes import FAILED, OK, usage_error
from .loading import light_loading


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
    if arguments == ["--version"]:  # beside other flags it is one of `serve`
        print(version_text())  # noqa: T201 - the answer
        return OK
    name, *given = _with_command(arguments)
    if name not in COMMANDS:
        return _unknown(name)
    command = COMMANDS[name]
    with light_loading():  # the settings
        parser = command.parser()
    return command.run(parser.parse_args(given))


def _unknown(name: str) -> int:
    from exporter.settings import Fault, did_you_mean

    hint = did_you_mean(name, COMMANDS) or f"--help lists {', '.join(COMMANDS)}"
    return usage_error([Fault(f"{name!a}", "is not a command", hint)])


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
    return arguments if arguments and not arguments[0].startswith("-") else ["serve", *arguments]
