"""Overview: can the numbers be trusted, what is there, what does it ask for, what goes wrong."""

from typing import Final

from grafana_foundation_sdk.builders.dashboard import Dashboard

from .freshness import platforms_state, trust
from .look import (
    BAD,
    GOOD,
    MUTED,
    NO_ERROR,
    NO_EXPORTER,
    NO_INVENTORY,
    NOTABLE,
    Caption,
    Query,
)
from .page import OVERVIEW, Row, page
from .panels import bars, lines
from .promql import (
    a_minute,
    counted_errors,
    inventory,
    none_of,
    platforms,
    ranked,
    series,
    total,
)

SERVICES: Final = "zstack_model_services"
STATUS: Final = "zstack_model_services_version_status"

STATUSES: Final = {
    "new_version": NOTABLE,
    "current": GOOD,
    "unknown": MUTED,
}


def dashboard() -> Dashboard:
    """The dashboard for the operators of the platforms."""
    return page(
        OVERVIEW,
        "The model services of ZStack AIOS platforms: whether the numbers can be trusted, how many"
        " there are, what they request, how the API fails. Replicas of an exporter count once.",
        (trust(), platforms_state(), _services(), _resources(), _changes()),
        since="now-24h",
        every="1m",
    )


def _services() -> Row:
    return Row(
        "Model services",
        (
            lines(
                Caption(
                    "By framework",
                    "How many model services run on each framework.",
                    NO_INVENTORY,
                ),
                Query(inventory(SERVICES, "framework"), "{{framework}}"),
                stacked=True,
            ),
            bars(
                Caption("By type", "How many model services there are of each type.", NO_INVENTORY),
                Query(ranked(inventory(SERVICES, "type")), "{{type}}"),
            ),
            bars(
                Caption(
                    "By source",
                    "Where the models of the services come from, where the platform reports it.",
                    NO_INVENTORY,
                ),
                Query(ranked(inventory(SERVICES, "source")), "{{source}}"),
            ),
            lines(
                Caption("By platform", "How many model services each platform has.", NO_INVENTORY),
                Query(inventory(SERVICES, "target"), "{{target}}"),
                stacked=True,
            ),
            bars(
                Caption(
                    "By GPU vendor",
                    "Model services with a GPU specification of each vendor. One may have several.",
                    "no GPU specification known",
                ),
                Query(
                    ranked(inventory(f"{SERVICES}_by_gpu_vendor", "gpu_vendor")), "{{gpu_vendor}}"
                ),
            ),
            bars(
                Caption(
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
                Caption(
                    "Requested CPU cores",
                    "CPU cores that the model services request, by framework. What they really use"
                    " is not known here.",
                    NO_INVENTORY,
                    "none",
                ),
                Query(inventory(f"{SERVICES}_requested_cpu_cores", "framework"), "{{framework}}"),
                stacked=True,
            ),
            lines(
                Caption(
                    "Requested memory",
                    "Memory that the model services request, by framework. What they really use is"
                    " not known here.",
                    NO_INVENTORY,
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
                Caption(
                    "Versions",
                    "Model services that have a new version, that are current, and of which the"
                    " platform does not report it.",
                    NO_INVENTORY,
                ),
                Query(inventory(STATUS, "status"), "{{status}}"),
                stacked=True,
                colours=STATUSES,
            ),
            lines(
                Caption(
                    "API errors by code",
                    "Failed requests and polls a minute by reason and ZStack's error code, as the"
                    " exporter counts them that meets most. A way of failing has its line from its"
                    " second failure on: before the first, Prometheus has nothing to compare with."
                    " The first one shows under Failing with.",
                    NO_EXPORTER,
                    "epm",
                ),
                Query(total(failures, "reason", "code"), "{{reason}} {{code}}"),
                Query(none_of(counted_errors()), NO_ERROR),
                shades_of=BAD,
                colours={NO_ERROR: GOOD},
            ),
        ),
    )
