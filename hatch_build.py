"""Records in each wheel, and in each source archive, what it was built from."""

import atexit
import json
import os
import subprocess
import time
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from hatchling.builders.hooks.plugin.interface import BuildHookInterface

RECORD = "exporter/build.json"


class BuildRecord(BuildHookInterface):
    """Writes the revision and the date into what is built, and nothing into the source tree."""

    def initialize(self, version: str, build_data: dict[str, Any]) -> None:
        """Add the record, unless the code stays where it is and goes on changing.

        A wheel that is built from a source archive keeps the archive's.
        """
        root = Path(self.root)
        if version == "editable" or (root / RECORD).exists():
            return
        folder = TemporaryDirectory()
        atexit.register(folder.cleanup)
        record = Path(folder.name, "build.json")
        record.write_text(json.dumps({"revision": revision(root), "date": date()}) + "\n")
        build_data["force_include"][str(record)] = RECORD


def revision(root: Path) -> str:
    """The commit: of $SOURCE_REVISION, for builds without .git, or of the tree's own repository."""
    given = os.environ.get("SOURCE_REVISION")
    if given:
        return given
    if not (root / ".git").exists():  # a repository further up would be another project's
        return "unknown"
    command = ("git", "describe", "--always", "--abbrev=40", "--exclude=*", "--dirty=-modified")
    try:
        described = subprocess.run(  # noqa: S603 - nothing in it comes from outside
            command, cwd=root, check=True, capture_output=True, text=True
        )
    except (OSError, subprocess.CalledProcessError):
        return "unknown"
    return described.stdout.strip()


def date() -> str:
    """Now, or the moment that reproducible builds ask for, in UTC."""
    seconds = int(os.environ.get("SOURCE_DATE_EPOCH") or time.time())
    return time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(seconds))
