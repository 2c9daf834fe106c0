"""Prepare a release, and compare one with its tag.

The changelog's section Unreleased becomes that of the version; it has no date, which is the tag's.
"""

import argparse
import re
import sys
from pathlib import Path
from typing import Final

from docs.rewriting import ROOT

from .publishing import PROJECT, read_publishing

CHANGELOG: Final = Path("CHANGELOG.md")

_UNRELEASED: Final = "## Unreleased\n"
_VERSION: Final = re.compile(r"\d+\.\d+\.\d+")


def main(arguments: list[str] | None = None) -> int:
    """Run a command; returns 1 and prints why where it cannot be carried out."""
    parser = argparse.ArgumentParser(prog="python -m deploy.release", description=__doc__)
    parser.add_argument("--root", type=Path, default=ROOT, help="folder of the project")
    commands = parser.add_subparsers(dest="command", required=True)
    commands.add_parser("prepare").add_argument("version")
    commands.add_parser("check").add_argument("tag")
    commands.add_parser("notes")
    given = parser.parse_args(arguments)
    try:
        if given.command == "prepare":
            prepare(given.root, given.version)
        elif given.command == "check":
            check(given.root, given.tag)
        else:
            print(notes(given.root))  # noqa: T201 - the answer to the command
    except ValueError as error:
        print(f"release: {error}", file=sys.stderr)  # noqa: T201 - a command's output
        return 1
    return 0


def prepare(root: Path, version: str) -> None:
    """Give the project a version, and the changes that were not released to it.

    Raises ValueError for what is not a later version, and where nothing has changed.
    """
    from docs.promises import promise  # noqa: PLC0415 - the exporter; no other command needs it

    before = read_publishing(root).version
    if not _VERSION.fullmatch(version) or _parts(version) <= _parts(before):
        raise ValueError(f"{version!r} is no version after {before}: write it like 1.2.3")
    changelog = (root / CHANGELOG).read_text("utf-8")
    if not section(changelog, "Unreleased"):
        raise ValueError(f"{CHANGELOG} has nothing under Unreleased")
    released = changelog.replace(_UNRELEASED, f"{_UNRELEASED}\n## {version}\n", 1)
    (root / CHANGELOG).write_text(released, "utf-8")
    project = (root / PROJECT).read_text("utf-8")
    (root / PROJECT).write_text(
        project.replace(f'\nversion = "{before}"\n', f'\nversion = "{version}"\n', 1), "utf-8"
    )
    promise(root)


def check(root: Path, tag: str) -> None:
    """Raise ValueError where a tag is not that of the version, or its changes are not listed."""
    version = read_publishing(root).version
    if tag != f"v{version}":
        raise ValueError(f"the tag {tag} is not v{version}, the version of {PROJECT}")
    if not section((root / CHANGELOG).read_text("utf-8"), version):
        raise ValueError(f"{CHANGELOG} has no section {version}: make release VERSION={version}")


def notes(root: Path) -> str:
    """The changes of the version; before it is released, those that will be."""
    changelog = (root / CHANGELOG).read_text("utf-8")
    return section(changelog, read_publishing(root).version) or section(changelog, "Unreleased")


def section(changelog: str, title: str) -> str:
    """What stands under a title; empty where there is nothing, or no such title."""
    _, _, rest = changelog.partition(f"\n## {title}\n")
    return re.split(r"^## ", rest, maxsplit=1, flags=re.MULTILINE)[0].strip()


def _parts(version: str) -> tuple[int, ...]:
    return tuple(int(part) for part in version.split("."))


if __name__ == "__main__":
    sys.exit(main())
