"""The licence of each package that the exporter runs with, as the package itself declares."""

import re
from importlib.metadata import metadata
from pathlib import Path

REQUIREMENTS = Path(__file__).resolve().parent.parent / "requirements" / "run.txt"
_PINNED = re.compile(r"^([\w.-]+)==([^\s;]+)", re.MULTILINE)


def licences() -> dict[str, str]:
    """By the name of the package."""
    return {name: _licence(name) for name, _ in _PINNED.findall(REQUIREMENTS.read_text("utf-8"))}


def licences_table() -> str:
    """The table of docs/licences.md."""
    rows = [f"| {name} | {licence} |" for name, licence in licences().items()]
    return "\n".join(["| package | licence |", "|---|---|", *rows])


def _licence(name: str) -> str:
    declared = metadata(name)
    for field in ("License-Expression", "License"):
        if field in declared:
            return declared[field].replace("Apache 2.0", "Apache-2.0")
    kinds = [each for each in declared.get_all("Classifier") or [] if each.startswith("License ::")]
    return ", ".join(kind.rpartition(" :: ")[2] for kind in kinds) or "unknown"
