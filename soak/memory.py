"""How much memory the exporter has: the process, and what its own code has allocated."""

import gc
import os
import sys
import tracemalloc
from dataclasses import dataclass
from pathlib import Path
from typing import Final, Self

_NOT_THE_EXPORTER: Final = tuple(
    tracemalloc.Filter(inclusive=False, filename_pattern=pattern)
    for pattern in (
        "*/exporter/simulator/*",
        "*/prometheus_client/*parser.py",
        "*/soak/*",
        tracemalloc.__file__,
    )
)


@dataclass(frozen=True, slots=True)
class Memory:
    """`resident` in bytes and `blocks` of Python's are the whole process, platforms and observer.

    `traced` are the bytes that anything but those two allocated since tracing began and has not
    given back, None as long as nothing is traced.
    """

    resident: int
    blocks: int
    traced: int | None

    @classmethod
    def now(cls) -> Self:
        gc.collect()
        blocks = sys.getallocatedblocks()
        pages = int(Path("/proc/self/statm").read_text(encoding="ascii").split()[1])
        return cls(pages * os.sysconf("SC_PAGE_SIZE"), blocks, _traced())


def _traced() -> int | None:
    if not tracemalloc.is_tracing():
        return None
    ours = tracemalloc.take_snapshot().filter_traces(_NOT_THE_EXPORTER)
    return sum(trace.size for trace in ours.traces)
