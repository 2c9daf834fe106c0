"""The status as JSON; docs/status.md tells its shape.

Keys that end in `_at`, `since` and `good_until` are Unix time in seconds, as everywhere in the
metrics.
"""

from collections.abc import Mapping, Sequence
from dataclasses import asdict
from math import isfinite
from typing import Any, Final

from exporter.build import VERSION
from exporter.inventory import Group, Inventory
from exporter.snapshot import Snapshot

from .facts import Facts, Now, Trouble, facts
from .outdated import Outdated

FORMAT: Final = 1
"""Goes up when a key is renamed, removed or comes to mean something else; not when one is added."""

MOST_OUTDATED: Final = 1000
"""Services with a new version that one target lists; `services_left_out` counts the others."""


def status_document(snapshots: Sequence[Snapshot]) -> dict[str, object]:
    """All targets, those in trouble first; fit for json.dumps."""
    now = Now.read()
    every = facts(snapshots, now)
    return {
        "format": FORMAT,
        "exporter": {"version": VERSION},
        "at": now.unix,
        "targets": [_target(one) for one in every],
    }


def _target(one: Facts) -> dict[str, object]:
    snapshot = one.snapshot
    return {
        "name": one.target,
        "state": one.state,
        "since": one.since,
        "interval_seconds": snapshot.interval,
        "stale_after_seconds": snapshot.stale_after,
        "last_poll_at": snapshot.attempted_at,
        "last_success_at": snapshot.succeeded_at,
        "next_poll_at": snapshot.next_poll_at,
        "error": _error(one.trouble),
        "data": _data(one, snapshot.inventory),
        "polls": [asdict(poll) for poll in snapshot.polls],
    }


def _error(trouble: Trouble | None) -> dict[str, object] | None:
    if trouble is None:
        return None
    return {
        "operation": trouble.operation,
        "reason": trouble.reason,
        "code": trouble.code,
        "message": trouble.message,
        "meaning": trouble.meaning,
        "mend": trouble.mend,
    }


def _data(one: Facts, known: Inventory | None) -> dict[str, object] | None:
    if known is None:
        return None
    return {
        "stale": one.stale,
        "good_until": one.good_until,
        "reported": known.reported,
        "undecodable": known.undecodable,
        "duplicates": known.duplicates,
        **_group(known.total),
        "groups": [
            {"framework": framework, "type": kind, "source": source, **_group(group)}
            for (framework, kind, source), group in known.groups.items()
        ],
        "by_cpu_architecture": known.by_cpu_architecture,
        "by_gpu_vendor": known.by_gpu_vendor,
        "services_with_new_version": [_service(row) for row in one.outdated[:MOST_OUTDATED]],
        "services_left_out": max(0, len(one.outdated) - MOST_OUTDATED),
    }


def _group(group: Group) -> Mapping[str, float | None]:
    return {
        "services": group.services,
        "new_version": group.new_version,
        "current": group.current,
        "unknown": group.unknown,
        "requested_cpu_cores": _number(group.cpu_cores),
        "requested_memory_bytes": _number(group.memory_bytes),
    }


def _service(row: Outdated) -> dict[str, Any]:
    service = row.service
    return {
        "uuid": service.uuid,
        "name": service.name,
        "framework": service.framework,
        "type": service.type,
        "source": service.source,
        "version": service.version,
        "created_at": _number(service.created),
        "last_operation_at": _number(service.last_operation),
    }


def _number(value: float | None) -> float | None:
    """JSON has no infinity, and sums of a stranger's numbers can come to one."""
    return value if value is not None and isfinite(value) else None
