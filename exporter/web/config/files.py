"""The files of one reload: each is read once, and its digest shows later whether it changed."""

import hashlib
from collections.abc import Iterable, Mapping
from pathlib import Path

Fingerprints = Mapping[Path, str]
"""By file: the digest of its content, or the error number of why it could not be read."""


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
    """Read the files as they are now."""
    return {path: _fingerprint(_content(path)) for path in paths}


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
