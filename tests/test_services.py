"""Records in the exporter's terms."""

import math

import pytest

from exporter.services import LABEL_LIMIT, MemoryUnit, known, label, memory_bytes
from exporter.zstack import ModelService

from .inventories import services


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
    assert label(text) == shown


@pytest.mark.parametrize("value", [math.nan, math.inf, -math.inf, None])
def test_what_is_no_number_is_not_known(value: float | None) -> None:
    assert known(value) is None


def test_one_that_is_no_number_leaves_the_others_known() -> None:
    for strange in (math.nan, math.inf, -math.inf, None):
        records = [ModelService(f"{n}", size=s) for n, s in enumerate((1e9, strange, -0.0))]
        assert str(services(*records).size_bytes) == str([1e9, None, 0.0])


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
def test_memory_is_bytes_whatever_it_was(
    value: float | None, unit: MemoryUnit, expected: float | None
) -> None:
    assert memory_bytes(value, unit) == expected


def test_names_of_nothing_are_not_counted() -> None:
    record = ModelService(
        "a",
        cpu_architectures=("", " ", "x86_64", "x86_64"),
        vendor_to_spec_uuids_map={"": ["a"], "NVIDIA": ["a"], "AMD": [], "Intel": None},
    )
    found = services(record)
    assert [set(each) for each in found.cpu_architectures] == [{"x86_64"}]
    assert [set(each) for each in found.gpu_vendors] == [{"NVIDIA"}]


def test_texts_beyond_number_are_read_all_the_same() -> None:
    """Those of labels that many share are kept, but not all that there ever were."""
    records = [ModelService(f"{n}", framework=f"f{n}") for n in range(10_050)]
    found = services(*records)
    assert found.framework == [record.framework for record in records]
