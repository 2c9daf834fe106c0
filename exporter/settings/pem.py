"""In-memory files for certificates and keys, as OpenSSL takes only paths."""

import errno
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from tempfile import NamedTemporaryFile
from typing import IO, Final

_DESCRIPTORS: Final = Path("/proc/self/fd")
_SHARED_MEMORY: Final = Path("/dev/shm")  # noqa: S108 - the file has mode 0600 and a random name


@contextmanager
def in_memory(content: bytes) -> Iterator[Path]:
    """Give the content a path, in memory and never on a disk. Raises OSError where there is none.

    Where /proc is not mounted, it is a file in /dev/shm, which only this user can read.
    """
    with _file() as file:
        file.write(content)
        file.flush()
        yield Path(file.name) if isinstance(file.name, str) else _DESCRIPTORS / str(file.name)


def _file() -> IO[bytes]:
    if _DESCRIPTORS.exists():
        return os.fdopen(os.memfd_create("pem"), "wb")
    try:
        return NamedTemporaryFile(dir=_SHARED_MEMORY)
    except OSError as error:
        reason = "neither /proc nor /dev/shm is mounted, and OpenSSL needs one of them"
        raise OSError(errno.ENOENT, reason) from error
