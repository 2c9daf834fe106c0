"""The poll and its loop, where no platform can make the case."""

import asyncio

import pytest

from exporter import logs
from exporter.commands.ending import run_until_signalled
from exporter.inventory import Inventory
from exporter.poller import Poller, Schedule
from exporter.signals import Signals
from exporter.snapshot import Snapshot, UnpublishableError
from exporter.telemetry import TargetTelemetry
from exporter.zstack import QUERY_MODEL_SERVICE

from .inventories import found

SCHEDULE = Schedule(interval=60, timeout=30, stale_after=180)
NOTHING = found()


async def empty() -> Inventory:
    return NOTHING


async def broken() -> Inventory:
    raise LookupError("a bug")


async def ignored(_snapshot: Snapshot) -> None:
    pass


async def test_a_bug_is_no_failed_poll_but_ends_the_loop() -> None:
    counts = TargetTelemetry("lab")
    poller = Poller("lab", broken, ignored, schedule=SCHEDULE, telemetry=counts)
    with pytest.raises(LookupError):
        await poller.run()


async def test_what_cannot_be_published_is_a_failed_poll_with_the_page_before() -> None:
    counts = TargetTelemetry("lab")
    published: list[Snapshot] = []

    async def publish(snapshot: Snapshot) -> None:
        if len(published) == 1 and snapshot.up:
            raise UnpublishableError("no text", QUERY_MODEL_SERVICE)
        published.append(snapshot)

    poller = Poller("lab", empty, publish, schedule=SCHEDULE, telemetry=counts)
    first, second = await poller.poll(), await poller.poll()

    assert (first.up, second.up) == (True, False)
    assert second.inventory is first.inventory
    assert second.succeeded_at == first.succeeded_at
    assert published == [first, second]
    labels = {
        "target": "lab",
        "operation": "QueryModelService",
        "reason": "malformed",
        "code": "",
    }
    assert counts.registry.get_sample_value("zstack_api_errors_total", labels) == 1


def test_a_bug_is_told_with_its_place_and_exit_code_1(capsys: pytest.CaptureFixture[str]) -> None:
    async def work(_signals: Signals) -> int:
        async with asyncio.TaskGroup() as tasks:
            tasks.create_task(broken())
        return 0

    logs.configure("info", "logfmt")
    assert run_until_signalled(work) == 1
    told = capsys.readouterr().err
    assert "internal error" in told
    assert "LookupError: a bug" in told
    assert "in broken" in told
