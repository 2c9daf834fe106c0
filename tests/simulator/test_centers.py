"""Model centers: what each release shows, and how they fill."""

from typing import Any

import pytest

from exporter.simulator import Account, Capacity, Cloud, ModelCenter, Profile

from .client import CENTERS, NOON, connected

GIB = 1 << 30


def small_cloud(profile: Profile = "5.5") -> Cloud:
    cloud = Cloud(services=0, model_centers=0, profile=profile)
    capacity = Capacity(model=60 * GIB, cache=10 * GIB, available=30 * GIB, total=100 * GIB)
    for center in (
        ModelCenter(
            uuid="c1",
            name="large",
            management_ip="172.20.0.31",
            management_port=8989,
            capacity=capacity,
            created=NOON,
        ),
        ModelCenter(uuid="c2", status="Disconnected", capacity=Capacity(dataset=None)),
        ModelCenter(uuid="c3", capacity=None),
    ):
        cloud.centers.add(center)
    return cloud


async def rows(cloud: Cloud, *conditions: str, **params: str | int) -> list[dict[str, Any]]:
    async with connected(cloud) as client:
        return (await client.centers(*conditions, sort="+uuid", **params)).rows


async def test_a_model_center_tells_what_its_space_is_used_for() -> None:
    large, away, new = await rows(small_cloud())

    assert large == {
        "uuid": "c1",
        "name": "large",
        "status": "Connected",
        "managementIp": "172.20.0.31",
        "managementPort": 8989,
        "capacity": {
            "uuid": "c1",
            "modelUsedCapacity": 60 * GIB,
            "modelServiceUsedCapacity": 0,
            "datasetUsedCapacity": 0,
            "fineTuneUsedCapacity": 0,
            "modelEvaluationUsedCapacity": 0,
            "installationUsedCapacity": 0,
            "temporaryUsedCapacity": 0,
            "cacheUsedCapacity": 10 * GIB,
            "availableCapacity": 30 * GIB,
            "totalCapacity": 100 * GIB,
        },
        "createDate": "Jun 5, 2025 3:47:29 PM",
    }
    assert away["status"] == "Disconnected"
    assert "datasetUsedCapacity" not in away["capacity"]
    assert "totalCapacity" not in away["capacity"]
    assert "capacity" not in new


async def test_an_older_release_does_not_tell_how_large_a_center_is() -> None:
    capacity = (await rows(small_cloud("5.3.20")))[0]["capacity"]

    assert capacity["modelUsedCapacity"] == 60 * GIB
    assert capacity.keys().isdisjoint(
        {"totalCapacity", "availableCapacity", "installationUsedCapacity"}
    )


async def test_the_schema_names_the_class_of_a_capacity() -> None:
    async with connected(small_cloud()) as client:
        schema = (await client.centers(sort="+uuid")).members["schema"]

    package = "org.zstack.ai.entity"
    assert schema["inventories[0].capacity"] == f"{package}.ModelCenterCapacityInventory"
    assert schema["inventories[2]"] == f"{package}.ModelCenterInventory"
    assert "inventories[2].capacity" not in schema


async def test_centers_are_queried_as_any_list_is() -> None:
    async with connected(small_cloud()) as client:
        away = await client.centers("status=disconnected", replyWithCount="true")
        listening = await client.centers("managementPort>0")
        projected = await client.centers("uuid=c1", fields="uuid")
        unknown = await client.centers("capacity=1")
        one = await client.get(f"{CENTERS}/c3")

    assert ([row["uuid"] for row in away.rows], away.members["total"]) == (["c2"], 1)
    assert [row["uuid"] for row in listening.rows] == ["c1"]
    assert projected.rows == [{"uuid": "c1", "managementPort": 8989}]  # a Java int is never null
    assert unknown.error["code"] == "SYS.1000"
    assert [row["uuid"] for row in one.rows] == ["c3"]


async def test_the_oldest_release_has_no_api_for_centers() -> None:
    async with connected(small_cloud("5.2.1")) as client:
        lists, one = await client.centers(), await client.get(f"{CENTERS}/c1")

    assert (lists.status, lists.text) == (404, "no api mapping to /v1/ai/model-centers")
    assert one.status == 404


async def test_an_account_without_the_right_may_not_query_centers() -> None:
    cloud = small_cloud()
    cloud.accounts["guest"] = Account("guest", "guest", denied=frozenset({"QueryModelCenter"}))
    async with connected(cloud, logged_in=False) as client:
        await client.log_in("guest", "guest")
        assert (await client.centers()).error["code"] == "SYS.1006"
        assert (await client.groups()).status == 200


def test_a_test_fills_and_disconnects_a_center_in_a_word() -> None:
    centers = small_cloud().centers
    filled = centers.fill("c1", 5 * GIB, "dataset").capacity

    assert filled == Capacity(
        model=60 * GIB, dataset=5 * GIB, cache=10 * GIB, available=25 * GIB, total=100 * GIB
    )
    assert filled.used == 75 * GIB
    assert centers.fill("c2", 7).capacity == Capacity(model=7, dataset=None)
    assert centers.fill("c3", 7).capacity == Capacity(model=7)
    assert centers.disconnect("c1").status == "Disconnected"
    assert centers.connect("c1").status == "Connected"


def test_grown_services_lie_in_grown_centers() -> None:
    for number in (1, 3, 4, 7):
        cloud = Cloud(services=200, model_centers=number)
        used = {service.model_center_uuid for service in cloud.estate.values()}
        assert used == set(cloud.centers)
    shipped, more, none = (Cloud(services=20, model_centers=number) for number in (4, 7, 0))
    assert [*shipped.centers] == [*more.centers][:4]
    assert [*shipped.estate] == [*more.estate] == [*none.estate]
    assert not none.centers
    assert {s.model_center_uuid for s in none.estate.values()} <= set(shipped.centers)
    with pytest.raises(ValueError, match="model centers must not be negative: -1"):
        Cloud(services=1, model_centers=-1)


def test_grown_centers_are_of_all_kinds() -> None:
    centers = [*Cloud(services=1, model_centers=4).centers.values()]
    capacities = [center.capacity or Capacity() for center in centers]

    assert {center.status for center in centers} == {"Connected", "Disconnected"}
    assert [capacity.total is None for capacity in capacities] == [False, True, False, False]
    for capacity in capacities:
        assert capacity.used > 0
        if capacity.total is not None:
            assert capacity.used + (capacity.available or 0) == capacity.total
