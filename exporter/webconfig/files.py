"""The files of one reading: each is read once, and its digest tells later whether it changed."""

import hashlib
import os
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

Fingerprints = Mapping[Path, str]
"""What each file held when it was looked at: a digest, or why it could not be read."""


class Files:
    """Reads files, relative ones from `folder`, and keeps their fingerprints."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._contents: dict[Path, bytes | OSError] = {}

    def content(self, name: Path | str) -> bytes:
        """All of a file, the same at every call. Raises OSError."""
        path = self._folder / name
        if path not in self._contents:
            self._contents[path] = _content(path)
        content = self._contents[path]
        if isinstance(content, OSError):
            raise content
        return content

    @property
    def fingerprints(self) -> Fingerprints:
        """Of every file that was read, or could not be."""
        return {path: _fingerprint(content) for path, content in self._contents.items()}


def fingerprints(paths: Iterable[Path]) -> Fingerprints:
    """Look at the files as they are now."""
    return {path: _fingerprint(_content(path)) for path in paths}


@contextmanager
def in_memory(content: bytes) -> Iterator[str]:
    """Give the content a path, for OpenSSL reads keys from files only; it is never on a disk."""
    with os.fdopen(os.memfd_create("webconfig"), "wb") as file:
        file.write(content)
        file.flush()
        yield f"/proc/self/fd/{file.fileno()}"


def _content(path: Path) -> bytes | OSError:
    try:
        return path.read_bytes()
    except OSError as error:
        return error
    except ValueError:  # a null byte in the name
        return FileNotFoundError(2, "No such file or directory")


def _fingerprint(content: bytes | OSError) -> str:
    if isinstance(content, OSError):
        return str(content.errno)
    return hashlib.sha256(content).hexdigest()
