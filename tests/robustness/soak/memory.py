"""How much memory a process has, as itself sees it."""

import ctypes
import gc
import os
import sys
import tracemalloc
from dataclasses import asdict, dataclass
from json import dumps, loads
from pathlib import Path
from typing import Self


class _Allocated(ctypes.Structure):
    """glibc's struct mallinfo2."""

    _fields_ = [
        (name, ctypes.c_size_t)
        for name in (
            *("arena", "ordblks", "smblks", "hblks", "hblkhd"),
            *("usmblks", "fsmblks", "uordblks", "fordblks", "keepcost"),
        )
    ]


@dataclass(frozen=True, slots=True)
class Memory:
    """In bytes, but for `blocks`, the number of Python's small ones.

    `resident`  what the system counts: what is held, and the gaps between
    `held`      what the C library has handed out: Python's larger blocks, extensions, OpenSSL
    `traced`    what Python and its extensions have allocated since tracing began and still hold;
                0 if nothing is traced
    """

    resident: int
    held: int
    blocks: int
    traced: int

    @classmethod
    def now(cls) -> Self:
        """Of this process, without its garbage."""
        gc.collect()
        pages = int(Path("/proc/self/statm").read_text(encoding="ascii").split()[1])
        traced, _ = tracemalloc.get_traced_memory()
        resident = pages * os.sysconf("SC_PAGE_SIZE")
        return cls(resident, _held(), sys.getallocatedblocks(), traced)

    @classmethod
    def from_message(cls, message: bytes) -> Self:
        """Of another process."""
        return cls(**loads(message))

    def to_message(self) -> bytes:
        """For another process."""
        return dumps(asdict(self)).encode()


def _held() -> int:
    """In its heap and mapped one by one; as glibc reports since 2.33."""
    mallinfo = ctypes.CDLL(None).mallinfo2
    mallinfo.restype = _Allocated
    allocated = mallinfo()
    return int(allocated.uordblks + allocated.hblkhd)
