"""What a table was measured on: cores, their class, versions; nothing that names the machine."""

import os
import platform
import re
import subprocess
from collections.abc import Iterator
from datetime import UTC, datetime
from importlib.metadata import version
from pathlib import Path
from typing import Final

from .peers import nginx_program

PACKAGES: Final = ("aiohttp", "isal", "msgspec", "prometheus-client", "xxhash")


def description() -> str:
    """One line of what matters, and the day."""
    return "; ".join((_processor(), *_versions(), f"{datetime.now(UTC):%Y-%m-%d}"))


def _processor() -> str:
    found = re.search(r"^model name\s*: (.+)$", Path("/proc/cpuinfo").read_text(), re.MULTILINE)
    name = found[1] if found else platform.machine()
    return f"{len(os.sched_getaffinity(0))} cores of {name}"


def _versions() -> Iterator[str]:
    yield f"{platform.system()} {'.'.join(platform.release().split('.')[:2])}"
    yield f"{platform.python_implementation()} {platform.python_version()}"
    yield ", ".join(f"{package} {version(package)}" for package in PACKAGES)
    if (program := nginx_program()) is not None:
        printed = subprocess.run([program, "-v"], capture_output=True, text=True, check=True).stderr
        yield printed.strip().partition("nginx version: ")[2].replace("/", " ")
