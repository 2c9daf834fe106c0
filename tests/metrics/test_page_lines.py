"""Lines of some records put into the blocks of a page, as if all had been written."""

from typing import Any

import pytest

from exporter.metrics.lines import RecordLines
from exporter.metrics.page_lines import PageLines
from exporter.metrics.rows.services import PER_SERVICE
from exporter.zstack import ModelService
from tests.support.builders import services

WRITE = RecordLines(PER_SERVICE, "lab")
RECORDS = 9
INFO = "zstack_model_service_info"
CPU = "zstack_model_service_requested_cpu_cores"
SIZE = "zstack_model_service_size_bytes"


def record(number: int, **fields: Any) -> ModelService:
    values: dict[str, Any] = {"name": f"chat-{number}", "request_cpu": 4, "size": 1e9 + number}
    return ModelService(f"{number:032}", **(values | fields))


def page(**fields_of: dict[str, Any]) -> list[ModelService]:
    """Records, some with other fields: `_3` names those of the fourth."""
    return [record(number, **fields_of.get(f"_{number}", {})) for number in range(RECORDS)]


def lines(records: list[ModelService]) -> PageLines:
    return PageLines(WRITE(services(*records)), len(records))


def texts(found: PageLines) -> dict[str, bytes]:
    return {name: block.text() for name, block in found.blocks.items()}


def replaced(before: PageLines, places: list[int], records: list[ModelService]) -> PageLines | None:
    columns = services(*records)
    return before.replaced(places, columns.uuid, WRITE.texts(columns))


def test_lines_are_replaced_in_the_families_that_changed_and_in_no_other() -> None:
    before = lines(page())
    after = page(_0={"version": "2"}, _4={"request_cpu": 8}, _8={"version": "3"})
    found = replaced(before, [0, 4, 8], [after[0], after[4], after[8]])
    assert found is not None
    assert texts(found) == texts(lines(after))
    other = {name for name, block in found.blocks.items() if block is not before.blocks[name]}
    assert other == {INFO, CPU}


def test_families_that_stayed_as_they_were_are_seen_to_change_later() -> None:
    found: PageLines | None = lines(page())
    changes: list[dict[str, Any]] = [{"version": "2"}, {"version": "3"}, {"size": 5}, {"name": "x"}]
    for fields in changes:
        assert found is not None
        found = replaced(found, [4], [record(4, **fields)])
        assert found is not None
        assert texts(found) == texts(lines(page(_4=fields)))


def test_a_family_that_not_all_records_have_is_looked_at_each_time() -> None:
    before = lines(page(_2={"size": None}))
    once = replaced(before, [4], [record(4, version="2")])
    assert once is not None
    assert once.still is not None
    assert SIZE not in once.still.families
    again = replaced(once, [4], [record(4, size=5)])
    assert again is not None
    assert texts(again) == texts(lines(page(_2={"size": None}, _4={"size": 5})))


@pytest.mark.parametrize(
    ("before", "after"),
    [({"size": None}, {}), ({}, {"size": None}), ({"size": None}, {"uuid": "other"})],
)
def test_a_line_that_comes_or_goes_has_no_place(
    before: dict[str, Any], after: dict[str, Any]
) -> None:
    uuid = after.pop("uuid", f"{4:032}")
    new = ModelService(uuid, name="chat-4", request_cpu=4, **({"size": 1e9 + 4} | after))
    assert replaced(lines(page(_4=before)), [4], [new]) is None


def test_a_record_without_lines_is_not_taken_for_one_that_had_some() -> None:
    """Of a list whose families are all of fields that may be missing."""
    write = RecordLines([row for row in PER_SERVICE if row.family.name in {CPU, SIZE}], "lab")
    before = PageLines(write(services(*page())), RECORDS)
    new = services(ModelService("z" * 32))
    assert before.replaced([8], new.uuid, write.texts(new)) is None


def test_a_name_that_reads_like_a_label_is_no_label() -> None:
    mark = f',uuid="{4:032}"'
    before = lines(page(_1={"name": mark}, _2={"name": ",uuid="}))
    found = replaced(before, [4], [record(4, version="2")])
    assert found is not None
    assert texts(found) == texts(
        lines(page(_1={"name": mark}, _2={"name": ",uuid="}, _4={"version": "2"}))
    )


def test_a_uuid_that_is_more_than_letters_and_digits_is_not_looked_for() -> None:
    odd = ModelService("a-b", name="chat")
    assert replaced(lines([odd]), [0], [odd]) is None
