"""The list: exactly right, or an error."""

from collections.abc import Callable
from dataclasses import dataclass, field
from random import Random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from exporter.simulator import Cloud, Estate, Fault
from exporter.simulator import ModelService as Service
from exporter.zstack import QUERY_MODEL_SERVICE, ModelService
from exporter.zstack.errors import IncompleteError, MalformedError, UnreadableError
from exporter.zstack.paging import ListReader, UnsortedError, new_rows, page_result
from exporter.zstack.records import Page, Row, Undecodable
from tests.support.client_fixture import (
    QUERY,
    Listed,
    Records,
    client_at,
    client_for,
    page,
    reply,
    replying,
)

FIRST, LAST = "0" * 32, "f" * 32
"""Uuids before and after those of any grown estate."""

Change = Callable[[Estate], object]


def uuids(listing: Listed) -> list[str]:
    return [service.uuid for service in listing.services]


@dataclass
class Shelf:
    """A sorted table as a server pages it; `longest` caps a page of any requested size.

    `meanwhile` is what happens between the reading of a page and the counting of all rows.
    """

    rows: dict[str, Row[ModelService]]
    longest: int = 1 << 30
    meanwhile: Callable[["Shelf"], object] = lambda _: None
    ever: set[str] = field(default_factory=set)
    always: set[str] = field(default_factory=set)

    def __post_init__(self) -> None:
        self.ever, self.always = set(self.rows), set(self.rows)

    def put(self, uuid: str) -> None:
        self.rows[uuid] = ModelService(uuid)
        self.ever.add(uuid)

    def take(self, uuid: str) -> None:
        del self.rows[uuid]
        self.always.discard(uuid)

    def page(self, start: int, limit: int) -> Page[ModelService]:
        names = sorted(self.rows)[start : start + min(limit, self.longest)]
        rows = tuple(self.rows[name] for name in names)
        self.meanwhile(self)
        return Page(rows, len(self.rows))


def shelf(number: int, *, longest: int = 1 << 30) -> Shelf:
    return Shelf({f"{n:06}": ModelService(f"{n:06}") for n in range(number)}, longest)


def listed(
    shelf: Shelf, page_size: int, between: Callable[[Shelf], object] = lambda _: None
) -> Listed:
    """One pass over the table, which may change before each page but the first."""
    reader: ListReader[Records] = ListReader(QUERY_MODEL_SERVICE, page_size)
    read(reader, shelf)
    while not reader.finished:
        between(shelf)
        read(reader, shelf)
    return Listed.from_listing(reader.listing())


def read(reader: ListReader[Records], shelf: Shelf) -> None:
    page = shelf.page(*reader.next_page)
    new = new_rows(page, reader.position)
    reader.add(page_result(page, new, new.records, reader.position))


@given(
    number=st.integers(0, 60),
    page_size=st.integers(1, 70),
    longest=st.integers(2, 70),
)
def test_table_at_rest_is_listed_exactly(number: int, page_size: int, longest: int) -> None:
    table = shelf(number, longest=longest)
    listing = listed(table, page_size)
    assert uuids(listing) == sorted(table.rows)
    assert (listing.total, listing.duplicates) == (number, 0)


@pytest.mark.small_sample(100)
@pytest.mark.parametrize("seed", range(300))
def test_table_that_moves_is_listed_right_or_not_at_all(seed: int) -> None:
    random = Random(seed)
    table = shelf(2500, longest=random.choice([200, 150, 1 << 30]))
    calm = random.random()

    def change(table: Shelf) -> None:
        if random.random() < calm:
            return
        for _ in range(random.choice([1, 1, 2, 5])):
            if random.random() < 0.5:
                table.put(f"{random.randrange(2600):06}x")
            else:
                table.take(random.choice(sorted(table.rows)))

    try:
        names = uuids(listed(table, 200, change))
    except IncompleteError:
        return
    assert len(names) == len(set(names)) == len(table.rows)
    assert table.always <= set(names) <= table.ever


def test_some_movement_is_survived() -> None:
    """Rows that come and go behind the reader cost nothing."""

    def change(table: Shelf) -> None:
        table.take(max(table.rows))
        table.put("999998x")

    listing = listed(shelf(1000), 200, change)
    assert len(listing.services) == 1000


@pytest.mark.parametrize("page_size", [1, 2, 3, 7, 49, 50, 51, 99, 100, 101, 1000])
async def test_any_page_size_lists_the_same(page_size: int) -> None:
    cloud = Cloud(services=100)
    async with client_for(cloud, page_size=page_size) as fixture:
        listing = await fixture.services()

    assert uuids(listing) == sorted(cloud.estate)
    assert listing.total == 100
    assert len(cloud.requests) <= 100 // page_size + 1


async def test_empty_list_takes_one_request() -> None:
    cloud = Cloud(services=0)
    async with client_for(cloud) as fixture:
        assert await fixture.services() == Listed((), 0)

    assert len(cloud.requests) == 1


async def test_server_that_gives_less_than_it_is_asked_for_is_read_on() -> None:
    cloud = Cloud(services=100, faults=[Fault.capped(30)])
    async with client_for(cloud, page_size=1000) as fixture:
        assert uuids(await fixture.services()) == sorted(cloud.estate)


async def test_conditions_narrow_the_list_and_its_total() -> None:
    cloud = Cloud(services=100)
    expected = sorted(s.uuid for s in cloud.estate.values() if s.type == "Endpoint")
    async with client_for(cloud, page_size=10, conditions=["type=Endpoint"]) as fixture:
        listing = await fixture.services()

    assert uuids(listing) == expected
    assert listing.total == len(expected) < 100


MOVES: dict[str, Change] = {
    "added before": lambda estate: estate.add(Service(uuid=FIRST)),
    "removed before": lambda estate: estate.remove(min(estate)),
    "removed at the seam": lambda estate: estate.remove(sorted(estate)[39]),
    "added after": lambda estate: estate.add(Service(uuid=LAST)),
    "removed after": lambda estate: estate.remove(max(estate)),
    "gone": lambda estate: estate.clear(),
}


@pytest.mark.parametrize("move", MOVES)
async def test_list_that_moves_between_pages_is_right_in_the_end(move: str) -> None:
    cloud = Cloud(services=100, faults=[Fault.changing(MOVES[move], page=2)])
    async with client_for(cloud, page_size=40) as fixture:
        assert uuids(await fixture.services()) == sorted(cloud.estate)


async def test_row_lost_and_row_won_before_the_seam_are_noticed_or_harmless() -> None:
    def change(estate: Estate) -> None:
        estate.remove(min(estate))
        estate.add(Service(uuid=FIRST))

    cloud = Cloud(services=100, faults=[Fault.changing(change, page=2)])
    before = sorted(cloud.estate)
    async with client_for(cloud, page_size=40) as fixture:
        assert uuids(await fixture.services()) in (before, sorted(cloud.estate))


async def test_list_that_never_rests_is_incomplete_after_two_passes() -> None:
    cloud = Cloud(services=100, faults=[Fault.changing(MOVES["removed before"])])
    async with client_for(cloud, page_size=40) as fixture:
        error = await fixture.failure()
        assert isinstance(error, IncompleteError)
        assert len(cloud.requests) == 4

        cloud.faults.clear()
        assert uuids(await fixture.services()) == sorted(cloud.estate)


@pytest.mark.parametrize("by", [-1, 1, 1000])
@pytest.mark.parametrize("page_size", [7, 100])
async def test_wrong_total_is_incomplete(by: int, page_size: int) -> None:
    cloud = Cloud(services=50, faults=[Fault.wrong_total(by)])
    async with client_for(cloud, page_size=page_size) as fixture:
        error = await fixture.failure()

    assert isinstance(error, IncompleteError)
    assert error.operation.name == QUERY
    assert str(50 + by) in str(error)


async def test_more_rows_than_the_platform_counts_are_read_no_further() -> None:
    cloud = Cloud(services=100, faults=[Fault.wrong_total(-50)])
    async with client_for(cloud, page_size=30) as fixture:
        error = await fixture.failure()

    assert str(error) == "got 60 distinct rows, the platform counts 50"
    assert cloud.operations == {QUERY: 4}, "two pages, twice"


async def test_empty_first_page_of_a_list_with_rows_is_incomplete() -> None:
    async with replying(reply(page(total=3))) as server, client_at(server.url) as fixture:
        assert isinstance(await fixture.failure(), IncompleteError)

    assert len(server.heads) == 2


@pytest.mark.parametrize("total", [b"", b',"total":null'])
async def test_list_without_its_total_is_malformed(total: bytes) -> None:
    body = b'{"inventories":[{"uuid":"a"}]' + total + b"}"
    async with replying(reply(body)) as server, client_at(server.url) as fixture:
        assert isinstance(await fixture.failure(), MalformedError)


@pytest.mark.parametrize("page_size", [10, 40, 1000])
async def test_repeated_rows_are_taken_out_and_counted(page_size: int) -> None:
    cloud = Cloud(services=100, faults=[Fault.duplicated()])
    async with client_for(cloud, page_size=page_size) as fixture:
        listing = await fixture.services()

    assert uuids(listing) == sorted(cloud.estate)
    assert listing.duplicates == len(cloud.requests)


async def test_row_of_wrong_types_is_still_a_service() -> None:
    cloud = Cloud(services=100, faults=[Fault.wrong_types(page=1)])
    async with client_for(cloud, page_size=40) as fixture:
        listing = await fixture.services()

    assert uuids(listing) == sorted(cloud.estate)
    assert listing.undecodable == ()


async def test_row_without_uuid_is_still_a_row() -> None:
    cloud = Cloud(services=100, faults=[Fault.without_uuid(page=1)])
    async with client_for(cloud, page_size=40) as fixture:
        listing = await fixture.services()

    assert (listing.total, len(listing.services)) == (100, 99)
    assert [row.uuid for row in listing.undecodable] == [None]


def test_seam_may_be_a_row_that_does_not_decode() -> None:
    table = shelf(10)
    table.rows["000004"] = Undecodable("")
    table.rows["000007"] = Undecodable("")
    for page_size in range(1, 12):
        listing = listed(table, page_size)
        assert (len(listing.services), len(listing.undecodable)) == (8, 2)


def test_seam_that_is_gone_is_noticed_at_once() -> None:
    with pytest.raises(IncompleteError) as caught:
        listed(shelf(10), 4, lambda table: table.take("000003"))
    assert str(caught.value) == "the rows moved while they were read"
    assert caught.value.operation is QUERY_MODEL_SERVICE


@pytest.mark.parametrize("names", [("b", "a", "c"), ("a", "c", "b"), ("b", "a")])
def test_one_row_out_of_order_means_that_there_is_no_order(names: tuple[str, ...]) -> None:
    reader: ListReader[Records] = ListReader(QUERY_MODEL_SERVICE, 3)
    with pytest.raises(UnsortedError):
        new_rows(Page(tuple(map(ModelService, names)), total=3), reader.position)


def test_without_order_a_row_of_any_page_before_is_a_repeat() -> None:
    reader: ListReader[Records] = ListReader(QUERY_MODEL_SERVICE, 2, order=False)
    for names in (("b", "a"), ("a", "b", "c")):
        page = Page(tuple(map(ModelService, names)), total=3)
        new = new_rows(page, reader.position)
        reader.add(page_result(page, new, new.records, reader.position))
    listing = Listed.from_listing(reader.listing())
    assert (uuids(listing), listing.duplicates) == (["b", "a", "c"], 1)


def test_row_removed_while_the_last_page_is_counted_hides_no_other() -> None:
    """Ten of eleven rows are read, and then there are only ten."""
    table = shelf(11)

    def change(table: Shelf) -> None:
        if reader.next_page[0] == 4:
            table.take("000000")

    table.meanwhile = change
    reader: ListReader[Records] = ListReader(QUERY_MODEL_SERVICE, 5)
    with pytest.raises(IncompleteError):  # noqa: PT012 - wherever it is noticed
        while not reader.finished:
            read(reader, table)
        reader.listing()


@pytest.mark.parametrize("seed", range(100))
def test_table_that_moves_while_it_is_counted_is_listed_right_or_not_at_all(seed: int) -> None:
    random = Random(seed)
    table = shelf(random.choice([20, 21, 25, 26]))

    def change(table: Shelf) -> None:
        if random.random() < 0.3:
            table.take(random.choice(sorted(table.rows)))
        if random.random() < 0.1:
            table.put(f"{random.randrange(30):06}x")

    table.meanwhile = change
    try:
        names = uuids(listed(table, 5))
    except IncompleteError:
        return
    assert len(names) == len(set(names)) == len(table.rows)
    assert table.always <= set(names) <= table.ever


async def test_second_pass_asks_from_the_start() -> None:
    faults = [Fault.changing(MOVES["added before"], page=2)]
    cloud = Cloud(services=100, faults=faults)
    async with client_for(cloud, page_size=60) as fixture:
        await fixture.services()

    starts = [request.query.split("&")[1] for request in cloud.requests]
    assert starts == ["start=0", "start=59", "start=0", "start=59"]
    assert cloud.operations == {QUERY: 4}


async def test_a_page_may_have_ten_times_the_rows_that_were_asked_for() -> None:
    uuids = [f"{number:06}" for number in range(12_000)]
    pages = (reply(page(*uuids)), reply(page(uuids[-1], total=12_000)))
    async with replying(*pages) as server, client_at(server.url, page_size=2000) as fixture:
        assert len((await fixture.services()).services) == 12_000
    async with (
        replying(reply(page(*uuids))) as server,
        client_at(server.url, page_size=1000) as fixture,
    ):
        assert "12000 rows, where 1000 were asked for" in str(await fixture.failure())


def test_a_list_in_which_no_row_has_a_uuid_is_no_empty_list() -> None:
    reader: ListReader[Records] = ListReader(QUERY_MODEL_SERVICE, 5)
    read(reader, Shelf({"": Undecodable("no uuid")}))
    with pytest.raises(UnreadableError, match=r"^no record has a uuid that can be read$"):
        reader.listing()
