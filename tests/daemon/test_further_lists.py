"""Lists beside the model services: refused, missing, failing, slow, drifting, each for itself."""

import json
from collections import Counter
from pathlib import Path
from typing import Any, Final

import pytest
import yaml
from structlog.testing import capture_logs

from exporter.simulator import Cloud, Fault, InstanceGroup, serving
from tests.support.exporting import (
    Samples,
    exporting,
    exporting_file,
    is_down,
    is_up,
    target,
)

SERVICES: Final = "QueryModelService"
GROUPS: Final = "QueryModelServiceInstanceGroup"
CENTERS: Final = "QueryModelCenter"
LOGIN: Final = "LogInByAccount"
GROUP: Final = "model_service_instance_group"
SHOWN: Final = "zstack_model_service_instance_groups"

REFUSED: Final = {
    "denied": lambda: Fault.error("ID.1002", operation=GROUPS),
    "unsupported": lambda: Fault.unsupported(operation=GROUPS),
}


def up(page: Samples) -> float | None:
    return page.value("zstack_resource_up", resource=GROUP)


def event(logs: list[Any], text: str) -> list[Any]:
    return [entry for entry in logs if text in entry["event"]]


async def test_what_runs_is_what_the_platform_holds() -> None:
    cloud = Cloud(services=40, instance_groups=230)
    async with serving(cloud) as url, exporting(target=target(url)) as exporter:
        page = await exporter.until(is_up)
    held = list(cloud.groups.values())
    assert not cloud.trap_hits, "the path of the query lost its slash"
    assert page.total(SHOWN) == 230
    for status in {group.status or "" for group in held}:
        assert page.total(SHOWN, status=status) == sum(each.status == status for each in held)
    instances = [each for group in held for each in group.instances]
    assert page.total("zstack_model_service_instances") == len(instances)
    vendors = Counter(each.gpu_vendor or "unknown" for each in instances)
    for vendor, number in vendors.items():
        assert page.total("zstack_model_service_instances", gpu_vendor=vendor) == number
    names = {service.uuid: service.name for service in cloud.estate.values()}
    infos = {of["uuid"]: of for of, _ in page.all("zstack_model_service_instance_group_info")}
    assert infos.keys() == {group.uuid for group in held}
    for group in held:
        assert infos[group.uuid]["model_service_uuid"] == (group.model_service_uuid or "")
        assert infos[group.uuid]["model_service_name"] == names.get(
            group.model_service_uuid or "", ""
        )
        of_group = page.total("zstack_model_service_instance_group_instances", uuid=group.uuid)
        assert of_group == len(group.instances)


async def test_a_page_has_a_hundred_groups_at_most_and_no_condition_of_the_services() -> None:
    cloud = Cloud(services=20, instance_groups=150)
    settings = target("", conditions=["framework=vLLM"])
    async with serving(cloud) as url, exporting(target=settings | {"url": url}) as exporter:
        page = await exporter.until(is_up)
    assert page.total(SHOWN) == 150
    asked = [each.query for each in cloud.requests if each.operation == GROUPS]
    assert asked
    assert all("limit=100&" in query or "limit=101&" in query for query in asked)
    assert not any("q=" in query for query in asked)
    assert any("q=framework" in each.query for each in cloud.requests if each.operation == SERVICES)


@pytest.mark.parametrize("reason", REFUSED)
async def test_what_the_platform_refuses_or_lacks_is_left_out_and_said_once(reason: str) -> None:
    cloud = Cloud(services=5)
    cloud.faults.append(REFUSED[reason]())
    with capture_logs() as logs:
        async with serving(cloud) as url, exporting(target=target(url)) as exporter:
            await exporter.until(is_up)
            page = await exporter.next_polls(4)
    assert is_up(page)
    assert up(page) is None
    assert page.value("zstack_resource_up", resource="model_service") == 1
    assert not page.total("zstack_api_error")
    assert SHOWN not in page.names
    assert cloud.operations[GROUPS] == 1, "asked again within the hour"
    (entry,) = event(logs, "left out")
    assert (entry["log_level"], entry["operation"], entry["reason"]) == ("info", GROUPS, reason)
    assert "metrics.instances" in entry["hint"]


async def test_a_release_without_groups_is_as_it_was_with_one_line_of_log() -> None:
    cloud = Cloud(services=5, profile="5.2.1")
    with capture_logs() as logs:
        async with serving(cloud) as url, exporting(target=target(url)) as exporter:
            await exporter.until(is_up)
            page = await exporter.next_polls(3)
    assert up(page) is None
    assert page.value("zstack_model_services_reported") == 5
    assert len(event(logs, "left out")) == 1
    of_target = [entry for entry in logs if entry["event"] != "doubtful setting"]  # its timeout
    assert not [entry for entry in of_target if entry["log_level"] in {"warning", "error"}]


@pytest.mark.parametrize("reason", REFUSED)
async def test_what_is_demanded_and_refused_is_a_failure_of_that_list(reason: str) -> None:
    cloud = Cloud(services=5)
    cloud.faults.append(REFUSED[reason]())
    settings = {"metrics": {"instances": "true"}}
    async with serving(cloud) as url, exporting(target=target(url), **settings) as exporter:
        await exporter.until(is_up)
        page = await exporter.next_polls(2)
        assert is_up(page)
        assert up(page) == 0
        assert page.value("zstack_api_error", operation=GROUPS, reason=reason) == 1
        cloud.faults.clear()
        page = await exporter.until(lambda page: up(page) == 1)
        assert page.value("zstack_api_error", operation=GROUPS, reason=reason) == 0


async def test_what_is_switched_off_is_not_asked_for() -> None:
    cloud = Cloud(services=5)
    settings = {"metrics": {"instances": "false"}}
    async with serving(cloud) as url, exporting(target=target(url), **settings) as exporter:
        await exporter.until(is_up)
        page = await exporter.next_polls(2)
    assert not cloud.operations[GROUPS]
    assert SHOWN not in page.names
    assert up(page) is None


async def test_a_list_that_was_read_and_is_then_refused_fails_and_goes_stale_alone() -> None:
    cloud = Cloud(services=5, instance_groups=3)
    async with serving(cloud) as url, exporting(target=target(url, stale_after=1)) as exporter:
        await exporter.until(lambda page: page.total(SHOWN) == 3)
        cloud.faults.append(Fault.error("ID.1002", operation=GROUPS))
        page = await exporter.until(lambda page: up(page) == 0)
        assert page.value("zstack_api_error", operation=GROUPS, reason="denied", code="ID.1002")
        read_at = page.value("zstack_resource_last_success_timestamp_seconds", resource=GROUP)
        page = await exporter.until(lambda page: SHOWN not in page.names)
        assert is_up(page)
        assert page.value("zstack_model_services_reported") == 5
        assert up(page) == 0
        resource = {"resource": GROUP}
        last = page.value("zstack_resource_last_success_timestamp_seconds", **resource)
        assert last == read_at
        cloud.faults.clear()
        page = await exporter.until(lambda page: up(page) == 1)
        assert page.total(SHOWN) == 3


async def test_a_slow_list_costs_the_services_nothing_and_says_that_it_was_late() -> None:
    cloud = Cloud(services=5)
    cloud.faults.append(Fault.hang(operation=GROUPS))
    async with serving(cloud) as url, exporting(target=target(url, timeout=0.6)) as exporter:
        page = await exporter.until(lambda page: up(page) == 0)
        page = await exporter.next_polls(2)
    assert is_up(page)
    assert not page.value("zstack_polls_total", outcome="failure")
    assert page.value("zstack_api_error", operation=GROUPS, reason="timeout") == 1
    assert page.value("zstack_api_errors_total", operation=GROUPS, reason="timeout", code="")


async def test_services_that_fail_leave_what_runs_its_turn() -> None:
    cloud = Cloud(services=5, instance_groups=2)
    cloud.faults.append(Fault.error("SYS.1000", operation=SERVICES))
    async with serving(cloud) as url, exporting(target=target(url)) as exporter:
        page = await exporter.until(is_down)
    assert up(page) == 1
    assert page.total(SHOWN) == 2
    assert page.value("zstack_resource_up", resource="model_service") == 0


async def test_where_the_platform_cannot_be_asked_nothing_else_is_asked() -> None:
    cloud = Cloud(services=5, instance_groups=2)
    async with serving(cloud) as url, exporting(target=target(url)) as exporter:
        await exporter.until(is_up)
        cloud.faults.append(Fault.reset(operation=SERVICES))
        await exporter.until(is_down)
        asked = cloud.operations[GROUPS]
        page = await exporter.next_polls(2)
    assert cloud.operations[GROUPS] == asked
    assert up(page) == 0
    failing = [of["operation"] for of, value in page.all("zstack_api_error") if value]
    assert failing == [SERVICES]


@pytest.mark.parametrize(
    "fault",
    [
        Fault.error("SYS.1007", operation=LOGIN),
        Fault.error("ID.1006", operation=LOGIN),
        Fault.text(401, "no", operation=LOGIN),
        Fault.text(500, operation=LOGIN),
        Fault.text(200, "{}", operation=LOGIN),
        Fault.html(200, operation=LOGIN),
    ],
    ids=["argument", "sessions", "401", "500", "no session", "page"],
)
async def test_a_login_that_fails_is_tried_once_a_poll_for_all_lists(fault: Fault) -> None:
    cloud = Cloud(services=5, instance_groups=2, model_centers=1, faults=[fault])
    with capture_logs() as logs:
        async with serving(cloud) as url, exporting(target=target(url)) as exporter:
            page = await exporter.until(
                lambda page: (page.value("zstack_polls_total", outcome="failure") or 0) >= 2
            )
    logins = page.total("zstack_api_errors_total", operation=LOGIN)
    assert logins == page.value("zstack_polls_total", outcome="failure")
    assert cloud.operations[GROUPS] == cloud.operations[CENTERS] == 0
    assert up(page) == 0
    assert not event(logs, "a list could not be read"), "the poll's line has it"


async def test_a_session_that_ends_at_one_list_is_a_failure_of_those_after_it_too() -> None:
    cloud = Cloud(services=5, instance_groups=2, model_centers=1)
    with capture_logs() as logs:
        async with serving(cloud) as url, exporting(target=target(url)) as exporter:
            await exporter.until(lambda page: up(page) == 1)
            cloud.faults.append(Fault.expired(operation=CENTERS))  # polled before the groups
            await exporter.until(lambda page: up(page) == 0)
            asked = cloud.operations[GROUPS]
            page = await exporter.next_polls(2)
            assert cloud.operations[GROUPS] == asked
            failing = [of["operation"] for of, value in page.all("zstack_api_error") if value]
            assert CENTERS in failing
            assert GROUPS not in failing
    failures = event(logs, "a list could not be read")
    assert {each["operation"] for each in failures} == {CENTERS}
    warnings = [each["error"] for each in failures if each["log_level"] == "warning"]
    assert len(warnings) == len(set(warnings)), "each failure is logged once"


async def test_what_cannot_be_read_of_an_instance_costs_neither_it_nor_its_group() -> None:
    cloud = Cloud(services=1, instance_groups=0)
    cloud.groups.add(InstanceGroup(uuid="g1", name="chat"))
    spoilt = [{"status": {"is": "odd"}}, "odd", {"status": "Running"}]
    cloud.faults.append(Fault.dialect("instances", json.dumps(spoilt), operation=GROUPS))
    cloud.faults.append(Fault.dialect("mood", '"good"', operation=GROUPS))
    with capture_logs() as logs:
        async with serving(cloud) as url, exporting(target=target(url)) as exporter:
            page = await exporter.until(is_up)
    assert page.value("zstack_model_service_instances", status="Running") == 1
    assert page.value("zstack_model_service_instances", status="unknown") == 2
    drift = page.all("zstack_schema_drift_records", resource=GROUP)
    assert {(of["field"], of["kind"]): number for of, number in drift} == {
        ("instances", "unreadable"): 1,
        ("instances.status", "unreadable"): 1,
        ("mood", "unknown"): 1,
    }
    assert event(logs, "fields of instance groups cannot be read")


async def test_a_group_without_a_uuid_is_skipped_and_counted() -> None:
    cloud = Cloud(services=2, instance_groups=3)
    cloud.faults.append(Fault.without_uuid(operation=GROUPS, times=1))
    async with serving(cloud) as url, exporting(target=target(url, interval=600)) as exporter:
        page = await exporter.until(is_up)
    assert page.total(SHOWN) == 2
    assert page.value("zstack_records_skipped_total", reason="undecodable") == 1


async def test_groups_without_a_usable_uuid_are_a_failure_of_that_list() -> None:
    cloud = Cloud(services=1, instance_groups=0)
    cloud.groups.add(InstanceGroup(uuid="a\x01b", name="chat"))
    async with serving(cloud) as url, exporting(target=target(url)) as exporter:
        page = await exporter.until(is_up)
    assert up(page) == 0
    assert page.value("zstack_api_error", operation=GROUPS, reason="malformed") == 1


async def test_a_service_that_is_renamed_is_renamed_where_it_runs() -> None:
    cloud = Cloud(services=3, instance_groups=0)
    uuid = next(iter(cloud.estate))
    cloud.groups.add(InstanceGroup(uuid="g1", model_service_uuid=uuid))
    async with serving(cloud) as url, exporting(target=target(url)) as exporter:
        await exporter.until(is_up)
        cloud.estate.alter(uuid, name="another")
        info = "zstack_model_service_instance_group_info"
        await exporter.until(lambda page: page.value(info, model_service_name="another"))


async def test_a_reload_asks_at_once_for_what_was_left_out(tmp_path: Path) -> None:
    cloud = Cloud(services=2, instance_groups=1)
    cloud.faults.append(Fault.error("ID.1002", operation=GROUPS))
    file = tmp_path / "exporter.yml"
    async with serving(cloud) as url:
        file.write_text(yaml.safe_dump({"target": target(url)}))
        async with exporting_file(file) as exporter:
            await exporter.until(is_up)
            cloud.faults.clear()
            await exporter.next_polls(2)
            assert cloud.operations[GROUPS] == 1
            file.write_text(yaml.safe_dump({"target": target(url, interval=0.06)}))
            assert (await exporter.reload())[0] == 200
            page = await exporter.until(lambda page: up(page) == 1)
    assert page.total(SHOWN) == 1


async def test_what_runs_is_kept_over_a_reload_that_asks_the_same(tmp_path: Path) -> None:
    cloud = Cloud(services=2, instance_groups=1)
    file = tmp_path / "exporter.yml"
    async with serving(cloud) as url:
        file.write_text(yaml.safe_dump({"target": target(url)}))
        async with exporting_file(file) as exporter:
            await exporter.until(is_up)
            cloud.faults.append(Fault.hang())
            file.write_text(yaml.safe_dump({"target": target(url, interval=0.06)}))
            assert (await exporter.reload())[0] == 200
            assert (await exporter.scrape()).total(SHOWN) == 1


async def test_the_choice_of_lists_takes_effect_at_the_next_start(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    cloud = Cloud(services=2, instance_groups=1)
    file = tmp_path / "exporter.yml"
    async with serving(cloud) as url:
        file.write_text(yaml.safe_dump({"target": target(url)}))
        async with exporting_file(file) as exporter:
            await exporter.until(is_up)
            file.write_text(
                yaml.safe_dump({"target": target(url), "metrics": {"instances": False}})
            )
            assert (await exporter.reload())[0] == 200
            assert SHOWN in (await exporter.next_polls(2)).names
    logged = capsys.readouterr().err
    assert "changed settings take effect at the next start" in logged
    assert "settings=metrics.instances" in logged


USED: Final = "zstack_model_center_used_bytes"


async def test_model_centers_are_as_full_as_the_platform_says() -> None:
    cloud = Cloud(services=5, model_centers=5)
    async with serving(cloud) as url, exporting(target=target(url)) as exporter:
        page = await exporter.until(is_up)
    held = list(cloud.centers.values())
    for status in ("Connected", "Disconnected"):
        number = sum(each.status == status for each in held)
        assert page.value("zstack_model_centers", status=status) == number
    for center in held:
        capacity = center.capacity
        assert capacity is not None
        of_it = {"uuid": center.uuid}
        assert page.value(USED, kind="model_service", **of_it) == capacity.model_service
        assert page.value(USED, kind="fine_tune", **of_it) == capacity.fine_tune
        assert page.total(USED, **of_it) == capacity.used
        for kind in ("total", "available"):
            size = page.value("zstack_model_center_capacity_bytes", kind=kind, **of_it)
            assert size == getattr(capacity, kind)


async def test_a_size_that_is_no_amount_is_drift_and_a_new_kind_of_use_is_none() -> None:
    cloud = Cloud(services=1, model_centers=1)
    sizes = {"modelUsedCapacity": -1, "dataSetUsedCapacity": "7", "totalCapacity": [], "id": "x"}
    cloud.faults.append(Fault.dialect("capacity", json.dumps(sizes), operation=CENTERS))
    async with serving(cloud) as url, exporting(target=target(url)) as exporter:
        page = await exporter.until(is_up)
    assert [(of["kind"], size) for of, size in page.all(USED)] == [("data_set", 7)]
    drift = page.all("zstack_schema_drift_records", resource="model_center")
    assert {(of["field"], of["kind"]): number for of, number in drift} == {
        ("capacity.modelUsedCapacity", "unreadable"): 1,
        ("capacity.totalCapacity", "unreadable"): 1,
    }


async def test_a_list_that_hangs_takes_no_other_list_its_turn() -> None:
    cloud = Cloud(services=1, instance_groups=2)
    cloud.faults.append(Fault.hang(operation=CENTERS))
    async with serving(cloud) as url, exporting(target=target(url, timeout=1)) as exporter:
        page = await exporter.until(is_up)
    assert page.value("zstack_resource_up", resource="model_center") == 0
    assert page.total(SHOWN) == 2
