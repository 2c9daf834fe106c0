"""Services: what runs, what starts, what is unready, and which service has nothing that runs."""

from typing import Final

from grafana_foundation_sdk.builders.dashboard import Dashboard

from .look import BAD, CALM, GOOD, MUTED, NOTABLE, Caption, Query, steps
from .page import SERVICES, Row, page
from .panels import HALF, THIRD, Column, Sorted, across, bars, grid, lines, number
from .promql import how_many, inventory, platforms, ranked, series, total
from .running import (
    DEPLOYED,
    GROUP,
    RUNNING,
    STARTING,
    UNREADY,
    groups_of_stopped_services,
    instances,
    named_services,
    with_framework,
)

_GROUPS: Final = "zstack_model_service_instance_groups"
_INSTANCES: Final = "zstack_model_service_instances"
_RUN: Final = f"{instances(RUNNING)} > 0"
_STOPPED: Final = f"{instances(RUNNING)} == 0"

_NO_LIST: Final = "no instance groups known"
_PER_SERVICE: Final = "none known (needs metrics.per_service)"

_STATUSES: Final = {
    "Running": GOOD,
    "Unknown": BAD,
    "Deploying": CALM,
    "ConfigSettingUp": "light-blue",
    "ServiceBootingUp": "super-light-blue",
    "Starting": "dark-blue",
    "unknown": MUTED,
}


def dashboard() -> Dashboard:
    """The dashboard for those who run model services."""
    return page(
        SERVICES,
        "What runs of the model services: instance groups and instances by what the platform says"
        " of them. A service is deployed if it has an instance group. Running is the one status"
        " that counts as running; starting are Deploying, ConfigSettingUp, ServiceBootingUp and"
        " Starting; any other one is unready.",
        (_now(), _over_time(), _by_kind(), _which()),
        since="now-24h",
        every="1m",
    )


def _now() -> Row:
    return Row(
        "Now",
        across(
            number(
                Caption(
                    "Services running", "Services with a running instance at least.", _PER_SERVICE
                ),
                how_many(_RUN, DEPLOYED),
            ),
            number(
                Caption(
                    "Not running",
                    "Services that are deployed and have no running instance. Which ones stands"
                    " below.",
                    _PER_SERVICE,
                ),
                how_many(_STOPPED, DEPLOYED),
                colours=steps(GOOD, (1, BAD)),
                mapped={"0": ("none", GOOD)},
            ),
            number(
                Caption(
                    "Groups starting",
                    "Instance groups that are on their way to run.",
                    _NO_LIST,
                ),
                _or_zero(inventory(_GROUPS, where=(STARTING,)), inventory(_GROUPS)),
            ),
            number(
                Caption(
                    "Groups unready",
                    "Instance groups that neither run nor start.",
                    _NO_LIST,
                ),
                _or_zero(inventory(_GROUPS, where=(UNREADY,)), inventory(_GROUPS)),
                colours=steps(GOOD, (1, NOTABLE)),
                mapped={"0": ("none", GOOD)},
            ),
            number(
                Caption("Instances running", "Instances that run.", _NO_LIST),
                _or_zero(inventory(_INSTANCES, where=(RUNNING,)), inventory(_GROUPS)),
            ),
            number(
                Caption(
                    "Groups left over",
                    "Instance groups that have outlived their service: it was deleted, and they"
                    " may still hold GPUs.",
                    _PER_SERVICE,
                ),
                how_many(
                    platforms(series(GROUP, 'model_service_uuid=""'), "uuid"),
                    series(GROUP),
                ),
                colours=steps(GOOD, (1, NOTABLE)),
                mapped={"0": ("none", GOOD)},
            ),
        ),
    )


def _or_zero(vector: str, among: str) -> str:
    """0 where nothing has these labels, if there is something at all."""
    return f"{vector} or 0 * {among}"


def _over_time() -> Row:
    return Row(
        "Over time",
        (
            lines(
                Caption(
                    "Groups by status",
                    "Instance groups by the platform's word for their status; its own pages show"
                    " Unknown as Unready.",
                    _NO_LIST,
                ),
                Query(inventory(_GROUPS, "status"), "{{status}}"),
                stacked=True,
                colours=_STATUSES,
            ),
            lines(
                Caption(
                    "Running by GPU vendor",
                    "Instances that run, by the vendor of their GPUs; unknown where the platform"
                    " does not say, as before release 5.5, or where there is none.",
                    "no instance runs",
                ),
                Query(inventory(_INSTANCES, "gpu_vendor", where=(RUNNING,)), "{{gpu_vendor}}"),
                stacked=True,
            ),
        ),
    )


def _by_kind() -> Row:
    def services(condition: str) -> str:
        known = with_framework(f"0 * ({condition}) + 1")
        return ranked(total(known, "framework"))

    return Row(
        "By kind",
        (
            bars(
                Caption(
                    "Running by framework",
                    "Services with a running instance, by framework.",
                    "no service runs",
                ),
                Query(services(_RUN), "{{framework}}"),
                width=THIRD,
                color=GOOD,
            ),
            bars(
                Caption(
                    "Not running by framework",
                    "Services that are deployed and have no running instance, by framework.",
                    "none",
                ),
                Query(services(_STOPPED), "{{framework}}"),
                width=THIRD,
                color=BAD,
            ),
            bars(
                Caption(
                    "Instances by GPU vendor",
                    "All instances, whatever their status, by the vendor of their GPUs.",
                    "no instance known",
                ),
                Query(ranked(inventory(_INSTANCES, "gpu_vendor")), "{{gpu_vendor}}"),
                width=THIRD,
            ),
        ),
    )


def _which() -> Row:
    def column(matcher: str) -> str:
        return with_framework(f"{named_services()} * {_ON_SERVICE} ({instances(matcher)})")

    return Row(
        "Which",
        (
            grid(
                Caption(
                    "Services without a running instance",
                    "Each group of a service that is deployed and has nothing that runs, with the"
                    " platform's word for it and the number of its instances.",
                    "none",
                ),
                (groups_of_stopped_services(),),
                (
                    Column("target", "Platform"),
                    Column("model_service_name", "Service"),
                    Column("framework", "Framework"),
                    Column("name", "Group"),
                    Column("status", "Status"),
                    Column("Value", "Instances"),
                ),
                Sorted("Service"),
                width=HALF,
                height=12,
            ),
            grid(
                Caption(
                    "Deployed services",
                    "Instances of each service that is deployed: those that run, those that start,"
                    " all others.",
                    _PER_SERVICE,
                ),
                (column(RUNNING), column(STARTING), column(UNREADY)),
                (
                    Column("target", "Platform"),
                    Column("model_service_name", "Service"),
                    Column("framework", "Framework"),
                    Column("Value #A", "Running"),
                    Column("Value #B", "Starting"),
                    Column("Value #C", "Unready"),
                ),
                Sorted("Running"),
                width=HALF,
                height=12,
            ),
        ),
    )


_ON_SERVICE: Final = "on (job, target, model_service_uuid) group_left ()"
