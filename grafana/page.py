"""The frame of a dashboard: its name, variables, links to the others, rows of panels."""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Final, TypeAlias

from grafana_foundation_sdk.builders import bargauge, stat, table, timeseries
from grafana_foundation_sdk.builders import dashboard as build
from grafana_foundation_sdk.cog.builder import Builder
from grafana_foundation_sdk.models import dashboard as model

from .look import DATASOURCE
from .promql import EXPORTERS, WATCHED

AnyPanel: TypeAlias = stat.Panel | bargauge.Panel | timeseries.Panel | table.Panel

OVERVIEW: Final = "zstack-aios-overview"
SERVICES: Final = "zstack-aios-services"
CENTERS: Final = "zstack-aios-model-centers"
UPDATES: Final = "zstack-aios-updates"
EXPORTER: Final = "zstack-aios-exporter"

_TITLES: Final = {
    OVERVIEW: "ZStack AIOS / Overview",
    SERVICES: "ZStack AIOS / Services",
    CENTERS: "ZStack AIOS / Model centers",
    UPDATES: "ZStack AIOS / Updates",
    EXPORTER: "ZStack AIOS / Exporter health",
}


@dataclass(frozen=True, slots=True)
class Row:
    """Panels under a heading, from left to right."""

    title: str
    panels: tuple[AnyPanel, ...]


def page(uid: str, about: str, rows: Iterable[Row], *, since: str, every: str) -> build.Dashboard:
    """A dashboard that opens on the time `since` until now, and asks again `every` so often."""
    dashboard = (
        build.Dashboard(_TITLES[uid])
        .uid(uid)
        .description(about)
        .tags(["zstack-aios"])
        .readonly()
        .time(since, "now")
        .refresh(every)
        .timezone("browser")
        .tooltip(model.DashboardCursorSync.CROSSHAIR)
        .variables(_variables())
        .links([_beside(other, uid) for other in _TITLES if other != uid])
    )
    for row in rows:
        dashboard.with_row(build.Row(row.title))
        for panel in row.panels:
            dashboard.with_panel(panel)
    for number, each in enumerate(dashboard.build().panels or [], start=1):
        each.id_val = number
    return dashboard


def _variables() -> list[Builder[model.VariableModel]]:
    datasource = (
        build.DatasourceVariable("datasource")
        .label("Data source")
        .description("The Prometheus that scrapes the exporter")
        .type("prometheus")
    )
    return [
        datasource,
        _choice("job", "Job", "Scrape job of the exporters", WATCHED),
        _choice("instance", "Instance", "One exporter, or all", f'{WATCHED}{{job=~"$job"}}'),
        _choice(
            "target",
            "Target",
            "One platform, or all",
            f"{WATCHED}{{{EXPORTERS}}}",
        ),
    ]


def _choice(label: str, title: str, about: str, of: str) -> build.QueryVariable:
    """Any of the values that a label has in the time range; all of them to begin with."""
    everything = model.VariableOption(selected=True, text="All", value="$__all")
    return (
        build.QueryVariable(label)
        .label(title)
        .description(about)
        .datasource(DATASOURCE)
        .definition(f"label_values({of}, {label})")
        .query(f"label_values({of}, {label})")
        .refresh(model.VariableRefresh.ON_TIME_RANGE_CHANGED)
        .sort(model.VariableSort.ALPHABETICAL_ASC)
        .multi(True)  # noqa: FBT003 - the builder's own form
        .include_all(True)  # noqa: FBT003 - likewise
        .all_value(".+")
        .current(everything)
    )


def _beside(other: str, here: str) -> build.DashboardLink:
    """What is chosen stays chosen; the time range too, but for those which look far back."""
    return (
        build.DashboardLink(_TITLES[other].partition(" / ")[2])
        .type(model.DashboardLinkType.LINK)
        .icon("dashboard")
        .tooltip(_TITLES[other])
        .url(f"/d/{other}")
        .include_vars(True)  # noqa: FBT003 - likewise
        .keep_time(not {UPDATES, CENTERS} & {other, here})
    )


def leading_to(other: str) -> build.DashboardLink:
    """A panel's link to another dashboard, with what is chosen here."""
    chosen = "&".join(
        f"${{{name}:queryparam}}" for name in ("datasource", "job", "instance", "target")
    )
    return (
        build.DashboardLink(_TITLES[other].partition(" / ")[2])
        .type(model.DashboardLinkType.LINK)
        .url(f"/d/{other}?{chosen}")
    )
