"""The targets as a whole: counted, chosen and in order.

It reads the snapshots alone. Views, which cost more, are made of the targets that a page shows.
"""

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Final

from exporter.state.snapshot import Snapshot

from .outdated import natural
from .query import STATES
from .view import Now, is_empty, is_stale, state_of

FLEET: Final = 10
"""Targets up to which one page shows each in full; more of them get one row each, in pages."""


@dataclass(frozen=True, slots=True)
class Counts:
    """Targets, those in each state, their services and those of them with a new version."""

    targets: int
    up: int
    failing: int
    waiting: int
    stale: int
    empty: int
    services: int
    new_version: int

    @classmethod
    def of(cls, snapshots: Sequence[Snapshot], now: Now) -> "Counts":
        states = Counter(map(state_of, snapshots))
        known = [each.inventory for each in snapshots if each.inventory is not None]
        return cls(
            targets=len(snapshots),
            up=states["up"],
            failing=states["failing"],
            waiting=states["waiting"],
            stale=sum(is_stale(each, now) for each in snapshots),
            empty=sum(map(is_empty, snapshots)),
            services=sum(each.services for each in known),
            new_version=sum(len(each.outdated) for each in known),
        )


def choose(
    snapshots: Iterable[Snapshot], now: Now, *, search: str = "", state: str = ""
) -> list[Snapshot]:
    """The targets in a state whose names have every word of the search."""
    words = search.casefold().split()
    return [
        each
        for each in snapshots
        if _is_in(each, state, now) and all(word in each.target.casefold() for word in words)
    ]


def worst_first(snapshots: Iterable[Snapshot], now: Now) -> list[Snapshot]:
    """Failing targets, those with stale data, those that wait, empty ones, those that are up.

    Each by name.
    """
    return sorted(by_name(snapshots), key=lambda each: _severity(each, now))


def by_name(snapshots: Iterable[Snapshot]) -> list[Snapshot]:
    """In the order of their names; `lab-9` is before `lab-10`."""
    return sorted(snapshots, key=lambda each: (natural(each.target), each.target))


def _is_in(snapshot: Snapshot, state: str, now: Now) -> bool:
    """Whether it is in this state; all are in the empty one."""
    if state == "stale":
        return is_stale(snapshot, now)
    if state == "empty":
        return is_empty(snapshot)
    return state in ("", state_of(snapshot))


def _severity(snapshot: Snapshot, now: Now) -> int:
    """The place in STATES of the worst of its troubles."""
    state: str = state_of(snapshot)
    if state != "failing" and is_stale(snapshot, now):
        state = "stale"
    elif is_empty(snapshot):
        state = "empty"
    return STATES.index(state)
