"""Overview: can the numbers be trusted, what is there, what does it ask for, what goes wrong."""

from typing import Final

from grafana_foundation_sdk.builders.dashboard import Dashboard
from grafana_foundation_sdk.models import common

from .look import BAD, GOOD, MUTED, NO_ERROR, NOTABLE, Query, Told, steps, words
from .page import EXPORTER, OVERVIEW, UPDATES, Row, leading_to, page
from .panels import Column, Sorted, across, bars, grid, lines, number
from .promql import (
    a_minute,
    age,
    counted_errors,
    exporters_seen,
    how_many,
    inventory,
    none_of,
    platforms,
    ranked,
    series,
    total,
)

SERVICES: Final = "zstack_model_services"
STATUS: Final = "zstack_model_services_version_status"

UP: Final = platforms(series("zstack_up"))
LAST_POLL: Final = (
    f'label_replace({UP} == 1, "last_poll", "succeeded", "", "")'
    f' or label_replace({UP} == 0, "last_poll", "failed", "", "")'
)
LAST_SUCCESS: Final = platforms(series("zstack_poll_last_success_timestamp_seconds"))
STALE_AFTER: Final = platforms(series("zstack_poll_stale_after_seconds"))
SHARE: Final = f"({age(LAST_SUCCESS)}) / {STALE_AFTER}"
REPORTED: Final = platforms(series("zstack_model_services_reported"))

STATUSES: Final = {
    "new_version": NOTABLE,
    "current": GOOD,
    "unknown": MUTED,
}

_NO_EXPORTER: Final = "no exporter is scraped"
_NO_INVENTORY: Final = "no inventory: see Platforms"
_GAUGE: Final = common.TableBarGaugeCellOptions(
    mode=common.BarGaugeDisplayMode.BASIC, value_display_mode=common.BarGaugeValueMode.TEXT
)
_AGEING: Final = steps(GOOD, (0.75, NOTABLE), (1, BAD))


def dashboard() -> Dashboard:
    """The dashboard for whoever runs the platforms."""
    return page(
        OVERVIEW,
        "The model services of ZStack AIOS platforms: whether the numbers can be trusted, how many"
        " there are, what they request, how the API fails. Replicas of an exporter count once.",
        (_trust(), _state(), _services(), _resources(), _changes()),
        since="now-24h",
        every="1m",
    )


def _trust() -> Row:
    return Row(
        "Now",
        across(
            number(
                Told(
                    "Platforms failing",
                    "Platforms whose last poll failed for every exporter that polls them. What"
                    " failed stands below; until the data are stale, they are still shown.",
                    _NO_EXPORTER,
                ),
                how_many(f"{UP} == 0", UP),
                colours=steps(GOOD, (1, BAD)),
                said={"0": ("none", GOOD)},
            ),
            number(
                Told(
                    "Exporters down",
                    "Exporters that Prometheus has scraped in this time range and cannot scrape"
                    " now.",
                    _NO_EXPORTER,
                ),
                how_many(f"({exporters_seen()}) == 0", exporters_seen()),
                colours=steps(GOOD, (1, BAD)),
                said={"0": ("none", GOOD)},
                leads_to=leading_to(EXPORTER),
            ),
            number(
                Told(
                    "Oldest data",
                    "How old the inventory is of the platform where it is oldest, counted from the"
                    " beginning of its last successful poll.",
                    "no successful poll yet",
                    "s",
                ),
                f"max({age(LAST_SUCCESS)})",
            ),
            number(
                Told(
                    "Oldest data, of stale",
                    "The same as a share of the age at which the exporter calls data stale"
                    " (stale_after, three polls unless set). From 100 % on they are dropped,"
                    " unless on_stale says otherwise.",
                    "no successful poll yet",
                    "percentunit",
                ),
                f"max({SHARE})",
                colours=_AGEING,
            ),
            number(
                Told("Model services", "Model services of all chosen platforms.", _NO_INVENTORY),
                inventory(SERVICES),
            ),
            number(
                Told(
                    "New versions",
                    "Model services that have a newer version available. Which ones: see Updates.",
                    _NO_INVENTORY,
                ),
                inventory(STATUS, where=('status="new_version"',)),
                colours=steps(GOOD, (1, NOTABLE)),
                said={"0": ("none", GOOD)},
                leads_to=leading_to(UPDATES),
            ),
        ),
    )


def _state() -> Row:
    lately = f"max_over_time({series('zstack_api_error')}[$__interval])"
    failing = platforms(lately, "reason", "code")
    return Row(
        "Freshness",
        (
            grid(
                Told(
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
            .mappings(words({"succeeded": ("succeeded", GOOD), "failed": ("failed", BAD)})),
            lines(
                Told(
                    "Failing with",
                    "Platforms whose polls fail, by reason and ZStack's error code. A line at zero"
                    " is a failure that was and is over. Not even one that lasted for a single"
                    " scrape is left out, nor one that only one of several exporters met.",
                    _NO_EXPORTER,
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


def _services() -> Row:
    return Row(
        "Model services",
        (
            lines(
                Told(
                    "By framework",
                    "How many model services run on each framework.",
                    _NO_INVENTORY,
                ),
                Query(inventory(SERVICES, "framework"), "{{framework}}"),
                stacked=True,
            ),
            bars(
                Told("By type", "How many model services there are of each type.", _NO_INVENTORY),
                Query(ranked(inventory(SERVICES, "type")), "{{type}}"),
            ),
            bars(
                Told(
                    "By source",
                    "Where the models of the services come from, as far as the platform says.",
                    _NO_INVENTORY,
                ),
                Query(ranked(inventory(SERVICES, "source")), "{{source}}"),
            ),
            lines(
                Told("By platform", "How many model services each platform has.", _NO_INVENTORY),
                Query(inventory(SERVICES, "target"), "{{target}}"),
                stacked=True,
            ),
            bars(
                Told(
                    "By GPU vendor",
                    "Model services with a GPU specification of each vendor. One may have several.",
                    "no GPU specification known",
                ),
                Query(
                    ranked(inventory(f"{SERVICES}_by_gpu_vendor", "gpu_vendor")), "{{gpu_vendor}}"
                ),
            ),
            bars(
                Told(
                    "By CPU architecture",
                    "Model services that support each CPU architecture. One may support several.",
                    "no architecture known",
                ),
                Query(
                    ranked(inventory(f"{SERVICES}_by_cpu_architecture", "cpu_architecture")),
                    "{{cpu_architecture}}",
                ),
            ),
        ),
    )


def _resources() -> Row:
    return Row(
        "Requested",
        (
            lines(
                Told(
                    "Requested CPU cores",
                    "CPU cores that the model services request, by framework. What they really use"
                    " is not known here.",
                    _NO_INVENTORY,
                    "none",
                ),
                Query(inventory(f"{SERVICES}_requested_cpu_cores", "framework"), "{{framework}}"),
                stacked=True,
            ),
            lines(
                Told(
                    "Requested memory",
                    "Memory that the model services request, by framework. What they really use is"
                    " not known here.",
                    _NO_INVENTORY,
                    "bytes",
                ),
                Query(
                    inventory(f"{SERVICES}_requested_memory_bytes", "framework"), "{{framework}}"
                ),
                stacked=True,
            ),
        ),
    )


def _changes() -> Row:
    failures = platforms(a_minute(series("zstack_api_errors_total")), "operation", "reason", "code")
    return Row(
        "Versions and errors",
        (
            lines(
                Told(
                    "Versions",
                    "Model services that have a new version, that are current, and of which the"
                    " platform does not say.",
                    _NO_INVENTORY,
                ),
                Query(inventory(STATUS, "status"), "{{status}}"),
                stacked=True,
                colours=STATUSES,
            ),
            lines(
                Told(
                    "API errors by code",
                    "Failed requests and polls a minute by reason and ZStack's error code, as the"
                    " exporter counts them that meets most. A way of failing has its line from its"
                    " second failure on: before the first, Prometheus has nothing to compare with."
                    " The first one shows under Failing with.",
                    _NO_EXPORTER,
                    "epm",
                ),
                Query(total(failures, "reason", "code"), "{{reason}} {{code}}"),
                Query(none_of(counted_errors()), NO_ERROR),
                shades_of=BAD,
                colours={NO_ERROR: GOOD},
            ),
        ),
    )
