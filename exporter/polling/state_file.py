"""The state file: locked by one process, replaced in one step. All of it blocks.

Beside it stand `NAME.lock`, which stays, and for a moment `NAME.new`.
"""

import errno
import fcntl
import os
import stat
from contextlib import suppress
from datetime import UTC, datetime
from pathlib import Path
from typing import BinaryIO, Final

import structlog

from exporter.settings import Fault, SettingsError

from .state_document import MOST_BYTES, BrokenStateError, TargetStates, decode

log = structlog.get_logger(__name__)

_HINT: Final = "new versions count as pending from now on; restore the file to have the dates back"

_MODE: Final = 0o600
_CREATE: Final = os.O_WRONLY | os.O_CREAT | os.O_NOFOLLOW | os.O_CLOEXEC


_IN_NO_FOLDER: Final = "is in no folder"


class StateInUseError(SettingsError):
    """Another process has locked the file."""


class StateFile:
    """A state file that no other process can open until `close`, or the end of this one."""

    def __init__(self, path: Path) -> None:
        """Lock the file; it may be missing. Raises SettingsError, StateInUseError."""
        self.path = path
        try:
            self._lock = os.open(self._beside("lock"), _CREATE, _MODE)
        except OSError as error:
            raise _cannot_be_used(path, error) from None
        try:
            fcntl.flock(self._lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            self.close()
            fix = "end the other one, or give each a file of its own"
            raise StateInUseError([_fault(path, "another exporter uses it", fix)]) from None
        except OSError as error:
            self.close()
            raise _cannot_be_used(path, error) from None

    def read(self) -> TargetStates:
        """What it holds: nothing if it is missing, or broken and therefore set aside.

        Raises SettingsError where it can be neither read nor replaced.
        """
        try:
            self._try_folder()
            return decode(_content(self.path))
        except FileNotFoundError:
            return {}
        except OSError as error:
            raise _cannot_be_used(self.path, error) from None
        except BrokenStateError as error:
            self._set_aside(str(error))
            return {}

    def write(self, content: bytes) -> None:
        """Replace the file; whenever the power fails, it has the old content or the new.

        Raises OSError, and the old content stays, or the new is there but not safe.
        """
        if len(content) > MOST_BYTES:
            raise OSError(errno.EFBIG, "more state than a file may have", str(self.path))
        unfinished = self._beside("new")
        try:
            with _new_file(unfinished) as writer:
                writer.write(content)
                writer.flush()
                os.fsync(writer.fileno())
            unfinished.replace(self.path)
        except OSError:
            with suppress(OSError):
                unfinished.unlink(missing_ok=True)
            raise
        _sync_folder(self.path.parent)

    def close(self) -> None:
        os.close(self._lock)

    def _beside(self, suffix: str) -> Path:
        return self.path.with_name(f"{self.path.name}.{suffix}")

    def _try_folder(self) -> None:
        """Whether a new file can be made there."""
        unfinished = self._beside("new")
        _new_file(unfinished).close()
        unfinished.unlink()

    def _set_aside(self, reason: str) -> None:
        aside = self._beside(f"broken-{datetime.now(UTC):%Y%m%dT%H%M%SZ}")
        try:
            self.path.rename(aside)
            _sync_folder(self.path.parent)
        except OSError as error:
            raise _cannot_be_used(self.path, error) from None
        log.error(
            "state file set aside", file=str(self.path), aside=str(aside), error=reason, hint=_HINT
        )


def check_state(path: Path) -> TargetStates:
    """What the file holds, read beside an exporter that uses it. Raises SettingsError."""
    try:
        if not path.parent.is_dir():
            raise NotADirectoryError(errno.ENOTDIR, _IN_NO_FOLDER, str(path))
        if not os.access(path.parent, os.W_OK | os.X_OK):
            raise PermissionError(errno.EACCES, os.strerror(errno.EACCES), str(path))
        return decode(_content(path))
    except FileNotFoundError:
        return {}
    except OSError as error:
        raise _cannot_be_used(path, error) from None
    except BrokenStateError as error:
        fix = "remove it, or let the exporter set it aside"
        raise SettingsError([_fault(path, str(error), fix)]) from None


def _content(path: Path) -> bytes:
    """Raises OSError; BrokenStateError if the file is too large to be read."""
    # Without O_NONBLOCK a named pipe would block.
    descriptor = os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC)
    with os.fdopen(descriptor, "rb") as reader:
        found = os.fstat(descriptor)
        if not stat.S_ISREG(found.st_mode):
            raise OSError(errno.EINVAL, "is no regular file", str(path))
        if found.st_size > MOST_BYTES:
            raise BrokenStateError(f"has more than {MOST_BYTES} bytes")
        return reader.read()


def _new_file(path: Path) -> BinaryIO:
    path.unlink(missing_ok=True)  # of a process that was killed
    return os.fdopen(os.open(path, _CREATE | os.O_EXCL, _MODE), "wb")


def _sync_folder(folder: Path) -> None:
    """Make a rename safe from a loss of power."""
    descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def _cannot_be_used(path: Path, error: OSError) -> SettingsError:
    fix = "name a file in a folder that this user can write to"
    missing = isinstance(error, FileNotFoundError) and not path.parent.is_dir()
    what = _IN_NO_FOLDER if missing else error.strerror or "cannot be used"
    return SettingsError([_fault(path, what, fix)])


def _fault(path: Path, what: str, fix: str) -> Fault:
    return Fault("state.file", f"{path}: {what}", fix)
