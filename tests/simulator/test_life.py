"""A platform that lives: groups start, fail and outlive their services, model centers fill."""

from collections import Counter

from exporter.simulator import Capacity, Cloud, InstanceGroup, ModelCenter

from .client import NOON, Clock

STEPS = 120


def statuses(cloud: Cloud) -> dict[str, str | None]:
    return {group.uuid: group.status for group in cloud.groups.values()}


def test_groups_start_lose_instances_become_unready_and_go() -> None:
    cloud = Cloud(services=300, now=Clock())
    changes: Counter[tuple[str | None, str | None]] = Counter()
    lost = gained = 0
    first = set(cloud.groups)
    for _ in range(STEPS):
        before = {group.uuid: group for group in cloud.groups.values()}
        cloud.evolve()
        for uuid, now in ((each.uuid, each) for each in cloud.groups.values()):
            was = before.get(uuid)
            changes[was.status if was else None, now.status] += 1
            lost += was is not None and len(now.instances) < len(was.instances)
            gained += was is not None and len(now.instances) > len(was.instances)

    assert {pair for pair in changes if pair[0] != pair[1]} == {
        (None, "Deploying"),
        ("Deploying", "ConfigSettingUp"),
        ("ConfigSettingUp", "ServiceBootingUp"),
        ("ServiceBootingUp", "Running"),
        ("Starting", "Running"),
        ("Running", "Unknown"),
        ("Unknown", "Starting"),
    }
    assert lost
    assert gained
    assert first - set(cloud.groups)
    assert 40 < len(cloud.groups) < 75
    assert {group.created for group in cloud.groups.values()} & {NOON}


def test_a_group_outlives_its_service() -> None:
    cloud = Cloud(services=60, instance_groups=60)
    orphans = {each.uuid for each in cloud.groups.values() if each.model_service_uuid is None}
    became = set()
    for _ in range(STEPS):
        cloud.evolve()
        now = {each.uuid for each in cloud.groups.values() if each.model_service_uuid is None}
        became |= now - orphans
        for group in cloud.groups.values():
            assert group.model_service_uuid is None or group.model_service_uuid in cloud.estate

    assert became


def test_an_instance_has_an_address_when_its_service_boots() -> None:
    cloud = Cloud(services=50, instance_groups=300)
    (group, *_) = [
        group
        for group in cloud.groups.values()
        if group.status == "Deploying" and (group.instances[0].url_maps or {}).get("api")
    ]
    seen = []
    while group.status != "Running":
        seen.append((group.status, bool(group.instances[0].url)))
        cloud.evolve()
        group = cloud.groups[group.uuid]

    assert seen == [("Deploying", False), ("ConfigSettingUp", False), ("ServiceBootingUp", True)]


def test_a_status_that_the_simulator_does_not_know_stays() -> None:
    cloud = Cloud(services=0, instance_groups=0)
    cloud.groups.add(InstanceGroup(uuid="g1", status="Paused", model_service_uuid="a1"))
    cloud.evolve(5)

    assert statuses(cloud) == {"g1": "Paused"}


def test_a_platform_without_groups_gets_none() -> None:
    cloud = Cloud(services=50, instance_groups=0)
    cloud.evolve(20)

    assert not cloud.groups


def test_model_centers_fill_and_lose_their_connection_for_a_while() -> None:
    cloud = Cloud(services=10, now=Clock())
    before = {center.uuid: center.capacity or Capacity() for center in cloud.centers.values()}
    seen = set()
    for _ in range(400):
        cloud.evolve()
        seen |= {(center.uuid, center.status) for center in cloud.centers.values()}
    after = {center.uuid: center.capacity or Capacity() for center in cloud.centers.values()}

    assert len(seen) == 2 * len(before)
    for uuid, capacity in after.items():
        assert capacity.used > before[uuid].used
        assert capacity.total == before[uuid].total
        if capacity.total is not None:
            assert capacity.used + (capacity.available or 0) == capacity.total


def test_a_full_model_center_is_tidied_up() -> None:
    cloud = Cloud(services=0, model_centers=0)
    full = Capacity(model=990_000, available=10_000, total=1_000_000)
    cloud.centers.add(ModelCenter(uuid="c1", capacity=full))
    least = 1_000_000
    for _ in range(400):
        cloud.evolve()
        capacity = cloud.centers["c1"].capacity or Capacity()
        assert (capacity.available or 0) >= 0
        least = min(least, capacity.used)

    assert least < 900_000


def test_the_same_seed_lives_the_same_life() -> None:
    def lived(seed: int, groups: int = 20) -> tuple[object, object, object]:
        cloud = Cloud(services=100, instance_groups=groups, seed=seed, now=Clock())
        cloud.evolve(30)
        centers = [(each.status, each.capacity) for each in cloud.centers.values()]
        return [*cloud.estate], statuses(cloud), centers

    assert lived(3) == lived(3)
    assert lived(3) != lived(4)
    assert lived(3)[0] == lived(3, groups=0)[0]
