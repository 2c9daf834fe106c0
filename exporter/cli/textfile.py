"""Replaces a file in one step, also where others may read or write beside it."""

import os
import stat
import time
from collections.abc import Iterable
from contextlib import suppress
from pathlib import Path
from secrets import token_hex
from typing import Final

from .links import Destination, open_destination

_ABANDONED_SECONDS: Final = 600
"""The age at which an unfinished file counts as left by a run that was killed."""

_UNFINISHED: Final = ".unfinished"
"""The suffix of a file that is being written; the collector reads `*.prom`."""

_READABLE: Final = 0o644
"""The mode of a new file: its reader is another user."""


def write_textfile(file: Path, pieces: Iterable[bytes]) -> None:
    """Replace the file in one step; into a device or a pipe, just write.

    A file that is replaced passes on its mode and, as far as the system permits, its owner. Raises
    OSError, also for a link on the way that belongs to another user.
    """
    try:
        with open_destination(file) as destination:
            _write(destination, pieces)
    except OSError as error:  # which names a part of the path, or the unfinished file
        raise OSError(error.errno, error.strerror, str(file)) from error


def _write(destination: Destination, pieces: Iterable[bytes]) -> None:
    before = destination.status()
    if before is not None and not stat.S_ISREG(before.st_mode):
        with destination.open_device() as device:
            device.writelines(pieces)
    else:
        _remove_abandoned(destination)
        _replace(destination, before, pieces)


def _replace(
    destination: Destination, before: os.stat_result | None, pieces: Iterable[bytes]
) -> None:
    name, folder = destination.name, destination.folder
    unfinished = f".{name}.{token_hex(4)}{_UNFINISHED}"
    flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_CLOEXEC
    descriptor = os.open(unfinished, flags, 0o600, dir_fd=folder)
    try:
        with os.fdopen(descriptor, "wb") as writer:
            writer.writelines(pieces)
            writer.flush()
            _copy_mode_and_owner(before, descriptor)
            os.fsync(descriptor)  # or it could be empty after a loss of power
        os.replace(unfinished, name, src_dir_fd=folder, dst_dir_fd=folder)
    finally:
        with suppress(FileNotFoundError):
            os.unlink(unfinished, dir_fd=folder)


def _copy_mode_and_owner(before: os.stat_result | None, descriptor: int) -> None:
    """Give the new file the mode of the old one, and its owner and group where that is allowed."""
    if before is None:
        os.fchmod(descriptor, _READABLE)
        return
    for owner in (before.st_uid, -1):  # only root may change the owner; the group, its members too
        with suppress(PermissionError):
            os.fchown(descriptor, owner, before.st_gid)
            break
    os.fchmod(descriptor, before.st_mode & 0o777)  # set-user-ID is not for untrusted content


def _remove_abandoned(destination: Destination) -> None:
    """Remove unfinished versions of this file that killed runs have left."""
    oldest = time.time() - _ABANDONED_SECONDS
    with suppress(OSError):  # we may not be allowed to list the folder
        for name in destination.names():
            if name.startswith(f".{destination.name}.") and name.endswith(_UNFINISHED):
                _remove(name, destination.folder, older_than=oldest)


def _remove(name: str, folder: int, *, older_than: float) -> None:
    with suppress(OSError):  # another run removed it first, or we are not allowed to
        found = os.stat(name, dir_fd=folder, follow_symlinks=False)
        if found.st_mtime < older_than:
            os.unlink(name, dir_fd=folder)
