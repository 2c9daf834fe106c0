"""Views of the targets at one instant, for the page and for the JSON alike."""

import time
from dataclasses import dataclass
from math import isinf
from typing import Literal, Self

from exporter.state.hints import Text, hint_for
from exporter.state.platform import Platform
from exporter.state.services import Service
from exporter.state.snapshot import Snapshot
from exporter.zstack import MODEL_SERVICES, ZStackError, clock
from exporter.zstack.errors import UnauthorizedError

from .runbooks import runbook_of_error

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
    `withheld_until` is Unix time, as of an UnauthorizedError: None where the next poll tries again.
    """

    operation: str
    reason: str
    code: str
    message: str
    meaning: Text
    hint: Text
    runbook: str
    withheld_until: float | None = None

    @classmethod
    def from_error(cls, error: ZStackError, now: Now, resource: str = MODEL_SERVICES.name) -> Self:
        known = hint_for(error)
        return cls(
            operation=error.operation.name,
            reason=error.reason,
            code=error.code,
            message=str(error),
            meaning=known.happened,
            hint=known.fix,
            runbook=runbook_of_error(error.reason, resource),
            withheld_until=_withheld_until(error, now),
        )

    @property
    def tried_again_at(self) -> float | None:
        """When withheld credentials are tried again without a change or a reload; None: never."""
        until = self.withheld_until
        return None if until is None or isinf(until) else until


def _withheld_until(error: ZStackError, now: Now) -> float | None:
    until = error.withheld_until if isinstance(error, UnauthorizedError) else None
    return None if until is None or until <= now.clock else now.unix + until - now.clock


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
            error=None if snapshot.error is None else ErrorView.from_error(snapshot.error, now),
        )

    @property
    def target(self) -> str:
        return self.snapshot.target

    @property
    def platform(self) -> Platform | None:
        return self.snapshot.platform

    @property
    def empty(self) -> bool:
        """Whether its last poll found no model services, which may be for want of a right."""
        return is_empty(self.snapshot)

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


def is_empty(snapshot: Snapshot) -> bool:
    """Whether the last poll succeeded and found no model services."""
    return snapshot.up and snapshot.inventory is not None and snapshot.inventory.reported == 0


def is_stale(snapshot: Snapshot, now: Now) -> bool:
    """Whether there is data, and it is too old."""
    return snapshot.inventory is not None and snapshot.stale(now.clock)
