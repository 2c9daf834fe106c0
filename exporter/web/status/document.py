"""The status as JSON; docs/status.md describes it.

Keys that end in `_at`, `since` and `good_until` are Unix time in seconds, as in the metrics.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict
from typing import Any, Final

from exporter.build import VERSION, build
from exporter.settings.targets_files import TargetsFile
from exporter.state.hints import NO_SERVICES
from exporter.state.inventory import Inventory
from exporter.state.services import Service
from exporter.state.snapshot import Poll, RecordSeries, Snapshot
from exporter.state.tallies import Group
from exporter.zstack import MODEL_SERVICES

from .excerpt import Excerpt
from .fleet import Counts, by_name, choose, worst_first
from .lists_document import error_document, finite, lists_document
from .query import DocumentQuery
from .runbooks import runbook
from .sources import Sources
from .view import ErrorView, Now, TargetView

FORMAT: Final = 1
"""Goes up when a key is renamed, removed or changes its meaning; not when a key is added."""

MOST_OUTDATED: Final = 1000
"""Services with a new version that one target lists; `services_left_out` counts the others."""

MOST_IN_ALL: Final = 10 * MOST_OUTDATED
"""Such services in a document: of many targets each lists an equal part."""

MOST_FAULTS: Final = 20
"""Of one file that are listed; `faults_left_out` counts the others."""

MOST_FAILING_FILES: Final = 100
"""Targets files with faults that are listed; `failing_left_out` counts the others."""


MOST_RECORDS: Final = 100
"""Groups that do not run, and model centers, that one target lists; the others are counted."""

MOST_RECORDS_IN_ALL: Final = 10 * MOST_RECORDS


def status_document(sources: Sources, query: DocumentQuery | None = None) -> dict[str, object]:
    """The targets requested, failing ones first, and a summary of all; fit for json.dumps.

    The faults of files are on the first page alone: a walk over the pages needs them once.
    """
    query = query or DocumentQuery()
    now = Now.read()
    part = _requested(sources.snapshots, now, query)
    rows = max(1, len(part.rows))
    most = min(MOST_OUTDATED, MOST_IN_ALL // rows)
    most_records = min(MOST_RECORDS, MOST_RECORDS_IN_ALL // rows)
    return {
        "format": FORMAT,
        "exporter": _exporter(sources),
        "at": now.unix,
        "summary": asdict(Counts.of(sources.snapshots, now)),
        "page": {
            "number": part.number,
            "pages": part.pages,
            "per_page": query.per_page,
            "targets": part.found,
            "next": None if part.next is None else query.link(part.next),
        },
        **({} if query.target or query.page > 1 else {"targets_files": _files(sources.files)}),
        "targets": [
            _target(
                TargetView.from_snapshot(each, now), most, lists_document(each, now, most_records)
            )
            for each in part.rows
        ],
    }


def _exporter(sources: Sources) -> dict[str, object]:
    return {
        "version": VERSION,
        "revision": build().revision,
        "started_at": sources.started_at,
        "files": {
            name: {"last_success_at": loaded.at, "failed_at": loaded.failed_at}
            for name, loaded in sources.loads.items()
        },
    }


def _requested(snapshots: Sequence[Snapshot], now: Now, query: DocumentQuery) -> Excerpt[Snapshot]:
    chosen = choose(snapshots, now, search=query.search, state=query.state)
    if query.target:
        chosen = [each for each in chosen if each.target == query.target]
    ordered = by_name(chosen) if query.by_name else worst_first(chosen, now)
    return Excerpt.cut(ordered, query.page, query.per_page)


def _files(files: Sequence[TargetsFile]) -> dict[str, object]:
    failing = [each for each in files if each.faults]
    return {
        "files": len(files),
        "failing": [_file(each) for each in failing[:MOST_FAILING_FILES]],
        "failing_left_out": max(0, len(failing) - MOST_FAILING_FILES),
    }


def _file(file: TargetsFile) -> dict[str, object]:
    return {
        "file": file.name,
        "targets": len(file.targets),
        "faults": [
            {"where": fault.where, "what": fault.what, "fix": fault.fix}
            for fault in file.faults[:MOST_FAULTS]
        ],
        "faults_left_out": max(0, len(file.faults) - MOST_FAULTS),
    }


def _target(view: TargetView, most: int, lists: Sequence[object]) -> dict[str, object]:
    snapshot = view.snapshot
    return {
        "name": view.target,
        "platform": None if view.platform is None else asdict(view.platform),
        "state": view.state,
        "since": view.since,
        "interval_seconds": snapshot.interval,
        "stale_after_seconds": snapshot.stale_after,
        "last_poll_at": snapshot.attempted_at,
        "last_success_at": snapshot.succeeded_at,
        "next_poll_at": snapshot.next_poll_at,
        "error": error_document(view.error),
        "credentials_withheld": _withheld(view.error),
        "warnings": [*_warnings(view)],
        "data": _data(view, snapshot.inventory, most),
        "series_left_out": _series_left_out(snapshot.series),
        "lists": lists,
        "polls": [_poll(poll) for poll in snapshot.polls],
    }


def _withheld(error: ErrorView | None) -> dict[str, float | None] | None:
    """Until when refused credentials are not sent; None where they are sent at the next poll."""
    if error is None or error.withheld_until is None:
        return None
    return {"until": error.tried_again_at}


def _warnings(view: TargetView) -> Iterator[dict[str, str]]:
    if view.empty:
        yield {
            "kind": "no_services",
            "meaning": NO_SERVICES.happened,
            "fix": NO_SERVICES.fix,
            "runbook": runbook("no_services"),
        }


def _series_left_out(series: RecordSeries | None) -> int | None:
    """As zstack_series_left_out has it; None without metrics.max_series."""
    return None if series is None else series.number_left_out


def _poll(poll: Poll) -> dict[str, object]:
    """Like dataclasses.asdict, which takes ten times as long."""
    return {
        "at": poll.at,
        "seconds": poll.seconds,
        "services": poll.services,
        "reason": poll.reason,
        "code": poll.code,
        "skipped": poll.skipped,
        "asked": poll.asked,
    }


def _data(view: TargetView, known: Inventory | None, most: int) -> dict[str, object] | None:
    if known is None:
        return None
    return {
        "stale": view.stale,
        "good_until": view.good_until,
        "reported": known.reported,
        "undecodable": known.undecodable,
        "duplicates": known.duplicates,
        "drift": [
            {"resource": MODEL_SERVICES.name, "field": field, "kind": kind, "records": records}
            for (field, kind), records in known.drift.items()
        ],
        **_group(known.total),
        "groups": [
            {"framework": framework, "type": kind, "source": source, **_group(group)}
            for (framework, kind, source), group in known.groups.items()
        ],
        "by_cpu_architecture": known.by_cpu_architecture,
        "by_gpu_vendor": known.by_gpu_vendor,
        "services_with_new_version": [_service(each) for each in known.outdated[:most]],
        "services_left_out": max(0, len(known.outdated) - most),
    }


def _group(group: Group) -> Mapping[str, float | None]:
    return {
        "services": group.services,
        "new_version": group.new_version,
        "current": group.current,
        "unknown": group.unknown,
        "requested_cpu_cores": finite(group.cpu_cores),
        "requested_memory_bytes": finite(group.memory_bytes),
    }


def _service(service: Service) -> dict[str, Any]:
    return {
        "uuid": service.uuid,
        "name": service.name,
        "framework": service.framework,
        "type": service.type,
        "source": service.source,
        "version": service.version,
        "created_at": finite(service.created),
        "last_operation_at": finite(service.last_operation),
    }
