"""The facts about one target at one instant, for the page and for the JSON alike."""

import time
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Literal, Self

from exporter.advice import Text, advice
from exporter.codes import told
from exporter.snapshot import Snapshot
from exporter.zstack import ZStackError

from .outdated import Outdated, outdated

State = Literal["failing", "waiting", "up"]
"""`waiting` is for its first poll to end."""

_WORST_FIRST: tuple[State, ...] = ("failing", "waiting", "up")


@dataclass(frozen=True, slots=True)
class Now:
    """One instant on both clocks: Unix time, and the monotonic time that staleness goes by."""

    unix: float
    monotonic: float

    @classmethod
    def read(cls) -> Self:
        return cls(time.time(), time.monotonic())


@dataclass(frozen=True, slots=True)
class Trouble:
    """The last error. `message` is as the platform or the network put it, and holds no secret.

    `meaning` and `mend` are those of the code where it is known, of the reason otherwise.
    """

    operation: str
    reason: str
    code: str
    message: str
    happened: Text
    meaning: Text
    mend: Text

    @classmethod
    def of(cls, error: ZStackError) -> Self:
        known = told(error)
        return cls(
            operation=error.operation.name,
            reason=error.reason,
            code=error.code,
            message=str(error),
            happened=advice(error).happened,
            meaning=known.happened,
            mend=known.fix,
        )


@dataclass(frozen=True, slots=True)
class Facts:
    """What is known of a target. `good_until` is Unix time, None as long as there is no data."""

    snapshot: Snapshot
    state: State
    since: float | None
    stale: bool
    good_until: float | None
    trouble: Trouble | None
    outdated: tuple[Outdated, ...]

    @classmethod
    def of(cls, snapshot: Snapshot, now: Now) -> Self:
        known = snapshot.inventory
        return cls(
            snapshot=snapshot,
            state=_state(snapshot),
            since=snapshot.up_since if snapshot.up else snapshot.failing_since,
            stale=known is not None and snapshot.stale(now.monotonic),
            good_until=None if known is None else now.unix + snapshot.good_until - now.monotonic,
            trouble=None if snapshot.error is None else Trouble.of(snapshot.error),
            outdated=() if known is None else outdated(snapshot.target, known.outdated),
        )

    @property
    def target(self) -> str:
        return self.snapshot.target

    @property
    def services(self) -> int:
        known = self.snapshot.inventory
        return 0 if known is None else known.services


def facts(snapshots: Iterable[Snapshot], now: Now) -> tuple[Facts, ...]:
    """The facts of all targets: those in trouble first, then by name."""
    every = (Facts.of(snapshot, now) for snapshot in snapshots)
    return tuple(sorted(every, key=lambda one: (_WORST_FIRST.index(one.state), one.target)))


def _state(snapshot: Snapshot) -> State:
    if snapshot.attempted_at is None:
        return "waiting"
    return "up" if snapshot.up else "failing"
