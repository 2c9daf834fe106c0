"""The command line of the settings: one flag for each, derived from what is declared.

Values are passed on as they were written; the settings check them, so that a flag, a variable and
a key of the file are judged alike and told in one way.
"""

import argparse
import re
from collections.abc import Sequence
from difflib import get_close_matches
from typing import Any, NoReturn

from typing_extensions import override

from .settings import Setting, Settings, declared, sections

_WIDTH = 100
# argparse repeats the value after these words; after a misspelt flag it can be a secret.
_ECHO = re.compile(
    r"(invalid choice|ignored explicit argument):? .*?(?= \(choose from|$)", re.DOTALL
)
_FLAG = re.compile(r"--?[a-z][a-z._-]*")


class Parser(argparse.ArgumentParser):
    """A parser that names what it does not know without its value, which may be a secret."""

    def __init__(self, **options: Any) -> None:
        options.setdefault("formatter_class", _Help)
        super().__init__(**{"allow_abbrev": False, **options})

    @override
    def parse_args(  # type: ignore[override]  # argparse overloads it for namespaces of other types
        self, args: Sequence[str] | None = None, namespace: argparse.Namespace | None = None
    ) -> argparse.Namespace:
        """Parse all of `args`, or end with status 2 and the names of what is not known."""
        parsed, strangers = self.parse_known_args(args, namespace)
        if strangers:
            self.error(_strangers(strangers))
        return parsed

    @override
    def error(self, message: str) -> NoReturn:
        """End with status 2 and the message alone: the usage would push it off the screen."""
        told = _ECHO.sub(r"\1", message)
        self.exit(2, f"{self.prog}: {told} (--help tells more)\n")


def add_flags(parser: argparse.ArgumentParser) -> None:
    """Add a group for each section of the settings, with a flag for each of them."""
    groups = {
        name: parser.add_argument_group(name, description)
        for name, description in sections(Settings).items()
    }
    for setting in declared(Settings):
        _add(groups[setting.path[0]], setting)


def flag_values(namespace: argparse.Namespace) -> dict[str, Any]:
    """Nest what was given as the settings nest; what was not given is absent."""
    values: dict[str, Any] = {}
    for setting in declared(Settings):
        if setting.key in namespace:
            section = values
            for name in setting.path[:-1]:
                section = section.setdefault(name, {})
            section[setting.path[-1]] = getattr(namespace, setting.key)
    return values


class _Help(argparse.RawDescriptionHelpFormatter):
    def __init__(self, prog: str) -> None:
        super().__init__(prog, max_help_position=6, width=_WIDTH)


def _add(group: argparse._ArgumentGroup, setting: Setting) -> None:
    if setting.flag is None:
        group.add_argument(
            f"--{setting.key.replace('_', '-')}",
            action=_Refuse,
            setting=setting,
            nargs="?",
            default=argparse.SUPPRESS,
            help=argparse.SUPPRESS,
        )
    elif setting.switch:
        _add_one(group, setting, action=argparse.BooleanOptionalAction)
    elif setting.repeatable:
        _add_one(group, setting, action="append", metavar=setting.metavar)
    else:
        _add_one(group, setting, metavar=setting.metavar)


def _add_one(group: argparse._ArgumentGroup, setting: Setting, **options: Any) -> None:
    # Absent unless given, so that a weaker source is not hidden behind a default.
    group.add_argument(
        str(setting.flag),
        dest=setting.key,
        default=argparse.SUPPRESS,
        help=_help(setting).replace("%", "%%"),
        **options,
    )


def _help(setting: Setting) -> str:
    repeated = " May be repeated." if setting.repeatable else ""
    default = f"default: {setting.default}; " if setting.default else ""
    return f"{setting.description}{repeated} ({default}{setting.environment})"


class _Refuse(argparse.Action):
    """Refuse a secret on the command line, where every user of the machine can read it."""

    def __init__(self, *, setting: Setting, **options: Any) -> None:
        self._setting = setting
        super().__init__(**options)

    @override
    def __call__(self, parser: argparse.ArgumentParser, *_: object) -> NoReturn:
        parser.error(
            f"{self.option_strings[0]}: a secret is not taken from the command line, where others "
            f"can read it; {self._instead()}"
        )

    def _instead(self) -> str:
        beside = f"{self._setting.key}_file"
        file = next((s.flag for s in declared(Settings) if s.key == beside), None)
        other = f"{file} ({beside})" if file else f"{self._setting.key} in the file"
        return f"set {other} or {self._setting.environment}"


def _strangers(arguments: Sequence[str]) -> str:
    """Name the unknown flags; what else is there may be a value, which is only counted."""
    names = [argument.split("=")[0] for argument in arguments]
    flags = [name for name in names if _FLAG.fullmatch(name)]
    return "; ".join(map(_stranger, flags)) or "there is an argument that belongs to no flag"


def _stranger(flag: str) -> str:
    known = [setting.flag for setting in declared(Settings) if setting.flag]
    near = get_close_matches(flag, known, n=1)
    return f"unknown flag {flag}" + (f", did you mean {near[0]}?" if near else "")
