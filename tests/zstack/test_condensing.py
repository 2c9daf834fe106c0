"""What was made of a page is kept as long as its bytes stay the same, and only then."""

import json
from dataclasses import dataclass, field

import pytest

from exporter.simulator import Cloud, Fault
from exporter.simulator import ModelService as Service
from exporter.zstack import QUERY_MODEL_SERVICE, Condenser
from exporter.zstack.errors import IncompleteError, RejectedError
from exporter.zstack.paging import Part, Reading, UnsortedError

from .asking import Asked, Listed, Records, as_they_are, asking

FIRST, LAST = "0" * 32, "f" * 32


@dataclass
class Making:
    """Counts how often something had to be made of a page, and of how many records."""

    sizes: list[int] = field(default_factory=list)

    def __call__(self, records: Records) -> Records:
        self.sizes.append(len(records))
        return records

    async def list(self, asked: Asked) -> tuple[Listed, list[int]]:
        """The list, and the sizes of the pages that were made for it."""
        self.sizes.clear()
        listed = await asked.services()
        return listed, self.sizes


def counted(asked: Asked) -> Making:
    making = Making()
    asked.condenser = Condenser(making)
    return making


@pytest.mark.parametrize("services", [0, 1, 100, 120])
async def test_pages_that_stay_the_same_are_made_once(services: int) -> None:
    cloud = Cloud(services=services)
    async with asking(cloud, page_size=40) as asked:
        making = counted(asked)
        before, made = await making.list(asked)
        assert sum(made) == services

        assert await making.list(asked) == (before, [])


async def test_only_the_page_that_changed_is_made_again() -> None:
    cloud = Cloud(services=100)
    async with asking(cloud, page_size=40) as asked:
        making = counted(asked)
        await making.list(asked)

        changed = sorted(cloud.estate)[50]
        cloud.estate.alter(changed, name="renamed")
        listed, made = await making.list(asked)
        assert made == [40]
        assert {each.uuid for each in listed.services if each.name == "renamed"} == {changed}

        assert (await making.list(asked))[1] == []


async def test_pages_behind_a_row_that_came_are_made_again() -> None:
    cloud = Cloud(services=100)
    async with asking(cloud, page_size=40) as asked:
        making = counted(asked)
        await making.list(asked)

        cloud.estate.add(Service(uuid=LAST))
        cloud.estate.add(Service(uuid=FIRST))
        listed, made = await making.list(asked)
        assert sum(made) == len(listed.services) == 102


async def test_a_list_that_is_not_whole_is_not_what_the_next_one_is_held_to() -> None:
    cloud = Cloud(services=100)
    async with asking(cloud, page_size=40) as asked:
        making = counted(asked)
        before, _ = await making.list(asked)
        cloud.faults.append(Fault.wrong_total(1))
        await asked.failure()

        cloud.faults.clear()
        assert await making.list(asked) == (before, [])


def rows(total: int, *uuids: str | None) -> bytes:
    """A page; a row without uuid does not decode."""
    found = [{} if uuid is None else {"uuid": uuid} for uuid in uuids]
    return json.dumps({"inventories": found, "total": total}).encode()


def read(condenser: Condenser[Records], *bodies: bytes) -> list[bool]:
    """Read a list of these pages, of two new rows each at most; tells which were recognised."""
    reading: Reading[Records] = Reading(QUERY_MODEL_SERVICE, 2, order=condenser.trusts_order)
    recognised = []
    condenser.begin()
    for body in bodies:
        known = condenser.recognise(body, reading)
        part = known or condenser.decode(body, reading)
        assert isinstance(part, Part)
        reading.add(part)
        recognised.append(known is not None)
    assert reading.finished
    reading.listing()
    condenser.end()
    return recognised


def test_a_known_page_goes_on_from_no_other_row_than_its_first() -> None:
    condenser = Condenser(as_they_are)
    first, last = rows(3, "a", "b"), rows(3, "b", "c")
    assert read(condenser, first, last) == [False, False]
    assert read(condenser, first, last) == [True, True]
    assert read(condenser, rows(3, "aa", "b"), last) == [False, True]
    with pytest.raises(IncompleteError, match="moved"):
        read(condenser, rows(3, "a", "aa"), last)


@pytest.mark.parametrize(("before", "expected"), [("c", IncompleteError), ("d", UnsortedError)])
def test_a_known_page_behind_a_row_without_uuid_follows_lower_uuids_alone(
    before: str, expected: type[Exception]
) -> None:
    condenser = Condenser(as_they_are)
    last = rows(3, None, "c")
    assert read(condenser, rows(3, "a", None), last) == [False, False]
    assert read(condenser, rows(3, "b", None), last) == [False, True]
    with pytest.raises(expected):
        read(condenser, rows(3, before, None), last)


def test_where_order_proves_nothing_no_known_page_follows() -> None:
    body = rows(1, "a")
    ordered: Reading[Records] = Reading(QUERY_MODEL_SERVICE, 2)
    unordered: Reading[Records] = Reading(QUERY_MODEL_SERVICE, 2, order=False)
    part = Condenser(as_they_are).decode(body, ordered)
    assert isinstance(part, Part)
    assert ordered.follows(part)
    assert not unordered.follows(part)


async def test_rows_that_do_not_decode_are_told_of_each_time() -> None:
    cloud = Cloud(services=100, faults=[Fault.wrong_types()])
    async with asking(cloud, page_size=40) as asked:
        making = counted(asked)
        before, _ = await making.list(asked)
        again, made = await making.list(asked)

    assert made == []
    assert again == before
    assert len(again.undecodable) == 1, "the first row of each page, which after the first is known"


async def test_another_order_of_uuids_is_read_all_the_same() -> None:
    """MySQL knows no case: to it aB comes before AC, to us after it."""
    cloud = Cloud(services=30)
    for uuid in ("aB", "AC", "ad", "AE"):
        cloud.estate.add(Service(uuid=uuid))
    async with asking(cloud, page_size=7) as asked:
        making = counted(asked)
        for _ in range(2):
            listed, made = await making.list(asked)
            assert {each.uuid for each in listed.services} == set(cloud.estate)
            assert (listed.total, listed.duplicates) == (34, 0)
            assert made, "nothing is kept that order cannot vouch for"

        before = len(cloud.requests)
        await making.list(asked)
        assert len(cloud.requests) - before == 34 // 7 + 1, "it is not read twice again"


async def test_repeats_are_found_whatever_the_order() -> None:
    cloud = Cloud(services=30, faults=[Fault.duplicated()])
    for uuid in ("aB", "AC", "ad", "AE"):
        cloud.estate.add(Service(uuid=uuid))
    async with asking(cloud, page_size=7) as asked:
        listed = await asked.services()

    assert {each.uuid for each in listed.services} == set(cloud.estate)
    assert listed.duplicates > 0


async def test_a_projection_brings_the_fields_that_are_read_and_no_others() -> None:
    cloud = Cloud(services=20)
    async with asking(cloud) as full, asking(cloud, projection=True) as projected:
        whole = (await full.services()).services
        asked_for = (await projected.services()).services
        assert projected.client.projecting

    assert "readme" not in cloud.requests[-1].query
    for one, other in zip(whole, asked_for, strict=True):
        assert one.model_service_refs is not None
        assert other.model_service_refs is None
        assert other.cpu_architectures is None
        for name in ("name", "version", "has_new_version", "request_cpu", "create_date", "system"):
            assert getattr(one, name) == getattr(other, name)
        assert one.support_distributed == other.support_distributed


@pytest.mark.parametrize("profile", ["5.2.1", "5.3.20"])
async def test_a_platform_that_refuses_a_projection_is_asked_for_it_once(profile: str) -> None:
    cloud = Cloud(services=20, profile=profile)  # type: ignore[arg-type]  # one of its literals
    async with asking(cloud, projection=True) as asked:
        assert len((await asked.services()).services) == 20
        assert not asked.client.projecting

        await asked.services()
    assert [("fields" in request.query) for request in cloud.requests] == [True, False, False]


async def test_a_query_that_is_refused_without_a_projection_too_does_not_end_it() -> None:
    fault = Fault.error("SYS.1000")
    cloud = Cloud(services=20, faults=[fault])
    async with asking(cloud, projection=True) as asked:
        assert isinstance(await asked.failure(), RejectedError)
        assert asked.client.projecting
