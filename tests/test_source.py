"""What becomes of a platform's list in the exporter's own terms, from one poll to the next."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import tzinfo
from typing import Any
from zoneinfo import ZoneInfo

from structlog.testing import capture_logs

from exporter.exposition import Exposition, Format, OnStale
from exporter.inventory import Inventory
from exporter.simulator import Cloud, Fault
from exporter.simulator import ModelService as Service
from exporter.snapshot import Snapshot
from exporter.source import Source
from exporter.telemetry import Telemetry

from .exporting import Samples
from .zstack.asking import asking

ZONE_PATH = "/v1/management-nodes/platform-timezone"
SHANGHAI = ZoneInfo("Asia/Shanghai")


class Watched:
    """A source and the page that its inventories come to."""

    def __init__(self, source: Source, exposition: Exposition, telemetry: Telemetry) -> None:
        self.source = source
        self._exposition = exposition
        self._telemetry = telemetry

    async def poll(self) -> tuple[Inventory, Samples]:
        found = await self.source.inventory()
        await self._exposition.publish(
            Snapshot("lab", 60, 180, attempted_at=1, inventory=found, good_until=float("inf"))
        )
        page = self._exposition.page(Format.TEXT, self._telemetry)
        return found, Samples(b"".join(page.text()).decode())


@asynccontextmanager
async def watching(
    cloud: Cloud, zone: tzinfo | None = SHANGHAI, *, patience: int = 1000, **options: Any
) -> AsyncIterator[Watched]:
    exposition = Exposition({"lab": OnStale.DROP})
    async with asking(cloud, **options) as asked:
        write = exposition.writer("lab")
        source = Source(
            "lab",
            asked.client,
            write,
            memory_unit="auto",
            zone=zone,
            most_polls_without_asking=patience,
        )
        yield Watched(source, exposition, await asyncio.to_thread(Telemetry, process=False))


async def test_an_unchanged_platform_has_the_inventory_it_had() -> None:
    async with watching(Cloud(services=100), page_size=40) as watched:
        first, _ = await watched.poll()
        second, _ = await watched.poll()
    assert second is first


async def test_a_page_that_is_kept_and_one_that_is_new_make_the_whole() -> None:
    cloud = Cloud(services=100)
    async with watching(cloud, page_size=40) as watched, watching(cloud) as fresh:
        await watched.poll()
        changed = sorted(cloud.estate)[50]
        cloud.estate.alter(changed, name="renamed", request_cpu=99)
        cloud.estate.remove(sorted(cloud.estate)[99])
        found, page = await watched.poll()
        expected, whole = await fresh.poll()

    assert (found.total, found.groups) == (expected.total, expected.groups)
    assert page.value("zstack_model_service_requested_cpu_cores", uuid=changed) == 99
    for name in whole.names:
        assert dict(hashable(page, name)) == dict(hashable(whole, name)), name


def hashable(page: Samples, name: str) -> list[tuple[frozenset[tuple[str, str]], float]]:
    return [(frozenset(labels.items()), value) for labels, value in page.all(name)]


async def test_dates_come_with_the_first_poll_of_a_platform_that_tells_its_zone() -> None:
    cloud = Cloud(services=100)
    async with watching(cloud, zone=None, page_size=40) as watched:
        found, page = await watched.poll()
        assert page.total("zstack_model_service_created_timestamp_seconds") > 0
        assert (await watched.poll())[0] is found
    assert cloud.operations["GetPlatformTimeZone"] == 1


async def test_dates_come_as_soon_as_the_zone_does_though_nothing_else_changed() -> None:
    cloud = Cloud(services=100)
    trouble = Fault.error("ID.1002", path=ZONE_PATH)
    async with watching(cloud, zone=None, page_size=40) as watched:
        cloud.faults.append(trouble)
        _, page = await watched.poll()
        assert "zstack_model_service_created_timestamp_seconds" not in page.names

        cloud.faults.clear()
        await watched.poll()  # one is let pass before it is asked again
        _, page = await watched.poll()
        assert len(list(page.all("zstack_model_service_created_timestamp_seconds"))) == 100
    assert cloud.operations["GetPlatformTimeZone"] == 2


async def test_a_platform_that_learns_to_tell_its_zone_is_asked_again() -> None:
    cloud = Cloud(services=3)
    cloud.faults.append(Fault.text(404, f"no api mapping to {ZONE_PATH}", path=ZONE_PATH, times=2))
    async with watching(cloud, zone=None, patience=3) as watched:
        with capture_logs() as told:
            pages = [(await watched.poll())[1] for _ in range(8)]
    dated = ["zstack_model_service_created_timestamp_seconds" in page.names for page in pages]
    assert dated == [False] * 6 + [True] * 2
    assert [line["error"] for line in told] == ["it has no API for that"]


async def test_a_projection_that_is_refused_is_told_once() -> None:
    async with watching(Cloud(services=3, profile="5.2.1"), projection=True) as watched:
        with capture_logs() as told:
            await watched.poll()
            await watched.poll()
    [line] = told
    assert line["event"].startswith("projection is off")
    assert line["hint"]


async def test_a_projection_leaves_out_what_it_cannot_have() -> None:
    async with watching(Cloud(services=30), projection=True) as watched:
        _, page = await watched.poll()
    assert "zstack_model_service_info" in page.names
    assert "zstack_model_service_created_timestamp_seconds" in page.names
    assert not page.names & {
        "zstack_model_services_by_cpu_architecture",
        "zstack_model_services_by_gpu_vendor",
        "zstack_model_service_models",
    }


async def test_a_uuid_that_no_label_can_hold_counts_as_undecodable() -> None:
    cloud = Cloud(services=3)
    for uuid in ("a\x01b", "a\x02b"):
        cloud.estate.add(Service(uuid=uuid))
    async with watching(cloud) as watched:
        found, page = await watched.poll()
    assert (found.services, found.reported, found.undecodable) == (3, 5, 2)
    assert page.value("zstack_model_services_reported") == 5


async def test_polls_may_be_given_up_in_the_middle_and_the_next_one_is_right() -> None:
    cloud = Cloud(services=100)
    async with watching(cloud, page_size=10) as watched:
        _, before = await watched.poll()
        hang = Fault.hang(page=5)
        cloud.faults.append(hang)
        async with asyncio.TaskGroup() as tasks:
            poll = tasks.create_task(watched.poll())
            while not hang.struck:  # noqa: ASYNC110 - the server makes it so
                await asyncio.sleep(0)
            poll.cancel()
        cloud.faults.clear()
        _, after = await watched.poll()
    assert str(after) == str(before)
    assert after.total("zstack_model_services") == 100
