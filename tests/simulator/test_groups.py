"""Instance groups: what each release shows, what a query finds, a path that ends in a slash."""

from typing import Any

import pytest

from exporter.simulator import (
    ODD_URLS,
    Account,
    Cloud,
    Instance,
    InstanceGroup,
    Machine,
    ModelService,
    Profile,
)

from .client import GROUPS, NOON, Client, connected

QUERY = "QueryModelServiceInstanceGroup"
PACKAGE = "org.zstack.ai.entity"


def small_cloud(profile: Profile = "5.5") -> Cloud:
    cloud = Cloud(services=0, profile=profile)
    cloud.estate.add(ModelService(uuid="a1", name="alpha"))
    first = Instance(
        uuid="i1",
        name="first",
        status="Running",
        url="http://172.20.0.9:8000",
        url_maps={"api": "http://172.20.0.9:8000"},
        machine=Machine("m1", cpu_num=16, memory_size=64 << 30, ip="172.20.0.9"),
        node_rank=0,
        architecture="aarch64",
        gpu_vendor="Huawei",
        created=NOON,
    )
    second = Instance(
        uuid="i2", status="Unknown", url="", namespace="aios", cluster_id=1, created=None
    )
    for group in (
        InstanceGroup(
            uuid="g1",
            name="chat",
            model_service_uuid="a1",
            instances=(first, second),
            support_metrics=("request_total",),
            package_version="1.0",
            zone_uuid="z1",
            created=NOON,
        ),
        InstanceGroup(uuid="g2", name="old", status="Unknown", type="Container"),
        InstanceGroup(uuid="g3", name="new", status="Deploying", model_service_uuid="a1"),
    ):
        cloud.groups.add(group)
    return cloud


async def names(client: Client, *conditions: str) -> list[str]:
    reply = await client.groups(*conditions, sort="+name")
    assert reply.status == 200, reply.text
    return [row["name"] for row in reply.rows]


async def only(cloud: Cloud, uuid: str = "g1") -> dict[str, Any]:
    async with connected(cloud) as client:
        (row,) = (await client.groups(f"uuid={uuid}")).rows
        return row


async def test_a_group_has_its_instances_in_it() -> None:
    row = await only(small_cloud())
    first, second = row.pop("instances")
    machine = first.pop("vm")

    assert row == {
        "uuid": "g1",
        "name": "chat",
        "modelServiceUuid": "a1",
        "datasetRefInventories": [],
        "status": "Running",
        "modelServiceType": "Endpoint",
        "type": "VirtualMachine",
        "supportMetrics": ["request_total"],
        "packageVersion": "1.0",
        "zoneUuid": "z1",
        "createDate": "Jun 5, 2025 3:47:29 PM",
    }
    assert first == {
        "uuid": "i1",
        "name": "first",
        "modelServiceGroupUuid": "g1",
        "status": "Running",
        "url": "http://172.20.0.9:8000",
        "urlMaps": {"api": "http://172.20.0.9:8000"},
        "vmInstanceUuid": "m1",
        "nodeRank": 0,
        "architecture": "aarch64",
        "gpuVendor": "Huawei",
        "createDate": "Jun 5, 2025 3:47:29 PM",
    }
    assert second == {
        "uuid": "i2",
        "modelServiceGroupUuid": "g1",
        "status": "Unknown",
        "url": "",
        "clusterId": 1,
        "namespace": "aios",
    }
    assert (machine["uuid"], machine["cpuNum"], machine["memorySize"]) == ("m1", 16, 64 << 30)
    assert machine["vmNics"][0]["ip"] == "172.20.0.9"
    assert len(machine["allVolumes"]) == 2


async def test_the_nested_machine_is_most_of_a_grown_group() -> None:
    async with connected(Cloud(services=300, instance_groups=200)) as client:
        rows = (await client.groups()).rows
    machines = [each["vm"] for row in rows for each in row["instances"] if "vm" in each]
    sizes = [len(repr(machine)) for machine in machines]

    assert len(machines) > 100
    assert 3000 < sum(sizes) / len(sizes) < 6000


async def test_the_schema_names_the_class_of_each_object_of_a_group() -> None:
    async with connected(small_cloud()) as client:
        schema = (await client.groups("uuid=g1")).members["schema"]
        projected = (await client.groups("uuid=g1", fields="name")).members["schema"]

    assert schema["inventories[0]"] == f"{PACKAGE}.ModelServiceInstanceGroupInventory"
    for number in (0, 1):
        nested = schema[f"inventories[0].instances[{number}]"]
        assert nested == f"{PACKAGE}.ModelServiceInstanceInventory"
    assert schema["inventories[0].instances[0].vm"] == "org.zstack.header.vm.VmInstanceInventory"
    assert "inventories[0].instances[0].vm.vmNics[0]" in schema
    assert "inventories[0].instances[1].vm" not in schema
    assert [*projected] == ["inventories[0]"]


async def test_releases_differ_in_the_fields_of_groups_and_instances() -> None:
    rows = {profile: await only(small_cloud(profile)) for profile in ("5.3.20", "5.5")}
    groups = {profile: {*row} for profile, row in rows.items()}
    instances = {
        profile: {name for each in row["instances"] for name in each}
        for profile, row in rows.items()
    }

    assert groups["5.5"] - groups["5.3.20"] == {"supportMetrics", "packageVersion", "zoneUuid"}
    assert groups["5.3.20"] <= groups["5.5"]
    assert instances["5.5"] - instances["5.3.20"] == {
        *("name", "architecture", "gpuVendor", "clusterId", "namespace")
    }
    assert instances["5.3.20"] <= instances["5.5"]


@pytest.mark.parametrize("path", [GROUPS, f"{GROUPS}g1", GROUPS.removesuffix("/")])
async def test_the_oldest_release_has_no_api_for_groups(path: str) -> None:
    async with connected(small_cloud("5.2.1")) as client:
        reply = await client.get(path)

    assert (reply.status, reply.text) == (
        404,
        f"no api mapping to {path.removeprefix('/zstack')}",
    )


@pytest.mark.parametrize(
    ("condition", "found"),
    [
        ("status=Running", ["chat"]),
        ("status!=Running", ["new", "old"]),
        ("modelServiceUuid is null", ["old"]),
        ("modelServiceUuid?=a1,b2", ["chat", "new"]),
        ("type~=contain%", ["old"]),
        ("instances.status=Running", ["chat"]),
        ("instances.vmInstanceUuid not null", ["chat"]),
        ("instances.gpuVendor=huawei", ["chat"]),
        ("instances.nodeRank>=0", ["chat"]),
        ("createDate>2025-06-01", ["chat"]),
        ("__systemTag__=any", []),
    ],
)
async def test_a_condition_finds_groups(condition: str, found: list[str]) -> None:
    async with connected(small_cloud()) as client:
        assert await names(client, condition) == found


@pytest.mark.parametrize("name", ["framework", "instances", "instances.vm", "instances.port"])
async def test_what_is_no_field_of_groups_is_an_internal_error(name: str) -> None:
    async with connected(small_cloud()) as client:
        found = await client.groups(f"{name}=x")
        projected = await client.groups(fields=name)
        ordered = await client.groups(sort=name)

    for reply in (found, projected, ordered):
        assert (reply.status, reply.error["code"]) == (503, "SYS.1000")
        assert f"{PACKAGE}.ModelServiceInstanceGroupInventory]" in reply.error["details"]
        assert f"not having field[{name}]" in reply.error["details"]


async def test_groups_come_in_pages_with_their_number() -> None:
    cloud = Cloud(services=40, instance_groups=35)
    async with connected(cloud) as client:
        pages = [
            await client.groups(sort="+uuid", start=start, limit=10, replyWithCount="true")
            for start in range(0, 35, 10)
        ]
        count = await client.groups(count="true")
        unasked = await client.groups(limit=1)

    assert [row["uuid"] for page in pages for row in page.rows] == sorted(cloud.groups)
    assert {page.members["total"] for page in pages} == {35}
    assert count.members == {"total": 35, "schema": {}}
    assert "total" not in unasked.members
    assert cloud.operations[QUERY] == 6


async def test_one_group_is_found_by_its_path() -> None:
    async with connected(small_cloud()) as client:
        found = await client.get(f"{GROUPS}g1", limit=0)
        none = await client.get(f"{GROUPS}nothing")

    assert [row["name"] for row in found.rows] == ["chat"]
    assert none.members == {"inventories": [], "schema": {}}


async def test_a_projection_of_groups_has_the_named_fields_alone() -> None:
    async with connected(small_cloud()) as client:
        rows = (await client.groups(fields="uuid,status", sort="+uuid")).rows

    assert rows[0] == {"uuid": "g1", "status": "Running"}


@pytest.mark.parametrize(
    ("profile", "operation", "status"),
    [
        ("5.3.20", "DeleteModelServiceInstanceGroups", 503),
        ("5.5", "", 405),
    ],
)
async def test_without_its_slash_the_query_is_a_deletion(
    profile: Profile, operation: str, status: int
) -> None:
    cloud = small_cloud(profile)
    async with connected(cloud) as client:
        assert (await client.groups(limit=1)).status == 200
        assert not cloud.trap_hits
        reply = await client.get(GROUPS.removesuffix("/"), limit=1)
        client.session = "expired"  # which is looked at later
        again = await client.get(GROUPS.removesuffix("/"))

    assert (reply.status, again.status) == (status, status)
    assert [(hit.method, hit.operation) for hit in cloud.trap_hits] == [("GET", operation)] * 2
    assert "SYS.1007" in reply.text or "not allowed" in reply.text
    assert reply.text.find("SYS.1007") == again.text.find("SYS.1007")
    assert len(cloud.groups) == 3


async def test_other_spellings_of_the_path_are_other_paths() -> None:
    cloud = small_cloud()
    async with connected(cloud) as client:
        for path in (GROUPS + "/", GROUPS.replace("instances", "instances/"), GROUPS + "g1/"):
            assert (await client.get(path)).status == 404


async def test_an_account_without_the_right_is_told_so_for_groups_alone() -> None:
    cloud = small_cloud()
    cloud.accounts["guest"] = Account("guest", "guest", uuid="9", denied=frozenset({QUERY}))
    async with connected(cloud, logged_in=False) as client:
        await client.log_in("guest", "guest")
        refused, services = await client.groups(), await client.services()

    assert (refused.status, refused.error["code"]) == (503, "SYS.1006")
    message = f"org.zstack.ai.message.API{QUERY}Msg"
    assert refused.error["details"] == f"operation[API:{message}] is denied by default"
    assert services.status == 200


async def test_an_account_sees_the_groups_that_it_may() -> None:
    cloud = small_cloud()
    cloud.accounts["guest"] = Account("guest", "guest", uuid="9", sees=frozenset({"a1", "g2"}))
    async with connected(cloud, logged_in=False) as client:
        await client.log_in("guest", "guest")
        reply = await client.groups(replyWithCount="true")

    assert [row["uuid"] for row in reply.rows] == ["g2"]
    assert reply.members["total"] == 1


def test_the_same_seed_deploys_the_same_groups() -> None:
    def described(cloud: Cloud) -> list[object]:
        return [
            (group.uuid, group.name, group.status, [each.url for each in group.instances])
            for group in cloud.groups.values()
        ]

    first, second, other = (Cloud(services=50, seed=seed) for seed in (7, 7, 8))

    assert described(first) == described(second)
    assert described(first) != described(other)
    assert len(first.groups) == 10


def test_grown_groups_are_in_every_state_and_at_any_address() -> None:
    cloud = Cloud(services=3000, instance_groups=1000)
    groups = [*cloud.groups.values()]
    instances = [each for group in groups for each in group.instances]
    urls = {each.url or "" for each in instances}
    orphans = [group for group in groups if group.model_service_uuid is None]

    assert {group.status for group in groups} == {
        *("Running", "Unknown", "Starting", "Deploying", "ConfigSettingUp", "ServiceBootingUp")
    }
    assert {group.type for group in groups} == {"VirtualMachine", "Container"}
    assert 5 < len(orphans) < 80
    assert all(g.model_service_uuid in cloud.estate for g in groups if g not in orphans)
    assert {len(group.instances) for group in groups} == {1, 2, 4}
    assert {each.gpu_vendor for each in instances} > {None, "NVIDIA", "Huawei", "Haiguang"}
    assert {each.architecture for each in instances} == {"x86_64", "aarch64"}
    assert {each.machine is None for each in instances} == {True, False}
    assert any(url.startswith("https://172.2") for url in urls)
    assert len(urls & {*ODD_URLS}) > 10
    assert any("s3cret" in url for url in urls)


def test_numbers_of_groups_are_checked() -> None:
    with pytest.raises(ValueError, match="instance groups must not be negative: -1"):
        Cloud(services=1, instance_groups=-1)
    assert len(Cloud(services=2, instance_groups=5).groups) == 5
    assert len(Cloud(services=0, instance_groups=2).groups) == 2


def test_a_test_changes_groups_in_a_word() -> None:
    groups = small_cloud().groups

    assert [group.uuid for group in groups.of_service("a1")] == ["g1", "g3"]
    assert [groups.advance("g3").status for _ in range(4)] == [
        *("ConfigSettingUp", "ServiceBootingUp", "Running", "Running")
    ]
    assert {each.status for each in groups.set_status("g1", "Paused").instances} == {"Paused"}
    assert groups.alter_instance("g1", url="http://10.0.0.1").instances[0].url == "http://10.0.0.1"
    assert len(groups.lose_instance("g1").instances) == 1
    assert groups["g1"].status == "Paused"
    assert groups.lose_instance("g1").status == "Unknown"
    assert len(groups.add_instance("g1", Instance(uuid="i3")).instances) == 1
    groups.orphan("a1")
    assert not groups.of_service("a1")
