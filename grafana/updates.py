"""Updates: which services have a new version, which version runs, since when it is pending."""

from typing import Final

from grafana_foundation_sdk.builders.dashboard import Dashboard

from .look import GOOD, NOTABLE, Caption, Query, steps
from .page import UPDATES, Row, page
from .panels import HALF, Column, Difference, Sorted, across, bars, grid, lines, number
from .promql import age, earliest, filled, inventory, platforms, ranked, series

_SAME: Final = "on (job, target, uuid)"

# Of replicas, the one that saw it first.
SINCE: Final = earliest(
    series("zstack_model_service_new_version_pending_since_timestamp_seconds"), "uuid"
)
INFO: Final = series("zstack_model_service_info")
FACTS: Final = platforms(INFO, "uuid", "name", "framework", "version")
# An empty cell would show what an empty panel does.
NAMED: Final = filled(filled(FACTS, "version", "not stated"), "name", "no name")
# Facts stand on the left, where several of one service are no error: replicas may know different
# versions for the time between two polls.
PENDING: Final = f"{NAMED} * {_SAME} group_left () (1000 * ({age(SINCE)}))"

_NO_INVENTORY: Final = "no inventory: see Overview"
_PER_SERVICE: Final = "none known (needs metrics.per_service)"


def dashboard() -> Dashboard:
    """The dashboard for the owners of models."""
    return page(
        UPDATES,
        "Which model services have a newer version, which version they run, and since when the new"
        " one is pending.",
        (_now(), _which(), _history()),
        since="now-30d",
        every="5m",
    )


def services(status: str, *by: str) -> str:
    """How many services there are of this status."""
    return inventory("zstack_model_services_version_status", *by, where=(f'status="{status}"',))


def _now() -> Row:
    return Row(
        "Now",
        across(
            number(
                Caption(
                    "New versions", "Services that have a newer version available.", _NO_INVENTORY
                ),
                services("new_version"),
                colours=steps(GOOD, (1, NOTABLE)),
                mapped={"0": ("none", GOOD)},
            ),
            number(
                Caption(
                    "Longest pending",
                    "How long the new version is pending that is pending longest, from the poll in"
                    " which an exporter first saw it.",
                    "none known",
                    "s",
                ),
                f"max({age(SINCE)})",
            ),
            number(
                Caption("Current", "Services that the platform reports as current.", _NO_INVENTORY),
                services("current"),
            ),
            number(
                Caption(
                    "Not known",
                    "Services without a report on whether they have a new version."
                    " They are in no other panel here.",
                    _NO_INVENTORY,
                ),
                services("unknown"),
            ),
        ),
    )


def _which() -> Row:
    return Row(
        "Pending",
        (
            grid(
                Caption(
                    "Services with a new version",
                    "Each service that has a new version, the longest pending first: since the poll"
                    " in which an exporter first saw it. It may have been there for longer, before"
                    " the exporter was: without a state file (state.file), before its last start."
                    " The platform reports neither since when, nor which version is the new one.",
                    _PER_SERVICE,
                    "ms",
                ),
                (PENDING,),
                (
                    Column("target", "Platform"),
                    Column("name", "Service"),
                    Column("framework", "Framework"),
                    Column("version", "Running version"),
                    Column("since", "Pending since", is_moment=True),
                    Column("Value", "Pending for"),
                    Column("uuid", "UUID"),
                ),
                Sorted("Pending for", descending=True),
                difference=Difference("since", of="Time", less="Value"),
                height=12,
            ),
        ),
    )


def _history() -> Row:
    versions = f"count by (framework, version) ({platforms(INFO, 'uuid', 'framework', 'version')})"
    return Row(
        "History",
        (
            lines(
                Caption(
                    "Pending by framework",
                    "How many services have a new version, by framework.",
                    _NO_INVENTORY,
                ),
                Query(services("new_version", "framework"), "{{framework}}"),
                stacked=True,
            ),
            lines(
                Caption(
                    "Pending by platform",
                    "How many services have a new version, by platform.",
                    _NO_INVENTORY,
                ),
                Query(services("new_version", "target"), "{{target}}"),
                stacked=True,
            ),
            bars(
                Caption(
                    "Pending now",
                    "How many services of each framework have a new version.",
                    _NO_INVENTORY,
                ),
                Query(ranked(services("new_version", "framework")), "{{framework}}"),
                width=HALF,
                color=NOTABLE,
            ),
            grid(
                Caption(
                    "Running versions",
                    "Which versions of each framework run, and in how many services, the most"
                    " first.",
                    "none known (needs metrics.per_service)",
                ),
                (filled(versions, "version", "not stated"),),
                (
                    Column("framework", "Framework"),
                    Column("version", "Version"),
                    Column("Value", "Services"),
                ),
                Sorted("Services", descending=True),
                width=HALF,
            ),
        ),
    )
