"""Adds to each build what it was built from, and to each wheel the files for operators.

The description that a package index shows is README.md, whose links lead to the project's pages.
"""

import atexit
import json
import os
import re
import subprocess
import time
import tomllib
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from hatchling.builders.hooks.plugin.interface import BuildHookInterface
from hatchling.metadata.plugin.interface import MetadataHookInterface

RECORD = "exporter/build.json"
"""What a wheel was built from, read by exporter/build.py."""

ARCHIVED = "build.json"
"""The same of a source archive: not where a wheel has it, or it would come in another order."""

SHIPPED = ("deploy/prometheus/rules/*.yml", "grafana/*.json", "config.example.yaml")
"""What `rules`, `dashboards` and `config` print or write (exporter/cli/shipped.py)."""


class BuildRecord(BuildHookInterface):
    """Adds revision, date and files for operators; writes nothing into the source tree."""

    def initialize(self, version: str, build_data: dict[str, Any]) -> None:
        """Add them; an editable install, whose code goes on changing, gets none."""
        root = Path(self.root)
        if version == "editable":
            return
        record = root / ARCHIVED
        if not record.exists():  # a wheel of a source archive keeps the archive's
            record = self._written(root)
            if self.target_name == "sdist":
                build_data["force_include"][str(record)] = ARCHIVED
        if self.target_name == "wheel":
            build_data["force_include"] |= {**shipped(root), str(record): RECORD}

    def _written(self, root: Path) -> Path:
        folder = TemporaryDirectory()
        atexit.register(folder.cleanup)
        record = Path(folder.name, "build.json")
        record.write_text(json.dumps({"revision": revision(root), "date": date()}) + "\n")
        return record


class Description(MetadataHookInterface):
    """Makes README.md the description, which has no files beside it on a package index."""

    def update(self, metadata: dict[str, Any]) -> None:
        """Set the description."""
        root = Path(self.root)
        project = tomllib.loads((root / "pyproject.toml").read_text("utf-8"))
        publishing = project["tool"]["publishing"]
        pages = publishing["pages"].format(repository=publishing["repository"])
        text = absolute((root / "README.md").read_text("utf-8"), pages)
        metadata["readme"] = {"content-type": "text/markdown", "text": text}


def absolute(page: str, pages: str) -> str:
    """The page, with links to files and pictures of the project as addresses below `pages`."""
    page = re.sub(r"(!\[[^\]]*\]\()(?!https?:)([^)]+)", rf"\1{pages}/\2?raw=true", page)
    return re.sub(r"((?<!!)\[[^\]]*\]\()(?!https?:|#)([^)]+)", rf"\1{pages}/\2", page)


def shipped(root: Path) -> dict[str, str]:
    """The place in a wheel of each file that is shipped, by its place in the source tree.

    Raises FileNotFoundError where a part of the source tree is missing.
    """
    places = {}
    for pattern in SHIPPED:
        found = sorted(root.glob(pattern))
        if not found:
            raise FileNotFoundError(f"{root / pattern}: the wheel cannot be built without it")
        for file in found:
            places[str(file)] = f"exporter/shipped/{file.relative_to(root).as_posix()}"
    return places


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
