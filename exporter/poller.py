"""One target: `poll` is one step, `run` is the loop."""

import asyncio
import time
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, replace

import structlog

from .codes import told
from .inventory import Inventory
from .snapshot import POLLS_KEPT, Poll, Snapshot, ticks
from .telemetry import TargetTelemetry
from .zstack import (
    QUERY_MODEL_SERVICE,
    DeadlineError,
    PollError,
    ZStackError,
)

log = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True)
class Schedule:
    """Seconds: between two polls, for one poll, and until what a poll brought is stale."""

    interval: float
    timeout: float
    stale_after: float


class Poller:
    """Fetches on a schedule and hands up a snapshot after each poll, also after a failed one."""

    def __init__(
        self,
        target: str,
        fetch: Callable[[], Awaitable[Inventory]],
        publish: Callable[[Snapshot], Awaitable[None]],
        *,
        schedule: Schedule,
        telemetry: TargetTelemetry,
        before: Snapshot | None = None,
    ) -> None:
        """`before` is what another poller knew of this target: new settings, the same platform."""
        self._fetch = fetch
        self._publish = publish
        self._schedule = schedule
        self._telemetry = telemetry
        self._log = log.bind(target=target)
        self._snapshot = _begun(target, schedule, before)
        self._skipped = 0

    async def run(self) -> None:
        """Poll at once and then on every tick; a tick that finds a poll under way is skipped."""
        await self._publish(self._snapshot)  # what is set is known before anything is polled
        interval = self._schedule.interval
        tick = time.monotonic()
        while True:
            await self.poll()
            passed = ticks(time.monotonic() - tick, interval)
            self._skipped = passed - 1
            self._telemetry.skipped_polls(self._skipped)
            tick += passed * interval
            await asyncio.sleep(tick - time.monotonic())

    async def poll(self) -> Snapshot:
        """One poll; a platform that fails makes a snapshot that says so, with the old inventory."""
        began_at, began = time.time(), time.monotonic()
        try:
            inventory = await self._fetch_in_time()
            snapshot = self._succeeded(inventory, began_at, began)
            await self._publish(snapshot)
        except ZStackError as error:
            snapshot = self._failed(_without_past(error), began_at, began)
            await self._publish(snapshot)
        self._account(snapshot, time.monotonic() - began)
        self._log_change(snapshot)
        self._snapshot = snapshot
        return snapshot

    async def _fetch_in_time(self) -> Inventory:
        try:
            async with asyncio.timeout(self._schedule.timeout):
                return await self._fetch()
        except TimeoutError as error:
            message = f"not done within {self._schedule.timeout:g} seconds"
            raise DeadlineError(message, QUERY_MODEL_SERVICE) from error

    def _succeeded(self, inventory: Inventory, began_at: float, began: float) -> Snapshot:
        poll = Poll(began_at, time.monotonic() - began, inventory.services, skipped=self._skipped)
        return replace(
            self._snapshot,
            attempted_at=began_at,
            succeeded_at=began_at,
            inventory=inventory,
            good_until=began + self._schedule.stale_after,
            error=None,
            up_since=self._snapshot.up_since or began_at,
            failing_since=None,
            failures=dict.fromkeys(self._snapshot.failures, False),
            polls=self._with(poll),
        )

    def _failed(self, error: ZStackError, began_at: float, began: float) -> Snapshot:
        labels = self._telemetry.error_labels(*_labels(error))
        seconds = time.monotonic() - began
        poll = Poll(began_at, seconds, None, error.reason, error.code, skipped=self._skipped)
        failures = dict.fromkeys(self._snapshot.failures, False) | {labels: True}
        return replace(
            self._snapshot,
            attempted_at=began_at,
            error=error,
            up_since=None,
            failing_since=self._snapshot.failing_since or began_at,
            failures=failures,
            polls=self._with(poll),
        )

    def _with(self, poll: Poll) -> tuple[Poll, ...]:
        return (*self._snapshot.polls, poll)[-POLLS_KEPT:]

    def _account(self, snapshot: Snapshot, seconds: float) -> None:
        self._telemetry.polled("success" if snapshot.up else "failure", seconds)
        if isinstance(snapshot.error, PollError):  # what a request met is counted with the request
            self._telemetry.failed(*_labels(snapshot.error))
        if snapshot.up and snapshot.inventory is not None:
            self._telemetry.skipped_records("undecodable", snapshot.inventory.undecodable)
            self._telemetry.skipped_records("duplicate", snapshot.inventory.duplicates)

    def _log_change(self, snapshot: Snapshot) -> None:
        """A line when trouble begins, changes or ends; every poll at debug level."""
        before, now = self._snapshot.error, snapshot.error
        if now is not None and (before is None or _kind(before) != _kind(now)):
            self._log.warning("poll failed", **_log_fields(now))
        elif now is not None:
            self._log.debug("poll failed again", **_log_fields(now))
        elif before is not None:
            self._log.info("recovered", services=snapshot.polls[-1].services)
        elif self._snapshot.succeeded_at is None:
            self._log.info("first poll", services=snapshot.polls[-1].services)
        else:
            self._log.debug("poll", services=snapshot.polls[-1].services)


def _begun(target: str, schedule: Schedule, before: Snapshot | None) -> Snapshot:
    """What is known before the first poll: nothing, or what was, under the schedule of now."""
    if before is None:
        return Snapshot(target, schedule.interval, schedule.stale_after)
    return replace(
        before,
        interval=schedule.interval,
        stale_after=schedule.stale_after,
        good_until=before.good_until - before.stale_after + schedule.stale_after,
    )


def _without_past(error: ZStackError) -> ZStackError:
    """The error alone: its traceback would keep every record that the poll had read so far."""
    error.__cause__ = error.__context__ = None
    return error.with_traceback(None)


def _labels(error: ZStackError) -> tuple[str, str, str]:
    return (error.operation.name, error.reason, error.code)


def _kind(error: ZStackError) -> tuple[object, ...]:
    """What makes a failure another one than that of the poll before; a number in it does not."""
    return (type(error), *_labels(error))


def _log_fields(error: ZStackError) -> dict[str, str]:
    code = {"code": error.code} if error.code else {}
    return {
        "operation": error.operation.name,
        "reason": error.reason,
        **code,
        "error": str(error),
        "hint": told(error).fix,
    }
