"""What the file system knows of files that are not opened: whether to read them again."""

import os
import stat
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, field
from glob import glob, has_magic
from pathlib import Path

from .file import read_failure

Stamp = tuple[int, ...]
"""Differs once a file was written or replaced: device, inode, size, two times; or an errno."""


@dataclass(frozen=True, slots=True)
class Look:
    """What the file system knows of the files that the globs match, without reading any.

    `unlistable` has the globs whose folder cannot be listed, with the reason; the files that were
    known under them count as there. `unmatched` are the other globs without a file. `beside` are
    other files that were looked at.
    """

    globs: tuple[str, ...] = ()
    stamps: Mapping[str, Stamp] = field(default_factory=dict)
    unlistable: Mapping[str, str] = field(default_factory=dict)
    unmatched: tuple[str, ...] = ()
    beside: tuple[Stamp | None, ...] = ()


def look(globs: tuple[str, ...], known: Collection[str] = (), beside: Iterable[Path] = ()) -> Look:
    """Look at every file that matches, and at those `beside`; `known` matched before."""
    stamps: dict[str, Stamp] = {}
    unlistable: dict[str, str] = {}
    unmatched: list[str] = []
    for pattern in globs:
        try:
            found = _matches(pattern)
        except OSError as error:
            unlistable[pattern] = read_failure(error)
            found = list(known)
        stamped = {file: stamp for file in found if (stamp := stamp_of(file)) is not None}
        if not stamped and pattern not in unlistable:
            unmatched.append(pattern)
        stamps |= stamped
    others = tuple(stamp_of(str(file)) for file in beside)
    return Look(globs, dict(sorted(stamps.items())), unlistable, tuple(unmatched), others)


def stamp_of(file: str) -> Stamp | None:
    """None for what is not there, and for a folder."""
    try:
        status = os.stat(file)  # noqa: PTH116 - for a thousand files, again and again
    except (FileNotFoundError, NotADirectoryError) as error:
        # A link that leads nowhere is there.
        return (error.errno or 0,) if os.path.islink(file) else None  # noqa: PTH114
    except OSError as error:
        return (error.errno or 0,)
    if stat.S_ISDIR(status.st_mode):
        return None
    times = (status.st_mtime_ns, status.st_ctime_ns)
    return (status.st_dev, status.st_ino, status.st_size, *times)


def shown(file: str) -> str:
    """A path that is fit for a log, a label and a page, whatever bytes it has."""
    text = os.fsencode(file).decode(errors="replace")
    if text.isprintable():
        return text
    return "".join(each if each.isprintable() else "\ufffd" for each in text)


def _matches(pattern: str) -> list[str]:
    """Raises OSError where the folder of the pattern cannot be listed: it may have any files."""
    if not has_magic(pattern):
        return [pattern]
    folder = os.path.dirname(pattern)  # noqa: PTH120 - a Path would drop what a pattern may have
    while has_magic(folder):
        folder = os.path.dirname(folder)  # noqa: PTH120
    try:
        os.scandir(folder or ".").close()
    except (FileNotFoundError, NotADirectoryError):
        return []
    return glob(pattern, recursive=True)  # noqa: PTH207 - which cannot do absolute ones
