"""A page into a file that others read at any moment, as node_exporter's textfile collector does."""

import glob
import os
import tempfile
import time
from collections.abc import Iterable
from contextlib import suppress
from pathlib import Path
from typing import Final

_OLD_SECONDS: Final = 600
"""After which an unfinished file is nobody's any more: its writer was killed."""

_UNFINISHED: Final = ".unfinished"
"""How the name of a file ends that is being written; the collector reads `*.prom`."""

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
    _clear(file)
    descriptor, name = tempfile.mkstemp(_UNFINISHED, f".{file.name}.", file.parent)
    unfinished = Path(name)
    try:
        with os.fdopen(descriptor, "wb") as writer:
            writer.writelines(pieces)
            writer.flush()
            os.fsync(writer.fileno())  # or it could be empty after a loss of power
        unfinished.chmod(_READABLE)
        unfinished.replace(file)
    finally:
        unfinished.unlink(missing_ok=True)


def _clear(file: Path) -> None:
    """Remove what runs that were killed have left of this file, and nobody writes any more."""
    old = time.time() - _OLD_SECONDS
    for left in file.parent.glob(f".{glob.escape(file.name)}.*{_UNFINISHED}"):
        with suppress(OSError):  # another run was quicker, or may remove it and we may not
            if left.lstat().st_mtime < old:
                left.unlink()
