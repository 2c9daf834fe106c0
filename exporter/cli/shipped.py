"""The files that the package carries for Prometheus, Grafana and operators.

The wheel has them under `shipped`, with their paths in the source tree (hatch_build.py); an
editable install reads those of the source tree.
"""

import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Final

from exporter import NAME

from .command import Arguments
from .exit_codes import FAILED, OK
from .parser import Parser
from .textfile import write_textfile

_PACKAGE: Final = Path(__file__).resolve().parent.parent


def shipped(pattern: str) -> tuple[Path, ...]:
    """The files that match a pattern relative to the source tree, in order."""
    installed = _PACKAGE / "shipped"
    root = installed if installed.is_dir() else _PACKAGE.parent
    return tuple(sorted(root.glob(pattern)))


def add_output_flags(parser: Parser, *, required: bool = False) -> None:
    """The flags that `write` obeys."""
    parser.add_argument(
        "--output",
        type=Path,
        metavar="DIR",
        required=required,
        help="write to this folder, which is made if it does not exist",
    )
    parser.add_argument(
        "--overwrite", action="store_true", help="with --output: replace files that differ"
    )


def print_or_write(files: Sequence[Path], given: Arguments) -> int:
    """Print the files, or write them where `--output` names a folder."""
    if given.output is not None:
        return write(files, given)
    for file in files:
        sys.stdout.buffer.write(file.read_bytes())  # in UTF-8, whatever the locale
    return OK


def write(files: Sequence[Path], given: Arguments) -> int:
    """Write all files to the folder `--output`, or none; returns the exit code."""
    try:
        return _write(files, given.output, overwrite=given.overwrite)
    except OSError as error:
        return _failed(f"{error.filename}: {error.strerror}")


def _write(files: Sequence[Path], folder: Path, *, overwrite: bool) -> int:
    folder.mkdir(parents=True, exist_ok=True)
    contents = {folder / file.name: file.read_bytes() for file in files}
    changed = [path for path, content in contents.items() if _differs(path, content)]
    if changed and not overwrite:
        names = ", ".join(map(str, changed))
        return _failed(f"{names}: exists and differs; --overwrite replaces it")
    for path, content in contents.items():
        write_textfile(path, [content])
        print(path)  # noqa: T201 - the answer to the command
    return OK


def _differs(path: Path, content: bytes) -> bool:
    if not path.exists():
        return False
    return path.stat().st_size != len(content) or path.read_bytes() != content


def _failed(what: str) -> int:
    print(f"{NAME}: {what}", file=sys.stderr)  # noqa: T201 - meant for a terminal
    return FAILED
