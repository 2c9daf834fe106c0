"""Updates: which services have a new version, which version runs, since when it is pending."""

from typing import Final

from grafana_foundation_sdk.builders.dashboard import Dashboard

from .counts import now_by, over_time, trouble
from .look import NOTABLE, Caption
from .marks import marks
from .page import CHANGES, SERVICES, UPDATES, Row, leading_to, page
from .panels import HALF, TALL, WRAPPED, Column, Difference, Sorted, across, grid, number
from .promql import age, earliest, filled, inventory, platforms, series

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

_STATUS: Final = "zstack_model_services_version_status"
_NEW_VERSION: Final = ('status="new_version"',)

_EACH_PENDING: Final = "Services with a new version"
_EACH_VERSION: Final = "Running versions"

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
        marks=marks("updated", "new version"),
    )


def services(status: str) -> str:
    """How many services there are of this status."""
    return inventory(_STATUS, where=(f'status="{status}"',))


def _now() -> Row:
    return Row(
        "Now",
        across(
            trouble(
                Caption(
                    "New versions", "Services that have a newer version available.", _NO_INVENTORY
                ),
                services("new_version"),
                NOTABLE,
                leads_to=leading_to(UPDATES, panel=_EACH_PENDING),
            ),
            number(
                Caption(
                    "Longest pending",
                    "The longest time that a new version has been pending, from the poll in which"
                    " an exporter first saw it.",
                    "none known",
                    "s",
                ),
                f"max({age(SINCE)})",
                leads_to=leading_to(UPDATES, panel=_EACH_PENDING),
            ),
            number(
                Caption("Current", "Services that the platform reports as current.", _NO_INVENTORY),
                services("current"),
                leads_to=leading_to(UPDATES, panel=_EACH_VERSION),
            ),
            number(
                Caption(
                    "Not known",
                    "Services without a report on whether they have a new version."
                    " They are in no other panel here.",
                    _NO_INVENTORY,
                ),
                services("unknown"),
                leads_to=leading_to(UPDATES, panel=_EACH_VERSION),
            ),
        ),
    )


def _which() -> Row:
    return Row(
        "Pending",
        (
            grid(
                Caption(
                    _EACH_PENDING,
                    "Each service that has a new version, the longest pending first: since the poll"
                    " in which an exporter first saw it. It may have been there for longer, before"
                    " the exporter was: without a state file (state.file), before its last start."
                    " The platform reports neither since when, nor which version is the new one.",
                    _PER_SERVICE,
                    "ms",
                ),
                (PENDING,),
                (
                    Column("name", "Service", cell=WRAPPED),
                    Column("target", "Platform"),
                    Column("framework", "Framework"),
                    Column("version", "Running version"),
                    Column("since", "Pending since", is_moment=True),
                    Column("Value", "Pending for"),
                ),
                Sorted("Pending for", descending=True),
                leads_to=(leading_to(CHANGES, of="Platform"), leading_to(SERVICES, of="Platform")),
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
            over_time(
                Caption(
                    "Pending by framework",
                    "How many services have a new version, by framework. Vertical lines mark when"
                    " services were updated or got a new version; Changes names them.",
                    _NO_INVENTORY,
                ),
                _STATUS,
                "framework",
                where=_NEW_VERSION,
                height=TALL,
            ),
            over_time(
                Caption(
                    "Pending by platform",
                    "How many services have a new version, by platform.",
                    _NO_INVENTORY,
                ),
                _STATUS,
                "target",
                where=_NEW_VERSION,
                height=TALL,
            ),
            now_by(
                Caption(
                    "Pending now",
                    "How many services of each framework have a new version.",
                    _NO_INVENTORY,
                ),
                _STATUS,
                "framework",
                where=_NEW_VERSION,
                width=HALF,
                height=TALL,
                color=NOTABLE,
            ),
            grid(
                Caption(
                    _EACH_VERSION,
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
                leads_to=(leading_to(CHANGES),),
                width=HALF,
                height=TALL,
            ),
        ),
    )
