"""Every kind of trouble, seen from outside; and the rules for when it strikes."""

import asyncio
import json
import time

import aiohttp
import pytest

from exporter.simulator import HOSTILE, Cloud, Fault, ModelService

from .client import LOGIN, SERVICES, Clock, connected


async def test_slow_gives_the_true_answer_later() -> None:
    cloud = Cloud(services=2, faults=[Fault.slow(0.05, operation="QueryModelService")])
    loop = asyncio.get_running_loop()
    async with connected(cloud) as client:
        began = loop.time()
        reply = await client.services()

    assert len(reply.rows) == 2
    assert loop.time() - began >= 0.05


async def test_late_answers_later_what_is_done_at_once() -> None:
    cloud = Cloud(services=2, faults=[Fault.late(0.05, operation="LogInByAccount")])
    loop = asyncio.get_running_loop()
    async with connected(cloud, logged_in=False) as client:
        began = loop.time()
        login = asyncio.create_task(client.log_in())
        await login
    (session,) = cloud.sessions.values()
    assert loop.time() - began >= 0.05
    assert session.created < time.time() - 0.04


async def test_hang_gives_none_and_ends_with_the_client() -> None:
    cloud = Cloud(services=2, faults=[Fault.hang(operation="QueryModelService")])
    async with connected(cloud) as client:
        with pytest.raises(TimeoutError):
            await asyncio.wait_for(client.services(), 0.05)

    assert cloud.requests[-1].status is None


async def test_reset_closes_the_connection_before_any_byte() -> None:
    cloud = Cloud(services=2, faults=[Fault.reset(operation="QueryModelService")])
    async with connected(cloud) as client:
        with pytest.raises((aiohttp.ServerDisconnectedError, aiohttp.ClientOSError)):
            await client.services()

    assert cloud.requests[-1].status is None


async def test_reset_midway_closes_it_within_the_body() -> None:
    cloud = Cloud(services=500, faults=[Fault.reset_midway()])
    async with (
        connected(cloud) as client,
        client.http.get(SERVICES, headers={"Authorization": f"OAuth {client.session}"}) as response,
    ):
        assert response.status == 200
        with pytest.raises(aiohttp.ClientError):
            await response.read()


async def test_truncated_is_json_that_ends_early() -> None:
    cloud = Cloud(services=5, faults=[Fault.truncated()])
    async with connected(cloud) as client:
        reply = await client.services()

    assert reply.status == 200
    with pytest.raises(json.JSONDecodeError):
        json.loads(reply.body)


@pytest.mark.parametrize("status", [200, 502, 503])
async def test_html_is_a_page_of_a_proxy(status: int) -> None:
    cloud = Cloud(services=5)
    async with connected(cloud) as client:
        cloud.faults.append(Fault.html(status))
        reply = await client.services()

    assert reply.status == status
    assert reply.text.startswith("<html>")
    assert reply.headers["Content-Type"] == "text/html"


async def test_text_is_any_status_with_a_text_or_nothing() -> None:
    cloud = Cloud(services=5)
    async with connected(cloud) as client:
        cloud.faults.append(Fault.text(500, times=1))
        cloud.faults.append(Fault.text(500, "java.lang.NullPointerException"))
        empty, with_text = await client.services(), await client.services()

    assert (empty.status, empty.body) == (500, b"")
    assert (with_text.status, with_text.text) == (500, "java.lang.NullPointerException")


async def test_rate_limited_is_429_in_plain_text() -> None:
    cloud = Cloud(services=5)
    async with connected(cloud) as client:
        cloud.faults.append(Fault.rate_limited())
        reply = await client.services()

    assert (reply.status, reply.text) == (429, "Rate limit exceeded")


async def test_not_ready_is_a_management_node_at_boot() -> None:
    cloud = Cloud(services=5, faults=[Fault.not_ready()])
    async with connected(cloud, logged_in=False) as client:
        reply = await client.log_in()

    assert (reply.status, reply.error["code"]) == (503, "SYS.1010")


@pytest.mark.parametrize(
    ("code", "description", "global_code"),
    [
        ("SYS.1006", "An operation failed", "ORG_ZSTACK_CORE_11006"),
        ("LICENSE.1000", "The license has expired", "ORG_ZSTACK_LICENSE_11000"),
        (
            "ID.1002",
            "The user doesn't have permission to perform the operation",
            "ORG_ZSTACK_IDENTITY_11002",
        ),
        ("OPERATION_DENIED", "OPERATION_DENIED", "ORG_ZSTACK_CORE_11000"),
    ],
)
async def test_error_is_any_error_of_the_api(code: str, description: str, global_code: str) -> None:
    cloud = Cloud(services=5, faults=[Fault.error(code, operation="QueryModelService")])
    async with connected(cloud) as client:
        reply = await client.services()

    assert reply.status == 503
    assert reply.error == {
        "code": code,
        "description": description,
        "globalErrorCode": global_code,
        "message": description,
    }


@pytest.mark.parametrize("code", ["ID.1006", "ID.1007", "ID.1020", "ID.2006", "ID.6", "ID.10006"])
async def test_no_other_error_has_the_global_code_of_a_session_that_is_over(code: str) -> None:
    cloud = Cloud(services=1, faults=[Fault.error(code, operation="QueryModelService")])
    async with connected(cloud) as client:
        global_code = (await client.services()).error["globalErrorCode"]

    assert global_code.startswith("ORG_ZSTACK_IDENTITY_11")


async def test_error_has_the_words_it_is_given() -> None:
    cloud = Cloud(services=5, profile="5.2.1")
    async with connected(cloud) as client:
        cloud.faults.append(Fault.error("SYS.1006", "denied by default", "no"))
        reply = await client.services()

    assert reply.members == {
        "error": {"code": "SYS.1006", "description": "no", "details": "denied by default"}
    }


async def test_refused_address_is_an_error_without_its_envelope() -> None:
    cloud = Cloud(services=5, faults=[Fault.refused_address()])
    async with connected(cloud, logged_in=False) as client:
        reply = await client.log_in()

    assert reply.status == 403
    assert reply.members["code"] == "LOGIN_CONTROL.1004"


async def test_unsupported_is_a_platform_without_aios() -> None:
    cloud = Cloud(services=5, faults=[Fault.unsupported()])
    async with connected(cloud) as client:
        reply = await client.services()

    assert (reply.status, reply.text) == (404, "no api mapping to /v1/ai/model-services")


async def test_expired_ends_all_sessions_before_the_request() -> None:
    cloud = Cloud(services=5)
    async with connected(cloud) as client:
        cloud.faults.append(Fault.expired(operation="QueryModelService", times=1))
        assert (await client.services()).error["code"] == "ID.1001"
        await client.log_in()
        assert (await client.services()).status == 200


async def test_changing_alters_the_estate_between_pages() -> None:
    cloud = Cloud(services=20)
    first = min(cloud.estate)
    cloud.faults.append(Fault.changing(lambda estate: estate.remove(first), page=2))
    async with connected(cloud) as client:
        pages = [
            await client.services(sort="+uuid", start=start, limit=10, replyWithCount="true")
            for start in (0, 10)
        ]

    assert [page.members["total"] for page in pages] == [20, 19]
    listed = {row["uuid"] for page in pages for row in page.rows}
    assert len(listed) == 19  # one was listed and is gone, one slipped to the first page unseen
    assert first in listed


async def test_changing_may_add_rows() -> None:
    cloud = Cloud(services=2)
    cloud.faults.append(
        Fault.changing(lambda estate: estate.add(ModelService(uuid="f" * 32)), times=1)
    )
    async with connected(cloud) as client:
        assert len((await client.services()).rows) == 3


async def test_duplicated_has_one_row_twice() -> None:
    cloud = Cloud(services=3, faults=[Fault.duplicated()])
    async with connected(cloud) as client:
        uuids = [row["uuid"] for row in (await client.services()).rows]

    assert len(uuids) == 4
    assert uuids[0] == uuids[1]


async def test_wrong_types_are_in_the_first_record() -> None:
    cloud = Cloud(services=2, faults=[Fault.wrong_types()])
    async with connected(cloud) as client:
        altered, sound = (await client.services()).rows

    assert altered["requestCpu"] == "four"
    assert isinstance(altered["uuid"], str)
    assert isinstance(sound["requestCpu"], int)


async def test_a_dialect_is_in_every_record() -> None:
    cloud = Cloud(services=2, faults=[Fault.dialect("version", "1.1")])
    async with connected(cloud) as client:
        assert [row["version"] for row in (await client.services()).rows] == [1.1, 1.1]


async def test_a_flood_is_of_empty_records() -> None:
    cloud = Cloud(services=2, faults=[Fault.flood(rows=5)])
    async with connected(cloud) as client:
        assert (await client.services()).rows == [{}] * 5


async def test_without_uuid_may_be_the_first_few_records() -> None:
    cloud = Cloud(services=3, faults=[Fault.without_uuid(rows=2)])
    async with connected(cloud) as client:
        rows = (await client.services()).rows
    assert ["uuid" in row for row in rows] == [False, False, True]


async def test_without_uuid_is_the_first_record() -> None:
    cloud = Cloud(services=2, faults=[Fault.without_uuid()])
    async with connected(cloud) as client:
        altered, sound = (await client.services()).rows

    assert "uuid" not in altered
    assert "uuid" in sound


async def test_hostile_strings_reach_the_client_as_they_are() -> None:
    cloud = Cloud(services=len(HOSTILE), faults=[Fault.hostile()])
    async with connected(cloud) as client:
        reply = await client.services()

    assert [row["name"] for row in reply.rows] == [*HOSTILE]
    assert rb"lone \ud800 surrogate" in reply.body


async def test_oversize_is_the_same_json_in_many_bytes() -> None:
    cloud = Cloud(services=1, faults=[Fault.oversize(1_000_000)])
    async with connected(cloud) as client:
        reply = await client.services()

    assert len(reply.body) > 1_000_000
    assert len(reply.rows) == 1


async def test_wrong_total_is_off_where_there_is_one() -> None:
    cloud = Cloud(services=3, faults=[Fault.wrong_total(by=-1)])
    async with connected(cloud) as client:
        assert (await client.services(replyWithCount="true")).members["total"] == 2
        assert "total" not in (await client.services()).members


async def test_capped_pages_are_shorter_than_asked_for() -> None:
    cloud = Cloud(services=30, faults=[Fault.capped(rows=10)])
    async with connected(cloud) as client:
        reply = await client.services(limit=20, replyWithCount="true")
        count = await client.services(count="true")

    assert (len(reply.rows), reply.members["total"]) == (10, 30)
    assert count.members == {"total": 30, "schema": {}}


async def test_a_failure_is_not_rewritten() -> None:
    cloud = Cloud(services=3, faults=[Fault.hostile()])
    async with connected(cloud) as client:
        cloud.sessions.clear()
        assert (await client.services()).error["code"] == "ID.1001"


async def test_faults_stand_around_each_other() -> None:
    cloud = Cloud(services=3, faults=[Fault.truncated(share=0), Fault.duplicated()])
    async with connected(cloud) as client:
        assert (await client.services()).body == b""


async def test_a_fault_may_be_about_one_operation_or_one_path() -> None:
    cloud = Cloud(services=3)
    async with connected(cloud) as client:
        cloud.faults.append(Fault.text(500, path=LOGIN.removeprefix("/zstack")))
        assert (await client.services()).status == 200
        assert (await client.log_in()).status == 500
        cloud.faults[:] = [Fault.text(500, operation="LogOut")]
        assert (await client.log_in()).status == 200


async def test_a_fault_may_strike_so_many_times() -> None:
    fault = Fault.text(500, times=2)
    cloud = Cloud(services=3)
    async with connected(cloud) as client:
        cloud.faults.append(fault)
        statuses = [(await client.services()).status for _ in range(4)]

    assert statuses == [500, 500, 200, 200]
    assert (fault.matched, fault.struck) == (2, 2)
    assert not cloud.faults


async def test_a_fault_may_strike_the_nth_request_only() -> None:
    cloud = Cloud(services=3)
    async with connected(cloud) as client:
        cloud.faults.append(Fault.text(500, page=2))
        statuses = [(await client.services()).status for _ in range(4)]

    assert statuses == [200, 500, 200, 200]


async def test_a_fault_may_strike_the_queries_for_some_rows_only() -> None:
    cloud = Cloud(services=3)
    async with connected(cloud) as client:
        cloud.faults.append(Fault.text(500, start=2, times=1))
        statuses = [(await client.services(start=row)).status for row in (0, 2, "x", 2)]

    assert statuses == [200, 500, 400, 200]


async def test_a_fault_may_last_so_many_seconds() -> None:
    clock = Clock()
    cloud = Cloud(services=3, now=clock)
    async with connected(cloud) as client:
        cloud.faults.append(Fault.text(500, lasting=20))
        statuses = []
        for _ in range(3):
            statuses.append((await client.services()).status)
            clock.now += 10

    assert statuses == [500, 500, 200]


async def test_a_page_without_rows_is_left_alone() -> None:
    cloud = Cloud(services=0, faults=[Fault.wrong_types(), Fault.duplicated()])
    async with connected(cloud) as client:
        assert (await client.services()).rows == []
