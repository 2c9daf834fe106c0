"""What the command line shows of each setting, read from a table that `make docs` writes.

The settings are declared in exporter/settings, with a library that takes most of the time in which
a help or a completion should be there. Values are checked there, never here.
"""

import json
from functools import cache
from pathlib import Path
from typing import Final, NamedTuple

NAME: Final = "settings.json"
"""The table's file, beside this module."""


class Setting(NamedTuple):
    """A setting as the command line has it; the names of the fields are those of its declaration.

    `flag` is None of a secret, which has none; `metavar` is the placeholder of a value, or the
    possible values with `|` between them; `default` is empty where there is none.
    """

    key: str
    flag: str | None
    environment: str
    metavar: str
    default: str
    description: str
    secret: bool
    repeatable: bool
    switch: bool

    @property
    def path(self) -> tuple[str, ...]:
        """The key, taken apart."""
        return tuple(self.key.split("."))


class Table(NamedTuple):
    """Every setting in its order, and the description of each section by its name."""

    sections: dict[str, str]
    settings: tuple[Setting, ...]


@cache
def table() -> Table:
    """The table of all settings."""
    read = json.loads(Path(__file__).with_name(NAME).read_text("utf-8"))
    return Table(read["sections"], tuple(Setting(**each) for each in read["settings"]))
