"""Settings of glibc's malloc and of the garbage collector that keep the process small.

A poll in which much has changed allocates a second copy of everything, then frees the first. glibc
keeps freed memory in gaps between what is still used, and in an arena for each thread: half as much
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
"""Bytes: a page of a platform's list is larger, so that freeing it returns it to the kernel.

The buffers of a scrape are smaller: with mmap for those, scrapes took twice as long.
"""

_TRIMMED_FROM: Final = 512 << 10


def limit_malloc_arenas() -> None:
    """Call it before threads start; does nothing where the C library is not glibc."""
    mallopt = _glibc("mallopt")
    if mallopt is not None:
        mallopt(_M_ARENA_MAX, 1)
        mallopt(_M_MMAP_THRESHOLD, _MAPPED_FROM)
        mallopt(_M_TRIM_THRESHOLD, _TRIMMED_FROM)


def trim_heap() -> None:
    """Return free heap pages to the kernel (malloc_trim) after large pages were replaced.

    It takes a millisecond, in which no other thread can allocate. The trim threshold that
    `limit_malloc_arenas` sets covers only the free end of the heap.
    """
    trim = _glibc("malloc_trim")
    if trim is not None:
        trim(0)


def freeze_startup_objects() -> None:
    """Exclude everything loaded so far from garbage collection: it stays until the end."""
    gc.collect()
    gc.freeze()


def _glibc(function: str) -> Callable[..., int] | None:
    """A function of glibc; None where the C library is another one."""
    return getattr(ctypes.CDLL(None), function, None)
