"""Memory that is returned to the kernel."""

import ctypes
import subprocess
import sys

import pytest

PIECES = """
import os
from pathlib import Path

from exporter.daemon.memory import limit_malloc_arenas, trim_heap

def resident():
    pages = int(Path("/proc/self/statm").read_text().split()[1])
    return pages * os.sysconf("SC_PAGE_SIZE")

limit_malloc_arenas()
pieces = [bytes(20_000) for _ in range(4000)]
stays = pieces[::10]
del pieces
before = resident()
trim_heap()
print(before - resident())
"""


@pytest.mark.skipif(
    not hasattr(ctypes.CDLL(None), "malloc_trim"), reason="the C library is not glibc"
)
def test_free_pages_between_used_ones_return_to_the_system() -> None:
    """80 MB, of which a tenth stays; a piece that lies alone keeps what shares a page with it."""
    ran = subprocess.run([sys.executable, "-c", PIECES], capture_output=True, text=True, check=True)
    assert int(ran.stdout) > 40_000_000
