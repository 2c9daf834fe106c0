"""How the process asks the system for memory, and gives it back.

A poll in which much has changed makes as much anew as there was, and then lets the old go. glibc
keeps what is let go in pieces between what stays, and in an arena for each thread: half as much
again as is needed, for ever. (docs/decisions/0016-kept-pages.md)
"""

import ctypes
import gc
from collections.abc import Callable
from typing import Final

_M_TRIM_THRESHOLD: Final = -1
_M_MMAP_THRESHOLD: Final = -3
_M_ARENA_MAX: Final = -8
"""From glibc's malloc.h."""

_MAPPED_FROM: Final = 256 << 10
"""Bytes: a page of a platform's list is larger, and goes back to the system by itself.

What a scrape needs for a moment is smaller: to ask the system for that made scrapes twice as slow.
"""

_TRIMMED_FROM: Final = 512 << 10


def be_frugal() -> None:
    """Before threads begin; where the C library is another one than glibc it has no need of it."""
    mallopt = _glibc("mallopt")
    if mallopt is not None:
        mallopt(_M_ARENA_MAX, 1)
        mallopt(_M_MMAP_THRESHOLD, _MAPPED_FROM)
        mallopt(_M_TRIM_THRESHOLD, _TRIMMED_FROM)


def give_back() -> None:
    """What lies free between what stays; takes a millisecond, in which nobody else can ask for any.

    `be_frugal` sees to the free end of it only.
    """
    trim = _glibc("malloc_trim")
    if trim is not None:
        trim(0)


def settle() -> None:
    """What has been loaded so far stays: never look through it for garbage again."""
    gc.collect()
    gc.freeze()


def _glibc(function: str) -> Callable[..., int] | None:
    """None where the C library is another one."""
    return getattr(ctypes.CDLL(None), function, None)
