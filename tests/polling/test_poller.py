"""The poll and its loop, where no platform can make the case."""

import asyncio
import subprocess
import sys
import time
from dataclasses import dataclass, field, replace

import pytest
from structlog.testing import capture_logs
from typing_extensions import override

from exporter.metrics.lines import Blocks
from exporter.metrics.rendered import Rendered
from exporter.metrics.target_telemetry import TargetTelemetry
from exporter.polling.fetcher import Fetched
from exporter.polling.poller import Poller
from exporter.polling.schedule import Ramp, Schedule
from exporter.state.hints import hint_for
from exporter.state.inventory import Inventory
from exporter.state.snapshot import Snapshot, UnpublishableError
from exporter.zstack import QUERY_MODEL_SERVICE, ModelService, errors
from tests.support.builders import found
from tests.support.polling import SCHEDULE, Published, counted, running

NOTHING = found()


DENIED = errors.DeniedError("not allowed", QUERY_MODEL_SERVICE, code="ID.1002")
OTHER_DENIED = errors.DeniedError("not allowed", QUERY_MODEL_SERVICE, code="LICENSE.1000")
ENDED = errors.SessionError("ended", QUERY_MODEL_SERVICE, code="ID.1001")
CONTENDED = errors.ContendedError("ended again", QUERY_MODEL_SERVICE, code="ID.1001")
LOST = errors.UnreachableError("no answer", QUERY_MODEL_SERVICE)


async def empty() -> Fetched[Inventory]:
    return Fetched(NOTHING, {})


async def broken() -> Fetched[Inventory]:
    raise LookupError("a bug")


@dataclass(eq=False)
class Watched:
    """A poller of a platform with scripted answers, and its results."""

    schedule: Schedule = SCHEDULE
    answer: Inventory | errors.ZStackError = NOTHING
    seconds: float = 0.0
    begun: list[float] = field(default_factory=list)
    published: "asyncio.Queue[tuple[float, Snapshot]]" = field(default_factory=asyncio.Queue)
    counts: TargetTelemetry = field(default_factory=TargetTelemetry)

    def __post_init__(self) -> None:
        self.poller = Poller(
            "lab", self._fetch, self, schedule=self.schedule, telemetry=self.counts
        )

    async def poll(self, answer: Inventory | errors.ZStackError) -> Snapshot:
        self.answer = answer
        return await self.poller.poll()

    def counted(self, name: str, **labels: str) -> float | None:
        return counted(self.counts, name, **labels)

    def polls(self, outcome: str) -> float | None:
        return self.counted("zstack_polls_total", outcome=outcome)

    async def _fetch(self) -> Fetched[Inventory]:
        self.begun.append(time.monotonic())
        await asyncio.sleep(self.seconds)
        if isinstance(self.answer, errors.ZStackError):
            raise self.answer
        return Fetched(self.answer, {})

    async def render(self, snapshot: Snapshot, _lines: Blocks) -> Rendered:
        return Rendered(snapshot)

    def publish(self, rendered: Rendered, _telemetry: TargetTelemetry) -> None:
        self.published.put_nowait((time.monotonic(), rendered.snapshot))


async def test_a_bug_is_no_failed_poll_but_ends_the_loop() -> None:
    poller = Poller("lab", broken, Published(), schedule=SCHEDULE, telemetry=TargetTelemetry())
    with pytest.raises(LookupError):
        await poller.run(Ramp())


async def test_what_cannot_be_published_is_a_failed_poll_with_the_page_before() -> None:
    class Once(Published):
        """Renders one good snapshot, and no other."""

        @override
        async def render(self, snapshot: Snapshot, _lines: Blocks) -> Rendered:
            if snapshot.up and not self.snapshots.empty():
                raise UnpublishableError("no text", QUERY_MODEL_SERVICE)
            return Rendered(snapshot)

    counts, shown = TargetTelemetry(), Once()
    poller = Poller("lab", empty, shown, schedule=SCHEDULE, telemetry=counts)
    first, second = await poller.poll(), await poller.poll()

    assert (first.up, second.up) == (True, False)
    assert second.inventory is first.inventory
    assert second.succeeded_at == first.succeeded_at
    assert [shown.snapshots.get_nowait() for _ in range(2)] == [first, second]
    assert counted(counts, "zstack_polls_total", outcome="success") == 1
    assert counted(counts, "zstack_polls_total", outcome="failure") == 1
    labels = {
        "operation": "QueryModelService",
        "reason": "malformed",
        "code": "",
    }
    assert counted(counts, "zstack_api_errors_total", **labels) == 1


A_BUG = """
import asyncio

from exporter.daemon import logs
from exporter.cli.running import run_with_signals

async def broken():
    raise LookupError("a bug")

async def work(_signals):
    async with asyncio.TaskGroup() as tasks:
        tasks.create_task(broken())
    return 0

logs.configure("info", "logfmt")
raise SystemExit(run_with_signals(work))
"""


def test_a_bug_is_reported_with_its_place_and_exit_code_1() -> None:
    """In a process of its own: it ends that process at once while any thread is left in it."""
    ran = subprocess.run([sys.executable, "-c", A_BUG], capture_output=True, text=True, check=False)
    assert ran.returncode == 1
    printed = ran.stderr
    assert "internal error" in printed
    assert "LookupError: a bug" in printed
    assert "in broken" in printed


async def test_polls_and_what_they_left_out_are_counted() -> None:
    lab = Watched()
    skipping = found(ModelService("a\x00"), ModelService("b"))
    await lab.poll(replace(skipping, duplicates=3))
    await lab.poll(DENIED)
    await lab.poll(skipping)
    assert (lab.polls("success"), lab.polls("failure"), lab.polls("skipped")) == (2, 1, 0)
    assert lab.counted("zstack_records_skipped_total", reason="undecodable") == 2
    assert lab.counted("zstack_records_skipped_total", reason="duplicate") == 3


async def test_what_a_request_met_is_not_counted_once_more_with_the_poll() -> None:
    lab = Watched()
    await lab.poll(DENIED)
    labels = {"operation": "QueryModelService", "reason": "denied", "code": "ID.1002"}
    assert lab.counted("zstack_api_errors_total", **labels) is None


async def test_a_poll_that_takes_too_long_is_given_up_and_counted_as_such() -> None:
    lab = Watched(Schedule(interval=60, timeout=0.02, stale_after=180), seconds=3600)
    snapshot = await lab.poll(NOTHING)
    assert isinstance(snapshot.error, errors.DeadlineError)
    assert str(snapshot.error) == "not done within 0.02 seconds"
    labels = {"operation": "QueryModelService", "reason": "timeout", "code": ""}
    assert lab.counted("zstack_api_errors_total", **labels) == 1


async def test_what_is_set_is_known_before_anything_is_polled() -> None:
    lab = Watched(seconds=3600)
    async with running(lab.poller):
        _, known = await lab.published.get()
    assert known == Snapshot("lab", interval=60, stale_after=180)


async def test_every_way_of_failing_is_remembered_and_the_last_one_marked() -> None:
    lab = Watched()
    denied, lost = (
        ("QueryModelService", "denied", "ID.1002"),
        ("QueryModelService", "unreachable", ""),
    )
    assert (await lab.poll(DENIED)).failures == {denied: True}
    assert (await lab.poll(LOST)).failures == {denied: False, lost: True}
    assert (await lab.poll(NOTHING)).failures == {denied: False, lost: False}


async def test_a_good_poll_after_a_bad_one_is_good_in_all_that_it_publishes() -> None:
    lab = Watched()
    bad = await lab.poll(DENIED)
    assert (bad.up, bad.error, bad.inventory, bad.succeeded_at) == (False, DENIED, None, None)
    good = await lab.poll(NOTHING)
    assert (good.up, good.error, good.inventory) == (True, None, NOTHING)
    assert good.attempted_at == good.succeeded_at == good.polls[-1].at


@pytest.mark.parametrize("answer", [NOTHING, DENIED], ids=["good", "bad"])
async def test_a_poll_reports_how_long_the_platform_took(
    answer: Inventory | errors.ZStackError,
) -> None:
    lab = Watched(seconds=0.02)
    began = time.monotonic()
    snapshot = await lab.poll(answer)
    longest = time.monotonic() - began
    took = lab.counted("zstack_poll_duration_seconds_sum")
    assert took is not None
    assert 0.02 <= snapshot.polls[-1].seconds <= took <= longest


async def test_the_log_shows_when_trouble_begins_changes_and_ends() -> None:
    lab = Watched()
    failures = (DENIED, DENIED, OTHER_DENIED, ENDED, CONTENDED)
    with capture_logs() as logged:
        for answer in (*failures, found(ModelService("a")), NOTHING):
            await lab.poll(answer)
    assert [(line["log_level"], line["event"]) for line in logged] == [
        ("warning", "poll failed"),
        ("debug", "poll failed again"),
        ("warning", "poll failed"),
        ("warning", "poll failed"),
        ("warning", "poll failed"),
        ("info", "recovered"),
        ("debug", "poll"),
    ]
    assert {line["target"] for line in logged} == {"lab"}
    assert [line["services"] for line in logged if "services" in line] == [1, 0]


async def test_a_failure_is_logged_with_its_labels_and_its_hint() -> None:
    lab = Watched()
    with capture_logs() as logged:
        for answer in (DENIED, DENIED, LOST):
            await lab.poll(answer)
    first, again, other = logged
    assert (
        first.items()
        >= {
            "operation": "QueryModelService",
            "reason": "denied",
            "code": "ID.1002",
            "error": "not allowed",
        }.items()
    )
    assert first["hint"] == hint_for(DENIED).fix
    assert {**first, "log_level": "debug", "event": "poll failed again"} == again
    assert (other["reason"], "code" in other) == ("unreachable", False)


async def test_the_first_poll_is_logged_with_what_it_found() -> None:
    lab = Watched()
    with capture_logs() as logged:
        await lab.poll(found(ModelService("a"), ModelService("b")))
    assert [(line["log_level"], line["event"], line["services"]) for line in logged] == [
        ("info", "first poll", 2)
    ]


async def test_a_poll_that_is_quick_skips_no_tick() -> None:
    lab = Watched()
    async with running(lab.poller):
        await lab.published.get()  # what is known before the first poll
        _, snapshot = await lab.published.get()
        assert lab.polls("skipped") == 0
    assert snapshot.polls[-1].skipped == 0


HALF = 0.025
"""Of the interval below: the first poll takes the place of the tick that is nearest."""


async def test_polls_keep_to_their_ticks_however_long_they_take() -> None:
    lab = Watched(Schedule(interval=0.05, timeout=30, stale_after=180))
    async with running(lab.poller):
        began, _ = await lab.published.get()
        for _ in range(4):
            _, snapshot = await lab.published.get()
    ticks = 0
    for poll, at in zip(snapshot.polls, lab.begun, strict=False):
        ticks += poll.skipped
        assert at >= began + ticks * 0.05 - HALF
        ticks += 1


@pytest.mark.parametrize("answer", [NOTHING, DENIED], ids=["good", "bad"])
async def test_the_ticks_that_a_late_poll_missed_are_counted_and_the_next_one_is_kept(
    answer: Inventory | errors.ZStackError,
) -> None:
    lab = Watched(Schedule(interval=0.05, timeout=30, stale_after=180), seconds=0.12)
    async with running(lab.poller):
        earliest, _ = await lab.published.get()
        ended, _ = await lab.published.get()
        counted, asleep = lab.polls("skipped"), time.monotonic()
        lab.answer, lab.seconds = answer, 0.0
        _, snapshot = await lab.published.get()
    skipped = snapshot.polls[1].skipped
    assert skipped == counted
    first, second = lab.begun[:2]
    assert (ended - first - HALF) // 0.05 <= skipped <= (asleep - earliest + HALF) // 0.05
    assert second >= earliest + (skipped + 1) * 0.05 - HALF
