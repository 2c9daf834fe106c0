"""The few kinds of panels that the dashboards are made of."""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Final, TypeVar

from grafana_foundation_sdk.builders import bargauge, stat, table, timeseries
from grafana_foundation_sdk.builders import common as options
from grafana_foundation_sdk.builders import dashboard as build
from grafana_foundation_sdk.models import common
from grafana_foundation_sdk.models import dashboard as model

from .look import CALM, DATASOURCE, PLAIN, Caption, Query, fixed, named, prop, steps, value_mappings

WHOLE: Final = 24
HALF: Final = 12
THIRD: Final = 8
QUARTER: Final = 6

USUAL: Final = 8
TALL: Final = 9
"""Rows of the grid; a tall panel has room for a legend of ten series."""

Panel = TypeVar("Panel", stat.Panel, bargauge.Panel, timeseries.Panel, table.Panel)


def _captioned(panel: Panel, caption: Caption, width: int, height: int) -> Panel:
    if caption.unit == "none":
        panel.decimals(0)
    return (
        panel.title(caption.title)
        .description(caption.about)
        .unit(caption.unit)
        .no_value(caption.empty)
        .datasource(DATASOURCE)
        .span(width)
        .height(height)
    )


def _newest() -> options.ReduceDataOptions:
    return options.ReduceDataOptions().calcs(["lastNotNull"]).values(False)  # noqa: FBT003 - the builder's own form


def number(
    caption: Caption,
    query: str,
    *,
    colours: build.ThresholdsConfig | None = None,
    mapped: Mapping[str, tuple[str, str]] | None = None,
    leads_to: build.DashboardLink | None = None,
    name: str = "",
) -> stat.Panel:
    """One number as it is now: never an old one that happens to be the last.

    With a `name`, made of labels, that is shown instead of the number. A click on it leads to
    `leads_to`.
    """
    panel = (
        _captioned(stat.Panel(), caption, QUARTER, 4)
        .with_target(Query(query, name).now())
        .thresholds(colours or steps(PLAIN))
        .color_scheme(build.FieldColor().mode(model.FieldColorModeId.THRESHOLDS))
        .mappings(value_mappings(mapped or {}))
        .color_mode(common.BigValueColorMode.VALUE)
        .graph_mode(common.BigValueGraphMode.NONE)
        .text_mode(common.BigValueTextMode.NAME if name else common.BigValueTextMode.VALUE)
        .reduce_options(_newest())
    )
    return panel.data_links([leads_to]) if leads_to else panel


def across(*numbers: stat.Panel) -> tuple[stat.Panel, ...]:
    """These, side by side over the whole width."""
    return tuple(each.span(WHOLE // len(numbers)) for each in numbers)


def bars(
    caption: Caption,
    query: Query,
    *,
    width: int = QUARTER,
    height: int = USUAL,
    color: str = CALM,
) -> bargauge.Panel:
    """What there is now of each kind, the most first."""
    return (
        _captioned(bargauge.Panel(), caption, width, height)
        .with_target(query.now())
        .min(0)
        .color_scheme(build.FieldColor().mode(model.FieldColorModeId.FIXED).fixed_color(color))
        .thresholds(steps(color))
        .display_mode(common.BarGaugeDisplayMode.BASIC)
        .orientation(common.VizOrientation.HORIZONTAL)
        .value_mode(common.BarGaugeValueMode.TEXT)
        .sizing(common.BarGaugeSizing.MANUAL)
        .max_viz_height(32)
        .text(options.VizTextDisplayOptions().value_size(14))
        .show_unfilled(True)  # noqa: FBT003 - likewise
        .reduce_options(_newest())
    )


def lines(
    caption: Caption,
    *queries: Query,
    width: int = HALF,
    height: int = USUAL,
    stacked: bool = False,
    colours: Mapping[str, str] | None = None,
    shades_of: str | None = None,
    floor: float | None = 0,
    per: str = "",
) -> timeseries.Panel:
    """What became of it over time; `colours` are those of series whose meaning has one.

    Without a `floor`, there may be less than zero. `per` stands beside the axis: what the numbers
    are counted per.
    """
    panel = (
        _captioned(timeseries.Panel(), caption, width, height)
        .color_scheme(_hues(shades_of))
        .draw_style(common.GraphDrawStyle.LINE)
        .line_interpolation(
            common.LineInterpolation.STEP_AFTER if stacked else common.LineInterpolation.LINEAR
        )
        .line_width(1)
        .fill_opacity(60 if stacked else 4)
        .show_points(common.VisibilityMode.NEVER)
        .span_nulls(False)  # noqa: FBT003 - likewise
        .tooltip(
            options.VizTooltipOptions()
            .mode(common.TooltipDisplayMode.MULTI)
            .sort(common.SortOrder.DESCENDING)
        )
        .legend(legend(width, "lastNotNull", "max"))
    )
    if per:
        panel.axis_label(f"per {per}")
    for query in queries:
        panel.with_target(query.over_time())
    if floor is not None:
        panel.min(floor)
    if stacked:
        panel.stacking(options.StackingConfig().mode(common.StackingMode.NORMAL).group("A"))
    for name, color in (colours or {}).items():
        panel.with_override(named(name), [prop("color", fixed(color))])
    return panel


def limited(panel: timeseries.Panel, limit: build.ThresholdsConfig) -> timeseries.Panel:
    """The same with a dashed line at each threshold."""
    dashed = options.GraphThresholdsStyleConfig().mode(common.GraphThresholdsStyleMode.DASHED)
    return panel.thresholds(limit).thresholds_style(dashed)


def _hues(shades_of: str | None) -> build.FieldColor:
    """Colours that are easy to distinguish, or shades of one that has a meaning."""
    if shades_of is None:
        return build.FieldColor().mode(model.FieldColorModeId.PALETTE_CLASSIC)
    return build.FieldColor().mode(model.FieldColorModeId.SHADES).fixed_color(shades_of)


def legend(width: int, *values: str) -> options.VizLegendOptions:
    """Each series with these values, beside the graph; below it, and alone, if that is narrow."""
    is_narrow, is_wide = width < THIRD, width > THIRD
    mode = common.LegendDisplayMode.LIST if is_narrow else common.LegendDisplayMode.TABLE
    return (
        options.VizLegendOptions()
        .display_mode(mode)
        .placement(common.LegendPlacement.RIGHT if is_wide else common.LegendPlacement.BOTTOM)
        .show_legend(True)  # noqa: FBT003 - likewise
        .calcs([] if is_narrow else [*values])
    )


WRAPPED: Final = common.TableAutoCellOptions(wrap_text=True)
"""A cell whose text may take several lines, since names are long."""


@dataclass(frozen=True, slots=True)
class Column:
    """A column: what it is called in the answer and in the heading, and how it is shown.

    All numbers of a panel have its unit, but for those that are moments.
    """

    field: str
    heading: str
    is_moment: bool = False
    cell: common.TableCellOptions | None = None


@dataclass(frozen=True, slots=True)
class Difference:
    """A column more: one of numbers less another, by the names that they have in the answer."""

    name: str
    of: str
    less: str

    def settings(self) -> dict[str, object]:
        """As Grafana's transformation wants it."""
        binary = {"left": self.of, "operator": "-", "right": self.less}
        return {"mode": "binary", "alias": self.name, "binary": binary}


@dataclass(frozen=True, slots=True)
class Sorted:
    """The column by which rows are sorted at first."""

    by: str
    descending: bool = False


def grid(
    caption: Caption,
    queries: Iterable[str],
    columns: Iterable[Column],
    order: Sorted,
    *,
    difference: Difference | None = None,
    leads_to: Iterable[build.DashboardLink] = (),
    width: int = WHOLE,
    height: int = USUAL,
) -> table.Panel:
    """A row for each combination of labels; what several queries have in common is joined.

    A click on a cell leads to `leads_to`, which may name columns.
    """
    columns = tuple(columns)
    panel = (
        _captioned(table.Panel(), caption, width, height)
        .cell_height(common.TableCellHeight.SM)
        .min_width(80)
        .data_links([*leads_to])
        .color_scheme(build.FieldColor().mode(model.FieldColorModeId.THRESHOLDS))
        .thresholds(steps(PLAIN))
        .sort_by([options.TableSortByFieldState().display_name(order.by).desc(order.descending)])
        .transformations([*_transformations(columns, difference)])
    )
    for query in queries:
        panel.with_target(Query(query).rows())
    for column in columns:
        if column.cell:
            panel.with_override(named(column.heading), [prop("custom.cellOptions", column.cell)])
    return panel


def _transformations(
    columns: tuple[Column, ...], difference: Difference | None
) -> Iterator[model.DataTransformerConfig]:
    """Join rows, add a column, format times, choose columns, in this order."""
    yield _transformation("merge", {})
    if difference:
        yield _transformation("calculateField", difference.settings())
    moments: list[dict[str, str]] = [
        {"targetField": column.field, "destinationType": "time"}
        for column in columns
        if column.is_moment
    ]
    if moments:
        yield _transformation("convertFieldType", {"conversions": moments, "fields": {}})
    names = [column.field for column in columns]
    chosen: dict[str, object] = {
        "includeByName": dict.fromkeys(names, True),
        "indexByName": {name: index for index, name in enumerate(names)},
        "renameByName": {column.field: column.heading for column in columns},
    }
    yield _transformation("organize", chosen)


def _transformation(kind: str, settings: dict[str, object]) -> model.DataTransformerConfig:
    return model.DataTransformerConfig(id_val=kind, options=settings)
