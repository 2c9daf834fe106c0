"""Updates: which services have a new version, which version runs, since when it is pending."""

from typing import Final

from grafana_foundation_sdk.builders.dashboard import Dashboard

from .look import GOOD, NOTABLE, Query, Told, steps
from .page import UPDATES, Row, page
from .panels import HALF, Column, Difference, Sorted, across, bars, grid, lines, number
from .promql import filled, inventory, platforms, ranked, series

FLAG: Final = platforms(series("zstack_model_service_has_new_version"), "uuid")

_SAME: Final = "on (job, target, uuid)"
_LOOKED_AT: Final = "[$__range:$__interval]"

# A service that was seen without a new version in the time range is pending since the last such
# moment. Any other is pending for longer than the range, or than it has been watched: all that is
# known is when it was first seen pending.
_LEFT: Final = f"max_over_time(timestamp({FLAG} == 0){_LOOKED_AT})"
# The last step of the range ends before now; what came after it is known since now.
_FOUND: Final = f"(min_over_time(timestamp({FLAG} == 1){_LOOKED_AT}) or timestamp({FLAG} == 1))"
SINCE: Final = (
    f'(label_replace({_LEFT}, "seen", "the change", "", "")'
    f' or {_SAME} label_replace({_FOUND}, "seen", "no change", "", ""))'
    f" and {_SAME} {FLAG} == 1"
)
INFO: Final = series("zstack_model_service_info")
FACTS: Final = platforms(INFO, "uuid", "name", "framework", "version")
# An empty cell would show what an empty panel does.
NAMED: Final = filled(filled(FACTS, "version", "not stated"), "name", "no name")
# Facts stand on the left, where several of one service are no error: replicas may know different
# versions for the time between two polls.
PENDING: Final = f"{NAMED} * {_SAME} group_left (seen) (1000 * (time() - ({SINCE})))"

# Two hours in thirty days. Each step costs a sample of each service and replica, and a query of
# Prometheus may take 50 million by default: so much for 100,000 services.
RESOLUTION: Final = 400

_NO_INVENTORY: Final = "no inventory: see Overview"
_PER_SERVICE: Final = "none known (needs metrics.per_service)"


def dashboard() -> Dashboard:
    """The dashboard for the owners of models."""
    return page(
        UPDATES,
        "Which model services have a newer version, which version they run, and since when the new"
        " one is pending, as far as Prometheus remembers.",
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
                Told(
                    "New versions", "Services that have a newer version available.", _NO_INVENTORY
                ),
                services("new_version"),
                colours=steps(GOOD, (1, NOTABLE)),
                said={"0": ("none", GOOD)},
            ),
            number(
                Told(
                    "Longest pending",
                    "How long the new version is pending that is pending longest. At least so long:"
                    " nothing is known from before the time range, from before Prometheus' first"
                    " sample, or from moments without one.",
                    "none known",
                    "s",
                ),
                f"max(time() - ({SINCE}))",
            ).max_data_points(RESOLUTION),
            number(
                Told("Current", "Services of which the platform says so.", _NO_INVENTORY),
                services("current"),
            ),
            number(
                Told(
                    "Not known",
                    "Services of which the platform does not say whether they have a new version."
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
                Told(
                    "Services with a new version",
                    "Each service that has a new version, the longest pending first. The platform"
                    " does not say since when: that is read off Prometheus' samples in the time"
                    " range. Where they show the change, it came after the moment given here,"
                    " within one step (a 400th of the range: two hours in thirty days), or in a gap"
                    " if nothing was scraped just then. Where they show no change, the service was"
                    " pending when it was first seen: it may be pending for longer, and a longer"
                    " range may tell. Which version is the new one, the platform does not say.",
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
                    Column("seen", "Samples show"),
                    Column("uuid", "UUID"),
                ),
                Sorted("Pending for", descending=True),
                difference=Difference("since", of="Time", less="Value"),
                height=12,
            ).max_data_points(RESOLUTION),
        ),
    )


def _history() -> Row:
    versions = f"count by (framework, version) ({platforms(INFO, 'uuid', 'framework', 'version')})"
    return Row(
        "History",
        (
            lines(
                Told(
                    "Pending by framework",
                    "How many services have a new version, by framework.",
                    _NO_INVENTORY,
                ),
                Query(services("new_version", "framework"), "{{framework}}"),
                stacked=True,
            ),
            lines(
                Told(
                    "Pending by platform",
                    "How many services have a new version, by platform.",
                    _NO_INVENTORY,
                ),
                Query(services("new_version", "target"), "{{target}}"),
                stacked=True,
            ),
            bars(
                Told(
                    "Pending now",
                    "How many services of each framework have a new version.",
                    _NO_INVENTORY,
                ),
                Query(ranked(services("new_version", "framework")), "{{framework}}"),
                width=HALF,
                color=NOTABLE,
            ),
            grid(
                Told(
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
