"""Overview: can the numbers be trusted, what is there, what does it ask for, what goes wrong."""

from typing import Final

from grafana_foundation_sdk.builders.dashboard import Dashboard

from .counts import now_by, over_time
from .freshness import platforms_state, trust
from .look import BAD, GOOD, MUTED, NO_ERROR, NO_EXPORTER, NO_INVENTORY, NOTABLE, Caption, Query
from .marks import marks
from .page import OVERVIEW, Row, page
from .panels import TALL, lines
from .promql import a_minute, counted_errors, none_of, platforms, series, total

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
        (trust(), platforms_state(), _services(), _resources(), _versions_and_errors()),
        since="now-24h",
        every="1m",
        marks=marks("came", "went", "updated", "requests more"),
    )


def _services() -> Row:
    return Row(
        "Model services",
        (
            over_time(
                Caption(
                    "By framework",
                    "How many model services run on each framework. Vertical lines mark when"
                    " services came, went or were updated; Changes names them.",
                    NO_INVENTORY,
                ),
                SERVICES,
                "framework",
                height=TALL,
            ),
            now_by(
                Caption("By type", "How many model services there are of each type.", NO_INVENTORY),
                SERVICES,
                "type",
                height=TALL,
            ),
            now_by(
                Caption(
                    "By source",
                    "Where the models of the services come from, where the platform reports it.",
                    NO_INVENTORY,
                ),
                SERVICES,
                "source",
                height=TALL,
            ),
            over_time(
                Caption("By platform", "How many model services each platform has.", NO_INVENTORY),
                SERVICES,
                "target",
            ),
            now_by(
                Caption(
                    "By GPU vendor",
                    "Model services with a GPU specification of each vendor. One may have several.",
                    "no GPU specification known",
                ),
                f"{SERVICES}_by_gpu_vendor",
                "gpu_vendor",
            ),
            now_by(
                Caption(
                    "By CPU architecture",
                    "Model services that support each CPU architecture. One may support several.",
                    "no architecture known",
                ),
                f"{SERVICES}_by_cpu_architecture",
                "cpu_architecture",
            ),
        ),
    )


def _resources() -> Row:
    return Row(
        "Requested",
        (
            over_time(
                Caption(
                    "Requested CPU cores",
                    "CPU cores that the model services request, by framework. How much they use"
                    " is not known here.",
                    NO_INVENTORY,
                ),
                f"{SERVICES}_requested_cpu_cores",
                "framework",
                height=TALL,
            ),
            over_time(
                Caption(
                    "Requested memory",
                    "Memory that the model services request, by framework. How much they use is"
                    " not known here.",
                    NO_INVENTORY,
                    "bytes",
                ),
                f"{SERVICES}_requested_memory_bytes",
                "framework",
                height=TALL,
            ),
        ),
    )


def _versions_and_errors() -> Row:
    failures = platforms(a_minute(series("zstack_api_errors_total")), "operation", "reason", "code")
    return Row(
        "Versions and errors",
        (
            over_time(
                Caption(
                    "Versions",
                    "Model services that have a new version, that are current, and of which the"
                    " platform does not report it.",
                    NO_INVENTORY,
                ),
                STATUS,
                "status",
                colours=STATUSES,
            ),
            lines(
                Caption(
                    "API errors by code",
                    "Failed requests and polls per minute by reason and ZStack's error code, as"
                    " counted by the exporter that meets most. Each kind of failure has a line from"
                    " its second occurrence on; Failing with shows the first one too.",
                    NO_EXPORTER,
                    "short",
                ),
                Query(total(failures, "reason", "code"), "{{reason}} {{code}}"),
                Query(none_of(counted_errors()), NO_ERROR),
                shades_of=BAD,
                colours={NO_ERROR: GOOD},
                per="minute",
            ).axis_soft_max(1),
        ),
    )
