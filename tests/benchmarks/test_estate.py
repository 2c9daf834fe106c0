from statistics import mean

import msgspec
import pytest

from benchmarks.estate import Estate, Shape

SERVICES = 2000


@pytest.fixture(scope="module", params=Shape)
def shape(request: pytest.FixtureRequest) -> Shape:
    return Shape(request.param)


def test_the_same_services_come_at_every_run(shape: Shape) -> None:
    assert Estate(20, shape).records == Estate(20, shape).records


@pytest.mark.parametrize(
    ("shape", "fields", "size"), [(Shape.FULL, 30, 6000), (Shape.PROJECTED, 16, 440)]
)
def test_a_record_is_as_large_as_a_platforms(shape: Shape, fields: int, size: int) -> None:
    records = Estate(SERVICES, shape).records
    assert {len(msgspec.json.decode(record)) for record in records} == {fields}
    assert mean(map(len, records)) == pytest.approx(size, rel=0.1)


def test_services_are_of_some_two_hundred_groups_and_sorted_by_uuid() -> None:
    records = [msgspec.json.decode(r) for r in Estate(SERVICES, Shape.PROJECTED).records]
    groups = {(each["framework"], each["type"], each["source"]) for each in records}
    assert 150 < len(groups) < 250
    uuids = [each["uuid"] for each in records]
    assert uuids == sorted(set(uuids))


def test_a_tenth_of_the_names_are_chinese_and_a_fiftieth_need_escaping() -> None:
    records = [msgspec.json.decode(r) for r in Estate(SERVICES, Shape.PROJECTED).records]
    names = [each["name"] for each in records]
    assert sum(not name.isascii() for name in names) == SERVICES / 10
    assert sum('"' in name and "\\" in name for name in names) == SERVICES / 50


def test_as_many_records_change_as_asked(shape: Shape) -> None:
    estate = Estate(SERVICES, shape)
    before = [*estate.records]
    estate.change(7)
    changed = [(b, a) for b, a in zip(before, estate.records, strict=True) if b != a]
    assert len(changed) == 7
    for was, became in changed:
        old, new = msgspec.json.decode(was), msgspec.json.decode(became)
        changes = {name for name in old if old[name] != new[name]}
        assert {"version"} <= changes <= {"version", "hasNewVersion"}


def test_a_second_change_of_all_takes_the_first_one_back() -> None:
    estate = Estate(20, Shape.PROJECTED)
    before = [*estate.records]
    estate.change(20)
    assert not set(before) & set(estate.records)
    estate.change(20)
    assert estate.records == before


def test_a_page_is_an_answer_of_the_platform() -> None:
    estate = Estate(20, Shape.PROJECTED)
    page = msgspec.json.decode(estate.page(15, 10))
    assert page["inventories"] == [msgspec.json.decode(r) for r in estate.records[15:]]
    assert page["total"] == 20
    assert [*page["schema"]] == [f"inventories[{i}]" for i in range(5)]
