"""What a page has in common with the one that was in its place, and what has to be proven anew."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import replace
from types import MappingProxyType
from typing import Any, Final

import pytest

from exporter.zstack import QUERY_MODEL_SERVICE, schema
from exporter.zstack.changes import Change
from exporter.zstack.digests import Digests
from exporter.zstack.errors import IncompleteError
from exporter.zstack.paging import (
    PageResult,
    Position,
    UnsortedError,
    new_rows,
    page_result,
)
from tests.support.client_fixture import Records

ROWS: Final = 60
FIRST_PAGE: Final = Position(
    QUERY_MODEL_SERVICE, has_overlap=False, last=None, highest="", seen=None
)


def behind(uuid: str) -> Position:
    return Position(QUERY_MODEL_SERVICE, has_overlap=True, last=uuid, highest=uuid, seen=None)


def uuid(place: int) -> str:
    return f"{10 * place:032}"


def body(others: Mapping[int, Any] = MappingProxyType({}), total: int = ROWS) -> bytes:
    """A page, with other rows in some places."""
    rows = [others.get(place, {"uuid": uuid(place), "name": "chat"}) for place in range(ROWS)]
    return json.dumps({"inventories": rows, "total": total}).encode()


def put(before: Records, places: Sequence[int], records: Records) -> Records:
    found = [*before]
    for place, record in zip(places, records, strict=True):
        found[place] = record
    return tuple(found)


def whole(page: bytes, position: Position) -> PageResult[Records]:
    """The result of a page whose rows can be told apart."""
    rows = schema.model_services(page)
    new = new_rows(rows, position)
    digests = Digests.create(page).with_rows(schema.model_services.split(page, ROWS).rows)
    return replace(page_result(rows, new, new.records, position), digests=digests)


def changed(before: PageResult[Records], page: bytes, position: Position) -> Any:
    return Change(schema.model_services, before, put).result(page, ROWS, position)


def renamed(place: int) -> dict[str, str]:
    return {"uuid": uuid(place), "name": "renamed"}


@pytest.mark.parametrize("position", [FIRST_PAGE, behind(uuid(0))], ids=["first", "behind"])
@pytest.mark.parametrize("place", [0, 1, 2, 30, ROWS - 2, ROWS - 1])
def test_one_row_that_changed_makes_the_result_of_the_whole(place: int, position: Position) -> None:
    page = body({place: renamed(place)})
    assert changed(whole(body(), position), page, position) == whole(page, position)


def test_a_page_of_which_only_the_total_changed_has_the_records_it_had() -> None:
    before = whole(body(), FIRST_PAGE)
    after = changed(before, body(total=ROWS + 1), FIRST_PAGE)
    assert after.total == ROWS + 1
    assert after.made == before.made


def test_a_page_that_does_not_join_the_one_before_is_no_part_of_the_list() -> None:
    before = whole(body(), behind(uuid(0)))
    with pytest.raises(IncompleteError, match="moved"):
        changed(before, body({30: renamed(30)}), behind("other"))


@pytest.mark.parametrize("place", [1, 30, ROWS - 1])
def test_a_row_that_is_out_of_order_is_seen(place: int) -> None:
    before = whole(body(), FIRST_PAGE)
    with pytest.raises(UnsortedError):
        changed(before, body({place: {"uuid": "0"}}), FIRST_PAGE)


@pytest.mark.parametrize("row", [{}, {"uuid": uuid(29)}, 7])
def test_a_row_without_uuid_or_with_that_of_another_has_the_page_made_as_a_whole(row: Any) -> None:
    before = whole(body(), FIRST_PAGE)
    assert isinstance(changed(before, body({30: row}), FIRST_PAGE), Digests)


def test_a_page_with_an_unusual_row_is_made_as_a_whole_until_it_has_none() -> None:
    before = whole(body({30: {}}), FIRST_PAGE)
    assert isinstance(changed(before, body({30: {}, 40: renamed(40)}), FIRST_PAGE), Digests)


def test_a_field_that_no_release_documents_has_the_page_made_as_a_whole() -> None:
    before = whole(body(), FIRST_PAGE)
    strange = renamed(3) | {"next": 1}
    assert isinstance(changed(before, body({3: strange}), FIRST_PAGE), Digests)


def test_rows_that_came_or_went_have_the_page_made_as_a_whole() -> None:
    before = whole(body(), FIRST_PAGE)
    fewer = json.loads(body())
    del fewer["inventories"][30]
    assert isinstance(changed(before, json.dumps(fewer).encode(), FIRST_PAGE), Digests)


def test_a_page_that_is_no_json_is_left_to_who_reads_it_as_a_whole() -> None:
    before = whole(body(), FIRST_PAGE)
    assert isinstance(changed(before, body()[:-1], FIRST_PAGE), Digests)


def test_rows_are_not_told_apart_where_most_of_them_are_others() -> None:
    before = whole(body(), FIRST_PAGE)
    half = body({place: renamed(place) for place in range(0, ROWS, 2)})
    assert changed(before, half, FIRST_PAGE).rows is None


def test_rows_are_told_apart_from_when_a_page_begins_as_before() -> None:
    page = body()
    before = replace(whole(page, FIRST_PAGE), digests=Digests.create(page))
    assert changed(before, body({0: renamed(0)}), FIRST_PAGE).rows is None
    assert len(changed(before, body({50: renamed(50)}), FIRST_PAGE).rows) == ROWS
