"""Trouble aimed at one list: every kind works for groups and centers, and leaves the rest alone."""

import asyncio
import inspect
import json
from collections.abc import Awaitable, Callable, Mapping
from typing import Any

import aiohttp
import pytest

from exporter.simulator import HOSTILE, Cloud, Fault, InstanceGroup, ModelCenter

from .client import Client, Reply, connected

GROUPS = "QueryModelServiceInstanceGroup"
CENTERS = "QueryModelCenter"
PATHS = {GROUPS: "/v1/ai/model-services/instances/groups/", CENTERS: "/v1/ai/model-centers"}
ROWS = 4

Ask = Callable[..., Awaitable[Reply]]


def asking(client: Client, operation: str) -> Ask:
    return client.groups if operation == GROUPS else client.centers


def is_json(reply: Reply) -> bool:
    try:
        json.loads(reply.body)
    except ValueError:
        return False
    return True


def has_code(code: str) -> Callable[[Reply], bool]:
    return lambda reply: reply.status == 503 and reply.error["code"] == code


SEEN: Mapping[str, tuple[Mapping[str, Any], Callable[[Reply], bool]]] = {
    "slow": ({"seconds": 0}, lambda reply: len(reply.rows) == ROWS),
    "late": ({"seconds": 0}, lambda reply: len(reply.rows) == ROWS),
    "html": ({}, lambda reply: reply.status == 502 and reply.text.startswith("<html>")),
    "text": ({"status": 500}, lambda reply: (reply.status, reply.body) == (500, b"")),
    "rate_limited": ({}, lambda reply: reply.status == 429),
    "error": ({"code": "ID.1002"}, has_code("ID.1002")),
    "refused_address": ({}, lambda reply: reply.status == 403),
    "not_ready": ({}, has_code("SYS.1010")),
    "unsupported": ({}, lambda reply: reply.text.startswith("no api mapping to /v1/ai/")),
    "expired": ({}, has_code("ID.1001")),
    "changing": ({"change": lambda records: records.clear()}, lambda reply: reply.rows == []),
    "truncated": ({}, lambda reply: reply.status == 200 and not is_json(reply)),
    "oversize": ({"size": 100_000}, lambda reply: len(reply.body) > 100_000),
    "wrong_total": ({"by": 2}, lambda reply: reply.members["total"] == ROWS + 2),
    "capped": ({"rows": 1}, lambda reply: len(reply.rows) == 1),
    "duplicated": ({}, lambda reply: len(reply.rows) == ROWS + 1),
    "wrong_types": ({}, lambda reply: [row["name"] == 17 for row in reply.rows].count(True) == 1),
    "dialect": ({"field": "status", "value": "7"}, lambda r: {x["status"] for x in r.rows} == {7}),
    "flood": ({"rows": 9}, lambda reply: reply.rows == [{}] * 9),
    "without_uuid": ({}, lambda reply: ["uuid" in row for row in reply.rows].count(False) == 1),
    "hostile": ({}, lambda reply: [row["status"] for row in reply.rows] == [*HOSTILE[:ROWS]]),
}
"""How an answer shows each kind of fault; those that leave no whole answer are below."""

BROKEN = ("hang", "reset", "reset_midway")


def test_every_kind_is_tried() -> None:
    kinds = {name for name, _ in inspect.getmembers(Fault, inspect.ismethod)}
    assert kinds == SEEN.keys() | {*BROKEN}


def cloud() -> Cloud:
    made = Cloud(services=ROWS, instance_groups=ROWS, model_centers=ROWS, seed=2)
    assert (len(made.groups), len(made.centers)) == (ROWS, ROWS)
    return made


@pytest.mark.parametrize("operation", [GROUPS, CENTERS])
@pytest.mark.parametrize("kind", SEEN)
async def test_a_fault_of_one_list_shows_in_its_answers_alone(operation: str, kind: str) -> None:
    arguments, shows = SEEN[kind]
    platform = cloud()
    other = CENTERS if operation == GROUPS else GROUPS
    async with connected(platform) as client:
        fault = getattr(Fault, kind)(**arguments, operation=operation, times=1)
        platform.faults.append(fault)
        assert (await client.services()).status == 200
        assert (await asking(client, other)()).status == 200
        assert not fault.struck
        reply = await asking(client, operation)(sort="+uuid", replyWithCount="true")

    assert shows(reply), reply.text[:500]
    assert fault.struck == 1


@pytest.mark.parametrize("operation", [GROUPS, CENTERS])
@pytest.mark.parametrize("kind", BROKEN)
async def test_a_connection_may_break_for_one_list(operation: str, kind: str) -> None:
    platform = cloud()
    async with connected(platform) as client:
        platform.faults.append(getattr(Fault, kind)(operation=operation))
        assert (await client.services()).status == 200
        with pytest.raises((aiohttp.ClientError, TimeoutError)):
            await asyncio.wait_for(asking(client, operation)(), 0.2)


@pytest.mark.parametrize("operation", [GROUPS, CENTERS])
async def test_a_fault_may_be_about_the_path_of_a_list(operation: str) -> None:
    platform = cloud()
    async with connected(platform) as client:
        platform.faults.append(Fault.text(500, path=PATHS[operation]))
        assert (await client.services()).status == 200
        assert (await asking(client, operation)()).status == 500


async def test_faults_of_queries_leave_groups_and_centers_alone_unless_told() -> None:
    platform = cloud()
    platform.faults.append(Fault.capped(rows=1))
    async with connected(platform) as client:
        numbers = [
            len((await ask()).rows) for ask in (client.services, client.groups, client.centers)
        ]

    assert numbers == [1, ROWS, ROWS]


async def test_what_changes_between_pages_is_the_list_that_is_asked_for() -> None:
    platform = cloud()
    platform.faults += [
        Fault.changing(lambda groups: groups.add(InstanceGroup(uuid="0")), operation=GROUPS),
        Fault.changing(lambda centers: centers.add(ModelCenter(uuid="0")), operation=CENTERS),
    ]
    async with connected(platform) as client:
        assert (await client.groups(count="true")).members["total"] == ROWS + 1
        assert (await client.centers(count="true")).members["total"] == ROWS + 1
        assert (await client.services(count="true")).members["total"] == ROWS


async def test_hostile_texts_reach_the_instances_of_a_group() -> None:
    platform = cloud()
    platform.faults.append(Fault.hostile(operation=GROUPS))
    async with connected(platform) as client:
        first = (await client.groups(sort="+uuid")).rows[0]

    for instance in first["instances"]:
        assert {instance[name] for name in ("status", "url", "gpuVendor")} == {HOSTILE[0]}
    assert "framework" not in first
