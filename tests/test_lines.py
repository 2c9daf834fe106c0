"""The lines of services: written once as long as somebody has them."""

import gc
from datetime import timedelta, timezone
from typing import Any

from exporter.family import Family
from exporter.inventory import Lines
from exporter.lines import SAMPLES_PER_BLOCK, ServiceLines, sample_blocks
from exporter.metrics import PER_SERVICE
from exporter.services import Conventions
from exporter.zstack import ModelService

from .inventories import services


def record(number: int, **fields: Any) -> ModelService:
    told: dict[str, Any] = {
        "name": f"chat-{number}",
        "request_cpu": 4,
        "has_new_version": False,
        "size": 1e9,
    }
    return ModelService(f"{number:032}", **(told | fields))


def changed(before: Lines, after: Lines) -> set[str]:
    """The families whose block is another one now."""
    families = before.keys() | after.keys()
    return {name for name in families if before.get(name) is not after.get(name)}


def test_families_in_which_nothing_changed_keep_their_block() -> None:
    write = ServiceLines(PER_SERVICE, "lab")
    before = write(services(*map(record, range(3))))
    after = write(services(record(0), record(1), record(2, request_cpu=8, version="2")))
    assert changed(before, after) == {
        "zstack_model_service_info",
        "zstack_model_service_requested_cpu_cores",
    }
    assert b'version="2"' in after["zstack_model_service_info"].text()


def test_a_family_without_a_value_has_no_block() -> None:
    write = ServiceLines(PER_SERVICE, "lab")
    before = write(services(record(0), record(1)))
    after = write(services(record(0, size=None), record(1, size=None)))
    assert changed(before, after) == {"zstack_model_service_size_bytes"}
    assert "zstack_model_service_size_bytes" not in after


def test_a_value_that_moves_to_another_service_is_a_change() -> None:
    write = ServiceLines(PER_SERVICE, "lab")
    before = write(services(record(0, size=1e9), record(1, size=None)))
    after = write(services(record(0, size=None), record(1, size=1e9)))
    assert changed(before, after) == {"zstack_model_service_size_bytes"}


def test_labels_that_only_read_alike_are_not_the_same() -> None:
    write = ServiceLines(PER_SERVICE, "lab")
    before = write(services(record(0, name="ab"), record(1, name="c")))
    after = write(services(record(0, name="a"), record(1, name="bc")))
    assert changed(before, after) == before.keys()


def test_families_with_the_same_values_are_told_apart() -> None:
    write = ServiceLines(PER_SERVICE, "lab")
    lines = write(services(record(0, size=2**30, request_memory=2**30)))
    for name in ("zstack_model_service_size_bytes", "zstack_model_service_requested_memory_bytes"):
        assert lines[name].text().startswith(name.encode() + b"{")


def test_many_samples_come_in_blocks_that_are_quickly_compressed() -> None:
    family = Family("zstack_x", "X.", ("n",))
    samples = [((str(n),), float(n)) for n in range(2 * SAMPLES_PER_BLOCK + 1)]
    blocks = list(sample_blocks(family, samples, "lab"))
    lines = [block.text().splitlines() for block in blocks]
    assert [len(each) for each in lines] == [SAMPLES_PER_BLOCK, SAMPLES_PER_BLOCK, 1]
    assert lines[2] == [b'zstack_x{n="2000",target="lab"} 2000.0']


def test_dates_are_written_anew_when_one_changes_or_their_zone() -> None:
    name = "zstack_model_service_created_timestamp_seconds"
    write = ServiceLines(PER_SERVICE, "lab")
    same = record(0, create_date="Nov 14, 2017 10:20:57 PM")
    other = record(0, create_date="Nov 14, 2017 10:20:58 PM")
    before = write(services(same))
    assert changed(before, write(services(same))) == set()
    assert changed(before, write(services(other))) == {name}
    shanghai = write(services(same, conventions=Conventions(zone=timezone(timedelta(hours=8)))))
    assert changed(before, shanghai) == {name}
    seconds = [float(lines[name].text().split()[-1]) for lines in (before, shanghai)]
    assert seconds == [1510698057, 1510698057 - 8 * 3600]


def test_lines_that_nobody_has_are_not_kept() -> None:
    write = ServiceLines(PER_SERVICE, "lab")
    write(services(record(0)))
    gc.collect()
    kept = write(services(record(1)))
    assert len(write._written) == len(kept)  # noqa: SLF001 - nothing else shows what is let go
