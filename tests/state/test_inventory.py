"""What a poll listed, added up from the pages that it came in."""

import pytest

from exporter.state.services import Service
from exporter.state.tallies import Group
from exporter.zstack import ModelService
from exporter.zstack.records import Undecodable
from tests.support.builders import found, listed
from tests.support.builders import found as of_records

VLLM = ("vLLM", "Endpoint", "HuggingFace")
NEW_FIRST = [True, True, False, None, None, None]


def of_group(uuid: str, *, new: bool | None = None, cpu: float | None = None) -> ModelService:
    framework, kind, source = VLLM
    return ModelService(
        uuid, framework=framework, type=kind, source=source, has_new_version=new, request_cpu=cpu
    )


@pytest.mark.parametrize("page_size", [1, 4, 1000])
def test_services_are_counted_by_new_version(page_size: int) -> None:
    records = [of_group(f"{n:03}", new=new) for n, new in enumerate(NEW_FIRST)]
    result = found(*records, page_size=page_size)
    assert result.groups == {VLLM: result.total}
    assert result.total == Group(
        services=6, cpu_cores=None, memory_bytes=None, new_version=2, current=1, unknown=3
    )


@pytest.mark.parametrize("services", [9, 10, 11, 25])
def test_however_many_pages_there_are_each_counts_once(services: int) -> None:
    records = [of_group(f"{n:03}", cpu=n) for n in range(services)]
    result = found(*records, page_size=1)
    assert result.total.cpu_cores == sum(range(services))
    assert result.services == services


def test_a_service_with_a_new_version_is_listed_in_full() -> None:
    record = ModelService(
        "b",
        name="chat",
        framework="vLLM",
        type="Endpoint",
        source="HuggingFace",
        version="1.2",
        has_new_version=True,
        create_date="Jan 1, 2025 12:00:00 AM",
        last_op_date="Jan 1, 2025 1:00:00 AM",
    )
    result = found(of_group("a", new=False), record, of_group("c", new=True), page_size=2)
    assert result.outdated == (
        Service(
            uuid="b",
            name="chat",
            framework="vLLM",
            type="Endpoint",
            source="HuggingFace",
            version="1.2",
            created=1735689600.0,
            last_operation=1735693200.0,
        ),
        Service("c", "", *VLLM, "", None, None),
    )


def test_rows_that_count_nowhere_are_reported_by_their_number() -> None:
    rejected = ModelService("a\x00")
    pages = [(rejected, of_group(uuid)) for uuid in "bc"]
    unreadable = (Undecodable("no uuid"), Undecodable("no row"), Undecodable(""))
    result = listed(pages, 7, unreadable, 4)
    assert (result.services, result.reported, result.undecodable, result.duplicates) == (2, 7, 5, 4)


def test_sums_of_pages_are_known_if_one_page_has_them() -> None:
    """The page with values comes first, in the middle, and last."""
    stated = ModelService("a", request_cpu=4, request_memory=2**30)
    silent = ModelService("b")
    also = ModelService("c", request_cpu=2, request_memory=2**31)
    for records in ((stated, silent, also), (silent, stated, also), (stated, also, silent)):
        found = of_records(*records, page_size=1)
        assert found.total.cpu_cores == 6
        assert found.total.memory_bytes == 3 * 2**30
        [group] = found.groups.values()
        assert group == found.total
    assert of_records(silent, page_size=1).total.cpu_cores is None
    assert of_records(silent, page_size=1).total.memory_bytes is None
