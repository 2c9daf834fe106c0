"""Views of the targets at one instant, for the page and for the JSON alike."""

import time
from dataclasses import dataclass
from typing import Literal, Self

from exporter.state.hints import Text, hint_for, hint_for_class
from exporter.state.services import Service
from exporter.state.snapshot import Snapshot
from exporter.zstack import ZStackError, clock

State = Literal["failing", "waiting", "up"]
"""`waiting`: the first poll has not ended."""


@dataclass(frozen=True, slots=True)
class Now:
    """One instant on both clocks: Unix time, and the monotonic clock, which measures ages."""

    unix: float
    clock: float

    @classmethod
    def read(cls) -> Self:
        return cls(time.time(), clock.now())


@dataclass(frozen=True, slots=True)
class ErrorView:
    """The last error. `message` is that of the platform or the network, without secrets.

    `meaning` and `hint` are those of the code if it is known, of the reason otherwise.
    """

    operation: str
    reason: str
    code: str
    message: str
    happened: Text
    meaning: Text
    hint: Text

    @classmethod
    def from_error(cls, error: ZStackError) -> Self:
        known = hint_for(error)
        return cls(
            operation=error.operation.name,
            reason=error.reason,
            code=error.code,
            message=str(error),
            happened=hint_for_class(error).happened,
            meaning=known.happened,
            hint=known.fix,
        )


@dataclass(frozen=True, slots=True)
class TargetView:
    """One target. `good_until` is Unix time, None as long as there is no data."""

    snapshot: Snapshot
    state: State
    since: float | None
    stale: bool
    good_until: float | None
    error: ErrorView | None

    @classmethod
    def from_snapshot(cls, snapshot: Snapshot, now: Now) -> Self:
        known = snapshot.inventory
        return cls(
            snapshot=snapshot,
            state=state_of(snapshot),
            since=snapshot.up_since if snapshot.up else snapshot.failing_since,
            stale=is_stale(snapshot, now),
            good_until=None if known is None else now.unix + snapshot.good_until - now.clock,
            error=None if snapshot.error is None else ErrorView.from_error(snapshot.error),
        )

    @property
    def target(self) -> str:
        return self.snapshot.target

    @property
    def services(self) -> int:
        known = self.snapshot.inventory
        return 0 if known is None else known.services

    @property
    def outdated(self) -> tuple[Service, ...]:
        """Its services that have a new version."""
        known = self.snapshot.inventory
        return () if known is None else known.outdated


def state_of(snapshot: Snapshot) -> State:
    """How the last poll ended."""
    if snapshot.attempted_at is None:
        return "waiting"
    return "up" if snapshot.up else "failing"


def is_stale(snapshot: Snapshot, now: Now) -> bool:
    """Whether there is data, and it is too old."""
    return snapshot.inventory is not None and snapshot.stale(now.clock)
