"""Rewrites generated files, or only compares them."""

import argparse
from collections.abc import Callable, Iterable, Sequence
from pathlib import Path
from typing import Final

ROOT: Final = Path(__file__).resolve().parent.parent

Outdated = Callable[[Path], Iterable[tuple[Path, str | None]]]
"""Each outdated file of a project, and its wanted text: None for a file to delete."""


def rewrite(
    package: str, about: str | None, outdated: Outdated, arguments: Sequence[str] | None
) -> int:
    """Rewrite every outdated file; with --check, only return 1 if there is one."""
    parser = argparse.ArgumentParser(prog=f"python -m {package}", description=about)
    parser.add_argument("--check", action="store_true", help="change nothing, list what is old")
    parser.add_argument("--root", type=Path, default=ROOT, help="folder of the project")
    given = parser.parse_args(arguments)
    old = [*outdated(given.root)]
    for path, text in old:
        print(f"{path} is out of date" if given.check else f"rewrote {path}")  # noqa: T201 - a command's output
        if not given.check:
            _write(given.root / path, text)
    return int(bool(old) and given.check)


def _write(file: Path, text: str | None) -> None:
    if text is None:
        file.unlink()
    else:
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(text, "utf-8")
