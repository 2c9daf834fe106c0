"""Resolves a path without following links of other users.

In a folder that every user may write to, such as /tmp, a link can stand in for the file that is to
be written, and lead to any other. The kernel refuses to open such a link (fs.protected_symlinks),
but not to read its target. Each part of the path is opened relative to the one before it, so that
no other process can exchange one meanwhile.
"""

import errno
import os
import re
import stat
from collections import deque
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path, PurePath
from typing import BinaryIO, Final

_MOST_LINKS: Final = 40
"""The kernel's limit (path_resolution(7))."""

_ROOT: Final = 0
_FOLDER: Final = os.O_PATH | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC
_LINK: Final = os.O_PATH | os.O_NOFOLLOW | os.O_CLOEXEC

_PIPE: Final = re.compile(r"(?:pipe|socket):\[\d+\]")
"""Targets of links such as /proc/self/fd/1 that are no paths (proc_pid_fd(5))."""


@dataclass(frozen=True, slots=True)
class Destination:
    """A name in a folder that is open; a file of this name may be missing."""

    folder: int
    name: str

    def status(self) -> os.stat_result | None:
        """The status of the file; None if it is missing. A link is followed only to a pipe."""
        try:
            return os.stat(self.name, dir_fd=self.folder, follow_symlinks=_is_pipe(self))
        except FileNotFoundError:
            return None

    def open_device(self) -> BinaryIO:
        """Open a file for writing that is not a regular one, which may block."""
        follow = 0 if _is_pipe(self) else os.O_NOFOLLOW
        flags = os.O_WRONLY | os.O_CLOEXEC | follow
        device = os.fdopen(os.open(self.name, flags, dir_fd=self.folder), "wb")
        if stat.S_ISREG(os.fstat(device.fileno()).st_mode):
            device.close()
            raise OSError(errno.EBUSY, "was exchanged meanwhile")
        return device

    def names(self) -> list[str]:
        """The names of all files in the folder."""
        listing = os.open(".", os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC, dir_fd=self.folder)
        try:
            return os.listdir(listing)  # noqa: PTH208 - of a descriptor
        finally:
            os.close(listing)


@contextmanager
def open_destination(path: Path) -> Iterator[Destination]:
    """The folder in which the path ends after all its links, and the name there.

    Raises OSError: PermissionError for a link that belongs neither to root nor to our user.
    """
    walk = _Walk(path)
    try:
        yield walk.to_end()
    finally:
        walk.close()


class _Walk:
    """The folder reached so far, and the rest of the path."""

    def __init__(self, path: Path) -> None:
        self._parts = deque(path.parts)
        self._links = 0
        self._folder = os.open(".", _FOLDER)

    def close(self) -> None:
        os.close(self._folder)

    def to_end(self) -> Destination:
        while self._parts:
            part = self._parts.popleft()
            if not self._follow_link(part):
                if not self._parts and part not in {"..", "/", "//"}:
                    return Destination(self._folder, part)
                self._enter(part)
        raise IsADirectoryError(errno.EISDIR, os.strerror(errno.EISDIR))

    def _enter(self, part: str) -> None:
        entered = os.open(part, _FOLDER, dir_fd=self._folder)
        os.close(self._folder)
        self._folder = entered

    def _follow_link(self, part: str) -> bool:
        """Replace a link by the parts of its target; False if this part is no link."""
        text = _read_link(part, self._folder)
        if text is None or _is_pipe(Destination(self._folder, part)):
            return False
        self._links += 1
        if self._links > _MOST_LINKS:
            raise OSError(errno.ELOOP, os.strerror(errno.ELOOP))
        self._parts.extendleft(reversed(PurePath(text).parts))
        return True


def _is_pipe(destination: Destination) -> bool:
    """Whether it is a link of /proc to a pipe or socket; those links cannot be exchanged."""
    text = _read_link(destination.name, destination.folder)
    return text is not None and _PIPE.fullmatch(text) is not None and _is_in_proc(destination)


def _is_in_proc(destination: Destination) -> bool:
    try:
        return os.fstat(destination.folder).st_dev == Path("/proc/self").stat().st_dev
    except FileNotFoundError:
        return False


def _read_link(name: str, folder: int) -> str | None:
    """The target of a link; None for a missing file or one that is no link."""
    try:
        link = os.open(name, _LINK, dir_fd=folder)
    except FileNotFoundError:
        return None
    try:
        found = os.fstat(link)
        if not stat.S_ISLNK(found.st_mode):
            return None
        if found.st_uid not in {os.geteuid(), _ROOT}:
            raise PermissionError(errno.EPERM, "a link of another user is not followed")
        return os.readlink("", dir_fd=link)
    finally:
        os.close(link)
