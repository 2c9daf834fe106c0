"""A command's parser: it quotes no value in an error, and lays its help out for the terminal.

Flags and help need this and the table of the settings. What a command does is loaded when it runs,
so that they come at once.
"""

import argparse
import re
import shutil
import textwrap
from collections.abc import Sequence
from typing import Any, Final, NoReturn

from typing_extensions import override

from exporter import NAME

NARROWEST: Final = 60
"""Columns of a help on any terminal: the longest flags fit in."""

WIDEST: Final = 100
"""Columns of a help on wider terminals, whose whole lines would be hard to read."""

# argparse repeats the value after these words; after a misspelt flag it can be a secret.
_ECHO: Final = re.compile(
    r"(invalid choice|ignored explicit argument):? .*?(?= \(choose from|$)", re.DOTALL
)
_FLAG: Final = re.compile(r"--?[a-z][a-z._-]*")
_COLUMN: Final = re.compile(r" +\S+ {2,}")
"""What stands before the text in a line of a list of two columns."""


class Parser(argparse.ArgumentParser):
    """A parser whose errors quote no values, which may be secrets."""

    def __init__(self, **options: Any) -> None:
        options.setdefault("formatter_class", _Help)
        super().__init__(**{"allow_abbrev": False, **options})

    @override
    def parse_args(  # type: ignore[override]  # argparse overloads it for namespaces of other types
        self, args: Sequence[str] | None = None, namespace: argparse.Namespace | None = None
    ) -> argparse.Namespace:
        """Parse all of `args`, or exit with status 2 and the names of the unknown flags."""
        parsed, unknown = self.parse_known_args(args, namespace)
        if unknown:
            self.error(self._unknown_flags(unknown))
        return parsed

    @override
    def error(self, message: str) -> NoReturn:
        """Exit with status 2 and the message alone: the usage would push it off the screen."""
        safe = _ECHO.sub(r"\1", message)
        self.exit(2, f"{self.prog}: {safe} (see --help)\n")

    def _unknown_flags(self, arguments: Sequence[str]) -> str:
        """Name the unknown flags; any other argument may be a value and is not quoted."""
        names = [argument.split("=")[0] for argument in arguments]
        flags = [name for name in names if _FLAG.fullmatch(name)]
        unknown = "; ".join(map(self._unknown_flag, flags))
        return unknown or "there is an argument that belongs to no flag"

    def _unknown_flag(self, flag: str) -> str:
        from exporter.settings import did_you_mean

        known = [
            name
            for action in self._actions
            if not isinstance(action, Refusal)
            for name in action.option_strings
        ]
        hint = did_you_mean(flag, known)
        return f"unknown flag {flag}" + (f", {hint}" if hint else "")


def command_parser(command: str, description: str, **options: Any) -> Parser:
    """The parser of one command."""
    return Parser(prog=f"{NAME} {command}", description=description, **options)


class Refusal(argparse.Action):
    """An action that refuses what it is given; the help heads its entry with `heading`."""

    heading: str


def help_width() -> int:
    """Columns of a help: those of the terminal, of $COLUMNS, or 80, within bounds."""
    return min(max(shutil.get_terminal_size().columns, NARROWEST), WIDEST)


class _Help(argparse.RawDescriptionHelpFormatter):
    def __init__(self, prog: str) -> None:
        super().__init__(prog, max_help_position=6, width=help_width())

    @override
    def _fill_text(self, text: str, width: int, indent: str) -> str:
        """Wrap lines that are too wide, within their column; keep the layout of the rest."""
        return "\n".join(_wrapped(line, width, indent) for line in text.splitlines())

    @override
    def _split_lines(self, text: str, width: int) -> list[str]:
        return textwrap.wrap(" ".join(text.split()), width, break_on_hyphens=False)

    @override
    def _format_action_invocation(self, action: argparse.Action) -> str:
        if isinstance(action, Refusal):
            return action.heading
        if isinstance(action, argparse.BooleanOptionalAction):
            return action.option_strings[0].replace("--", "--[no-]", 1)
        return super()._format_action_invocation(action)


def _wrapped(line: str, width: int, indent: str) -> str:
    column = _COLUMN.match(line)
    below = indent + " " * len(column[0]) if column else indent
    filled = textwrap.fill(
        line, width, initial_indent=indent, subsequent_indent=below, break_on_hyphens=False
    )
    return filled or line
