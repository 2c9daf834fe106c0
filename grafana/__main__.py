"""Rewrite the dashboards' JSON; with --check, only list the files that are out of date."""

import json
import sys
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Final

from grafana_foundation_sdk.builders.dashboard import Dashboard
from grafana_foundation_sdk.cog.encoder import JSONEncoder

from docs.rewriting import rewrite

from . import centers, changes, exporter_health, overview, services, updates

FOLDER: Final = Path("grafana")

DASHBOARDS: Final[Mapping[str, Callable[[], Dashboard]]] = {
    "overview.json": overview.dashboard,
    "services.json": services.dashboard,
    "model-centers.json": centers.dashboard,
    "updates.json": updates.dashboard,
    "changes.json": changes.dashboard,
    "exporter-health.json": exporter_health.dashboard,
}


def main(arguments: list[str] | None = None) -> int:
    """Bring every file up to date; with --check, return 1 if one is not."""
    return rewrite("grafana", __doc__, outdated, arguments)


def outdated(root: Path) -> Iterator[tuple[Path, str]]:
    """Each file that does not hold what it should, and what it should hold."""
    for name, dashboard in DASHBOARDS.items():
        path, text = FOLDER / name, _json(dashboard())
        file = root / path
        if not file.exists() or file.read_text(encoding="utf-8") != text:
            yield path, text


def _json(dashboard: Dashboard) -> str:
    text = JSONEncoder(sort_keys=True, indent=2, ensure_ascii=False).encode(dashboard.build())
    return json.dumps(json.loads(text), sort_keys=True, indent=2, ensure_ascii=False) + "\n"


if __name__ == "__main__":
    sys.exit(main())
