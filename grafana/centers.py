"""Model centers: what is used, what is left, when it will be full, which are disconnected."""

from collections.abc import Iterator
from typing import Final

from grafana_foundation_sdk.builders import stat, table
from grafana_foundation_sdk.builders.dashboard import Dashboard

from .counts import now_by, over_time, trouble
from .look import BAD, GOOD, NOTABLE, Caption, Query, steps
from .page import CENTERS, EXPORTER, SERVICES, Row, leading_to, page
from .panels import HALF, QUARTER, WRAPPED, Column, Sorted, across, grid, lines, number
from .promql import filled, inventory, platforms, series

_CENTERS: Final = "zstack_model_centers"
_USED: Final = "zstack_model_center_used_bytes"
_CAPACITY: Final = "zstack_model_center_capacity_bytes"
_OWN: Final = ("uuid", "name")

DAY: Final = 86_400
_FAR: Final = 3_650 * DAY

_EACH: Final = "Each model center"
_BY_STATUS: Final = "By status"

_NO_LIST: Final = "no model centers known"
_NO_CAPACITY: Final = "none known (the platform does not say)"
_NOT_FILLING: Final = "none known, or none fills"

USED_OF_EACH: Final = platforms(
    f"sum by (job, instance, target, uuid, name) ({series(_USED)})", *_OWN
)


def capacity(kind: str) -> str:
    """The total or what is available of each model center, where the platform says so."""
    return platforms(series(_CAPACITY, f'kind="{kind}"'), *_OWN)


def seconds_left() -> str:
    """Until each is full that fills, if it goes on as it did in the time range.

    The line is that of `predict_linear`: where it is now, and how far it falls in a second.
    """
    known = series(_CAPACITY, 'kind="available"')
    now = f"predict_linear({known}[$__range], 0)"
    a_day = f"({now} - predict_linear({known}[$__range], {DAY}))"
    return platforms(f"{DAY} * clamp_min({now}, 0) / ({a_day} > 0)", *_OWN)


def dashboard() -> Dashboard:
    """The dashboard for those who look after the stores of models."""
    return page(
        CENTERS,
        "The model centers, where models, datasets and what services are made of lie: how full they"
        " are, by what, and when they will be full.",
        (_now(), _which(), _over_time()),
        since="now-7d",
        every="5m",
    )


def _now() -> Row:
    return Row("Now", across(*_states(), *_spaces()))


def _states() -> Iterator[stat.Panel]:
    yield number(
        Caption("Model centers", "Model centers of all chosen platforms.", _NO_LIST),
        inventory(_CENTERS),
        leads_to=leading_to(CENTERS, panel=_EACH),
    )
    yield trouble(
        Caption("Disconnected", "Model centers that their platform does not reach.", _NO_LIST),
        f"{inventory(_CENTERS, where=(_DISCONNECTED,))} or 0 * {inventory(_CENTERS)}",
        BAD,
        leads_to=leading_to(CENTERS, panel=_BY_STATUS),
    )


def _spaces() -> Iterator[stat.Panel]:
    each = leading_to(CENTERS, panel=_EACH)
    yield number(
        Caption("Used", "Space in use in all of them.", _NO_LIST, "bytes"),
        inventory(_USED),
        leads_to=each,
    )
    yield number(
        Caption(
            "Available",
            "Space left in those of which the platform says how large they are.",
            _NO_CAPACITY,
            "bytes",
        ),
        inventory(_CAPACITY, where=('kind="available"',)),
        leads_to=each,
    )
    yield number(
        Caption(
            "First full in",
            "Time until the first one is full, if all go on as they did in the time range: a"
            " straight line through its samples.",
            _NOT_FILLING,
            "s",
        ),
        f"min({seconds_left()})",
        colours=steps(BAD, (3 * DAY, NOTABLE), (14 * DAY, GOOD)),
        leads_to=each,
    )
    yield number(
        Caption("Fullest", "The share in use of the fullest one.", _NO_CAPACITY, "percentunit"),
        f"max(1 - {capacity('available')} / {capacity('total')})",
        colours=steps(GOOD, (0.8, NOTABLE), (0.95, BAD)),
        leads_to=each,
    )


_DISCONNECTED: Final = 'status="Disconnected"'


def _which() -> Row:
    return Row("Which", (_each_center(), _by_status()))


def _each_center() -> table.Panel:
    return grid(
        Caption(
            _EACH,
            "Space in use in each, and what is left where the platform says so; when it is full, if"
            " it fills on as in the time range and that is within ten years.",
            "not known",
            "bytes",
        ),
        (
            filled(USED_OF_EACH, "name", "no name"),
            filled(capacity("available"), "name", "no name"),
            filled(capacity("total"), "name", "no name"),
            filled(f"1000 * (time() + ({seconds_left()} < {_FAR}))", "name", "no name"),
        ),
        (
            Column("name", "Model center", cell=WRAPPED),
            Column("target", "Platform"),
            Column("Value #A", "Used"),
            Column("Value #B", "Available"),
            Column("Value #C", "Total"),
            Column("Value #D", "Full on", is_moment=True),
        ),
        Sorted("Used", descending=True),
        leads_to=_OF_PLATFORM,
        width=18,
    )


def _by_status() -> table.Panel:
    return grid(
        Caption(
            _BY_STATUS,
            "How many model centers each platform has, by its word for their status. The platform's"
            " own page names them.",
            _NO_LIST,
        ),
        (inventory(_CENTERS, "target", "status"),),
        (
            Column("target", "Platform"),
            Column("status", "Status"),
            Column("Value", "Centers"),
        ),
        Sorted("Status", descending=True),
        leads_to=_OF_PLATFORM,
        width=QUARTER,
    )


_OF_PLATFORM: Final = [leading_to(each, of="Platform") for each in (SERVICES, EXPORTER)]


def _over_time() -> Row:
    return Row(
        "Use",
        (
            over_time(
                Caption("Used by kind", "Space in use, by what uses it.", _NO_LIST, "bytes"),
                _USED,
                "kind",
            ),
            now_by(
                Caption("Used now", "The same now, the most first.", _NO_LIST, "bytes"),
                _USED,
                "kind",
                width=HALF,
            ),
            lines(
                Caption("Used by center", "Space in use in each.", _NO_LIST, "bytes"),
                Query(USED_OF_EACH, "{{target}}: {{name}}"),
            ),
            lines(
                Caption(
                    "Available by center",
                    "Space left in each, where the platform says so.",
                    _NO_CAPACITY,
                    "bytes",
                ),
                Query(capacity("available"), "{{target}}: {{name}}"),
            ),
        ),
    )
