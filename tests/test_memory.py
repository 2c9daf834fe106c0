"""Memory that is given back to the system."""

import ctypes
import subprocess
import sys

import pytest

PIECES = """
import os
from pathlib import Path

from exporter.memory import be_frugal, give_back

def resident():
    pages = int(Path("/proc/self/statm").read_text().split()[1])
    return pages * os.sysconf("SC_PAGE_SIZE")

be_frugal()
pieces = [bytes(20_000) for _ in range(4000)]
stays = pieces[::10]
del pieces
before = resident()
give_back()
print(before - resident())
"""


@pytest.mark.skipif(
    not hasattr(ctypes.CDLL(None), "malloc_trim"), reason="the C library is not glibc"
)
def test_what_lies_free_between_what_stays_goes_back_to_the_system() -> None:
    """80 MB, of which a tenth stays; a piece that lies alone keeps what shares a page with it."""
    ran = subprocess.run([sys.executable, "-c", PIECES], capture_output=True, text=True, check=True)
    assert int(ran.stdout) > 40_000_000
