"""The command line of the settings: one flag for each, derived from what is declared.

Values are passed on as they were written; the settings check them, so that a flag, a variable and
a key of the file are held to the same rules and reported in the same way.
"""

import argparse
import re
import textwrap
from collections.abc import Container, Sequence
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
        parsed, unknown = self.parse_known_args(args, namespace)
        if unknown:
            self.error(_naming(unknown))
        return parsed

    @override
    def error(self, message: str) -> NoReturn:
        """End with status 2 and the message alone: the usage would push it off the screen."""
        safe = _ECHO.sub(r"\1", message)
        self.exit(2, f"{self.prog}: {safe} (--help tells more)\n")


def add_flags(parser: argparse.ArgumentParser, only: Container[str] | None = None) -> None:
    """Add a group for each section of the settings, with a flag for each of them.

    A secret has no flag, only an entry in the help. `only` names the keys of the settings that are
    meant, where not all are.
    """
    parser.usage = parser.usage or "%(prog)s [flags]"
    meant = [setting for setting in declared(Settings) if only is None or setting.key in only]
    groups = {
        name: parser.add_argument_group(name, description)
        for name, description in sections(Settings).items()
        if any(setting.path[0] == name for setting in meant)
    }
    for setting in meant:
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

    @override
    def _fill_text(self, text: str, width: int, indent: str) -> str:
        """Fold what is too wide, and leave the rest as it is laid out."""
        lines = super()._fill_text(text, width, indent).splitlines()
        return "\n".join(textwrap.fill(line, width, break_on_hyphens=False) for line in lines)

    @override
    def _format_action_invocation(self, action: argparse.Action) -> str:
        """Head the entry of a secret with its key: it is no flag."""
        if isinstance(action, _Refuse):
            return action.setting.key
        return super()._format_action_invocation(action)


def _add(group: argparse._ArgumentGroup, setting: Setting) -> None:
    # Absent unless given, so that a weaker source is not hidden behind a default.
    group.add_argument(
        setting.flag or f"--{setting.key.replace('_', '-')}",
        dest=setting.key,
        default=argparse.SUPPRESS,
        help=_help(setting).replace("%", "%%"),
        **_options(setting),
    )


def _options(setting: Setting) -> dict[str, Any]:
    if setting.secret:
        return {"action": _Refuse, "nargs": "?", "setting": setting}
    if setting.switch:
        return {"action": argparse.BooleanOptionalAction}
    action = "append" if setting.repeatable else "store"
    return {"action": action, "metavar": setting.metavar}


def _help(setting: Setting) -> str:
    if setting.secret:
        return f"{setting.description} (no flag, as it is a secret: set {setting.environment})"
    repeated = " May be repeated." if setting.repeatable else ""
    default = f"default: {setting.default}; " if setting.default else ""
    return f"{setting.description}{repeated} ({default}{setting.environment})"


class _Refuse(argparse.Action):
    """Refuse a secret on the command line, where every user of the machine can read it."""

    def __init__(self, *, setting: Setting, **options: Any) -> None:
        self.setting = setting
        super().__init__(**options)

    @override
    def __call__(self, parser: argparse.ArgumentParser, *_: object) -> NoReturn:
        parser.error(
            f"{self.option_strings[0]}: a secret is not taken from the command line, where others "
            f"can read it; {self._other_ways()}"
        )

    def _other_ways(self) -> str:
        key = f"{self.setting.key}_file"
        flag = next((s.flag for s in declared(Settings) if s.key == key), None)
        other = f"{flag} ({key})" if flag else f"{self.setting.key} in the file"
        return f"set {other} or {self.setting.environment}"


def _naming(arguments: Sequence[str]) -> str:
    """Name the unknown flags; anything else may be a value and is not repeated."""
    names = [argument.split("=")[0] for argument in arguments]
    flags = [name for name in names if _FLAG.fullmatch(name)]
    return "; ".join(map(_unknown_flag, flags)) or "there is an argument that belongs to no flag"


def _unknown_flag(flag: str) -> str:
    known = [setting.flag for setting in declared(Settings) if setting.flag]
    near = get_close_matches(flag, known, n=1)
    return f"unknown flag {flag}" + (f", did you mean {near[0]}?" if near else "")
