"""Services: what runs, what starts, what is unready, and which service has nothing that runs."""

from collections.abc import Iterator
from typing import Final

from grafana_foundation_sdk.builders import stat, table
from grafana_foundation_sdk.builders.dashboard import Dashboard

from .counts import now_by, over_time, trouble
from .look import BAD, CALM, GOOD, MUTED, NOTABLE, Caption, Query
from .page import CHANGES, EXPORTER, SERVICES, UPDATES, Row, leading_to, page
from .panels import THIRD, WRAPPED, Column, Sorted, across, bars, grid, number
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

_STOPPED_SERVICES: Final = "Services without a running instance"
_EVERY_SERVICE: Final = "Deployed services"

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
    return Row("Now", across(*_of_services(), *_of_groups()))


def _of_services() -> Iterator[stat.Panel]:
    yield number(
        Caption("Services running", "Services with at least one running instance.", _PER_SERVICE),
        how_many(_RUN, DEPLOYED),
        leads_to=leading_to(SERVICES, panel=_EVERY_SERVICE),
    )
    yield trouble(
        Caption(
            "Not running",
            "Services that are deployed and have no running instance. A table below lists them.",
            _PER_SERVICE,
        ),
        how_many(_STOPPED, DEPLOYED),
        BAD,
        leads_to=leading_to(SERVICES, panel=_STOPPED_SERVICES),
    )


def _of_groups() -> Iterator[stat.Panel]:
    every_service = leading_to(SERVICES, panel=_EVERY_SERVICE)
    yield number(
        Caption("Groups starting", "Instance groups that are on their way to run.", _NO_LIST),
        _or_zero(inventory(_GROUPS, where=(STARTING,)), inventory(_GROUPS)),
        leads_to=every_service,
    )
    yield trouble(
        Caption("Groups unready", "Instance groups that neither run nor start.", _NO_LIST),
        _or_zero(inventory(_GROUPS, where=(UNREADY,)), inventory(_GROUPS)),
        NOTABLE,
        leads_to=every_service,
    )
    yield number(
        Caption("Instances running", "Instances that run.", _NO_LIST),
        _or_zero(inventory(_INSTANCES, where=(RUNNING,)), inventory(_GROUPS)),
        leads_to=every_service,
    )
    yield trouble(
        Caption(
            "Groups left over",
            "Instance groups that have outlived their service: it was deleted, and they may still"
            " hold GPUs. Changes shows when it went.",
            _PER_SERVICE,
        ),
        how_many(platforms(series(GROUP, 'model_service_uuid=""'), "uuid"), series(GROUP)),
        NOTABLE,
        leads_to=leading_to(CHANGES),
    )


def _or_zero(vector: str, among: str) -> str:
    """0 where nothing has these labels, if there is something at all."""
    return f"{vector} or 0 * {among}"


def _over_time() -> Row:
    return Row(
        "Over time",
        (
            over_time(
                Caption(
                    "Groups by status",
                    "Instance groups by the platform's word for their status; its own pages show"
                    " Unknown as Unready.",
                    _NO_LIST,
                ),
                _GROUPS,
                "status",
                colours=_STATUSES,
            ),
            over_time(
                Caption(
                    "Running by GPU vendor",
                    "Instances that run, by the vendor of their GPUs; unknown where the platform"
                    " does not say, as before release 5.5, or where there is none.",
                    "no instance runs",
                ),
                _INSTANCES,
                "gpu_vendor",
                where=(RUNNING,),
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
            now_by(
                Caption(
                    "Instances by GPU vendor",
                    "All instances, whatever their status, by the vendor of their GPUs.",
                    "no instance known",
                ),
                _INSTANCES,
                "gpu_vendor",
                width=THIRD,
            ),
        ),
    )


def _which() -> Row:
    return Row("Which", (_stopped_services(), _every_service()))


def _stopped_services() -> table.Panel:
    return grid(
        Caption(
            _STOPPED_SERVICES,
            "Each group of a service that is deployed and has nothing that runs, with the"
            " platform's word for it and the number of its instances.",
            "none",
        ),
        (groups_of_stopped_services(),),
        (
            Column("model_service_name", "Service", cell=WRAPPED),
            Column("target", "Platform"),
            Column("framework", "Framework"),
            Column("name", "Group", cell=WRAPPED),
            Column("status", "Status"),
            Column("Value", "Instances"),
        ),
        Sorted("Service"),
        leads_to=(leading_to(CHANGES, of="Platform"), leading_to(EXPORTER, of="Platform")),
        height=10,
    )


def _every_service() -> table.Panel:
    def column(matcher: str) -> str:
        return with_framework(f"{named_services()} * {_ON_SERVICE} ({instances(matcher)})")

    return grid(
        Caption(
            _EVERY_SERVICE,
            "Instances of each service that is deployed: those that run, those that start, all"
            " others.",
            _PER_SERVICE,
        ),
        (column(RUNNING), column(STARTING), column(UNREADY)),
        (
            Column("model_service_name", "Service", cell=WRAPPED),
            Column("target", "Platform"),
            Column("framework", "Framework"),
            Column("Value #A", "Running"),
            Column("Value #B", "Starting"),
            Column("Value #C", "Unready"),
        ),
        Sorted("Running"),
        leads_to=(leading_to(CHANGES, of="Platform"), leading_to(UPDATES, of="Platform")),
        height=10,
    )


_ON_SERVICE: Final = "on (job, target, model_service_uuid) group_left ()"
