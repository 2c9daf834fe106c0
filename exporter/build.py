"""Version, revision and date of the build, and the platform that it runs on.

The wheel holds revision and date in `build.json`, which hatch_build.py writes. A source tree has no
such file: its revision is read from the files of its repository, without git.
"""

import json
import platform
import re
import ssl
import sys
from dataclasses import dataclass
from functools import cache
from importlib.metadata import version
from importlib.resources import files
from pathlib import Path
from typing import Final

from . import NAME

VERSION: Final = version(NAME)

LIBRARIES: Final = ("aiohttp", "isal", "msgspec", "prometheus-client", "pydantic-settings")
"""The libraries whose versions a bug report should contain."""

PAGES: Final = "https://github.com/zstack-aios-exporter/zstack-aios-exporter/blob/main"
"""Where the project's files can be read, by their paths; `make docs` writes it."""

UNKNOWN: Final = "unknown"


@dataclass(frozen=True, slots=True)
class Build:
    """Where the running code comes from.

    `revision` is a commit of git, followed by `-modified` where the tree had uncommitted changes,
    or by `-editable` where the code runs from its source tree, which may have some. `date` is in
    UTC, in the format of RFC 3339. Each is `unknown` where it was not recorded.
    """

    revision: str = UNKNOWN
    date: str = UNKNOWN


@cache
def build() -> Build:
    """What was recorded when the exporter was built."""
    record = files(__package__) / "build.json"
    if record.is_file():
        return Build(**json.loads(record.read_text("utf-8")))
    commit = checked_out(Path(__file__).resolve().parent.parent)
    return Build(revision=f"{commit}-editable") if commit else Build()


def checked_out(tree: Path) -> str | None:
    """The commit that a source tree was checked out at; None where there is no repository.

    Reads what gitrepository-layout(5) describes: HEAD, then the branch that it names, in a file of
    its own or packed with others; of a linked worktree, the branches are in the main repository.
    """
    try:
        folder = tree / ".git"
        if folder.is_file():
            folder = tree / folder.read_text("utf-8").removeprefix("gitdir:").strip()
        head = (folder / "HEAD").read_text("utf-8").strip()
        if not head.startswith("ref: "):
            return _commit(head)
        shared = folder / "commondir"
        branches = folder / shared.read_text("utf-8").strip() if shared.is_file() else folder
        return _branch(branches, head.removeprefix("ref: "))
    except (OSError, UnicodeDecodeError):
        return None


def _branch(repository: Path, name: str) -> str | None:
    loose = repository / name
    if loose.is_file():
        return _commit(loose.read_text("utf-8").strip())
    for line in (repository / "packed-refs").read_text("utf-8").splitlines():
        commit, _, branch = line.partition(" ")
        if branch == name:
            return _commit(commit)
    return None


def _commit(text: str) -> str | None:
    return text if re.fullmatch(r"[0-9a-f]{40}|[0-9a-f]{64}", text) else None


def version_text() -> str:
    """Version and build facts, as Prometheus' own programs show them."""
    facts = {
        "build date": build().date,
        "python": f"{_python()}, {_openssl()}",
        "platform": f"{sys.platform}/{platform.machine()}",
        "libraries": ", ".join(f"{library} {version(library)}" for library in LIBRARIES),
    }
    head = f"{NAME}, version {VERSION} (revision: {build().revision})"
    return "\n".join([head, *(f"  {name + ':':<13} {fact}" for name, fact in facts.items())])


def _python() -> str:
    return f"{platform.python_implementation()} {platform.python_version()}"


def _openssl() -> str:
    return " ".join(ssl.OPENSSL_VERSION.split()[:2])
