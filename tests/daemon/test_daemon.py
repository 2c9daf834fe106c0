"""The exporter against a platform that behaves, and one that does not."""

import asyncio
import socket
from pathlib import Path

import pytest

from exporter.simulator import Cloud, Estate, Fault, serving
from tests.support.exporting import Samples, exporting, is_down, is_up, logins, polls, target
from tests.support.poll_failures import FAULTS

QUERY = "QueryModelService"


@pytest.mark.small_sample(8)
@pytest.mark.parametrize(("fault", "reason", "code"), FAULTS.values(), ids=FAULTS.keys())
async def test_the_reason_of_a_failed_poll_and_its_recovery_are_on_the_page(
    fault: Fault, reason: str, code: str
) -> None:
    cloud = Cloud(services=20)
    labels = {"operation": QUERY, "reason": reason, "code": code, "target": "default"}
    async with (
        serving(cloud) as url,
        exporting(
            target=target(
                url, timeout=5 if reason != "timeout" else 0.2, max_response_bytes=1 << 20
            )
        ) as exporter,
    ):
        await exporter.until(is_up)
        cloud.faults.append(fault)

        page = await exporter.until(is_down)
        assert page.value("zstack_api_error", **labels) == 1
        assert page.value("zstack_model_services_reported") == 20

        page = await exporter.until(lambda page: page.value("zstack_api_errors_total", **labels))

        cloud.faults.clear()
        page = await exporter.until(is_up)
        assert page.value("zstack_api_error", **labels) == 0
        assert page.value("zstack_model_services_reported") == 20


async def test_the_exporters_terms_come_from_what_the_platform_holds() -> None:
    cloud = Cloud(services=120)
    async with serving(cloud) as url, exporting(target=target(url, page_size=50)) as exporter:
        page = await exporter.until(is_up)

    held = list(cloud.estate.values())
    assert page.value("zstack_model_services_reported") == len(held)
    for service in held:
        has_new = page.value("zstack_model_service_has_new_version", uuid=service.uuid)
        assert has_new == service.has_new_version
        cores = page.value("zstack_model_service_requested_cpu_cores", uuid=service.uuid)
        assert cores == service.request_cpu
        created = page.value("zstack_model_service_created_timestamp_seconds", uuid=service.uuid)
        assert created == int(service.created or 0)
    for framework in {service.framework or "unknown" for service in held}:
        of_it = [service for service in held if service.framework == framework]
        assert page.total("zstack_model_services", framework=framework) == len(of_it)
        cores = page.total("zstack_model_services_requested_cpu_cores", framework=framework)
        assert cores == sum(service.request_cpu or 0 for service in of_it)


async def test_a_wrong_password_is_tried_once_however_long_it_runs(tmp_path: Path) -> None:
    cloud = Cloud(services=5)
    secret = tmp_path / "password"
    secret.write_text("wrong")
    settings = {"account": "admin", "password_file": str(secret)}
    async with serving(cloud) as url, exporting(target=target(url, **settings)) as exporter:
        page = await exporter.until(lambda page: polls(page) >= 20)

        assert logins(cloud) == 1
        refused = {"operation": "LogInByAccount", "reason": "unauthorized", "code": "ID.1000"}
        assert page.value("zstack_api_error", **refused) == 1
        assert page.value("zstack_api_errors_total", **refused) == 1
        assert page.value("zstack_logins_total", result="failure") == 1

        secret.write_text("password\n")
        page = await exporter.until(is_up)
        assert logins(cloud) == 2
        assert page.value("zstack_api_error", **refused) == 0
        assert page.value("zstack_logins_total", result="success") == 1


async def test_a_hostile_error_code_is_shown_and_breaks_no_page() -> None:
    cloud = Cloud(services=1)
    body = '{"error":{"code":"X\\ud800\\n%s","details":"\\ud800"}}' % ("y" * 500)
    async with serving(cloud) as url, exporting(target=target(url)) as exporter:
        await exporter.until(is_up)
        cloud.faults.append(Fault.text(503, body, operation=QUERY))
        page = await exporter.until(is_down)
        ((labels, _),) = page.all("zstack_api_error", reason="rejected")
        assert labels["code"].startswith("X yyy")
        assert len(labels["code"]) == 64
        page = await exporter.until(
            lambda page: page.value("zstack_api_errors_total", code=labels["code"])
        )
        assert "failing: rejected" in await exporter.text("/")


async def test_a_missing_secret_file_is_reported_and_used_once_it_exists(tmp_path: Path) -> None:
    cloud = Cloud(services=5)
    secret = tmp_path / "secret"
    key = next(iter(cloud.access_keys.values()))
    settings = {"access_key_id": key.id, "access_key_secret_file": str(secret)}
    async with serving(cloud) as url, exporting(target=target(url, **settings)) as exporter:
        page = await exporter.until(is_down)
        unreadable = {"reason": "unauthorized", "operation": QUERY, "code": ""}
        assert page.value("zstack_api_error", **unreadable) == 1
        await exporter.until(lambda page: page.value("zstack_api_errors_total", **unreadable))
        assert not cloud.requests

        secret.write_text(key.secret)
        await exporter.until(is_up)


async def test_a_session_that_is_killed_costs_one_login() -> None:
    cloud = Cloud(services=5)
    async with serving(cloud) as url, exporting(target=target(url)) as exporter:
        await exporter.until(is_up)
        assert logins(cloud) == 1

        cloud.sessions.clear()
        page = await exporter.next_polls(10)

        assert logins(cloud) == 2
        assert is_up(page)
        assert page.value("zstack_polls_total", outcome="failure") == 0
        assert page.value("zstack_api_errors_total", code="ID.1001") == 1


async def test_nothing_stays_open_on_the_platform() -> None:
    cloud = Cloud(services=5)
    async with serving(cloud) as url:
        async with exporting(target=target(url)) as exporter:
            await exporter.until(is_up)
            assert len(cloud.sessions) == 1
        assert not cloud.sessions


async def test_ends_in_the_middle_of_a_hung_poll_and_logs_out() -> None:
    cloud = Cloud(services=5)
    async with serving(cloud) as url:
        async with exporting(target=target(url)) as exporter:
            await exporter.until(is_up)
            hang = Fault.hang(operation=QUERY)
            cloud.faults.append(hang)
            await exporter.until(lambda _: hang.struck)
            ending = asyncio.get_running_loop().time()
        assert asyncio.get_running_loop().time() - ending < 15  # the poll has twenty seconds
        assert not cloud.sessions


async def test_an_access_key_finds_the_platforms_zone_by_itself() -> None:
    cloud = Cloud(services=5, time_zone="Asia/Shanghai")
    key = next(iter(cloud.access_keys.values()))
    settings = {"access_key_id": key.id, "access_key_secret": key.secret}
    async with serving(cloud) as url, exporting(target=target(url, **settings)) as exporter:
        page = await exporter.until(is_up)
        assert logins(cloud) == 0
        service = next(iter(cloud.estate.values()))
        created = page.value("zstack_model_service_created_timestamp_seconds", uuid=service.uuid)
        assert created == int(service.created or 0)


async def test_an_access_key_in_the_wrong_zone_is_clock_skew_until_the_platform_heeds_zones() -> (
    None
):
    cloud = Cloud(services=5, time_zone="Asia/Shanghai")
    key = next(iter(cloud.access_keys.values()))
    settings = {
        "access_key_id": key.id,
        "access_key_secret": key.secret,
        "time_zone": "America/New_York",
    }
    async with serving(cloud) as url, exporting(target=target(url, **settings)) as exporter:
        page = await exporter.until(is_down)
        assert page.value("zstack_api_error", reason="clock_skew", operation=QUERY) == 1

        cloud.check_time_zone = True
        page = await exporter.until(is_up)
        assert page.value("zstack_api_error", reason="clock_skew", operation=QUERY) == 0


async def test_dates_without_a_known_zone_are_left_out() -> None:
    cloud = Cloud(services=5)
    path = "/v1/management-nodes/platform-timezone"
    cloud.faults.append(Fault.text(404, f"no api mapping to {path}", path=path))
    async with serving(cloud) as url, exporting(target=target(url)) as exporter:
        page = await exporter.until(is_up)
        assert "zstack_model_service_created_timestamp_seconds" not in page.names
        assert page.value("zstack_model_services_reported") == 5

        await exporter.next_polls(5)
        assert cloud.operations["GetPlatformTimeZone"] == 1


async def test_a_platform_whose_zone_is_not_known_at_once_is_asked_again() -> None:
    cloud = Cloud(services=5)
    cloud.faults.append(Fault.error("SYS.1000", operation="GetPlatformTimeZone", times=2))
    async with serving(cloud) as url, exporting(target=target(url)) as exporter:
        created = "zstack_model_service_created_timestamp_seconds"
        page = await exporter.until(lambda page: created in page.names)
        assert page.value("zstack_polls_total", outcome="failure") == 0
        assert cloud.operations["GetPlatformTimeZone"] == 3


async def test_a_platform_without_a_zone_is_asked_ever_less_often() -> None:
    cloud = Cloud(services=5)
    denied = Fault.error("SYS.1006", "is denied by default", operation="GetPlatformTimeZone")
    cloud.faults.append(denied)
    async with serving(cloud) as url, exporting(target=target(url, interval=0.01)) as exporter:
        page = await exporter.until(lambda page: polls(page) >= 40)
        assert is_up(page)
        assert 2 <= denied.struck <= 6


async def test_huge_numbers_end_nothing() -> None:
    cloud = Cloud(services=2)
    for uuid in cloud.estate:
        cloud.estate.alter(
            uuid, framework="vLLM", type="App", source=None, request_cpu=17 * 10**307
        )
    async with serving(cloud) as url, exporting(target=target(url)) as exporter:
        page = await exporter.until(is_up)
        assert page.value("zstack_model_services", framework="vLLM") == 2
        assert not list(page.all("zstack_model_services_requested_cpu_cores"))
        assert len(list(page.all("zstack_model_service_requested_cpu_cores"))) == 2


async def test_an_address_where_nothing_answers_is_unreachable_before_the_poll_is_over() -> None:
    with socket.socket() as silent:
        silent.bind(("127.0.0.1", 0))
        silent.listen(0)
        port = silent.getsockname()[1]
        waiting = [socket.socket() for _ in range(3)]
        for each in waiting:  # more than its queue holds, so that no further one gets an answer
            each.settimeout(0)
            each.connect_ex(("127.0.0.1", port))
        key = {"access_key_id": "id", "access_key_secret": "secret"}
        lost = target(f"http://127.0.0.1:{port}", timeout=6, **key)
        async with exporting(target=lost) as exporter:
            page = await exporter.until(is_down)
        for each in waiting:
            each.close()
    assert page.value("zstack_api_error", reason="unreachable", operation=QUERY) == 1


async def test_rows_that_move_between_pages_never_make_a_wrong_count() -> None:
    cloud = Cloud(services=1250)
    churn = iter(Cloud(services=400, seed=99).estate.values())

    def change(estate: Estate) -> None:
        estate.add(next(churn))
        estate.remove(next(iter(estate)))

    counts: set[float] = set()
    async with serving(cloud) as url, exporting(target=target(url, page_size=100)) as exporter:
        await exporter.until(is_up)
        for page_number in (2, 7, 13):
            cloud.faults.append(Fault.changing(change, page=page_number))
            page = await exporter.next_polls(2)
            counts.add(page.total("zstack_model_services"))
            assert page.total("zstack_model_services") == page.value(
                "zstack_model_services_reported"
            )
        page = await exporter.next_polls(2)
    held = set(cloud.estate)
    assert {labels["uuid"] for labels, _ in page.all("zstack_model_service_info")} == held
    assert counts == {1250.0}


async def test_records_that_do_not_decode_are_skipped_and_counted() -> None:
    cloud = Cloud(services=10)
    cloud.faults.append(Fault.without_uuid())
    async with serving(cloud) as url, exporting(target=target(url)) as exporter:
        page = await exporter.until(is_up)
        assert page.total("zstack_model_services") == 9
        assert page.value("zstack_model_services_reported") == 10
        page = await exporter.until(
            lambda page: page.value("zstack_records_skipped_total", reason="undecodable")
        )


async def test_a_record_of_wrong_types_counts_and_its_drift_is_shown() -> None:
    cloud = Cloud(services=10)
    cloud.faults.append(Fault.wrong_types())
    async with serving(cloud) as url, exporting(target=target(url)) as exporter:
        page = await exporter.until(is_up)
    assert page.total("zstack_model_services") == 10
    assert page.value("zstack_model_services_reported") == 10
    assert drift(page, "unreadable") == {
        "createDate": 1,
        "hasNewVersion": 1,
        "modelServiceRefs": 1,
        "requestCpu": 1,
        "requestMemory": 1,
        "vendorToSpecUuidsMap": 1,
    }


def drift(page: Samples, kind: str) -> dict[str, float]:
    drift = page.all("zstack_schema_drift_records", resource="model_service", kind=kind)
    return {labels["field"]: value for labels, value in drift}


@pytest.mark.parametrize(
    ("field", "value", "kind"),
    [
        ("version", "{}", "unreadable"),
        ("requestCpu", "-1", "unreadable"),
        ("requestMemory", "-2147483648", "unreadable"),
        ("createDate", '"2017/11/14 22:20:57"', "unreadable"),
        ("tensorParallel", "4", "unknown"),
    ],
)
async def test_a_dialect_that_all_records_speak_costs_no_service(
    field: str, value: str, kind: str
) -> None:
    cloud = Cloud(services=8)
    cloud.faults.append(Fault.dialect(field, value))
    async with serving(cloud) as url, exporting(target=target(url)) as exporter:
        page = await exporter.until(is_up)
    assert page.total("zstack_model_services") == 8
    assert drift(page, kind) == {field: 8}
    assert page.total("zstack_schema_drift_records") == 8


@pytest.mark.parametrize(("field", "value"), [("version", "1.1"), ("requestCpu", '""')])
async def test_a_field_that_can_be_read_all_the_same_is_no_drift(field: str, value: str) -> None:
    cloud = Cloud(services=8)
    cloud.faults.append(Fault.dialect(field, value))
    async with serving(cloud) as url, exporting(target=target(url)) as exporter:
        page = await exporter.until(is_up)
    assert page.total("zstack_model_services") == 8
    assert "zstack_schema_drift_records" not in page.names


async def test_a_list_of_which_no_record_has_a_uuid_is_a_failure_and_no_empty_platform() -> None:
    cloud = Cloud(services=8)
    async with serving(cloud) as url, exporting(target=target(url)) as exporter:
        await exporter.until(is_up)
        cloud.faults.append(Fault.without_uuid(rows=8))
        page = await exporter.until(is_down)
    assert page.value("zstack_api_error", reason="malformed") == 1
    assert page.total("zstack_model_services") == 8


@pytest.mark.parametrize("profile", ["5.2.1", "5.3.20", "5.5"])
async def test_every_release_of_the_platform_is_understood(profile: str) -> None:
    cloud = Cloud(services=30, profile=profile)  # type: ignore[arg-type]  # one of its literals
    async with serving(cloud) as url, exporting(target=target(url)) as exporter:
        page = await exporter.until(is_up)
        assert page.total("zstack_model_services") == 30
        assert "zstack_schema_drift_records" not in page.names
        flagged = list(page.all("zstack_model_service_has_new_version"))
        assert bool(flagged) == (profile == "5.5")
        if not flagged:
            status = "zstack_model_services_version_status"
            assert page.total(status, status="unknown") == 30
            assert page.total(status, status="current") == 0
        cloud.faults.append(Fault.error("ID.1002", operation=QUERY))
        page = await exporter.until(is_down)
        assert page.value("zstack_api_error", reason="denied", code="ID.1002") == 1


@pytest.mark.parametrize("policy", ["drop", "keep"])
async def test_what_becomes_of_stale_data_is_the_operators_choice(policy: str) -> None:
    cloud = Cloud(services=5)
    async with (
        serving(cloud) as url,
        exporting(target=target(url, on_stale=policy, stale_after=0.4)) as exporter,
    ):
        await exporter.until(is_up)
        cloud.faults.append(Fault.error("SYS.1000", operation=QUERY))
        page = await exporter.until(is_down)
        succeeded = page.value("zstack_poll_last_success_timestamp_seconds")
        assert succeeded is not None
        inventory = "zstack_model_services_reported"
        page = await exporter.until(
            lambda page: (
                (page.value("zstack_poll_last_attempt_timestamp_seconds") or 0) > succeeded + 0.6
            )
        )
        assert (inventory in page.names) == (policy == "keep")
        assert page.value("zstack_poll_last_success_timestamp_seconds") == succeeded
        assert page.value("zstack_poll_stale_after_seconds") == 0.4

        cloud.faults.clear()
        page = await exporter.until(is_up)
        assert page.value(inventory) == 5


async def test_stale_data_can_fail_the_scrape() -> None:
    cloud = Cloud(services=5)
    good, bad = target("", stale_after=600), target("", on_stale="fail", stale_after=0.3)
    async with serving(cloud) as url, serving(Cloud(services=3)) as other:
        targets = {"good": good | {"url": other}, "bad": bad | {"url": url}}
        async with exporting(targets=targets) as exporter:
            ready = lambda page: page.value("zstack_up", target="good") == 1  # noqa: E731 - named
            page = await exporter.until(ready, "/probe?target=good")
            assert page.value("zstack_model_services_reported", target="good") == 3
            cloud.faults.append(Fault.error("SYS.1000", operation=QUERY))
            status = 200
            while status != 503:
                async with exporter.http.get("/metrics") as response:
                    status, text = response.status, await response.text()
            assert "target bad" in text
            await exporter.scrape("/probe?target=good")


async def test_before_the_first_success_there_are_no_zeros() -> None:
    cloud = Cloud(services=5)
    cloud.faults.append(Fault.error("SYS.1000", operation=QUERY))
    async with serving(cloud) as url, exporting(target=target(url)) as exporter:
        page = await exporter.until(is_down)
        assert not any(name.startswith("zstack_model_services") for name in page.names)
        assert "zstack_poll_last_success_timestamp_seconds" not in page.names


async def test_one_failing_target_does_not_touch_another() -> None:
    good, bad = Cloud(services=7), Cloud(services=5)
    bad.faults.append(Fault.hang(operation=QUERY))
    async with serving(good) as one, serving(bad) as two:
        targets = {"good": target(one), "bad": target(two, timeout=0.3)}
        async with exporting(targets=targets) as exporter:
            page = await exporter.until(
                lambda page: (
                    page.value("zstack_up", target="bad") == 0
                    and page.value("zstack_up", target="good") == 1
                )
            )
            assert page.value("zstack_model_services_reported", target="good") == 7
            assert page.value("zstack_api_error", target="bad", reason="timeout", code="") == 1


async def test_a_late_poll_is_skipped_and_counted_never_stacked() -> None:
    cloud = Cloud(services=5)
    cloud.faults.append(Fault.slow(0.3, operation=QUERY))
    async with serving(cloud) as url, exporting(target=target(url)) as exporter:
        page = await exporter.until(lambda page: polls(page) >= 3)
        skipped = page.value("zstack_polls_total", outcome="skipped") or 0
        assert skipped >= 3 * 4
        assert cloud.operations[QUERY] <= polls(page) + 1


async def test_many_codes_of_errors_stay_few_series() -> None:
    cloud = Cloud(services=1)
    async with serving(cloud) as url, exporting(target=target(url, interval=0.01)) as exporter:
        for number in range(60):
            fault = Fault.error(f"ODD.{number}", operation=QUERY)
            cloud.faults[:] = [fault]
            await exporter.until(lambda _, fault=fault: fault.struck)  # type: ignore[misc]  # bound
        page = await exporter.until(lambda page: page.value("zstack_api_error", code="other"))
        assert len(list(page.all("zstack_api_error"))) <= 51
        assert len(list(page.all("zstack_api_errors_total"))) <= 51
