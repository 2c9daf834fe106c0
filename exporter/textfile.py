"""A page into a file that others read at any moment, as node_exporter's textfile collector does."""

import os
import tempfile
from collections.abc import Iterable
from pathlib import Path
from typing import Final

_READABLE: Final = 0o644
"""The mode of the file: who reads it is another user."""


def write_textfile(file: Path, pieces: Iterable[bytes]) -> None:
    """Replace the file in one step; into a device or a pipe, just write. Raises OSError."""
    if file.exists() and not file.is_file():
        with file.open("wb") as device:
            device.writelines(pieces)
        return
    try:
        _replace(file.resolve(), pieces)
    except OSError as error:  # which names the unfinished file
        raise OSError(error.errno, error.strerror, str(file)) from error


def _replace(file: Path, pieces: Iterable[bytes]) -> None:
    descriptor, name = tempfile.mkstemp(dir=file.parent, prefix=f".{file.name}.")
    unfinished = Path(name)
    try:
        with os.fdopen(descriptor, "wb") as writer:
            writer.writelines(pieces)
        unfinished.chmod(_READABLE)
        unfinished.replace(file)
    finally:
        unfinished.unlink(missing_ok=True)
