"""The estate: grown alike from the same seed, realistic, and alive."""

import json
from collections import Counter

import pytest

from exporter.simulator import Cloud, Estate

from .client import NOON, Clock, connected


def test_the_same_seed_grows_the_same_estate() -> None:
    first, second, other = Estate.grown(50, 7), Estate.grown(50, 7), Estate.grown(50, 8)

    assert [*first] == [*second]
    assert [s.name for s in first.values()] == [s.name for s in second.values()]
    assert [*first] != [*other]


def test_an_estate_of_fewer_than_no_services_is_refused() -> None:
    with pytest.raises(ValueError, match="services must not be negative: -5"):
        Cloud(services=-5)
    assert not Cloud(services=0).estate


def test_a_grown_estate_has_what_real_ones_have() -> None:
    services = [*Estate.grown(2000, 3).values()]
    frameworks = Counter(service.framework for service in services)
    names = [service.name or "" for service in services]
    chinese = sum(any(character >= "\u4e00" for character in name) for name in names)

    assert len({service.uuid for service in services}) == 2000
    assert len({*names}) < 2000
    assert 100 < chinese < 300
    assert any('"' in name for name in names)
    assert any("\\" in name for name in names)
    assert frameworks["vLLM"] > frameworks["MindIE"] > 0
    assert {service.has_new_version for service in services} == {None, False, True}
    assert {service.type for service in services} == {"Endpoint", "FineTune", "ModelEval", "App"}
    memory = [service.request_memory or 0 for service in services]
    assert 200 < sum(value < 1 << 24 for value in memory) < 600
    assert {len(service.refs) for service in services} == {0, 1, 2, 3}
    assert None in {service.last_operated for service in services}


async def test_a_record_is_of_realistic_size() -> None:
    async with connected(Cloud(services=200)) as client:
        sizes = [len(json.dumps(row)) for row in (await client.services()).rows]

    assert 5000 < sum(sizes) / len(sizes) < 7500


def test_an_estate_is_altered_by_the_names_of_its_fields() -> None:
    estate = Estate.grown(2)
    first, second = estate
    before = estate.revision
    estate.alter(first, name="renamed", has_new_version=True)
    estate.remove(second)

    assert estate.revision > before
    assert len(estate) == 1
    assert estate[first].name == "renamed"
    assert second not in estate
    with pytest.raises(TypeError):
        estate.alter(first, nonsense=1)


def test_an_estate_lives() -> None:
    cloud = Cloud(services=300, now=Clock())
    before = {service.uuid: service for service in cloud.estate.values()}
    cloud.evolve(300)
    after = {service.uuid: service for service in cloud.estate.values()}
    kept = {uuid for uuid in after if uuid in before and after[uuid] is not before[uuid]}
    announced = {uuid for uuid in kept if after[uuid].has_new_version}
    upgraded = {uuid for uuid in kept if after[uuid].version != before[uuid].version}

    assert before.keys() - after.keys()
    born = after.keys() - before.keys()
    assert {after[uuid].created for uuid in born} == {NOON}
    assert announced
    assert upgraded
    assert {after[uuid].has_new_version for uuid in upgraded} <= {False, True}
    assert {after[uuid].last_operated for uuid in upgraded} == {NOON}
    assert 240 < len(after) < 360


def test_an_empty_estate_comes_to_life() -> None:
    cloud = Cloud(services=0)
    cloud.evolve(5)

    assert len(cloud.estate) > 0
