"""The page for people: is it polled, how old is it, and what is wrong."""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from importlib.metadata import version

import jinja2

from .snapshot import Snapshot
from .telemetry import DISTRIBUTION


@dataclass(frozen=True, slots=True)
class Status:
    """What the page tells; `now` is Unix time."""

    snapshots: Sequence[Snapshot]
    telemetry_path: str
    now: float


def status_page(status: Status) -> str:
    """The page as HTML; every text of a stranger stays text."""
    return _template().render(status=status, version=version(DISTRIBUTION))


@cache
def _template() -> jinja2.Template:
    environment = jinja2.Environment(
        loader=jinja2.PackageLoader("exporter"),
        autoescape=True,
        undefined=jinja2.StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters["duration"] = duration
    return environment.get_template("status.html")


def duration(seconds: float) -> str:
    """`42 s`, `3 min`, `5 h`, `2 d`: as precise as a glance needs."""
    for size, unit in ((86400, "d"), (3600, "h"), (60, "min")):
        if seconds >= 2 * size:
            return f"{seconds / size:.0f} {unit}"
    return f"{max(seconds, 0):.0f} s"
