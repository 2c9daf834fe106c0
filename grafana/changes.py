"""Changes: which services came, went, were updated, got a new version, request more."""

from typing import Final

from grafana_foundation_sdk.builders import dashboard as build
from grafana_foundation_sdk.builders import stat, timeseries
from grafana_foundation_sdk.builders.dashboard import Dashboard
from grafana_foundation_sdk.models import common

from . import history
from .look import CHANGES as COLOURS
from .look import Caption, Query, value_mappings
from .page import CHANGES, SERVICES, UPDATES, Row, leading_to, page
from .panels import WHOLE, WRAPPED, Column, Sorted, across, grid, legend, lines, number

_POINTS: Final = 500
"""Moments of the time range at which lists are compared; each costs one look at all services."""

_BARS: Final = 200

_NO_LIST: Final = "no services known (needs metrics.per_service)"
_EACH: Final = "What changed"


def dashboard() -> Dashboard:
    """The dashboard for those who ask what is different from before."""
    return page(
        CHANGES,
        "What changed among the model services in the time range: the first and the last list that"
        " is known of each platform are compared. A restarted exporter and failed polls change"
        " nothing.",
        (_how_many(), _when(), _which()),
        since="now-24h",
        every="5m",
    )


def _how_many() -> Row:
    return Row(
        "In the time range",
        across(
            _count("Came", "Services that the first list of their platform did not have.", "came"),
            _count("Went", "Services that the last list of their platform does not have.", "went"),
            _count(
                "Updated",
                "Versions that services run and did not run when they were seen first.",
                "updated",
            ),
            _count(
                "New versions",
                "Services that have a new version available and had none when they were seen"
                " first.",
                "new version",
                leads_to=leading_to(UPDATES),
            ),
            _count(
                "More CPU",
                "Services that now request more CPU cores than at some time in the range.",
                "CPU",
            ),
            _count(
                "More memory",
                "Services that now request more memory than at some time in the range.",
                "memory",
            ),
        ),
    )


_COUNTED: Final = {
    "came": history.came(),
    "went": history.went(),
    "updated": history.updated(),
    "new version": history.flagged(),
    "CPU": history.raised("CPU"),
    "memory": history.raised("memory"),
}


def _count(
    title: str, about: str, kind: str, *, leads_to: build.DashboardLink | None = None
) -> stat.Panel:
    return number(
        Caption(title, about, _NO_LIST),
        history.number_of(_COUNTED[kind]),
        leads_to=leads_to or leading_to(CHANGES, panel=_EACH),
    ).max_data_points(_POINTS)


def _when() -> Row:
    return Row(
        "When",
        (
            _as_bars(
                lines(
                    Caption(
                        "Changes over time",
                        "How many services changed, and how many in all. After a list has been"
                        " missing for more than an hour, changes show in the numbers above and in"
                        " the table alone.",
                        _NO_LIST,
                    ),
                    *(
                        Query(history.everywhere(services), kind)
                        for kind, services in history.IN_STEP.items()
                    ),
                    width=WHOLE,
                    stacked=True,
                    colours=COLOURS,
                )
            ),
        ),
    )


def _as_bars(panel: timeseries.Panel) -> timeseries.Panel:
    """One for each step, with what they add up to: a change is over at once."""
    return (
        panel.draw_style(common.GraphDrawStyle.BARS)
        .line_width(0)
        .fill_opacity(80)
        .axis_soft_max(1)
        .max_data_points(_BARS)
        .legend(legend(WHOLE, "sum"))
    )


_KINDS: Final = {
    "came": "came",
    "went": "went",
    "updated": "updated",
    "new version available": "new version",
    "requests more CPU": "requests more",
    "requests more memory": "requests more",
}
_WORDS: Final = {word: (word, COLOURS[kind]) for word, kind in _KINDS.items()}
"""What the table calls a change, in the colour of its kind."""


def _which() -> Row:
    return Row(
        "Which",
        (
            grid(
                Caption(
                    _EACH,
                    "Each change, the latest first. A service that came, was updated or got a new"
                    " version was first seen so at this time; one that went was last seen then; one"
                    " that requests more was last seen then to request less. The version is the"
                    f" one that runs after the change. At most {history.MOST_ROWS} changes.",
                    "nothing changed, or no list is known (needs metrics.per_service)",
                ),
                (history.rows(),),
                (
                    Column("Value", "Time", is_moment=True),
                    Column("change", "Change", cell=common.TableColorTextCellOptions()),
                    Column("name", "Service", cell=WRAPPED),
                    Column("target", "Platform"),
                    Column("framework", "Framework"),
                    Column("version", "Version"),
                ),
                Sorted("Time", descending=True),
                leads_to=(leading_to(SERVICES, of="Platform"), leading_to(UPDATES, of="Platform")),
                height=16,
            )
            .mappings(value_mappings(_WORDS))
            .max_data_points(_POINTS),
        ),
    )
