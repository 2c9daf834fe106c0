"""The command line of the settings: one flag for each, as its declaration wants it.

Values are passed on as text; the settings check them, so that a flag, a variable and a key of the
file follow the same rules and have the same messages.
"""

import argparse
from collections.abc import Container
from typing import Any, NoReturn

from typing_extensions import override

from .parser import Refusal
from .settings_table import Setting, table


def add_flags(parser: argparse.ArgumentParser, only: Container[str] | None = None) -> None:
    """Add a group for each section of the settings, with a flag for each setting.

    A secret has no flag, only an entry in the help. `only` limits them to settings of these keys.
    """
    parser.usage = parser.usage or "%(prog)s [flags]"
    chosen = [setting for setting in table().settings if only is None or setting.key in only]
    groups = {
        name: parser.add_argument_group(name, description)
        for name, description in table().sections.items()
        if any(setting.path[0] == name for setting in chosen)
    }
    for setting in chosen:
        name = setting.path[0]
        if name not in groups:  # a setting of no section
            groups[name] = parser.add_argument_group(name)
        _add(groups[name], setting)


def flag_values(namespace: argparse.Namespace) -> dict[str, Any]:
    """The given values, nested as the settings are; the others are absent."""
    values: dict[str, Any] = {}
    for setting in table().settings:
        if setting.key in namespace:
            section = values
            for name in setting.path[:-1]:
                section = section.setdefault(name, {})
            section[setting.path[-1]] = getattr(namespace, setting.key)
    return values


def _add(group: argparse._ArgumentGroup, setting: Setting) -> None:
    # Absent where it is not given: a default would override the environment and the file.
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


class _Refuse(Refusal):
    """Refuse a secret on the command line, where every user of the machine can read it."""

    def __init__(self, *, setting: Setting, **options: Any) -> None:
        self.setting = setting
        self.heading = setting.key  # as it has no flag
        super().__init__(**options)

    @override
    def __call__(self, parser: argparse.ArgumentParser, *_: object) -> NoReturn:
        parser.error(
            f"{self.option_strings[0]}: a secret is not taken from the command line, where others "
            f"can read it; {self._other_ways()}"
        )

    def _other_ways(self) -> str:
        key = f"{self.setting.key}_file"
        flag = next((s.flag for s in table().settings if s.key == key), None)
        other = f"{flag} ({key})" if flag else f"{self.setting.key} in the file"
        return f"set {other} or {self.setting.environment}"
