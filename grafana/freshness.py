"""Of the overview: can the numbers be trusted, and if not, why."""

from collections.abc import Iterator
from typing import Final

from grafana_foundation_sdk.builders import dashboard as build
from grafana_foundation_sdk.builders import stat, table, timeseries
from grafana_foundation_sdk.models import common

from .counts import trouble
from .look import (
    BAD,
    GOOD,
    NO_ERROR,
    NO_EXPORTER,
    NO_INVENTORY,
    NOTABLE,
    Caption,
    Query,
    steps,
    value_mappings,
)
from .page import CHANGES, EXPORTER, SERVICES, UPDATES, Row, leading_to
from .panels import THIRD, WRAPPED, Column, Sorted, across, grid, lines, number
from .promql import (
    age,
    exporters_seen,
    how_many,
    inventory,
    none_of,
    platforms,
    series,
    total,
)

UP: Final = platforms(series("zstack_up"))
LAST_POLL: Final = (
    f'label_replace({UP} == 1, "last_poll", "succeeded", "", "")'
    f' or label_replace({UP} == 0, "last_poll", "failed", "", "")'
)
LAST_SUCCESS: Final = platforms(series("zstack_poll_last_success_timestamp_seconds"))
STALE_AFTER: Final = platforms(series("zstack_poll_stale_after_seconds"))
SHARE: Final = f"({age(LAST_SUCCESS)}) / {STALE_AFTER}"
REPORTED: Final = platforms(series("zstack_model_services_reported"))

_GAUGE: Final = common.TableBarGaugeCellOptions(
    mode=common.BarGaugeDisplayMode.BASIC, value_display_mode=common.BarGaugeValueMode.TEXT
)
_AGEING: Final = steps(GOOD, (0.75, NOTABLE), (1, BAD))


def trust() -> Row:
    """What to look at first."""
    polls = leading_to(EXPORTER)
    return Row(
        "Now",
        across(
            trouble(
                Caption(
                    "Platforms failing",
                    "Platforms whose last poll failed for every exporter that polls them. Failing"
                    " with, below, shows the reasons. Their last data are shown until they are"
                    " stale.",
                    NO_EXPORTER,
                ),
                how_many(f"{UP} == 0", UP),
                BAD,
                leads_to=polls,
            ),
            exporters_down(polls),
            *_ages(polls),
            number(
                Caption("Model services", "Model services of all chosen platforms.", NO_INVENTORY),
                inventory("zstack_model_services"),
                leads_to=leading_to(SERVICES),
            ),
            trouble(
                Caption(
                    "New versions",
                    "Model services that have a newer version available. Updates lists them.",
                    NO_INVENTORY,
                ),
                inventory("zstack_model_services_version_status", where=('status="new_version"',)),
                NOTABLE,
                leads_to=leading_to(UPDATES),
            ),
        ),
    )


def _ages(leads_to: build.DashboardLink) -> Iterator[stat.Panel]:
    yield number(
        Caption(
            "Data age",
            "Age of the inventory of the platform where it is oldest, counted from the beginning of"
            " its last successful poll.",
            "no successful poll yet",
            "s",
        ),
        f"max({age(LAST_SUCCESS)})",
        leads_to=leads_to,
    )
    yield number(
        Caption(
            "Data age, % of limit",
            "The same as a share of the age from which the exporter calls data stale (stale_after,"
            " three polls by default). From 100 % on they are dropped, or kept if on_stale is set"
            " so.",
            "no successful poll yet",
            "percentunit",
        ),
        f"max({SHARE})",
        colours=_AGEING,
        leads_to=leads_to,
    )


def exporters_down(leads_to: build.DashboardLink) -> stat.Panel:
    """Also the first thing to know about the exporters themselves."""
    return trouble(
        Caption(
            "Exporters down",
            "Exporters that Prometheus has scraped in this time range and cannot scrape now.",
            NO_EXPORTER,
        ),
        how_many(f"({exporters_seen()}) == 0", exporters_seen()),
        BAD,
        leads_to=leads_to,
    )


def platforms_state() -> Row:
    """Each platform, and how it fails."""
    return Row("Freshness", (_each_platform(), _failing()))


def _each_platform() -> table.Panel:
    each = grid(
        Caption(
            "Platforms",
            "Each platform as the exporter with the newest data sees it: whether its last poll"
            " succeeded, how old its data are, how many services they hold. A platform without"
            " services is stale, or has not been polled yet.",
            "not known",
        ),
        (LAST_POLL, f"1000 * {LAST_SUCCESS}", f"100 * {SHARE}", REPORTED),
        (
            Column("target", "Platform"),
            Column("last_poll", "Last poll", cell=common.TableColorTextCellOptions()),
            Column("Value #B", "Data from", is_moment=True, cell=WRAPPED),
            Column("Value #C", "Age, % of limit", cell=_GAUGE),
            Column("Value #D", "Services"),
        ),
        Sorted("Age, % of limit", descending=True),
        leads_to=[leading_to(each, of="Platform") for each in (SERVICES, CHANGES, EXPORTER)],
        width=16,
    )
    polled = {"succeeded": ("succeeded", GOOD), "failed": ("failed", BAD)}
    ageing = steps(GOOD, (75, NOTABLE), (100, BAD))
    return each.min(0).max(100).thresholds(ageing).mappings(value_mappings(polled))


def _failing() -> timeseries.Panel:
    lately = f"max_over_time({series('zstack_api_error')}[$__interval])"
    failing = platforms(lately, "reason", "code")
    return lines(
        Caption(
            "Failing with",
            "Platforms whose polls fail, by reason and ZStack's error code. A line at zero is a"
            " past failure. Even a failure of a single scrape shows, and one that only one of"
            " several exporters met.",
            NO_EXPORTER,
        ),
        Query(total(failing, "target", "reason", "code"), "{{target}}: {{reason}} {{code}}"),
        Query(none_of(series("zstack_api_error")), NO_ERROR),
        stacked=True,
        shades_of=BAD,
        colours={NO_ERROR: GOOD},
        width=THIRD,
    ).axis_soft_max(1)
