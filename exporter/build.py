"""Version, revision and date of the build, and the platform that it runs on.

The wheel holds revision and date in `build.json`, which hatch_build.py writes; a source tree has no
such file.
"""

import json
import platform
import ssl
import sys
from dataclasses import dataclass
from functools import cache
from importlib.metadata import version
from importlib.resources import files
from typing import Final

from . import NAME

VERSION: Final = version(NAME)

LIBRARIES: Final = ("aiohttp", "isal", "msgspec", "prometheus-client", "pydantic-settings")
"""The libraries whose versions a bug report should contain."""

UNKNOWN: Final = "unknown"


@dataclass(frozen=True, slots=True)
class Build:
    """Where the running code comes from.

    `revision` is a commit of git, followed by `-modified` where the tree had uncommitted changes;
    `date` is in UTC, in the format of RFC 3339. Each is `unknown` where it was not recorded.
    """

    revision: str = UNKNOWN
    date: str = UNKNOWN


@cache
def build() -> Build:
    """What was recorded when the exporter was built."""
    record = files(__package__) / "build.json"
    return Build(**json.loads(record.read_text("utf-8"))) if record.is_file() else Build()


def version_text() -> str:
    """Version and build facts, as Prometheus' own programs show them."""
    facts = {
        "build date": build().date,
        "python": f"{_python()}, {_openssl()}",
        "platform": f"{sys.platform}/{platform.machine()}",
        "libraries": ", ".join(f"{library} {version(library)}" for library in LIBRARIES),
    }
    head = f"{NAME}, version {VERSION} (revision: {build().revision})"
    return "\n".join([head, *(f"  {name + ':':<13} {fact}" for name, fact in facts.items())])


def _python() -> str:
    return f"{platform.python_implementation()} {platform.python_version()}"


def _openssl() -> str:
    return " ".join(ssl.OPENSSL_VERSION.split()[:2])
