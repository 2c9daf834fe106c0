"""A command's parser: it quotes no value in an error, and lays its help out as ours.

Flags and help need this and at most the settings. What a command does is loaded when it runs, so
that they come at once.
"""

import argparse
import re
import textwrap
from collections.abc import Sequence
from typing import Any, Final, NoReturn

from typing_extensions import override

from exporter import NAME

_WIDTH: Final = 100
# argparse repeats the value after these words; after a misspelt flag it can be a secret.
_ECHO: Final = re.compile(
    r"(invalid choice|ignored explicit argument):? .*?(?= \(choose from|$)", re.DOTALL
)
_FLAG: Final = re.compile(r"--?[a-z][a-z._-]*")


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
            self.error(_unknown_flags(unknown))
        return parsed

    @override
    def error(self, message: str) -> NoReturn:
        """Exit with status 2 and the message alone: the usage would push it off the screen."""
        safe = _ECHO.sub(r"\1", message)
        self.exit(2, f"{self.prog}: {safe} (see --help)\n")


def command_parser(command: str, description: str, **options: Any) -> Parser:
    """The parser of one command."""
    return Parser(prog=f"{NAME} {command}", description=description, **options)


class Refusal(argparse.Action):
    """An action that refuses what it is given; the help heads its entry with `heading`."""

    heading: str


class _Help(argparse.RawDescriptionHelpFormatter):
    def __init__(self, prog: str) -> None:
        super().__init__(prog, max_help_position=6, width=_WIDTH)

    @override
    def _fill_text(self, text: str, width: int, indent: str) -> str:
        """Wrap lines that are too wide; keep the layout of the rest."""
        lines = super()._fill_text(text, width, indent).splitlines()
        return "\n".join(textwrap.fill(line, width, break_on_hyphens=False) for line in lines)

    @override
    def _format_action_invocation(self, action: argparse.Action) -> str:
        if isinstance(action, Refusal):
            return action.heading
        return super()._format_action_invocation(action)


def _unknown_flags(arguments: Sequence[str]) -> str:
    """Name the unknown flags; any other argument may be a value and is not quoted."""
    names = [argument.split("=")[0] for argument in arguments]
    flags = [name for name in names if _FLAG.fullmatch(name)]
    return "; ".join(map(_unknown_flag, flags)) or "there is an argument that belongs to no flag"


def _unknown_flag(flag: str) -> str:
    from exporter.settings import Settings, declared, did_you_mean

    known = [setting.flag for setting in declared(Settings) if setting.flag]
    hint = did_you_mean(flag, known)
    return f"unknown flag {flag}" + (f", {hint}" if hint else "")
