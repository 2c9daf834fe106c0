"""Of the overview: can the numbers be trusted, and if not, why."""

from typing import Final

from grafana_foundation_sdk.builders import dashboard as build
from grafana_foundation_sdk.builders import stat
from grafana_foundation_sdk.models import common

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
from .page import EXPORTER, UPDATES, Row, leading_to
from .panels import Column, Sorted, across, grid, lines, number
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
    return Row(
        "Now",
        across(
            number(
                Caption(
                    "Platforms failing",
                    "Platforms whose last poll failed for every exporter that polls them. What"
                    " failed stands below; until the data are stale, they are still shown.",
                    NO_EXPORTER,
                ),
                how_many(f"{UP} == 0", UP),
                colours=steps(GOOD, (1, BAD)),
                mapped={"0": ("none", GOOD)},
            ),
            exporters_down(leading_to(EXPORTER)),
            number(
                Caption(
                    "Oldest data",
                    "How old the inventory is of the platform where it is oldest, counted from the"
                    " beginning of its last successful poll.",
                    "no successful poll yet",
                    "s",
                ),
                f"max({age(LAST_SUCCESS)})",
            ),
            number(
                Caption(
                    "Oldest data, of stale",
                    "The same as a share of the age at which the exporter calls data stale"
                    " (stale_after, three polls unless set). From 100 % on they are dropped,"
                    " unless on_stale is set otherwise.",
                    "no successful poll yet",
                    "percentunit",
                ),
                f"max({SHARE})",
                colours=_AGEING,
            ),
            number(
                Caption("Model services", "Model services of all chosen platforms.", NO_INVENTORY),
                inventory("zstack_model_services"),
            ),
            number(
                Caption(
                    "New versions",
                    "Model services that have a newer version available. Which ones: see Updates.",
                    NO_INVENTORY,
                ),
                inventory("zstack_model_services_version_status", where=('status="new_version"',)),
                colours=steps(GOOD, (1, NOTABLE)),
                mapped={"0": ("none", GOOD)},
                leads_to=leading_to(UPDATES),
            ),
        ),
    )


def exporters_down(leads_to: build.DashboardLink | None = None) -> stat.Panel:
    """Also the first thing to know about the exporters themselves."""
    return number(
        Caption(
            "Exporters down",
            "Exporters that Prometheus has scraped in this time range and cannot scrape now.",
            NO_EXPORTER,
        ),
        how_many(f"({exporters_seen()}) == 0", exporters_seen()),
        colours=steps(GOOD, (1, BAD)),
        mapped={"0": ("none", GOOD)},
        leads_to=leads_to,
    )


def platforms_state() -> Row:
    """Each platform, and how it fails."""
    lately = f"max_over_time({series('zstack_api_error')}[$__interval])"
    failing = platforms(lately, "reason", "code")
    return Row(
        "Freshness",
        (
            grid(
                Caption(
                    "Platforms",
                    "Each platform as the exporter sees it that sees it best: whether its last poll"
                    " succeeded, how old its data are, how many services they hold. A platform"
                    " without services is stale, or has not been polled yet.",
                    "nothing known",
                ),
                (LAST_POLL, f"1000 * {LAST_SUCCESS}", f"100 * {SHARE}", REPORTED),
                (
                    Column("target", "Platform"),
                    Column("last_poll", "Last poll", cell=common.TableColorTextCellOptions()),
                    Column("Value #B", "Data from", is_moment=True),
                    Column("Value #C", "Age, % of stale", cell=_GAUGE),
                    Column("Value #D", "Services"),
                ),
                Sorted("Age, % of stale", descending=True),
                width=14,
            )
            .min(0)
            .max(100)
            .thresholds(steps(GOOD, (75, NOTABLE), (100, BAD)))
            .mappings(
                value_mappings({"succeeded": ("succeeded", GOOD), "failed": ("failed", BAD)})
            ),
            lines(
                Caption(
                    "Failing with",
                    "Platforms whose polls fail, by reason and ZStack's error code. A line at zero"
                    " is a failure that was and is over. Not even one that lasted for a single"
                    " scrape is left out, nor one that only one of several exporters met.",
                    NO_EXPORTER,
                ),
                Query(
                    total(failing, "target", "reason", "code"), "{{target}}: {{reason}} {{code}}"
                ),
                Query(none_of(series("zstack_api_error")), NO_ERROR),
                stacked=True,
                shades_of=BAD,
                colours={NO_ERROR: GOOD},
                width=10,
            ),
        ),
    )
