"""The committed dashboards, read as Grafana reads them."""

import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from math import ceil
from pathlib import Path
from typing import Any, Final

from typing_extensions import override

FOLDER: Final = Path(__file__).parents[2] / "grafana"
FILES: Final = sorted(FOLDER.glob("*.json"))

_POINTS: Final = 1000
"""Grafana asks for about as many as a panel has pixels."""

_SECONDS: Final = {"s": 1, "m": 60, "h": 3600, "d": 86400}


@dataclass(frozen=True)
class Target:
    """One query of a panel."""

    panel: str
    json: Mapping[str, Any]
    points: int

    @property
    def expression(self) -> str:
        return str(self.json["expr"])

    @property
    def instant(self) -> bool:
        return bool(self.json.get("instant"))

    def step(self, span: int, scrape: int) -> int:
        """Seconds between two points of a time range of so many seconds.

        `scrape` is the interval of scrapes, as the data source has it.
        """
        return max(self._smallest(scrape), ceil(span / self.points))

    def expanded(self, span: int, scrape: int, **chosen: str | list[str]) -> str:
        """The query that Prometheus gets: all of each variable, or what is chosen of it."""
        step, smallest = self.step(span, scrape), self._smallest(scrape)
        values = {
            "__interval": f"{step}s",
            "__range": f"{span}s",
            "__rate_interval": f"{max(step + smallest, 4 * smallest)}s",
        }
        values |= {name: _matching(chosen.get(name)) for name in ("job", "instance", "target")}
        expanded = re.sub(r"\$([a-z_]+)", lambda found: values[found[1]], self.expression)
        assert not re.search(r"\$(?!\d\b)", expanded), "only groups of a pattern are left"
        return expanded

    def _smallest(self, scrape: int) -> int:
        return seconds(self.json.get("interval", f"{scrape}s"))


@dataclass(frozen=True)
class Panel:
    """One panel that is no row."""

    dashboard: str
    json: Mapping[str, Any]

    @property
    def title(self) -> str:
        return str(self.json["title"])

    @property
    def targets(self) -> list[Target]:
        points = self.json.get("maxDataPoints", _POINTS)
        return [Target(str(self), each, points) for each in self.json["targets"]]

    @override
    def __str__(self) -> str:
        return f"{self.dashboard}: {self.title}"


def dashboards() -> dict[str, dict[str, Any]]:
    """Every dashboard by the name of its file."""
    return {file.stem: json.loads(file.read_text("utf-8")) for file in FILES}


def panels() -> Iterator[Panel]:
    for name, dashboard in dashboards().items():
        for panel in dashboard["panels"]:
            if panel["type"] != "row":
                yield Panel(name, panel)


def marks() -> Iterator[Target]:
    """The queries of annotations, which mark moments in graphs."""
    for name, dashboard in dashboards().items():
        for each in dashboard.get("annotations", {}).get("list", []):
            json = {"expr": each["expr"], "interval": each["step"], "legendFormat": ""}
            yield Target(f"{name}: {each['name']}", json, _POINTS)


def seconds(duration: str) -> int:
    """What a duration such as 15s or 24h comes to."""
    return int(duration[:-1]) * _SECONDS[duration[-1]]


def _matching(chosen: str | list[str] | None) -> str:
    """What stands for a variable: as Grafana writes one that several values may be chosen of."""
    if chosen is None:
        return ".+"
    if isinstance(chosen, str):
        return _escaped(chosen)
    return f"({'|'.join(map(_escaped, chosen))})"


def _escaped(value: str) -> str:
    return re.sub(r"[.*+?^${}()|\[\]\\]", r"\\\\\g<0>", value)
