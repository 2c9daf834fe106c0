"""What a poll listed, added up from the pages that it came in."""

import pytest

from exporter.inventory import Group, Inventory, Sums, batch, inventory
from exporter.lines import ServiceLines
from exporter.metrics import PER_SERVICE
from exporter.services import Service
from exporter.zstack import Listing, ModelService
from exporter.zstack.schema import Undecodable

from .inventories import CONVENTIONS, found

VLLM = ("vLLM", "Endpoint", "HuggingFace")
NEW_FIRST = [True, True, False, None, None, None]


def of_group(uuid: str, *, new: bool | None = None, cpu: float | None = None) -> ModelService:
    framework, kind, source = VLLM
    return ModelService(
        uuid, framework=framework, type=kind, source=source, has_new_version=new, request_cpu=cpu
    )


@pytest.mark.parametrize("page_size", [1, 4, 1000])
def test_services_are_counted_by_what_they_say_of_a_new_version(page_size: int) -> None:
    records = [of_group(f"{n:03}", new=new) for n, new in enumerate(NEW_FIRST)]
    told = found(*records, page_size=page_size)
    assert told.groups == {VLLM: told.total}
    assert told.total == Group(
        services=6, cpu_cores=None, memory_bytes=None, new_version=2, current=1, unknown=3
    )


@pytest.mark.parametrize("services", [9, 10, 11, 25])
def test_however_many_pages_there_are_each_counts_once(services: int) -> None:
    records = [of_group(f"{n:03}", cpu=n) for n in range(services)]
    told = found(*records, page_size=1)
    assert told.total.cpu_cores == sum(range(services))
    assert told.services == services


def test_a_service_with_a_new_version_is_told_in_full() -> None:
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
    told = found(of_group("a", new=False), record, of_group("c", new=True), page_size=2)
    assert told.outdated == (
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


def test_rows_that_count_nowhere_are_told_by_their_number() -> None:
    write = ServiceLines(PER_SERVICE, "lab")
    unfit = ModelService("a\x00")
    pages = tuple(batch((unfit, of_group(uuid)), CONVENTIONS, write) for uuid in "bc")
    unreadable = (Undecodable(None, "no uuid"), Undecodable("d", "no row"), Undecodable("e", ""))
    listing = Listing(pages, 7, unreadable, duplicates=4)
    told: Inventory = inventory(listing, Sums())
    assert (told.services, told.reported, told.undecodable, told.duplicates) == (2, 7, 5, 4)
