"""A page in which some rows changed is what it would be if all of it were made anew."""

from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import replace
from datetime import tzinfo
from random import Random
from typing import Any, Final

import pytest

from exporter.metrics.lines import RecordLines
from exporter.metrics.rows.services import PER_SERVICE
from exporter.polling.fetcher import ListFetcher
from exporter.polling.time_zone import TimeZone
from exporter.simulator import Cloud, Fault
from exporter.simulator import ModelService as Service
from exporter.state.columns import Conventions
from exporter.state.inventory import INVENTORY, Inventory, PageSummary
from exporter.state.services import Services
from exporter.zstack import ModelService
from tests.support.client_fixture import SHANGHAI, client_for
from tests.support.sample import sized

SERVICES: Final = 120
PAGE_SIZE: Final = 40
KNOWN: Final = {"request_cpu": 2, "request_memory": 1 << 30, "size": 7, "has_new_version": True}
LAST: Final = "f" * 32


class Watched:
    """A fetcher, what of the platform it found last, and how many records it looked at for that."""

    def __init__(self, *, per_service: bool) -> None:
        self.sizes: list[int] = []
        self.reduction = replace(INVENTORY, columns=self._columns)
        self.write = RecordLines(PER_SERVICE if per_service else (), "lab")
        self.fetcher: ListFetcher[ModelService, Services, PageSummary, Inventory]

    def _columns(self, records: Sequence[ModelService], conventions: Conventions) -> Services:
        self.sizes.append(len(records))
        return INVENTORY.columns(records, conventions)

    async def poll(self) -> tuple[Inventory, dict[str, str]]:
        """The inventory, the text of each family, and who has a version that is unknown."""
        self.sizes.clear()
        fetched = await self.fetcher.fetch()
        lines = {
            name: b"".join(block.text() for block in blocks).decode()
            for name, blocks in fetched.lines.items()
        }
        for name, blocks in fetched.lines.items():
            assert sum(block.samples for block in blocks) == lines[name].count("\n")
        lines["of unknown version"] = ",".join(fetched.found.services_of_unknown_version())
        return replace(fetched.found, totals=None), lines


@asynccontextmanager
async def watching(
    cloud: Cloud, *, per_service: bool = True, zone: tzinfo | None = SHANGHAI
) -> AsyncIterator[Watched]:
    watched = Watched(per_service=per_service)
    async with client_for(cloud, page_size=PAGE_SIZE, projection=True) as fixture:
        time_zone = TimeZone("lab", fixture.client.time_zone, zone=zone)
        watched.fetcher = ListFetcher(
            "lab", fixture.client, watched.reduction, watched.write, time_zone, memory_unit="auto"
        )
        yield watched


async def warmed_up(watched: Watched, cloud: Cloud) -> None:
    """Let every page be known, and seen to change in part."""
    await watched.poll()
    for place in range(PAGE_SIZE // 2, SERVICES, PAGE_SIZE):
        cloud.estate.alter(uuid_at(cloud, place), version="changed")
    await watched.poll()


def uuid_at(cloud: Cloud, place: int) -> str:
    return sorted(cloud.estate)[place]


async def as_if_new(cloud: Cloud, *, per_service: bool = True) -> tuple[Inventory, dict[str, str]]:
    async with watching(cloud, per_service=per_service) as fresh:
        return await fresh.poll()


ALTERATIONS: Final[dict[str, dict[str, Any]]] = {
    "another version": {"version": "9", "has_new_version": True},
    "another name": {"name": 'a "\\\n,uuid='},
    "another group": {"framework": "Unheard-of", "source": "Elsewhere"},
    "other sums": {"request_cpu": 0.1, "request_memory": 77 << 30},
    "another size": {"size": 12345},
    "up to date": {"has_new_version": False},
}


@pytest.mark.parametrize("per_service", [True, False])
@pytest.mark.parametrize("changes", ALTERATIONS.values(), ids=ALTERATIONS)
async def test_only_the_row_that_changed_is_looked_at(
    changes: dict[str, Any], *, per_service: bool
) -> None:
    cloud = Cloud(services=SERVICES)
    places = (50, 20, 110)
    for place in places:
        cloud.estate.alter(uuid_at(cloud, place), **KNOWN)
    async with watching(cloud, per_service=per_service) as watched:
        await warmed_up(watched, cloud)
        for place in places:
            cloud.estate.alter(uuid_at(cloud, place), **changes)
            assert await watched.poll() == await as_if_new(cloud, per_service=per_service)
            assert watched.sizes == [1]


async def test_a_number_that_becomes_unknown_and_known_again_comes_and_goes() -> None:
    cloud = Cloud(services=SERVICES)
    uuid = uuid_at(cloud, 50)
    async with watching(cloud) as watched:
        await warmed_up(watched, cloud)
        for values in ({"request_cpu": None}, {"size": 1}, {"request_cpu": 3}, {"size": None}):
            cloud.estate.alter(uuid, **values)
            assert await watched.poll() == await as_if_new(cloud)


@pytest.mark.parametrize("per_service", [True, False])
async def test_a_row_in_the_place_of_another_leaves_nothing_of_it(*, per_service: bool) -> None:
    cloud = Cloud(services=SERVICES)
    gone = uuid_at(cloud, 50)
    come = f"{gone[:-1]}z"
    async with watching(cloud, per_service=per_service) as watched:
        await warmed_up(watched, cloud)
        cloud.estate.add(replace(cloud.estate.remove(gone), uuid=come))
        found, lines = await watched.poll()
        assert (found, lines) == await as_if_new(cloud, per_service=per_service)
    assert gone not in str(lines)
    assert found.names.find({gone, come}).keys() == {come}


@pytest.mark.parametrize("per_service", [True, False])
async def test_names_are_found_by_uuid_as_rows_change_and_are_kept_while_they_stay(
    *, per_service: bool
) -> None:
    cloud = Cloud(services=SERVICES)
    uuids = [uuid_at(cloud, place) for place in (0, 50, SERVICES - 1)]
    async with watching(cloud, per_service=per_service) as watched:
        await warmed_up(watched, cloud)
        for number, uuid in enumerate(uuids):
            before, _ = await watched.poll()
            cloud.estate.alter(uuid, version=f"{number}")
            after, _ = await watched.poll()
            assert after.names is before.names, "what is made with names would be made again"
            cloud.estate.alter(uuid, name=f"renamed-{number}")
            renamed, _ = await watched.poll()
            assert sum(watched.sizes) == 1
            assert renamed.names.find({uuid})[uuid].name == f"renamed-{number}"
            cloud.estate.alter(uuid, framework=f"framework-{number}")
            moved, _ = await watched.poll()
            assert moved.names.find({uuid})[uuid].framework == f"framework-{number}"
    everyone = {each.uuid: (each.name, each.framework) for each in cloud.estate.values()}
    assert moved.names.find({*everyone}) == everyone


async def test_a_service_that_comes_at_the_end_changes_the_last_page_alone() -> None:
    cloud = Cloud(services=SERVICES)
    async with watching(cloud) as watched:
        await warmed_up(watched, cloud)
        cloud.estate.add(Service(uuid=LAST))
        assert await watched.poll() == await as_if_new(cloud)
        assert sum(watched.sizes) <= PAGE_SIZE + 1


async def test_dates_and_drift_count_as_they_would_in_a_new_page() -> None:
    cloud = Cloud(services=SERVICES)
    faults = [
        Fault.dialect("createDate", '"some day"'),
        Fault.dialect("requestCpu", '"many"'),
        Fault.dialect("next", "1"),
    ]
    async with watching(cloud) as watched:
        await warmed_up(watched, cloud)
        for fault in faults:
            cloud.faults.append(fault)
            assert await watched.poll() == await as_if_new(cloud)
            cloud.faults.clear()
            assert await watched.poll() == await as_if_new(cloud)


async def test_the_rows_of_a_page_are_told_apart_once_a_part_of_it_has_changed() -> None:
    cloud, chance = Cloud(services=SERVICES), Random(1)
    async with watching(cloud) as watched:
        await watched.poll()
        for place, looked_at in ((0, PAGE_SIZE), (20, PAGE_SIZE), (20, 1), (0, 1)):
            cloud.estate.alter(uuid_at(cloud, place), version=f"{chance.random()}")
            assert await watched.poll() == await as_if_new(cloud)
            assert watched.sizes == [looked_at]


async def test_a_page_of_which_much_has_changed_is_made_as_a_whole() -> None:
    cloud = Cloud(services=SERVICES)
    async with watching(cloud) as watched:
        await warmed_up(watched, cloud)
        for uuid in sorted(cloud.estate)[: PAGE_SIZE // 2]:
            cloud.estate.alter(uuid, version="9")
        assert await watched.poll() == await as_if_new(cloud)
        assert watched.sizes == [PAGE_SIZE]


@pytest.mark.parametrize("seed", range(sized(small=3, usual=12, whole=60)))
async def test_after_any_changes_a_list_is_what_a_new_exporter_would_find(seed: int) -> None:
    chance = Random(seed)
    cloud = Cloud(services=SERVICES, seed=seed)
    async with watching(cloud) as watched:
        await watched.poll()
        for _ in range(12):
            for _ in range(chance.choice((1, 1, 3, 8))):
                change(cloud, chance)
            assert await watched.poll() == await as_if_new(cloud)


def change(cloud: Cloud, chance: Random) -> None:
    """Change, replace, remove or add a service."""
    uuid = chance.choice(sorted(cloud.estate))
    unknown = dict.fromkeys([chance.choice([*KNOWN])])
    kind = chance.random()
    if kind < 0.05:
        other = f"{uuid[:-1]}{chance.choice('0z')}"
        cloud.estate.add(replace(cloud.estate.remove(uuid), uuid=other))
    elif kind < 0.1:
        cloud.estate.remove(uuid)
    elif kind < 0.15:
        cloud.estate.add(Service(uuid=f"{chance.getrandbits(128):032x}"))
    else:
        cloud.estate.alter(uuid, **chance.choice([*ALTERATIONS.values(), unknown]))
