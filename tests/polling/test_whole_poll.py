"""One poll of a target with all that it has: services, a further list, first sights, a schedule."""

import time
from dataclasses import dataclass, field, replace

import pytest
from structlog.testing import capture_logs
from typing_extensions import override

from exporter.metrics.lines import Blocks
from exporter.metrics.rendered import Rendered
from exporter.metrics.target_telemetry import TargetTelemetry
from exporter.polling.fetcher import Fetched
from exporter.polling.further_lists import FurtherList, FurtherLists
from exporter.polling.poller import Poller
from exporter.polling.schedule import Schedule
from exporter.state.inventory import Inventory
from exporter.state.snapshot import RecordSeries, Snapshot, UnpublishableError
from exporter.zstack import QUERY_MODEL_SERVICE, Operation, ZStackError, clock, errors
from tests.support.builders import found
from tests.support.polling import SCHEDULE, Published, running

OTHERS = Operation("QueryOther", "GET", "/v1/others")
LOST = errors.UnreachableError("no answer", QUERY_MODEL_SERVICE)
DENIED = errors.DeniedError("not allowed", QUERY_MODEL_SERVICE, code="ID.1002")
WITHHELD = errors.UnauthorizedError("wrong password", QUERY_MODEL_SERVICE)
CONTENDED = errors.ContendedError("ended again", QUERY_MODEL_SERVICE)
NO_OTHERS = errors.MalformedError("no JSON", OTHERS)
NOTHING, OTHER = found(), found()


@dataclass(eq=False)
class Target(Published):
    """A platform with scripted answers, and where its snapshots go."""

    services: Inventory | ZStackError = NOTHING
    others: Inventory | ZStackError = OTHER
    asked_for_others: int = 0
    lines: list[Blocks] = field(default_factory=list)
    series: RecordSeries | None = None
    publishable: bool = True

    def poller(self, schedule: Schedule = SCHEDULE, before: Snapshot | None = None) -> Poller:
        others = FurtherList(
            "lab", "others", OTHERS, self._fetch_others, demanded=True, setting="metrics.others"
        )
        return Poller(
            "lab",
            self._fetch,
            self,
            schedule=schedule,
            telemetry=TargetTelemetry(),
            pending_since=self._pending_since,
            before=before,
            further=FurtherLists("lab", [others]),
        )

    @override
    async def render(self, snapshot: Snapshot, lines: Blocks) -> Rendered:
        if snapshot.up and not self.publishable:
            raise UnpublishableError("no text", QUERY_MODEL_SERVICE)
        self.lines.append(lines)
        return Rendered(replace(snapshot, series=self.series))

    async def _fetch(self) -> Fetched[Inventory]:
        return _fetched(self.services)

    async def _fetch_others(self) -> Fetched[Inventory]:
        self.asked_for_others += 1
        return _fetched(self.others)

    async def _pending_since(self, inventory: Inventory, at: float) -> dict[str, float]:
        assert inventory is self.services
        return {"a": at}


def _fetched(answer: Inventory | ZStackError) -> Fetched[Inventory]:
    if isinstance(answer, ZStackError):
        raise answer
    return Fetched(answer, {})


async def test_a_further_list_and_first_sights_are_dated_by_the_poll_that_read_them() -> None:
    began = clock.now()
    snapshot = await Target().poller().poll()
    others = snapshot.lists["others"]
    assert others.found is OTHER
    assert others.succeeded_at == snapshot.attempted_at
    assert began + 180 <= others.good_until <= clock.now() + 180
    assert snapshot.pending_since == {"a": snapshot.attempted_at}


async def test_nothing_else_is_asked_for_where_the_platform_cannot_be_reached() -> None:
    lab = Target()
    poller = lab.poller()
    first = await poller.poll()
    lab.services = LOST
    second = await poller.poll()
    assert lab.asked_for_others == 1
    assert second.lists["others"].error is LOST
    assert second.lists["others"].found is first.lists["others"].found


async def test_a_further_list_is_read_where_only_the_services_fail() -> None:
    lab = Target(services=DENIED)
    snapshot = await lab.poller().poll()
    assert (snapshot.up, snapshot.lists["others"].found) == (False, OTHER)


async def test_a_snapshot_without_a_page_fails_every_list() -> None:
    lab = Target()
    poller = lab.poller()
    first = await poller.poll()
    lab.publishable, began_at = False, time.time()
    second = await poller.poll()
    others = second.lists["others"]
    assert isinstance(others.error, UnpublishableError)
    assert others.succeeded_at == first.succeeded_at
    assert second.attempted_at is not None
    assert second.attempted_at >= began_at


@pytest.mark.parametrize("services", [NOTHING, DENIED], ids=["good", "bad"])
async def test_a_snapshot_has_when_the_next_poll_begins(services: Inventory | ZStackError) -> None:
    lab = Target(services=services)
    async with running(lab.poller()):
        before = await lab.snapshots.get()
        after = await lab.snapshots.get()
        now = time.time()
    assert lab.lines[0] == {}
    assert before.next_poll_at is None
    assert after.next_poll_at is not None
    assert now - 1 < after.next_poll_at < now + 1.5 * SCHEDULE.interval + 1


async def test_a_poll_that_asks_nothing_is_marked() -> None:
    lab = Target()
    poller = lab.poller()
    for services, asked in (
        (NOTHING, True),
        (DENIED, True),
        (DENIED, True),
        (WITHHELD, True),
        (WITHHELD, False),  # the poller meets the same refusal while the credentials are withheld
        (CONTENDED, False),
    ):
        lab.services = services
        assert (await poller.poll()).polls[-1].asked is asked, services


async def test_the_log_shows_when_series_are_left_out_and_when_they_are_back() -> None:
    lab = Target()
    poller = lab.poller()
    with capture_logs() as logged:
        for left_out in (True, True, False):
            lab.series = RecordSeries(9, most=5, left_out=left_out)
            await poller.poll()
    numbers = {"target": "lab", "series": 9, "max_series": 5}
    assert [line for line in logged if "series" in line] == [
        {
            **numbers,
            "log_level": "warning",
            "event": "series of single records are left out",
            "hint": "raise metrics.max_series if Prometheus can take them; the totals stay",
        },
        {**numbers, "log_level": "info", "event": "series of single records are shown again"},
    ]


async def test_what_is_known_stays_good_for_as_long_as_a_new_schedule_allows() -> None:
    lab = Target()
    first = await lab.poller().poll()
    lab.services, lab.others = DENIED, NO_OTHERS
    longer = replace(SCHEDULE, stale_after=SCHEDULE.stale_after + 120)
    second = await lab.poller(longer, before=first).poll()
    assert second.good_until == first.good_until + 120
    assert second.lists["others"].good_until == first.lists["others"].good_until + 120
    assert second.lists["others"].error is NO_OTHERS
