"""The page for people: is it polled, how old is it, and what is wrong."""

import time
from collections.abc import Sequence
from functools import cache

import jinja2

from . import VERSION
from .advice import advice
from .snapshot import Snapshot


def status_page(snapshots: Sequence[Snapshot], *, telemetry_path: str) -> str:
    """The page as HTML; untrusted text stays text."""
    return _template().render(
        snapshots=snapshots,
        telemetry_path=telemetry_path,
        version=VERSION,
        now=time.time(),
        monotonic=time.monotonic(),
    )


def duration(seconds: float) -> str:
    """`42 s`, `3 min`, `5 h`, `2 d`: as precise as a glance needs."""
    for size, unit in ((86400, "d"), (3600, "h"), (60, "min")):
        if seconds >= 2 * size:
            return f"{seconds / size:.0f} {unit}"
    return f"{max(seconds, 0):.3g} s"


@cache
def _template() -> jinja2.Template:
    environment = jinja2.Environment(
        loader=jinja2.PackageLoader("exporter"),
        autoescape=True,
        undefined=jinja2.StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters |= {"duration": duration, "advice": advice}
    return environment.get_template("status.html")
