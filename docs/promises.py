"""The names that are promised from 1.0.0 on (stability.md), and the list of those promised so far.

`make release` adds the names that are new to promised.txt; a test holds that none is gone.
"""

from collections.abc import Iterator
from pathlib import Path
from typing import Final

from exporter.cli.command import COMMANDS
from exporter.metrics.table import SECTIONS
from exporter.settings import Settings, declared
from exporter.state.hints import ERRORS

from .rules import rules

PROMISED: Final = Path("docs/promised.txt")

_HEAD: Final = """\
# What docs/stability.md promises: a name that is here is gone only in a new major version.
# `make release` adds what is new.
"""


def names() -> set[str]:
    """Every name of today that is part of the public interface, as a line with its kind."""
    return {*_names()}


def _names() -> Iterator[str]:
    for family in (family for families in SECTIONS.values() for family in families):
        yield f"metric {family.name} ({family.type})"
        yield from (f"label {family.name}{{{label}}}" for label in family.labels)
    yield from (f"setting {setting.key}" for setting in declared(Settings))
    yield from (f"command {command}" for command in COMMANDS)
    yield from (f"reason {kind.reason}" for kind in ERRORS)
    for rule in rules():
        kind, name = ("alert", rule["alert"]) if "alert" in rule else ("record", rule["record"])
        yield f"{kind} {name}"


def promised(root: Path) -> set[str]:
    """What was promised by a release before."""
    lines = (root / PROMISED).read_text("utf-8").splitlines()
    return {line for line in lines if line and not line.startswith("#")}


def promise(root: Path) -> None:
    """Add what is new."""
    lines = sorted(promised(root) | names())
    (root / PROMISED).write_text(_HEAD + "\n".join(lines) + "\n", "utf-8")
