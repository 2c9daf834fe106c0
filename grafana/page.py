"""The frame of a dashboard: its name, variables, links to the others, rows of panels."""

from collections.abc import Iterable, Mapping, Sequence
from copy import copy
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
CHANGES: Final = "zstack-aios-changes"
CENTERS: Final = "zstack-aios-model-centers"
UPDATES: Final = "zstack-aios-updates"
EXPORTER: Final = "zstack-aios-exporter"

_TO_PANEL: Final = "&viewPanel="

_TITLES: Final = {
    OVERVIEW: "ZStack AIOS / Overview",
    SERVICES: "ZStack AIOS / Services",
    CENTERS: "ZStack AIOS / Model centers",
    UPDATES: "ZStack AIOS / Updates",
    CHANGES: "ZStack AIOS / Changes",
    EXPORTER: "ZStack AIOS / Exporter health",
}


@dataclass(frozen=True, slots=True)
class Row:
    """Panels under a heading, from left to right."""

    title: str
    panels: tuple[AnyPanel, ...]


def page(
    uid: str,
    about: str,
    rows: Iterable[Row],
    *,
    since: str,
    every: str,
    marks: Iterable[build.AnnotationQuery] = (),
) -> build.Dashboard:
    """A dashboard that opens on the time `since` until now, and asks again `every` so often.

    `marks` are moments that its graphs point out.
    """
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
        .annotations([*marks])
        .links([_beside(other) for other in _TITLES if other != uid])
    )
    for row in rows:
        dashboard.with_row(build.Row(row.title))
        for panel in row.panels:
            dashboard.with_panel(panel)
    _number(dashboard.build().panels or [])
    return dashboard


def _number(panels: Sequence[model.Panel | model.RowPanel]) -> None:
    """Give each panel its id, and each link to a panel that of the panel with this title."""
    for number, each in enumerate(panels, start=1):
        each.id_val = number
    ids = {each.title: each.id_val for each in panels}
    for each in panels:
        if isinstance(each, model.Panel) and each.field_config:
            defaults = each.field_config.defaults
            defaults.links = [_to_panel(link, ids) for link in defaults.links or []] or None


def _to_panel(
    link: model.DashboardLink, ids: Mapping[str | None, int | None]
) -> model.DashboardLink:
    path, found, title = (link.url or "").partition(_TO_PANEL)
    if not found:
        return link
    resolved = copy(link)  # several panels may share it
    resolved.url = f"{path}{_TO_PANEL}{ids[title]}"
    return resolved


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


def _beside(other: str) -> build.DashboardLink:
    """What is chosen stays chosen, the time range too."""
    return (
        build.DashboardLink(_name(other))
        .type(model.DashboardLinkType.LINK)
        .icon("dashboard")
        .tooltip(_TITLES[other])
        .url(f"/d/{other}")
        .include_vars(True)  # noqa: FBT003 - likewise
        .keep_time(True)  # noqa: FBT003 - likewise
    )


def leading_to(other: str, *, of: str | None = None, panel: str = "") -> build.DashboardLink:
    """A link to another dashboard, with the time range and what is chosen here.

    In a table, `of` is the column with the platform to choose there. `panel` is the one of this
    same dashboard that is to fill the window.
    """
    names = ("datasource", "job", "instance") if of else ("datasource", "job", "instance", "target")
    chosen = [f"${{{name}:queryparam}}" for name in names]
    if of:
        chosen.append(f"var-target=${{__data.fields.{of}:percentencode}}")
    chosen.append("${__url_time_range}")
    if panel:
        return _link(panel, f"/d/{other}?{'&'.join(chosen)}{_TO_PANEL}{panel}")
    return _link(_name(other), f"/d/{other}?{'&'.join(chosen)}")


def status_page(column: str) -> build.DashboardLink:
    """A link to an exporter's own page, whose URL is in this column."""
    return _link("Status page", f"${{__data.fields.{column}:raw}}").target_blank(True)  # noqa: FBT003 - likewise


def _link(title: str, url: str) -> build.DashboardLink:
    return build.DashboardLink(title).type(model.DashboardLinkType.LINK).url(url)


def _name(dashboard: str) -> str:
    return _TITLES[dashboard].partition(" / ")[2]
