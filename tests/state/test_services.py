"""Records in the exporter's terms."""

import math
import tracemalloc
from collections.abc import Iterator
from datetime import UTC

import msgspec
import pytest

from exporter.state.columns import Conventions, Dates, MemoryUnit, digest, known, memory_bytes
from exporter.state.labels import (
    LABEL_LIMIT,
    MOST_OF_ONE,
    SharedValues,
    sanitize_label,
    sanitize_line,
)
from exporter.zstack import ModelService
from tests.support.builders import services

MIB = 1 << 20


@pytest.mark.parametrize(
    "uuid", ["0446d8fd9487403c", "0446d8fd-9487", "тест", "a b", "a" * LABEL_LIMIT, "…"]
)
def test_a_uuid_that_a_label_can_hold_is_a_service(uuid: str) -> None:
    assert services(ModelService(uuid)).uuid == [uuid]


@pytest.mark.parametrize(
    "uuid", [" a", "a\n", "a\x00b", "\ud800", "a" * (LABEL_LIMIT + 1), "-" * (LABEL_LIMIT + 1)]
)
def test_a_uuid_that_a_label_would_change_is_none(uuid: str) -> None:
    """Two that are made alike would be one series twice."""
    found = services(ModelService(uuid), ModelService("good"))
    assert found.uuid == ["good"]
    assert len(found) == 1


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        (None, ""),
        (1.5, "1.5"),
        ("vLLM", "vLLM"),
        (" \tvLLM \n", "\ufffdvLLM \ufffd"),
        ("a\x00\x1f\x7f\x9f\ud800b", "a\ufffd\ufffd\ufffd\ufffd\ufffdb"),
        ("上海\u3000x", "上海\u3000x"),
        ("  a  ", "a"),
        ("a" * LABEL_LIMIT, "a" * LABEL_LIMIT),
        ("a" * (LABEL_LIMIT + 1), "a" * (LABEL_LIMIT - 1) + "…"),
    ],
)
def test_a_label_has_what_can_be_shown_of_a_text(text: str | float | None, shown: str) -> None:
    assert sanitize_label(text) == shown


def test_no_more_of_a_text_is_looked_at_than_a_label_can_need() -> None:
    assert sanitize_label(" " * 99 + "vLLM") == "vLLM"
    assert sanitize_label("\x00" * MIB) == "\ufffd" * (LABEL_LIMIT - 1) + "…"


@pytest.mark.parametrize(
    ("text", "shown"),
    [("a b", "a b"), ("a\u202eb\u2028c\x1b", "a\ufffdb\ufffdc\ufffd"), (None, "")],
)
def test_a_printable_label_moves_nothing_around_it(text: str | None, shown: str) -> None:
    assert sanitize_line(text) == shown


@pytest.mark.parametrize("value", [math.nan, math.inf, -math.inf, -1, -2147483648, None])
def test_what_is_no_number_is_not_known(value: float | None) -> None:
    assert known(value) is None


def test_one_that_is_no_number_leaves_the_others_known() -> None:
    for strange in (math.nan, math.inf, -math.inf, -1.0, None):
        records = [ModelService(f"{n}", size=s) for n, s in enumerate((1e9, strange, -0.0))]
        found = services(*records)
        assert str(found.size_bytes) == str([1e9, None, 0.0])
        assert found.unreadable["size"] == (strange is not None)


@pytest.mark.parametrize("strange", [-1.0, -2147483648.0, math.nan, math.inf, 1e308])
def test_a_request_of_no_memory_that_there_can_be_is_unknown(strange: float) -> None:
    records = [ModelService(f"{n}", request_memory=m) for n, m in enumerate((8192, strange, None))]
    found = services(*records, conventions=Conventions("GiB"))
    assert found.memory_bytes == [8192 * 1024**3, None, None]
    assert found.unreadable["requestMemory"] == 1


def test_a_negative_request_is_in_no_sum() -> None:
    records = [ModelService(f"{n}", request_cpu=c) for n, c in enumerate((4, -1))]
    found = services(*records)
    assert found.cpu_cores == [4, None]
    assert found.unreadable["requestCpu"] == 1


def test_plain_numbers_are_all_readable() -> None:
    found = services(
        ModelService("a", request_cpu=4, request_memory=8192, size=1), ModelService("b")
    )
    assert found.unreadable.total() == 0


def test_a_date_that_cannot_be_read_is_counted_where_the_zone_is_known() -> None:
    dates = ("Nov 14, 2017 10:20:57 PM", "2017/11/14 22:20:57", None, 1e300)
    records = [ModelService(f"{n}", create_date=date) for n, date in enumerate(dates)]
    for _ in range(2):
        found = services(*records, conventions=Conventions(zone=UTC))
        assert (found.create_dates.readable, found.create_dates.unreadable) == (1, 2)
        assert found.last_op_dates.unreadable == 0
    assert services(*records, conventions=Conventions()).create_dates.unreadable == 0


def test_numbers_that_are_only_together_beyond_all_numbers_are_known() -> None:
    records = [ModelService("a", request_cpu=1e308), ModelService("b", request_cpu=1e308)]
    assert services(*records).cpu_cores == [1e308, 1e308]


def test_zeros_have_no_sign_in_any_column() -> None:
    found = services(ModelService("a", request_cpu=-0.0, request_memory=-0.0, size=-0.0))
    columns = (found.cpu_cores, found.memory_bytes, found.size_bytes)
    assert [str(*column) for column in columns] == ["0.0"] * 3


def test_zero_has_no_sign() -> None:
    assert str(known(-0.0)) == "0.0"


@pytest.mark.parametrize(
    ("value", "unit", "expected"),
    [
        (8192, "auto", 8192 * 1024**2),
        (2**24 - 1, "auto", (2**24 - 1) * 1024**2),
        (2**24, "auto", 2**24),
        (5, "bytes", 5),
        (5, "KiB", 5 * 1024),
        (5, "MiB", 5 * 1024**2),
        (5, "GiB", 5 * 1024**3),
        (math.nan, "auto", None),
        (1e308, "GiB", None),
        (None, "GiB", None),
    ],
)
def test_memory_is_bytes_in_any_notation(
    value: float | None, unit: MemoryUnit, expected: float | None
) -> None:
    assert memory_bytes(value, unit) == expected


def test_names_of_nothing_are_not_counted() -> None:
    record = ModelService(
        "a",
        cpu_architectures=("", " ", "x86_64", "x86_64"),
        vendor_to_spec_uuids_map={
            vendor: msgspec.Raw(specs)
            for vendor, specs in {
                "": b'["a"]',
                "NVIDIA": b'["a"]',
                "Huawei": b'"a"',
                "AMD": b"[ ]",
                "Intel": b"null",
                "TianShu": b'""',
                "Moore": b"[null, null ]",
                "Haiguang": b"{}",
            }.items()
        },
    )
    found = services(record)
    assert [set(each) for each in found.cpu_architectures] == [{"x86_64"}]
    assert [set(each) for each in found.gpu_vendors] == [{"NVIDIA", "Huawei"}]


def test_one_service_has_no_more_than_a_few_architectures_and_vendors() -> None:
    names = [f"{n}" for n in range(100_000)]
    record = ModelService(
        "a",
        cpu_architectures=(*names,),
        vendor_to_spec_uuids_map=dict.fromkeys(names, msgspec.Raw(b'["a"]')),
    )
    found = services(record)
    for [labels] in (found.cpu_architectures, found.gpu_vendors):
        assert {*labels} == {*names[:MOST_OF_ONE]}


def long_texts(seed: int) -> Iterator[ModelService]:
    """Services with a new text of a MiB in every place that is untrusted."""
    for n in range(3):
        text = f"{seed} {n} " + "x" * MIB
        yield ModelService(
            uuid=f"{n}",
            name=text,
            type=text,
            framework=text,
            source=text,
            version=text,
            model_center_uuid=text,
            gpu_compute_capability=text,
            python_version=text,
            cpu_architectures=(text,),
            vendor_to_spec_uuids_map={text: msgspec.Raw(b'["a"]')},
            has_new_version=True,
            create_date=f"{text} 14, 2017 10:20:57 PM",
            last_op_date=f"Nov{'a' * MIB} {n + 1}, {2000 + seed} 10:20:57 PM",
        )


def test_no_long_text_is_kept() -> None:
    services(*long_texts(0))
    tracemalloc.start()
    try:
        for seed in range(1, 5):
            found = services(*long_texts(seed))
            assert found.created == found.last_operation == [None] * 3
            assert found.create_dates.unreadable == 3
            kept = [*found.outdated]
            del found
        assert len(kept) == 3
        assert tracemalloc.get_traced_memory()[0] < MIB
    finally:
        tracemalloc.stop()


def test_texts_beyond_number_are_read_all_the_same() -> None:
    """Those of labels that many share are kept, but not all that there ever were."""
    records = [ModelService(f"{n}", framework=f"f{n}") for n in range(10_050)]
    found = services(*records)
    assert found.framework == [record.framework for record in records]


def test_texts_that_cannot_be_written_are_distinguished_by_their_digest() -> None:
    assert digest("\ud800", 1) == digest("\ud800", 1)
    assert digest("\ud800", 1) != digest("\ud800", 2)


def test_no_date_is_readable_without_a_zone() -> None:
    dates = Dates(["Nov 14, 2017 10:20:57 PM", "never"], None)
    assert (dates.readable, dates.unreadable) == (0, 0)


def test_what_is_made_of_many_values_is_kept_of_few() -> None:
    made = SharedValues(str)
    for start in (0, 6_000, 30_000):
        values = range(start, start + 6_000 if start < 30_000 else start + 25_000)
        assert made(values) == [*map(str, values)]
        assert len(made._cached) <= made._LIMIT  # noqa: SLF001 - nothing else shows what is kept
