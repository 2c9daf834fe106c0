"""The lists beside the model services as JSON."""

from collections import Counter
from collections.abc import Iterator, Mapping
from math import isfinite
from typing import Final

from exporter.state.centers import ModelCenters
from exporter.state.instances import Group
from exporter.state.snapshot import Snapshot

from .lists import GroupsView, ListView, list_views
from .view import ErrorView, Now

MOST_STATUSES: Final = 50
"""They are the platform's words, an open set."""


def lists_document(snapshot: Snapshot, now: Now, most: int) -> list[dict[str, object]]:
    """Each list that could be polled, with so many of its records at most; for a worker thread."""
    return [_list(view, most) for view in list_views(snapshot, now, most)]


def error_document(error: ErrorView | None) -> dict[str, object] | None:
    """An error, with what it means and what to do about it."""
    if error is None:
        return None
    return {
        "operation": error.operation,
        "reason": error.reason,
        "code": error.code,
        "message": error.message,
        "meaning": error.meaning,
        "fix": error.hint,
        "runbook": error.runbook,
    }


def finite(value: float | None) -> float | None:
    """JSON has no infinity, which a sum of untrusted numbers can be."""
    return value if value is not None and isfinite(value) else None


def _commonest(by_status: Mapping[str, int]) -> dict[str, int]:
    return dict(Counter(by_status).most_common(MOST_STATUSES))


def _list(view: ListView, most: int) -> dict[str, object]:
    return {
        "resource": view.resource,
        "state": view.state,
        "last_success_at": view.succeeded_at,
        "error": error_document(view.error),
        "data": _data(view, most),
    }


def _data(view: ListView, most: int) -> dict[str, object] | None:
    age = {"stale": view.stale, "good_until": view.good_until}
    if view.groups is not None:
        return {**age, **dict(_groups(view.groups))}
    if view.centers is not None:
        return {**age, **dict(_centers(view.centers, most))}
    return None


def _groups(view: GroupsView) -> Iterator[tuple[str, object]]:
    yield "groups", view.groups
    yield "instances", view.instances
    yield "by_status", _commonest(view.found.by_status)
    yield "endpoints", view.endpoints
    yield "endpoints_running", view.running_endpoints
    yield "endpoints_left_out", view.endpoints_left_out
    yield "not_running", [_group(group, service) for group, service in view.not_running]
    yield "not_running_left_out", view.left_out


def _group(group: Group, service: str) -> dict[str, object]:
    return {
        "uuid": group.uuid,
        "name": group.name,
        "model_service_uuid": group.service_uuid,
        "model_service_name": service,
        "type": group.type,
        "status": group.status,
        "instances": len(group.instances),
    }


def _centers(found: ModelCenters, most: int) -> Iterator[tuple[str, object]]:
    shown, number = found.first[:most], sum(found.centers.values())
    yield "centers", number
    yield "by_status", _commonest(found.centers)
    yield (
        "model_centers",
        [
            {
                "uuid": each.uuid,
                "name": each.name,
                "status": each.status,
                "used_bytes": finite(each.used),
                "available_bytes": finite(each.available),
                "total_bytes": finite(each.total),
            }
            for each in shown
        ],
    )
    yield "model_centers_left_out", number - len(shown)
