"""What was made of a page is kept as long as its bytes stay the same, and only then."""

import json
from dataclasses import dataclass, field

import pytest

from exporter.simulator import Cloud, Fault
from exporter.simulator import ModelService as Service
from exporter.zstack import MODEL_SERVICES, QUERY_MODEL_SERVICE, PageCache, schema
from exporter.zstack.errors import IncompleteError, RejectedError
from exporter.zstack.page_cache import PageKey
from exporter.zstack.paging import (
    ListReader,
    PageResult,
    Position,
    UnsortedError,
    new_rows,
    page_result,
)
from tests.support.client_fixture import ClientFixture, Listed, Records, client_for

FIRST, LAST = "0" * 32, "f" * 32


@dataclass
class Making:
    """Counts how often something had to be made of a page, and of how many records."""

    sizes: list[int] = field(default_factory=list)

    def __call__(self, records: Records) -> Records:
        self.sizes.append(len(records))
        return records

    async def list(self, fixture: ClientFixture) -> tuple[Listed, list[int]]:
        """The list, and the sizes of the pages that were made for it."""
        self.sizes.clear()
        listed = await fixture.services()
        return listed, self.sizes


def counted(fixture: ClientFixture) -> Making:
    making = Making()
    fixture.make = making
    return making


@pytest.mark.parametrize("services", [0, 1, 100, 120])
async def test_pages_that_stay_the_same_are_made_once(services: int) -> None:
    cloud = Cloud(services=services)
    async with client_for(cloud, page_size=40) as fixture:
        making = counted(fixture)
        before, made = await making.list(fixture)
        assert sum(made) == services

        assert await making.list(fixture) == (before, [])


async def test_only_the_page_that_changed_is_made_again() -> None:
    cloud = Cloud(services=100)
    async with client_for(cloud, page_size=40) as fixture:
        making = counted(fixture)
        await making.list(fixture)

        changed = sorted(cloud.estate)[50]
        cloud.estate.alter(changed, name="renamed")
        listed, made = await making.list(fixture)
        assert made == [40]
        assert {each.uuid for each in listed.services if each.name == "renamed"} == {changed}

        assert (await making.list(fixture))[1] == []


async def test_pages_behind_a_row_that_came_are_made_again() -> None:
    cloud = Cloud(services=100)
    async with client_for(cloud, page_size=40) as fixture:
        making = counted(fixture)
        await making.list(fixture)

        cloud.estate.add(Service(uuid=LAST))
        cloud.estate.add(Service(uuid=FIRST))
        listed, made = await making.list(fixture)
        assert sum(made) == len(listed.services) == 102


async def test_an_incomplete_list_does_not_replace_the_cached_one() -> None:
    cloud = Cloud(services=100)
    async with client_for(cloud, page_size=40) as fixture:
        making = counted(fixture)
        before, _ = await making.list(fixture)
        cloud.faults.append(Fault.wrong_total(1))
        await fixture.failure()

        cloud.faults.clear()
        assert await making.list(fixture) == (before, [])


def rows(total: int, *uuids: str | None) -> bytes:
    """A page; a row without uuid does not decode."""
    found = [{} if uuid is None else {"uuid": uuid} for uuid in uuids]
    return json.dumps({"inventories": found, "total": total}).encode()


def read(cache: PageCache[Records], *bodies: bytes) -> list[bool]:
    """Read a list of these pages, of two new rows each at most; which of them were cached."""
    reader: ListReader[Records] = ListReader(QUERY_MODEL_SERVICE, 2, order=cache.trusts_order)
    results, cached = {}, []
    for body in bodies:
        position = reader.position
        key = PageKey.create(position, body)
        known = cache.lookup(key, position)
        result = known or made(body, position)
        reader.add(result)
        results[key] = result
        cached.append(known is not None)
    assert reader.finished
    reader.listing()
    cache.replace(results)
    return cached


def made(body: bytes, position: Position) -> PageResult[Records]:
    page = schema.model_services(body)
    new = new_rows(page, position)
    return page_result(page, new, new.records, position)


def test_a_known_page_goes_on_from_no_other_row_than_its_first() -> None:
    cache: PageCache[Records] = PageCache()
    first, last = rows(3, "a", "b"), rows(3, "b", "c")
    assert read(cache, first, last) == [False, False]
    assert read(cache, first, last) == [True, True]
    assert read(cache, rows(3, "aa", "b"), last) == [False, True]
    with pytest.raises(IncompleteError, match="moved"):
        read(cache, rows(3, "a", "aa"), last)


@pytest.mark.parametrize(("before", "expected"), [("c", IncompleteError), ("d", UnsortedError)])
def test_a_known_page_behind_a_row_without_uuid_follows_lower_uuids_alone(
    before: str, expected: type[Exception]
) -> None:
    cache: PageCache[Records] = PageCache()
    last = rows(3, None, "c")
    assert read(cache, rows(3, "a", None), last) == [False, False]
    assert read(cache, rows(3, "b", None), last) == [False, True]
    with pytest.raises(expected):
        read(cache, rows(3, before, None), last)


def test_a_page_that_began_a_list_is_another_one_behind_a_row() -> None:
    """Its first row, which has no uuid, was new there, and is the one before here."""
    cache: PageCache[Records] = PageCache()
    body = rows(3, None, "c")
    assert read(cache, body, rows(3, "c", "d")) == [False, False]
    assert read(cache, rows(3, "a", None), body) == [False, False]


def test_where_order_proves_nothing_no_known_page_follows() -> None:
    body = rows(1, "a")
    ordered: ListReader[Records] = ListReader(QUERY_MODEL_SERVICE, 2)
    unordered: ListReader[Records] = ListReader(QUERY_MODEL_SERVICE, 2, order=False)
    result = made(body, ordered.position)
    assert ordered.position.can_precede(result)
    assert not unordered.position.can_precede(result)


async def test_rows_that_do_not_decode_are_reported_each_time() -> None:
    cloud = Cloud(services=100, faults=[Fault.without_uuid(start=0)])
    async with client_for(cloud, page_size=40) as fixture:
        making = counted(fixture)
        before, _ = await making.list(fixture)
        again, made = await making.list(fixture)

    assert made == []
    assert again == before
    assert len(again.undecodable) == 1


async def test_another_order_of_uuids_is_read_all_the_same() -> None:
    """MySQL knows no case: to it aB comes before AC, to us after it."""
    cloud = Cloud(services=30)
    for uuid in ("aB", "AC", "ad", "AE"):
        cloud.estate.add(Service(uuid=uuid))
    async with client_for(cloud, page_size=7) as fixture:
        making = counted(fixture)
        for _ in range(2):
            listed, made = await making.list(fixture)
            assert {each.uuid for each in listed.services} == set(cloud.estate)
            assert (listed.total, listed.duplicates) == (34, 0)
            assert made, "nothing is kept that order cannot vouch for"

        before = len(cloud.requests)
        await making.list(fixture)
        assert len(cloud.requests) - before == 2 * (34 // 7 + 1), "two passes that agree"


async def test_repeats_are_found_in_any_order() -> None:
    cloud = Cloud(services=30, faults=[Fault.duplicated()])
    for uuid in ("aB", "AC", "ad", "AE"):
        cloud.estate.add(Service(uuid=uuid))
    async with client_for(cloud, page_size=7) as fixture:
        listed = await fixture.services()

    assert {each.uuid for each in listed.services} == set(cloud.estate)
    assert listed.duplicates > 0


async def test_a_projection_has_the_fields_that_are_read_and_no_others() -> None:
    cloud = Cloud(services=20)
    async with client_for(cloud) as full, client_for(cloud, projection=True) as projected:
        whole = (await full.services()).services
        asked_for = (await projected.services()).services
        assert projected.client.projects(MODEL_SERVICES)

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
    async with client_for(cloud, projection=True) as fixture:
        assert len((await fixture.services()).services) == 20
        assert not fixture.client.projects(MODEL_SERVICES)

        await fixture.services()
    assert [("fields" in request.query) for request in cloud.requests] == [True, False, False]


async def test_a_query_that_is_refused_without_a_projection_too_does_not_end_it() -> None:
    fault = Fault.error("SYS.1000")
    cloud = Cloud(services=20, faults=[fault])
    async with client_for(cloud, projection=True) as fixture:
        assert isinstance(await fixture.failure(), RejectedError)
        assert fixture.client.projects(MODEL_SERVICES)
