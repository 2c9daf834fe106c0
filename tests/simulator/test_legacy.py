"""The older API, tested with a client that another project wrote."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import pytest
from zstack_mcp.zstack_client import ZStackApiError, ZStackClient

from exporter.simulator import Account, Cloud, Fault, serving

from .client import connected

QUERY = ("QueryModelService", "org.zstack.ai.message.APIQueryModelServiceMsg")


@asynccontextmanager
async def foreign_client(cloud: Cloud, password: str = "password") -> AsyncIterator[Any]:
    async with serving(cloud) as url:
        client = ZStackClient(api_url=url, account="admin", password=password)
        try:
            yield client
        finally:
            await client.close()


async def test_the_foreign_client_logs_in_queries_and_logs_out() -> None:
    cloud = Cloud(services=30, time_zone="UTC")
    async with foreign_client(cloud) as client:
        reply = await client.execute(
            *QUERY,
            {
                "conditions": [{"name": "uuid", "op": "is not null"}],
                "limit": 10,
                "start": 25,
                "sortBy": "uuid",
                "sortDirection": "desc",
                "replyWithCount": True,
                "fields": ["uuid", "name"],
            },
        )
        assert client.session.uuid in cloud.sessions
        await client.logout()

    assert reply["success"] is True
    assert reply["total"] == 30
    assert [row["uuid"] for row in reply["inventories"]] == sorted(cloud.estate)[:5][::-1]
    assert not cloud.sessions
    assert cloud.operations == {"LogInByAccount": 1, "QueryModelService": 1, "LogOut": 1}


@pytest.mark.parametrize(
    ("operation", "number"), [("QueryModelServiceInstanceGroup", 6), ("QueryModelCenter", 4)]
)
async def test_the_foreign_client_queries_groups_and_centers(operation: str, number: int) -> None:
    cloud = Cloud(services=30)
    held = cloud.records(operation)
    async with foreign_client(cloud) as client:
        reply = await client.execute(
            operation,
            f"org.zstack.ai.message.API{operation}Msg",
            {"conditions": [], "sortBy": "uuid", "sortDirection": "asc", "replyWithCount": True},
        )

    assert reply["total"] == number
    assert [row["uuid"] for row in reply["inventories"]] == sorted(held)
    assert [row["status"] for row in reply["inventories"]] == [
        held[uuid].status for uuid in sorted(held)
    ]
    assert cloud.operations[operation] == 1


async def test_the_foreign_client_receives_that_a_release_or_its_account_has_no_groups() -> None:
    query = (
        "QueryModelServiceInstanceGroup",
        "org.zstack.ai.message.APIQueryModelServiceInstanceGroupMsg",
    )
    denied = Account("admin", "password", denied=frozenset({query[0]}))
    codes = []
    for cloud in (
        Cloud(services=5, profile="5.2.1"),
        Cloud(services=5, accounts={"admin": denied}),
    ):
        async with foreign_client(cloud) as client:
            with pytest.raises(ZStackApiError) as failure:
                await client.execute(*query, {"conditions": []})
        codes.append(failure.value.code)

    assert codes == ["SYS.1008", "SYS.1006"]


async def test_the_foreign_client_logs_in_again_when_its_session_has_expired() -> None:
    cloud = Cloud(services=3)
    async with foreign_client(cloud) as client:
        await client.login()
        cloud.sessions.clear()
        reply = await client.execute(*QUERY, {})

    assert len(reply["inventories"]) == 3
    assert cloud.operations == {"LogInByAccount": 2, "QueryModelService": 2}


async def test_the_foreign_client_receives_why_it_may_not_log_in() -> None:
    async with foreign_client(Cloud(services=3), password="wrong") as client:
        with pytest.raises(ZStackApiError) as failure:
            await client.login()

    assert failure.value.code == "ID.1000"


@pytest.mark.parametrize(
    ("condition", "code"),
    [
        ({"name": "health", "op": "=", "value": "good"}, "SYS.1000"),
        ({"name": "uuid", "op": "~~", "value": "x"}, "SYS.1007"),
    ],
)
async def test_the_foreign_client_receives_the_error_of_a_bad_query(
    condition: dict[str, str], code: str
) -> None:
    async with foreign_client(Cloud(services=3)) as client:
        with pytest.raises(ZStackApiError) as failure:
            await client.execute(*QUERY, {"conditions": [condition]})

    assert failure.value.code == code


async def test_faults_strike_the_older_api_in_its_own_form() -> None:
    cloud = Cloud(services=3, faults=[Fault.error("SYS.1006", operation="QueryModelService")])
    async with foreign_client(cloud) as client:
        with pytest.raises(ZStackApiError) as failure:
            await client.execute(*QUERY, {})

    assert failure.value.code == "SYS.1006"


async def test_a_starting_node_answers_not_ready_in_the_older_api_too() -> None:
    async with foreign_client(Cloud(services=3, ready=False)) as client:
        with pytest.raises(ZStackApiError) as failure:
            await client.login()

    assert failure.value.code == "SYS.1010"


async def test_a_message_that_no_service_knows_is_an_error_with_status_200() -> None:
    async with connected(Cloud(services=1), logged_in=False) as client:
        unknown: dict[str, object] = {"org.zstack.APIUnknownMsg": {"session": {}}}
        for reply in (
            await client.call("POST", "/zstack/api/", json=unknown),
            await client.call("POST", "/zstack/api/"),
        ):
            assert (reply.status, reply.members["state"]) == (200, "Done")
            assert "SYS.1008" in reply.members["result"]
