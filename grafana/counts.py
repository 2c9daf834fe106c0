"""Panels of one shape: how many there are of each kind, now and over time."""

from collections.abc import Mapping
from typing import Final

from grafana_foundation_sdk.builders import bargauge, stat, timeseries
from grafana_foundation_sdk.builders import dashboard as build

from .look import CALM, FRAMEWORKS, GOOD, MUTED, Caption, Query, steps
from .panels import QUARTER, USUAL, bars, lines, number
from .promql import inventory, ranked

_COLOURS: Final[Mapping[str, Mapping[str, str]]] = {
    "framework": FRAMEWORKS,
    "gpu_vendor": {"unknown": MUTED},
}


def over_time(
    caption: Caption,
    metric: str,
    label: str,
    *,
    where: tuple[str, ...] = (),
    height: int = USUAL,
    colours: Mapping[str, str] | None = None,
) -> timeseries.Panel:
    """The sum of a metric for each value of a label, on top of each other."""
    query = Query(inventory(metric, label, where=where), f"{{{{{label}}}}}")
    chosen = colours or _COLOURS.get(label)
    return lines(caption, query, height=height, stacked=True, colours=chosen)


def now_by(
    caption: Caption,
    metric: str,
    label: str,
    *,
    where: tuple[str, ...] = (),
    width: int = QUARTER,
    height: int = USUAL,
    color: str = CALM,
) -> bargauge.Panel:
    """The same now, the most first."""
    query = Query(ranked(inventory(metric, label, where=where)), f"{{{{{label}}}}}")
    return bars(caption, query, width=width, height=height, color=color)


def trouble(
    caption: Caption, query: str, color: str, *, leads_to: build.DashboardLink | None = None
) -> stat.Panel:
    """How many there are of what should not be there: "none" is good."""
    return number(
        caption,
        query,
        colours=steps(GOOD, (1, color)),
        mapped={"0": ("none", GOOD)},
        leads_to=leads_to,
    )
