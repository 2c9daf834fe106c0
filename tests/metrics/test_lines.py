"""The lines of services: taken from those that were written before, where nothing changed."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import timedelta, timezone
from typing import Any

import pytest
from prometheus_client.utils import floatToGoString

from exporter.metrics.blocks import Block
from exporter.metrics.family import Distribution, Family, HistogramRow, Row
from exporter.metrics.lines import SAMPLES_PER_BLOCK, Lines, RecordLines, family_blocks
from exporter.metrics.rows.services import PER_SERVICE
from exporter.state.columns import Conventions
from exporter.zstack import ModelService
from tests.support.builders import services


def record(number: int, **fields: Any) -> ModelService:
    values: dict[str, Any] = {
        "name": f"chat-{number}",
        "request_cpu": 4,
        "has_new_version": False,
        "size": 1e9,
    }
    return ModelService(f"{number:032}", **(values | fields))


def blocks(lines: Lines) -> Mapping[bytes, Block]:
    """What is kept of lines that were written before."""
    return {block.key: block for block in lines.values()}


def changed(before: Lines, after: Lines) -> set[str]:
    """The families whose block is another one now."""
    families = before.keys() | after.keys()
    return {name for name in families if before.get(name) is not after.get(name)}


def test_families_in_which_nothing_changed_keep_their_block() -> None:
    write = RecordLines(PER_SERVICE, "lab")
    before = write(services(*map(record, range(3))))
    after = write(
        services(record(0), record(1), record(2, request_cpu=8, version="2")), blocks(before)
    )
    assert changed(before, after) == {
        "zstack_model_service_info",
        "zstack_model_service_requested_cpu_cores",
    }
    assert b'version="2"' in after["zstack_model_service_info"].text()


def test_a_family_without_a_value_has_no_block() -> None:
    write = RecordLines(PER_SERVICE, "lab")
    before = write(services(record(0), record(1)))
    after = write(services(record(0, size=None), record(1, size=None)), blocks(before))
    assert changed(before, after) == {"zstack_model_service_size_bytes"}
    assert "zstack_model_service_size_bytes" not in after


def test_a_value_that_moves_to_another_service_is_a_change() -> None:
    write = RecordLines(PER_SERVICE, "lab")
    before = write(services(record(0, size=1e9), record(1, size=None)))
    after = write(services(record(0, size=None), record(1, size=1e9)), blocks(before))
    assert changed(before, after) == {"zstack_model_service_size_bytes"}


def test_labels_that_only_read_alike_are_not_the_same() -> None:
    write = RecordLines(PER_SERVICE, "lab")
    before = write(services(record(0, name="ab"), record(1, name="c")))
    after = write(services(record(0, name="a"), record(1, name="bc")), blocks(before))
    assert changed(before, after) == before.keys()


def test_families_with_the_same_values_have_blocks_of_their_own() -> None:
    write = RecordLines(PER_SERVICE, "lab")
    lines = write(services(record(0, size=2.0**30, request_memory=2.0**30)))
    assert len(blocks(lines)) == len(lines)
    for name in ("zstack_model_service_size_bytes", "zstack_model_service_requested_memory_bytes"):
        assert lines[name].text().startswith(name.encode() + b"{")


def test_many_samples_come_in_blocks_that_are_quickly_compressed() -> None:
    family = Family("zstack_x", "X.", ("n",))
    samples = [((str(n),), float(n)) for n in range(2 * SAMPLES_PER_BLOCK + 1)]
    blocks = family_blocks(Row(family, lambda _: samples), None, "lab")
    lines = [block.text().splitlines() for block in blocks]
    assert [len(each) for each in lines] == [SAMPLES_PER_BLOCK, SAMPLES_PER_BLOCK, 1]
    assert lines[2] == [b'zstack_x{n="2000",target="lab"} 2000.0']


@pytest.mark.parametrize("value", [0.0, -0.0, 1, 999_999.5, 1e6, -1e6, 1e15, 1.5e-7, 2**64, 10**30])
def test_a_block_is_kept_while_its_samples_are_the_same(value: float) -> None:
    def written(value: float, before: Sequence[Block] = ()) -> tuple[Block, ...]:
        row: Row[float] = Row(Family("zstack_x", "X.", ("n",)), lambda value: [(("a",), value)])
        return family_blocks(row, value, "lab", before)

    before = written(value)
    line = f'zstack_x{{n="a",target="lab"}} {floatToGoString(value)}\n'
    assert [block.text().decode() for block in before] == [line]
    assert written(value, before)[0] is before[0]
    other = written(value / 2 + 1, before)
    assert other[0].text() == written(value / 2 + 1)[0].text()


def test_a_histogram_is_written_anew_when_a_bucket_or_the_sum_is_another_one() -> None:
    row: HistogramRow[Distribution] = HistogramRow(
        Family("zstack_x", "X.", (), "histogram"), lambda each: (((), each),)
    )
    first = Distribution((1.0, 2.0), (1, 0, 2), 9.5)
    before = family_blocks(row, first, "lab")
    assert family_blocks(row, Distribution((1.0, 2.0), (1, 0, 2), 9.5), "lab", before) == before
    for other in (replace(first, sum=9.0), replace(first, buckets=(0, 1, 2))):
        written = family_blocks(row, other, "lab", before)
        assert written[0].text() == family_blocks(row, other, "lab")[0].text()
        assert written[0].text() != before[0].text()


def test_dates_are_written_anew_when_one_changes_or_their_zone() -> None:
    name = "zstack_model_service_created_timestamp_seconds"
    write = RecordLines(PER_SERVICE, "lab")
    same = record(0, create_date="Nov 14, 2017 10:20:57 PM")
    other = record(0, create_date="Nov 14, 2017 10:20:58 PM")
    before = write(services(same))
    assert changed(before, write(services(same), blocks(before))) == set()
    assert changed(before, write(services(other), blocks(before))) == {name}
    eight = Conventions(zone=timezone(timedelta(hours=8)))
    shanghai = write(services(same, conventions=eight), blocks(before))
    assert changed(before, shanghai) == {name}
    seconds = [float(lines[name].text().split()[-1]) for lines in (before, shanghai)]
    assert seconds == [1510698057, 1510698057 - 8 * 3600]


def test_what_is_written_is_kept_nowhere() -> None:
    write = RecordLines(PER_SERVICE, "lab")
    before, again = write(services(record(0))), write(services(record(0)))
    assert changed(before, again) == before.keys()
    assert blocks(before).keys() == blocks(again).keys()
