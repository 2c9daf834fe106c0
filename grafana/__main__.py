"""Rewrite the dashboards' JSON; with --check, only say which files are out of date."""

import argparse
import json
import sys
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Final

from grafana_foundation_sdk.builders.dashboard import Dashboard
from grafana_foundation_sdk.cog.encoder import JSONEncoder

from . import exporter_health, overview, updates

FOLDER: Final = Path(__file__).parent

DASHBOARDS: Final[Mapping[str, Callable[[], Dashboard]]] = {
    "overview.json": overview.dashboard,
    "updates.json": updates.dashboard,
    "exporter-health.json": exporter_health.dashboard,
}


def main(arguments: list[str] | None = None) -> int:
    """Bring every file up to date; with --check, return 1 if one is not."""
    parser = argparse.ArgumentParser(prog="python -m grafana", description=__doc__)
    parser.add_argument("--check", action="store_true", help="change nothing, say what is old")
    parser.add_argument("--folder", type=Path, default=FOLDER, help="where the files lie")
    options = parser.parse_args(arguments)
    old = [*outdated(options.folder)]
    for file, text in old:
        print(f"{file} is out of date" if options.check else f"rewrote {file}")  # noqa: T201 - a command's output
        if not options.check:
            file.write_text(text, encoding="utf-8")
    return int(bool(old) and options.check)


def outdated(folder: Path) -> Iterator[tuple[Path, str]]:
    """Each file that does not hold what it should, and what it should hold."""
    for name, dashboard in DASHBOARDS.items():
        file, text = folder / name, _json(dashboard())
        if not file.exists() or file.read_text(encoding="utf-8") != text:
            yield file, text


def _json(dashboard: Dashboard) -> str:
    text = JSONEncoder(sort_keys=True, indent=2, ensure_ascii=False).encode(dashboard.build())
    return json.dumps(json.loads(text), sort_keys=True, indent=2, ensure_ascii=False) + "\n"


if __name__ == "__main__":
    sys.exit(main())
