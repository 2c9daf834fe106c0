"""What becomes of a platform's list in the exporter's own terms, from one poll to the next."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import tzinfo
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from structlog.testing import capture_logs

from exporter.metrics.exposition import Exposition, OnStale
from exporter.metrics.lines import RecordLines
from exporter.metrics.page import Format
from exporter.metrics.rows.services import PER_SERVICE
from exporter.metrics.target_telemetry import TargetTelemetry
from exporter.metrics.telemetry import Telemetry
from exporter.polling.fetcher import ListFetcher
from exporter.polling.time_zone import TimeZone
from exporter.simulator import Cloud, Fault
from exporter.simulator import ModelService as Service
from exporter.state.drift import HINT, SHOWN_FIELDS, shown
from exporter.state.inventory import INVENTORY, Inventory, PageSummary
from exporter.state.services import Services
from exporter.state.snapshot import Snapshot
from exporter.zstack import ModelService
from exporter.zstack.errors import UnreadableError
from tests.support.client_fixture import client_for
from tests.support.exporting import Samples

ZONE_PATH = "/v1/management-nodes/platform-timezone"
SHANGHAI = ZoneInfo("Asia/Shanghai")


Fetcher = ListFetcher[ModelService, Services, PageSummary, Inventory]


class Watched:
    """A fetcher, and the page of what it fetches."""

    def __init__(self, fetcher: Fetcher, exposition: Exposition, telemetry: Telemetry) -> None:
        self.fetcher = fetcher
        self._exposition = exposition
        self._telemetry = telemetry

    async def poll(self) -> tuple[Inventory, Samples]:
        fetched = await self.fetcher.fetch()
        found = fetched.found
        snapshot = Snapshot(
            "lab", 60, 180, attempted_at=1, inventory=found, good_until=float("inf")
        )
        rendered = await self._exposition.render(snapshot, fetched.lines)
        self._exposition.publish(rendered, TargetTelemetry())
        page = await self._exposition.page(Format.TEXT, self._telemetry)
        return found, Samples(b"".join(page.text()).decode())


@asynccontextmanager
async def watching(
    cloud: Cloud, zone: tzinfo | None = SHANGHAI, *, patience: int = 1000, **options: Any
) -> AsyncIterator[Watched]:
    exposition = Exposition({"lab": OnStale.DROP})
    async with client_for(cloud, **options) as fixture:
        client = fixture.client
        time_zone = TimeZone("lab", client.time_zone, zone=zone, most_polls_between=patience)
        write = RecordLines(PER_SERVICE, "lab")
        fetcher = ListFetcher("lab", client, INVENTORY, write, time_zone, memory_unit="auto")
        yield Watched(fetcher, exposition, await asyncio.to_thread(Telemetry, process=False))


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


async def test_dates_come_with_the_first_poll_of_a_platform_that_reports_its_zone() -> None:
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
        await watched.poll()  # one poll is skipped before the next question
        _, page = await watched.poll()
        assert len(list(page.all("zstack_model_service_created_timestamp_seconds"))) == 100
    assert cloud.operations["GetPlatformTimeZone"] == 2


async def test_a_platform_that_learns_to_report_its_zone_is_asked_again() -> None:
    cloud = Cloud(services=3)
    cloud.faults.append(Fault.text(404, f"no api mapping to {ZONE_PATH}", path=ZONE_PATH, times=2))
    async with watching(cloud, zone=None, patience=3) as watched:
        with capture_logs() as logged:
            pages = [(await watched.poll())[1] for _ in range(8)]
    dated = ["zstack_model_service_created_timestamp_seconds" in page.names for page in pages]
    assert dated == [False] * 6 + [True] * 2
    assert [line["error"] for line in logged] == [
        "it has no API for that, or names no zone that is known"
    ]


async def test_a_projection_that_is_refused_is_logged_once() -> None:
    async with watching(Cloud(services=3, profile="5.2.1"), projection=True) as watched:
        with capture_logs() as logged:
            await watched.poll()
            await watched.poll()
    [line] = logged
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


async def test_records_with_unusable_uuids_are_logged_as_their_number_changes() -> None:
    cloud = Cloud(services=3)
    async with watching(cloud) as watched:
        with capture_logs() as logs:
            for number in (1, 1, 2):
                cloud.estate.add(Service(uuid="a" + "\x01" * number))
                await watched.poll()
    lines = [(line["records"], line["first"]) for line in logs]
    assert lines == [(1, "a uuid that no label can hold"), (2, "a uuid that no label can hold")]


async def test_a_list_without_a_usable_uuid_is_no_empty_list() -> None:
    cloud = Cloud(services=0)
    async with watching(cloud) as watched:
        cloud.estate.add(Service(uuid="a\x01b"))
        for _ in range(2):  # the second one comes from the kept pages
            with pytest.raises(UnreadableError, match="no record has a uuid that can be read"):
                await watched.poll()
        cloud.estate.add(Service(uuid="c"))
        found, _ = await watched.poll()
    assert (found.services, found.undecodable) == (1, 1)


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


async def logged(cloud: Cloud, *faults: list[Fault], zone: tzinfo | None = SHANGHAI) -> list[Any]:
    """What is logged at each poll, with these faults in turn; what is not of a poll is left out."""
    lines = []
    async with watching(cloud, zone=zone) as watched:
        for each in faults:
            cloud.faults[:] = each
            with capture_logs() as found:
                await watched.poll()
            lines.append([(line["log_level"], line["event"], line.get("fields")) for line in found])
    return lines


UNREADABLE = "fields of model services cannot be read: they count as unknown"
UNKNOWN = "the platform sends fields that no known release has"


async def test_drift_is_logged_when_it_begins_changes_its_fields_and_ends() -> None:
    version, cpu = Fault.dialect("version"), Fault.dialect("requestCpu", "-1")
    fewer = Fault.wrong_types()
    cloud = Cloud(services=3)
    assert await logged(
        cloud, [], [version], [Fault.dialect("version", "[1]")], [cpu, version], [], [fewer]
    ) == [
        [],
        [("warning", UNREADABLE, "version")],
        [],
        [("warning", UNREADABLE, "requestCpu, version")],
        [("info", "every field can be read again", None)],
        [
            (
                "warning",
                UNREADABLE,
                ", ".join(WRONG),
            )
        ],
    ]


async def test_unknown_fields_are_logged_once() -> None:
    one, other = Fault.dialect("next"), Fault.dialect("next", "1")
    cloud = Cloud(services=3)
    assert await logged(cloud, [one], [other], [], [one]) == [
        [("info", UNKNOWN, "next")],
        [],
        [],
        [("info", UNKNOWN, "next")],
    ]


WRONG = (
    *("createDate", "hasNewVersion", "modelServiceRefs", "requestCpu", "requestMemory"),
    "vendorToSpecUuidsMap",
)
"""The fields of wrong types that cannot be read."""

NO_DATE = ("warning", "no date of the platform can be read", None)


async def test_dates_of_which_none_can_be_read_are_logged_once() -> None:
    strange = '"2017/11/14 22:20:57"'
    both = [Fault.dialect("createDate", strange), Fault.dialect("lastOpDate", strange)]
    cloud = Cloud(services=3)
    first, second, third = await logged(
        cloud, both, [*both, Fault.dialect("name", '"x"')], both[:1]
    )
    assert first == [("warning", UNREADABLE, "createDate, lastOpDate"), NO_DATE]
    assert second == []
    assert third == [("warning", UNREADABLE, "createDate")]


async def test_dates_without_a_zone_are_no_drift() -> None:
    cloud = Cloud(services=3)
    cloud.faults.append(Fault.error("ID.1002", path=ZONE_PATH))
    [lines] = await logged(
        cloud,
        [Fault.error("ID.1002", path=ZONE_PATH), Fault.dialect("createDate", '"x"')],
        zone=None,
    )
    assert [event for _, event, _ in lines] == [
        "dates are left out: the platform does not report its time zone"
    ]


async def test_drift_of_a_page_that_stays_is_counted_when_another_changes() -> None:
    cloud = Cloud(
        services=100, faults=[Fault.dialect("version"), Fault.dialect("createDate", '"x"')]
    )
    async with watching(cloud, page_size=40) as watched:
        for name in ("renamed", "again"):
            cloud.estate.alter(sorted(cloud.estate)[50], name=name)
            found, page = await watched.poll()
            assert found.drift == {
                ("createDate", "unreadable"): 100,
                ("version", "unreadable"): 100,
            }
            assert page.value("zstack_schema_drift_records", field="version") == 100


async def test_no_more_than_fifty_fields_are_counted_one_by_one() -> None:
    faults = [Fault.dialect(f"x{n:03}") for n in range(60)]
    cloud = Cloud(
        services=3,
        faults=[*faults, Fault.dialect("version"), Fault.dialect("y" * 999), Fault.dialect("")],
    )
    async with watching(cloud) as watched:
        found, page = await watched.poll()
    counted = {labels["field"]: value for labels, value in page.all("zstack_schema_drift_records")}
    assert len(counted) == 51
    assert counted["version"] == counted["unknown"] == counted["x047"] == 3
    assert "x048" not in counted
    assert counted["other"] == 3 * 13
    assert found.services == 3


def test_of_many_fields_only_the_first_are_named() -> None:
    names = [f"field{number:02}" for number in range(SHOWN_FIELDS)]
    assert shown(names) == ", ".join(names)
    assert shown([*names, "one"]) == ", ".join(names) + " and 1 more"
    assert shown([*names, "one", "two"]) == ", ".join(names) + " and 2 more"


async def test_each_line_about_drift_has_a_hint() -> None:
    cloud = Cloud(services=3)
    for field in ("createDate", "lastOpDate"):
        cloud.faults.append(Fault.dialect(field, '"2017/11/14 22:20:57"'))
    cloud.faults.append(Fault.dialect("costCenter", "7"))
    async with watching(cloud) as watched:
        with capture_logs() as logged:
            await watched.poll()
    hints = {line["event"]: line.get("hint") for line in logged}
    assert len(hints) == 3
    assert hints["no date of the platform can be read"] == HINT
    unreadable = "fields of model services cannot be read: they count as unknown"
    assert hints[unreadable] == HINT
    unknown = "the platform sends fields that no known release has"
    assert hints[unknown] == "see whether a newer exporter reads them"
