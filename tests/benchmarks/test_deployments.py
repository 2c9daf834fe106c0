from statistics import mean

import msgspec
import pytest

from benchmarks.deployments import Centers, Groups
from benchmarks.estate import Estate, Shape
from exporter.zstack import INSTANCE_GROUPS, MODEL_CENTERS, Drifted
from exporter.zstack.records import Undecodable

SERVICES = Estate(50, Shape.PROJECTED).uuids


def test_the_same_groups_come_at_every_run_sorted_by_uuid() -> None:
    records = Groups(20, SERVICES).records
    assert Groups(20, SERVICES).records == records
    uuids = [msgspec.json.decode(each)["uuid"] for each in records]
    assert uuids == sorted(set(uuids))


def test_a_group_is_of_a_service_and_as_large_as_a_platforms() -> None:
    records = Groups(500, SERVICES).records
    assert {msgspec.json.decode(each)["modelServiceUuid"] for each in records} <= {*SERVICES}
    assert mean(map(len, records)) == pytest.approx(5700, rel=0.1)


def test_what_changes_of_a_group_is_whether_it_and_its_instances_run() -> None:
    groups = Groups(100, SERVICES)
    before = [msgspec.json.decode(each) for each in groups.records]
    for place in groups.change(7):
        was, now = before[place], msgspec.json.decode(groups.records[place])
        assert {name for name in was if was[name] != now[name]} == {"status", "instances"}
        assert {each["status"] for each in now["instances"]} == {now["status"]}


def test_the_exporter_knows_every_field_of_them() -> None:
    groups = INSTANCE_GROUPS.decode(Groups(100, SERVICES).page(0, 100), 100)
    centers = MODEL_CENTERS.decode(Centers(20).page(0, 100), 100)
    assert (groups.total, centers.total) == (100, 20)
    rows = (*groups.rows, *centers.rows)
    assert len(rows) == 120
    assert not [each for each in rows if isinstance(each, Undecodable | Drifted)]
