"""The last polls, and what a poller takes over from its predecessor."""

import asyncio
import math
import time

import pytest

from exporter.metrics.target_telemetry import TargetTelemetry
from exporter.polling.fetcher import Fetched
from exporter.polling.poller import Poller
from exporter.polling.schedule import Schedule
from exporter.state.inventory import Inventory
from exporter.state.snapshot import POLLS_KEPT, Snapshot
from exporter.zstack import QUERY_MODEL_SERVICE, ModelService, errors
from tests.support.builders import found
from tests.support.polling import SCHEDULE, Published, running

TWO = found(ModelService("a"), ModelService("b"))
REFUSED = errors.DeniedError("no", QUERY_MODEL_SERVICE, code="ID.1002")


class Platform:
    """Fails with `error` if there is one, and answers after `seconds`."""

    def __init__(self) -> None:
        self.error: errors.ZStackError | None = None
        self.seconds = 0.0

    async def fetch(self) -> Fetched[Inventory]:
        await asyncio.sleep(self.seconds)
        if self.error is not None:
            raise self.error
        return Fetched(TWO, {})


def poller(
    platform: Platform, schedule: Schedule = SCHEDULE, before: Snapshot | None = None
) -> Poller:
    counts = TargetTelemetry()
    return Poller(
        "lab", platform.fetch, Published(), schedule=schedule, telemetry=counts, before=before
    )


async def test_a_snapshot_remembers_its_polls_oldest_first() -> None:
    platform = Platform()
    one = poller(platform)
    began = time.time()
    await one.poll()
    platform.error = REFUSED
    good, bad = (await one.poll()).polls
    assert (good.services, good.reason, good.code) == (2, "", "")
    assert (bad.services, bad.reason, bad.code) == (None, "denied", "ID.1002")
    assert began <= good.at <= bad.at <= time.time()
    assert good.seconds >= 0


async def test_only_the_last_polls_are_remembered() -> None:
    one = poller(Platform())
    polled = [await one.poll() for _ in range(POLLS_KEPT + 3)]
    assert len(polled[-1].polls) == POLLS_KEPT
    assert polled[-1].polls[0] == polled[3].polls[-1]


async def test_since_when_it_is_up_or_failing() -> None:
    platform = Platform()
    one = poller(platform)
    first, second = await one.poll(), await one.poll()
    assert first.up_since == second.up_since == first.attempted_at
    platform.error = REFUSED
    third, fourth = await one.poll(), await one.poll()
    assert third.up_since is None
    assert third.failing_since == fourth.failing_since == third.attempted_at
    platform.error = None
    fifth = await one.poll()
    assert (fifth.up_since, fifth.failing_since) == (fifth.attempted_at, None)


async def test_skipped_polls_are_counted_with_the_next_one() -> None:
    platform = Platform()
    platform.seconds = 0.05
    shown = Published()
    schedule = Schedule(interval=0.02, timeout=30, stale_after=180)
    one = Poller("lab", platform.fetch, shown, schedule=schedule, telemetry=TargetTelemetry())
    async with running(one):
        snapshot = await shown.snapshots.get()
        while len(snapshot.polls) < 2:
            snapshot = await shown.snapshots.get()
    first, second = snapshot.polls
    assert first.skipped == 0
    assert second.skipped >= 2


def test_no_poll_is_due_before_one_has_ended() -> None:
    assert Snapshot("lab", 60, 180).next_poll_at is None


def test_an_inventory_is_fresh_until_its_last_instant() -> None:
    snapshot = Snapshot("lab", 60, 180, inventory=TWO, good_until=5.0)
    assert not snapshot.stale(5.0)
    assert snapshot.stale(math.nextafter(5.0, math.inf))
    assert Snapshot("lab", 60, 180, good_until=5.0).stale(0.0), "there is nothing to be shown"


NEWER = Schedule(interval=5, timeout=30, stale_after=1000)


@pytest.mark.parametrize("fails", [False, True])
async def test_a_poller_begins_from_what_the_one_before_it_knew(*, fails: bool) -> None:
    platform = Platform()
    old = poller(platform)
    await old.poll()
    platform.error = REFUSED if fails else None
    before = await old.poll()

    shown, counts = Published(), TargetTelemetry()
    platform.seconds = 60.0
    new = Poller("lab", platform.fetch, shown, schedule=NEWER, telemetry=counts, before=before)
    async with running(new):
        known = await shown.snapshots.get()
    assert known.inventory is before.inventory
    assert (known.polls, known.failures, known.error) == (
        before.polls,
        before.failures,
        before.error,
    )
    assert (known.succeeded_at, known.up_since, known.failing_since) == (
        before.succeeded_at,
        before.up_since,
        before.failing_since,
    )
    assert (known.interval, known.stale_after) == (5, 1000)
    assert known.good_until == pytest.approx(before.good_until + 1000 - 180)


async def test_a_shorter_staleness_holds_for_what_is_known_already() -> None:
    platform = Platform()
    before = await poller(platform).poll()
    platform.error = REFUSED
    shorter = Schedule(interval=1, timeout=30, stale_after=0.001)
    after = await poller(platform, shorter, before).poll()
    assert after.stale(time.monotonic() + 1)
    assert not before.stale(time.monotonic())
    assert [poll.services for poll in after.polls] == [2, None]
