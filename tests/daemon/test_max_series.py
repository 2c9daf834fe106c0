"""The limit of a target's series of single records: beyond it the totals alone are shown."""

from dataclasses import replace
from typing import Any, Final

from structlog.testing import capture_logs

from exporter.metrics.exposition import Exposition, OnStale
from exporter.metrics.page import Format
from exporter.simulator import Cloud, serving
from exporter.state.snapshot import Snapshot
from exporter.zstack import ModelService
from tests.support.builders import found, publish
from tests.support.exporting import Samples, exporting, is_up, target

LEFT_OUT: Final = "zstack_series_left_out"
PER_SERVICE: Final = (
    "zstack_model_service_info",
    "zstack_model_service_created_timestamp_seconds",
    "zstack_model_service_instance_group_info",
    "zstack_model_service_instance_group_instances",
)
TOTALS: Final = (
    "zstack_model_services",
    "zstack_model_services_reported",
    "zstack_model_service_instance_groups",
    "zstack_model_service_instances",
)


def of_records(page: Samples) -> int:
    """The series on the page that name one record of a platform."""
    return sum("uuid" in labels for name in page.names for labels, _ in page.all(name))


def is_shown(page: Samples) -> bool:
    return page.value(LEFT_OUT) == 0 and of_records(page) > 0


def about_series(logs: list[Any]) -> list[Any]:
    return [entry for entry in logs if entry["event"].startswith("series of single")]


async def test_exactly_the_limit_is_shown_and_one_series_more_leaves_out_all_of_them() -> None:
    cloud = Cloud(services=40, instance_groups=20)
    async with serving(cloud) as url, exporting(target=target(url)) as exporter:
        page = await exporter.until(is_up)
        number = of_records(page)
        assert page.value(LEFT_OUT) is None
    for most, shown in ((number, True), (number - 1, False)):
        async with (
            serving(cloud) as url,
            exporting(target=target(url), metrics={"max_series": most}) as exporter,
        ):
            page = await exporter.until(is_up)
        assert of_records(page) == (number if shown else 0)
        assert page.value(LEFT_OUT) == (0 if shown else number)
        assert page.names >= set(TOTALS)
        assert page.names.isdisjoint(PER_SERVICE) is not shown


async def test_series_go_and_come_back_with_the_platforms_size_and_each_change_is_logged_once() -> (
    None
):
    cloud = Cloud(services=40, instance_groups=10)
    more = list(Cloud(services=200, seed=7).estate.values())
    with capture_logs() as logs:
        async with (
            serving(cloud) as url,
            exporting(target=target(url), metrics={"max_series": 600}) as exporter,
        ):
            page = await exporter.until(is_shown)
            for service in more:
                cloud.estate.add(service)
            page = await exporter.until(lambda page: page.total(LEFT_OUT) > 1000)
            assert of_records(page) == 0
            assert page.total("zstack_model_services") == 240
            assert page.total("zstack_model_service_instance_groups") == 10
            await exporter.next_polls()
            for service in more:
                cloud.estate.remove(service.uuid)
            page = await exporter.until(is_shown)
            assert page.total("zstack_model_services") == 40
            await exporter.next_polls()
    gone, back = about_series(logs)
    assert (gone["log_level"], gone["target"], gone["max_series"]) == ("warning", "default", 600)
    assert gone["series"] > 1000
    assert "metrics.max_series" in gone["hint"]
    assert (back["log_level"], back["max_series"]) == ("info", 600)
    assert back["series"] == of_records(page)


async def test_a_record_that_changes_is_counted_as_it_is_now() -> None:
    cloud = Cloud(services=30, instance_groups=6)
    async with (
        serving(cloud) as url,
        exporting(target=target(url), metrics={"max_series": 1}) as exporter,
    ):
        before = (await exporter.until(is_up)).value(LEFT_OUT)
        assert before
        some = [each for each in cloud.estate.values() if each.has_new_version is not None]
        cores = (await exporter.scrape()).total("zstack_model_services_requested_cpu_cores")
        more = 77 - (some[0].request_cpu or 0)
        cloud.estate.alter(some[0].uuid, request_cpu=77)
        page = await exporter.until(
            lambda page: page.total("zstack_model_services_requested_cpu_cores") == cores + more
        )
        assert page.value(LEFT_OUT) == before
        cloud.estate.alter(some[1].uuid, has_new_version=None)
        await exporter.until(lambda page: page.value(LEFT_OUT) == before - 1)


def platform(services: int) -> Snapshot:
    """A platform whose services have a series each."""
    records = (ModelService(str(n), request_cpu=None) for n in range(services))
    return Snapshot(
        "lab",
        60,
        180,
        attempted_at=1.0,
        succeeded_at=1.0,
        inventory=found(*records),
        good_until=float("inf"),
    )


async def test_a_platform_at_the_limit_does_not_come_and_go() -> None:
    exposition = Exposition({"lab": OnStale.DROP}, max_series=100)
    shown = []
    for services in (100, 101, 100, 91, 90, 100, 101):
        await publish(exposition, platform(services))
        page = await exposition.page(Format.TEXT)
        text = b"".join(page.text())
        shown.append(text.count(b"zstack_model_service_info{"))
        assert b'zstack_model_services{framework="unknown"' in text
    assert shown == [100, 0, 0, 0, 90, 100, 0]


async def test_an_inventory_that_is_dropped_counts_no_more() -> None:
    exposition = Exposition({"lab": OnStale.DROP}, max_series=10)
    await publish(exposition, platform(20))
    exposition.drop_inventory("lab")
    await publish(exposition, replace(platform(10), series=None))
    page = await exposition.page(Format.TEXT)
    assert b"".join(page.text()).count(b"zstack_model_service_info{") == 10
