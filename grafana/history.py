"""Queries for what has changed among the services: which came, went, were updated, request more.

A platform's list may be missing for a while: its exporter restarts, or polls fail until the list
is stale. So lists are compared that were there: the first and the last of the time range, or the
one of now and the last within the hour before. A list that is missing is no list without services.
Replicas and shards make no difference, since a service is known by platform and `uuid`.

Of every service the moments are taken at which it was listed, from a grid of moments which all
services share; so "listed last when its platform was" is an equation.
"""

from typing import Final

from .promql import filled, how_many, platforms, series, total

_INFO: Final = series("zstack_model_service_info")
_SERVICE: Final = "on (job, target, uuid)"
_PLATFORM: Final = "on (job, target)"

LISTED: Final = platforms(_INFO, "uuid")
RUNNING: Final = platforms(_INFO, "uuid", "version")
FLAGGED: Final = platforms(f"{series('zstack_model_service_has_new_version')} == 1", "uuid")
REQUESTED: Final = {
    resource: f"zstack_model_service_requested_{unit}"
    for resource, unit in {"CPU": "cpu_cores", "memory": "memory_bytes"}.items()
}

# Totals without series of each service are no list, except that of no service.
KNOWN: Final = platforms(f"{_INFO} or ({series('zstack_model_services_reported')} == 0) + 1")

_RANGE: Final = "[$__range:$__interval]"
_BEFORE: Final = "[1h:$__interval] offset $__interval"

MOST_ROWS: Final = 500


def _first(listed: str) -> str:
    """When it was listed for the first time in the time range."""
    return f"min_over_time((time() * {listed}){_RANGE})"


def _last(listed: str, window: str = _RANGE) -> str:
    """When it was listed last."""
    return f"max_over_time((time() * {listed}){window})"


def came() -> str:
    """When each service was seen first that the first list of its platform did not have."""
    return f"{_first(LISTED)} > {_PLATFORM} group_left () {_first(KNOWN)}"


def went() -> str:
    """When each service was seen last that the last list of its platform does not have."""
    return f"{_last(LISTED)} < {_PLATFORM} group_left () {_last(KNOWN)}"


def updated() -> str:
    """When each service was first seen in a version that it did not run when it was seen first."""
    versions = _first(RUNNING)
    return f"{versions} > {_SERVICE} group_left () {_first(LISTED)}"


def flagged() -> str:
    """When each service was first seen with a new version that had none when it was seen first."""
    return f"{_first(FLAGGED)} > {_SERVICE} {_first(LISTED)}"


def raised(resource: str) -> str:
    """When each service was last seen to request less than it does now."""
    metric = series(REQUESTED[resource])
    less = f"{platforms(metric, 'uuid')} < {_SERVICE} {platforms(f'{metric} @ end()', 'uuid')}"
    return f"max_over_time((0 * ({less}) + time()){_RANGE})"


def number_of(changes: str) -> str:
    """How many there were; 0 only where lists are known."""
    return how_many(changes, _first(KNOWN))


def rows() -> str:
    """Each change with the facts of its service as they were known last; milliseconds."""
    changes = {
        "came": _described(came()),
        "went": _described(went()),
        "updated": _described(updated(), "version"),
        "new version available": _described(flagged()),
        "requests more CPU": _described(raised("CPU")),
        "requests more memory": _described(raised("memory")),
    }
    every = " or ".join(
        f'label_replace({vector}, "change", "{change}", "", "")'
        for change, vector in changes.items()
    )
    named = filled(filled(f"({every})", "version", "not stated"), "name", "no name")
    return f"1000 * topk({MOST_ROWS}, {named})"


def _described(moments: str, *more: str) -> str:
    """The same with the name, framework and version that the services had last."""
    same = f"({', '.join(('job', 'target', 'uuid', *more))})"
    last = _last(platforms(_INFO, "uuid", "name", "framework", "version"))
    return f"0 * topk by {same} (1, {last}) + on {same} group_left () ({moments})"


def _listed_before(listed: str) -> str:
    """What the last list of its platform had, of those in the hour before."""
    return f"{_last(listed, _BEFORE)} == {_PLATFORM} group_left () {_last(KNOWN, _BEFORE)}"


# One step of a graph: of what is there now, what was not there before, or the other way round.
# Of a platform without a list before, everything would seem to come; without one now, to go.
_CAME: Final = (
    f"{LISTED} unless {_SERVICE} ({_listed_before(LISTED)}) and {_PLATFORM} {_last(KNOWN, _BEFORE)}"
)
_WENT: Final = f"({_listed_before(LISTED)}) unless {_SERVICE} {LISTED} and {_PLATFORM} {KNOWN}"
_UPDATED: Final = (
    f"{RUNNING} unless on (job, target, uuid, version) ({_listed_before(RUNNING)})"
    f" and {_SERVICE} ({_listed_before(LISTED)})"
)
_FLAGGED: Final = (
    f"{FLAGGED} unless {_SERVICE} ({_listed_before(FLAGGED)})"
    f" and {_SERVICE} ({_listed_before(LISTED)})"
)


def _raised_in_step(metric: str) -> str:
    now = platforms(series(metric), "uuid")
    return f"{now} > {_SERVICE} last_over_time({now}{_BEFORE})"


_RAISED: Final = " or ".join(_raised_in_step(metric) for metric in REQUESTED.values())

IN_STEP: Final = {
    "came": _CAME,
    "went": _WENT,
    "updated": _UPDATED,
    "new version": _FLAGGED,
    "requests more": _RAISED,
}
"""The services that changed since the step before, by what happened to them."""


def on_platforms(services: str) -> str:
    """How many of these each platform has."""
    return f"count by (job, target) ({services})"


def everywhere(services: str) -> str:
    """How many there are on all platforms; 0 only where a list is known."""
    return f"{total(on_platforms(services))} or 0 * count({KNOWN})"


def with_number(services: str) -> str:
    """A series for each platform, whose label `number` says how many."""
    return f'count_values by (job, target) ("number", {on_platforms(services)})'
