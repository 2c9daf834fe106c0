"""The dashboards of what runs and of model centers, on a real Prometheus."""

from collections import Counter, defaultdict
from collections.abc import AsyncIterator, Callable, Iterable, Iterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Final

import pytest

from exporter.simulator import Cloud
from exporter.simulator.centers import KINDS, ModelCenter
from exporter.simulator.groups import InstanceGroup

from .dashboards import PANELS, Answer, Grafana, Lab, lab
from .programs import Programs
from .prometheus import Labels, labels

pytestmark = pytest.mark.system

STARTING: Final = {"Deploying", "ConfigSettingUp", "ServiceBootingUp", "Starting"}
TIB: Final = 1 << 40

Service = tuple[str, str]
"""Target and uuid."""


class Known:
    """What the platforms hold, read off the simulator."""

    def __init__(self, of: Lab) -> None:
        self.clouds = of.platforms

    def groups(self) -> Iterator[tuple[str, InstanceGroup]]:
        for name, cloud in self.clouds.items():
            yield from ((name, group) for group in cloud.groups.values())

    def centers(self) -> Iterator[tuple[str, ModelCenter]]:
        for name, cloud in self.clouds.items():
            yield from ((name, center) for center in cloud.centers.values())

    def instances(self, holds: Callable[[str], bool]) -> dict[Service, int]:
        """How many instances each deployed service has in some statuses."""
        counts: dict[Service, int] = {}
        for target, group in self.groups():
            if group.model_service_uuid is not None:
                service = (target, group.model_service_uuid)
                found = sum(holds(each.status or "unknown") for each in group.instances)
                counts[service] = counts.get(service, 0) + found
        return counts

    def running(self) -> dict[Service, int]:
        return self.instances(lambda status: status == "Running")

    def framework(self, service: Service) -> str:
        target, uuid = service
        return self.clouds[target].estate[uuid].framework or "unknown"

    def row(self, service: Service, **more: str) -> Labels:
        """The labels of a service in a table."""
        target, uuid = service
        name = self.clouds[target].estate[uuid].name or "no name"
        facts = {"model_service_uuid": uuid, "model_service_name": name}
        own = {"job": "zstack-aios", "target": target, "framework": self.framework(service)}
        return labels(**facts, **own, **more)


def counted(label: str, values: Iterable[str]) -> Answer:
    return {labels(**{label: value}): number for value, number in Counter(values).items()}


def service_panels(of: Known) -> dict[str, Answer]:
    """What panels must show of the groups and instances."""
    running = of.running()
    stopped = [service for service, number in running.items() if number == 0]
    statuses = [group.status or "unknown" for _, group in of.groups()]
    every = [each for _, group in of.groups() for each in group.instances]
    run = [each for each in every if each.status == "Running"]
    rows: Answer = {
        of.row((target, group.model_service_uuid), uuid=group.uuid, name=group.name or "")
        | labels(status=group.status or "unknown"): len(group.instances)
        for target, group in of.groups()
        if group.model_service_uuid and (target, group.model_service_uuid) in stopped
    }
    return {
        "services: Services running": {labels(): len(running) - len(stopped)},
        "services: Not running": {labels(): len(stopped)},
        "services: Groups starting": {labels(): sum(each in STARTING for each in statuses)},
        "services: Groups unready": {
            labels(): sum(each not in {*STARTING, "Running"} for each in statuses)
        },
        "services: Instances running": {labels(): len(run)},
        "services: Groups left over": {
            labels(): sum(group.model_service_uuid is None for _, group in of.groups())
        },
        "services: Groups by status": counted("status", statuses),
        "services: Running by GPU vendor": counted(
            "gpu_vendor", (each.gpu_vendor or "unknown" for each in run)
        ),
        "services: Instances by GPU vendor": counted(
            "gpu_vendor", (each.gpu_vendor or "unknown" for each in every)
        ),
        "services: Running by framework": counted(
            "framework", (of.framework(each) for each, number in running.items() if number)
        ),
        "services: Not running by framework": counted("framework", map(of.framework, stopped)),
        "services: Services without a running instance": rows,
    }


def center_panels(of: Known) -> dict[str, Answer]:
    """What panels must show of the model centers."""
    held = [(t, each, each.capacity) for t, each in of.centers() if each.capacity is not None]
    kinds: dict[str, float] = defaultdict(float)
    for _, _, capacity in held:
        for kind in KINDS:
            kinds[kind] += getattr(capacity, kind)
    known = [each for each in held if each[2].total is not None]

    def row(target: str, center: ModelCenter) -> Labels:
        own = labels(job="zstack-aios", target=target)
        return own | labels(uuid=center.uuid, name=center.name or "")

    by_kind: Answer = {labels(kind=kind): used for kind, used in kinds.items()}
    available: Answer = {row(t, each): held.available or 0 for t, each, held in known}
    states = Counter((target, each.status or "unknown") for target, each in of.centers())
    return {
        "model-centers: Model centers": {labels(): len([*of.centers()])},
        "model-centers: Disconnected": {
            labels(): sum(each.status == "Disconnected" for _, each in of.centers())
        },
        "model-centers: Used": {labels(): sum(kinds.values())},
        "model-centers: Available": {labels(): sum(available.values())},
        "model-centers: Fullest": {
            labels(): max(1 - (c.available or 0) / (c.total or 1) for _, _, c in known)
        },
        "model-centers: By status": {
            labels(target=target, status=status): number
            for (target, status), number in states.items()
        },
        "model-centers: Used by kind": by_kind,
        "model-centers: Used now": by_kind,
        "model-centers: Used by center": {row(t, each): c.used for t, each, c in held},
        "model-centers: Available by center": available,
    }


OTHERS: Final = {
    "services: Deployed services",
    "model-centers: Each model center",
    "model-centers: First full in",
}
"""Panels with more than one query, or of the future."""


def trouble(cloud: Cloud) -> None:
    """Something of everything, and one word that nobody has heard of."""
    uuids = [group.uuid for group in cloud.groups.values() if group.model_service_uuid]
    for uuid in uuids:
        cloud.groups.set_status(uuid, "Running")
    starting, unready, odd, empty, orphan, *_ = uuids
    cloud.groups.set_status(starting, "ConfigSettingUp")
    cloud.groups.set_status(unready, "Unknown")
    cloud.groups.set_status(odd, "Paused")
    while cloud.groups[empty].instances:
        cloud.groups.lose_instance(empty)
    cloud.groups.orphan(cloud.groups[orphan].model_service_uuid or "")


@asynccontextmanager
async def watched(programs: Programs, folder: Path) -> AsyncIterator[tuple[Known, Grafana]]:
    """Two platforms with every kind of group, whose lists two exporters have read."""
    platforms = {"shanghai": Cloud(services=60, seed=3), "lab": Cloud(services=40, seed=4)}
    for cloud in platforms.values():
        trouble(cloud)
    async with lab(programs, folder, platforms) as of:
        grafana = await of.grafana("count(zstack_resource_up == 1) == 12")
        yield Known(of), grafana


async def test_what_runs_is_shown_as_the_platforms_have_it(
    programs: Programs, tmp_path: Path
) -> None:
    async with watched(programs, tmp_path) as (of, grafana):
        panels = service_panels(of) | center_panels(of)
        for panel, expected in panels.items():
            shown = await grafana.shows(panel)
            assert shown == pytest.approx(expected), panel
        new = {name for name in PANELS if name.startswith(("services: ", "model-centers: "))}
        assert panels.keys() | OTHERS == new

        each = await grafana.answers(PANELS["services: Deployed services"])
    running, starting, unready = each
    assert running == {of.row(service): number for service, number in of.running().items()}
    assert starting == {
        of.row(service): number
        for service, number in of.instances(lambda status: status in STARTING).items()
    }
    assert running.keys() == starting.keys() == unready.keys()
    assert 0 < sum(running.values()) > sum(starting.values()) > 0 < sum(unready.values())


@pytest.mark.small_sample(0)
async def test_a_service_that_the_list_does_not_have_is_shown_without_its_framework(
    programs: Programs, tmp_path: Path
) -> None:
    cloud = Cloud(services=20)
    for group in [*cloud.groups.values()]:
        cloud.groups.set_status(group.uuid, "Unknown")
    group = next(each for each in cloud.groups.values() if each.model_service_uuid)
    cloud.estate.remove(group.model_service_uuid or "")
    async with lab(programs, tmp_path, {"lab": cloud}, web=({},)) as of:
        grafana = await of.grafana("count(zstack_resource_up == 1) == 3")
        shown = await grafana.shows("services: Services without a running instance")
    rows = {dict(each)["uuid"]: dict(each) for each in shown}
    assert rows[group.uuid]["framework"] == "not known"
    assert rows[group.uuid]["model_service_name"] == "no name"


@pytest.mark.small_sample(0)
async def test_the_time_until_a_model_center_is_full_follows_from_how_it_fills(
    programs: Programs, tmp_path: Path
) -> None:
    cloud = Cloud(services=5)
    first, unknown, *_ = (center.uuid for center in cloud.centers.values())
    async with lab(programs, tmp_path, {"lab": cloud}) as of:
        left = f'zstack_model_center_capacity_bytes{{uuid="{first}",kind="available"}}'
        await of.prometheus.until("count(zstack_resource_up == 1) == 6")
        for _ in range(6):
            known = cloud.centers[first].capacity
            assert known is not None
            assert known.available is not None
            cloud.centers.fill(first, TIB)
            cloud.centers.fill(unknown, TIB)
            await of.prometheus.until(f"count({left} == {known.available - TIB}) == 2")
        grafana = await of.grafana(f"count(delta({left}[10m]) < 0) == 2")
        used, available, total, full = await grafana.answers(
            PANELS["model-centers: Each model center"]
        )
        (soonest,) = (await grafana.shows("model-centers: First full in")).values()

    def uuids(answer: Answer) -> set[str]:
        return {dict(each)["uuid"] for each in answer}

    assert uuids(used) == set(cloud.centers)
    assert uuids(available) == uuids(total) == set(cloud.centers) - {unknown}
    assert uuids(full) == {first}
    assert [*full.values()] == pytest.approx([1000 * (grafana.at + soonest)])
    capacity = cloud.centers[first].capacity
    assert capacity is not None
    assert capacity.available is not None
    spent = 6 * TIB / 60  # in a minute at the most, and in six polls of 0.4 s at the least
    assert capacity.available / (6 * TIB / 2.4) < soonest < 2 * capacity.available / spent
