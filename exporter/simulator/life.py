"""What happens on a platform that lives, step by step: the same seed lives the same life."""

from dataclasses import replace
from random import Random
from typing import NamedTuple

from .centers import CONNECTED, KINDS, Centers, ModelCenter
from .chance import happens, pick
from .deployments import deploy, deploy_instance
from .estate import Estate, sprouts
from .groups import RESTARTING, RUNNING, STARTING, UNREADY, Groups, InstanceGroup
from .services import ModelService


class Platform(NamedTuple):
    """What lives."""

    estate: Estate
    groups: Groups
    centers: Centers


class Life:
    """Services come and go, their groups start and fail, model centers fill.

    Each kind of record has chances of its own: with more groups, services live the same life.
    """

    def __init__(self, platform: Platform, seed: int = 1) -> None:
        self._services = _ServicesLife(platform, seed)
        self._groups = _GroupsLife(platform, seed)
        self._random = Random(f"{seed} life of centers")  # noqa: S311 - reproducible on purpose

    def step(self, platform: Platform, now: float) -> None:
        """A few changes at once, more on a larger platform; its size stays within a tenth or so."""
        self._services.step(platform, now)
        self._groups.step(platform, now)
        for center in tuple(platform.centers.values()):
            _live_center(self._random, platform.centers, center, now)


class _ServicesLife:
    """Services come and go, versions appear and are taken over."""

    def __init__(self, platform: Platform, seed: int) -> None:
        self._random = Random(seed)  # noqa: S311 - likewise
        self._sprouts = sprouts(self._random, tuple(platform.centers))
        self._size = len(platform.estate)

    def step(self, platform: Platform, now: float) -> None:
        uuids = tuple(platform.estate)
        for _ in range(1 + len(uuids) // 200):
            births = 0.3 if len(platform.estate) < self._size else 0.1
            if not uuids or happens(self._random, births):
                born = replace(next(self._sprouts), created=now, last_operated=now)
                platform.estate.add(born)
            elif (uuid := pick(self._random, uuids)) in platform.estate:
                self._change(platform.estate, platform.estate[uuid], now)
        platform.groups.orphan(*(uuid for uuid in uuids if uuid not in platform.estate))

    def _change(self, estate: Estate, service: ModelService, now: float) -> None:
        if service.has_new_version:
            version = _next_version(service.version)
            estate.alter(service.uuid, version=version, has_new_version=False, last_operated=now)
        elif happens(self._random, 0.25):
            estate.remove(service.uuid)
        else:
            estate.alter(service.uuid, has_new_version=True)


class _GroupsLife:
    """Groups are deployed and start, lose instances and get others, fail, recover, and go."""

    def __init__(self, platform: Platform, seed: int) -> None:
        self._random = Random(f"{seed} life of groups")  # noqa: S311 - likewise
        self._size = len(platform.groups)

    def step(self, platform: Platform, now: float) -> None:
        groups = tuple(platform.groups.values())
        for group in groups:
            if group.status in (*STARTING, RESTARTING):
                self._start(platform, group, now)
        for _ in range(1 + len(groups) // 100 if self._size else 0):
            if not groups or happens(self._random, 0.2):
                self._deploy(platform, now)
            elif _is_current(group := pick(self._random, groups), platform.groups):
                self._change(platform, group, now)

    def _start(self, platform: Platform, group: InstanceGroup, now: float) -> None:
        started = platform.groups.advance(group.uuid, last_operated=now)
        for number, instance in enumerate(started.instances):
            if not instance.url and started.status == STARTING[-1]:
                url = (instance.url_maps or {}).get("api", "")
                platform.groups.alter_instance(group.uuid, number, url=url)

    def _deploy(self, platform: Platform, now: float) -> None:
        if len(platform.groups) > self._size:
            return
        services = tuple(platform.estate.values())
        service = pick(self._random, services) if services else None
        platform.groups.add(deploy(self._random, service, STARTING[0], now))

    def _change(self, platform: Platform, group: InstanceGroup, now: float) -> None:
        is_orphan = group.model_service_uuid is None
        if happens(self._random, 0.4 if is_orphan else 0.08):
            platform.groups.remove(group.uuid)
        elif group.status == UNREADY:
            self._recover(platform, group, now)
        elif group.status == RUNNING:
            self._disturb(platform, group, now)

    def _disturb(self, platform: Platform, group: InstanceGroup, now: float) -> None:
        groups, chance = platform.groups, self._random.random()
        if chance < 0.3:  # noqa: PLR2004 - a share of what happens, as those below
            groups.lose_instance(group.uuid, last_operated=now)
        elif chance < 0.5:  # noqa: PLR2004
            groups.set_status(group.uuid, UNREADY, last_operated=now)
        elif len(group.instances) < 4:  # noqa: PLR2004
            service = _service(platform, group)
            instance = deploy_instance(self._random, group, service, now)
            groups.add_instance(group.uuid, instance, last_operated=now)

    def _recover(self, platform: Platform, group: InstanceGroup, now: float) -> None:
        restarting = platform.groups.set_status(group.uuid, RESTARTING, last_operated=now)
        if not restarting.instances:
            instance = deploy_instance(self._random, restarting, _service(platform, group), now)
            platform.groups.add_instance(group.uuid, instance)


def _is_current(group: InstanceGroup, groups: Groups) -> bool:
    """Whether nothing has happened to the group in this step."""
    return group.uuid in groups and groups[group.uuid] is group


def _service(platform: Platform, group: InstanceGroup) -> ModelService | None:
    uuid = group.model_service_uuid
    return platform.estate[uuid] if uuid in platform.estate and uuid is not None else None


def _live_center(random: Random, centers: Centers, center: ModelCenter, now: float) -> None:
    if center.status != CONNECTED:
        if happens(random, 0.1):
            centers.connect(center.uuid, last_operated=now)
        return
    if happens(random, 0.01):
        centers.disconnect(center.uuid, last_operated=now)
        return
    held = center.capacity
    if held is None:
        return
    size = int((held.total or held.used or 1 << 40) * random.random() * 0.0006)
    if held.available is not None and held.available < size:
        centers.fill(center.uuid, -(held.model or 0) // 2)  # somebody tidies up
    else:
        centers.fill(center.uuid, size, pick(random, KINDS))


def _next_version(version: str | None) -> str:
    """The same version with its last number raised."""
    stem, dot, last = (version or "1.0.0").rpartition(".")
    return f"{stem}{dot}{int(last) + 1}" if last.isdigit() else f"{version}.1"
