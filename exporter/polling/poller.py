"""One target: `poll` is one step, `run` is the loop."""

import asyncio
import time
from collections.abc import Awaitable, Callable
from dataclasses import replace
from typing import Protocol

import structlog

from exporter.metrics.lines import Blocks
from exporter.metrics.rendered import Rendered
from exporter.metrics.target_telemetry import TargetTelemetry
from exporter.state.first_sights import FirstSights
from exporter.state.inventory import Inventory
from exporter.state.snapshot import POLLS_KEPT, ErrorLabels, Poll, RecordSeries, Snapshot
from exporter.zstack import QUERY_MODEL_SERVICE, DeadlineError, PollError, ZStackError, clock

from .failures import asked_nothing, labels, log_failure, without_past
from .fetcher import Fetched
from .further_lists import FurtherLists, Moment, Polled
from .schedule import Ramp, Schedule

log = structlog.get_logger(__name__)


class Publisher(Protocol):
    """Where the snapshots of a poller go."""

    async def render(self, snapshot: Snapshot, lines: Blocks) -> Rendered:
        """Render a snapshot, with the lines of the records that its poll has read.

        Raises UnpublishableError.
        """

    def publish(self, rendered: Rendered, telemetry: TargetTelemetry) -> None:
        """Show it, with the telemetry of its target."""


class PendingSince(Protocol):
    """Finds since when new versions are pending."""

    async def __call__(self, inventory: Inventory, at: float) -> FirstSights:
        """The first sights to show after a poll that began `at` (Unix time)."""


class Poller:
    """Fetches on a schedule and publishes a snapshot after each poll, also after a failed one."""

    def __init__(
        self,
        target: str,
        fetch: Callable[[], Awaitable[Fetched[Inventory]]],
        publisher: Publisher,
        *,
        schedule: Schedule,
        telemetry: TargetTelemetry,
        pending_since: PendingSince | None = None,
        before: Snapshot | None = None,
        further: FurtherLists | None = None,
    ) -> None:
        """`before` is what is known of the same platform, as by a poller with other settings.

        `fetch` fetches the model services; `further` lists are polled after them.
        """
        self._fetch = fetch
        self._further = further or FurtherLists()
        self._publisher = publisher
        self._schedule = schedule
        self._telemetry = telemetry
        self._pending_since = pending_since
        self._log = log.bind(target=target)
        self._snapshot = _begun(target, schedule, before)
        self._tick: float | None = None
        self._skipped = 0

    async def run(self, ramp: Ramp) -> None:
        """Poll as soon as the ramp allows, then on every tick that finds no poll under way."""
        await self._show(self._snapshot)  # the settings are known before anything is polled
        begun = clock.now()
        async with ramp.place(until=self._schedule.next_tick(begun, begun)):
            # The first poll takes the place of the tick that is nearest.
            self._tick = self._schedule.nearest_tick(clock.now())
            await self.poll()
        while True:
            await asyncio.sleep(self._tick - clock.now())
            await self.poll()

    async def poll(self) -> Snapshot:
        """One poll; a failed one makes a snapshot with the error and the inventory before."""
        began_at, began = time.time(), clock.now()
        services: Fetched[Inventory] | ZStackError
        try:
            services = await self._fetch_in_time()
        except ZStackError as error:
            services = without_past(error)
        polled = await self._poll_further(services, began_at, began)
        try:
            rendered = await self._rendered(services, polled, began_at, began)
        except ZStackError as error:
            unpublishable = without_past(error)
            polled = self._further.failed(self._snapshot.lists, unpublishable)
            rendered = await self._rendered(unpublishable, polled, began_at, began)
        snapshot = rendered.snapshot
        # Nothing is waited for from here on: a scrape sees the poll and its count together.
        self._account(snapshot, polled, clock.now() - began)
        self._pass_ticks()
        self._publisher.publish(rendered, self._telemetry)
        self._log_change(snapshot)
        self._snapshot = snapshot
        return snapshot

    async def _poll_further(
        self, services: Fetched[Inventory] | ZStackError, began_at: float, began: float
    ) -> Polled:
        schedule = self._schedule
        moment = Moment(began_at, began + schedule.timeout, began + schedule.stale_after)
        failed = services if isinstance(services, ZStackError) else None
        return await self._further.poll(self._snapshot.lists, moment, failed)

    async def _rendered(
        self,
        services: Fetched[Inventory] | ZStackError,
        polled: Polled,
        began_at: float,
        began: float,
    ) -> Rendered:
        """The snapshot of a poll that ended so, and its blocks. Raises UnpublishableError."""
        if isinstance(services, ZStackError):
            snapshot, lines = self._failed(services, polled, began_at, began), polled.lines
        else:
            snapshot = self._succeeded(services.found, polled, began_at, began)
            if self._pending_since is not None:
                since = await self._pending_since(services.found, began_at)
                snapshot = replace(snapshot, pending_since=since)
            lines = {**services.lines, **polled.lines}
        return await self._publisher.render(snapshot, lines)

    async def _show(self, snapshot: Snapshot) -> None:
        rendered = await self._publisher.render(snapshot, {})
        self._publisher.publish(rendered, self._telemetry)

    def _pass_ticks(self) -> None:
        """Go on to the next tick, and count those that passed during the poll as skipped."""
        if self._tick is not None:
            tick = self._schedule.next_tick(self._tick, clock.now())
            self._skipped = self._schedule.ticks_between(self._tick, tick)
            self._telemetry.skipped_polls(self._skipped)
            self._tick = tick

    def _next_poll_at(self) -> float | None:
        """When the next tick is, in Unix time."""
        if self._tick is None:
            return None
        now = clock.now()
        return time.time() + self._schedule.next_tick(self._tick, now) - now

    async def _fetch_in_time(self) -> Fetched[Inventory]:
        try:
            async with asyncio.timeout(self._schedule.timeout):
                return await self._fetch()
        except TimeoutError as error:
            message = f"not done within {self._schedule.timeout:g} seconds"
            raise DeadlineError(message, QUERY_MODEL_SERVICE) from error

    def _succeeded(
        self, inventory: Inventory, polled: Polled, began_at: float, began: float
    ) -> Snapshot:
        poll = Poll(began_at, clock.now() - began, inventory.services, skipped=self._skipped)
        return replace(
            self._snapshot,
            attempted_at=began_at,
            succeeded_at=began_at,
            inventory=inventory,
            good_until=began + self._schedule.stale_after,
            error=None,
            up_since=self._snapshot.up_since or began_at,
            failing_since=None,
            failures=self._failures(polled),
            polls=self._with(poll),
            next_poll_at=self._next_poll_at(),
            lists=polled.states,
        )

    def _failed(
        self, error: ZStackError, polled: Polled, began_at: float, began: float
    ) -> Snapshot:
        seconds = clock.now() - began
        asked = not asked_nothing(error, self._snapshot.error)
        poll = Poll(began_at, seconds, None, error.reason, error.code, self._skipped, asked)
        return replace(
            self._snapshot,
            attempted_at=began_at,
            error=error,
            up_since=None,
            failing_since=self._snapshot.failing_since or began_at,
            failures=self._failures(polled, error),
            polls=self._with(poll),
            next_poll_at=self._next_poll_at(),
            lists=polled.states,
        )

    def _failures(self, polled: Polled, *errors: ZStackError) -> dict[ErrorLabels, bool]:
        """Every error so far, and whether the services or another list have it now."""
        current = (*errors, *polled.errors)
        now = {self._telemetry.error_labels(*labels(error)): True for error in current}
        return dict.fromkeys(self._snapshot.failures, False) | now

    def _with(self, poll: Poll) -> tuple[Poll, ...]:
        return (*self._snapshot.polls, poll)[-POLLS_KEPT:]

    def _account(self, snapshot: Snapshot, polled: Polled, seconds: float) -> None:
        self._telemetry.polled("success" if snapshot.up else "failure", seconds)
        for error in dict.fromkeys((snapshot.error, *polled.errors)):
            if isinstance(error, PollError):  # what a request met is counted with the request
                self._telemetry.failed(*labels(error))
        found = [each.found for each in polled.read]
        if snapshot.up and snapshot.inventory is not None:
            found.append(snapshot.inventory)
        for each in found:
            self._telemetry.skipped_records("undecodable", each.undecodable)
            self._telemetry.skipped_records("duplicate", each.duplicates)

    def _log_change(self, snapshot: Snapshot) -> None:
        """Log when an error begins, changes or ends; every poll at debug level."""
        before, now = self._snapshot.error, snapshot.error
        if now is not None:
            log_failure("poll failed", before, now, self._log.warning, self._log.debug)
        elif before is not None:
            self._log.info("recovered", services=snapshot.polls[-1].services)
        elif self._snapshot.succeeded_at is None:
            self._log.info("first poll", services=snapshot.polls[-1].services)
        else:
            self._log.debug("poll", services=snapshot.polls[-1].services)
        self._log_series(snapshot.series)

    def _log_series(self, series: RecordSeries | None) -> None:
        """Log when series begin to be left out, and when they are back."""
        before = self._snapshot.series
        was_left_out = before is not None and before.left_out
        if series is None or series.left_out == was_left_out:
            return
        numbers = {"series": series.number, "max_series": series.most}
        if series.left_out:
            hint = "raise metrics.max_series if Prometheus can take them; the totals stay"
            self._log.warning("series of single records are left out", **numbers, hint=hint)
        else:
            self._log.info("series of single records are shown again", **numbers)


def _begun(target: str, schedule: Schedule, before: Snapshot | None) -> Snapshot:
    """What is known before the first poll: nothing, or what was, under the schedule of now."""
    if before is None:
        return Snapshot(target, schedule.interval, schedule.stale_after)
    more = schedule.stale_after - before.stale_after
    return replace(
        before,
        interval=schedule.interval,
        stale_after=schedule.stale_after,
        good_until=before.good_until + more,
        lists={name: state.postponed(more) for name, state in before.lists.items()},
    )
