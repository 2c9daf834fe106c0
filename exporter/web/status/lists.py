"""Views of the lists beside the model services: the state of each, and what it holds."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Final, Literal, Self

from exporter.metrics.table import LISTS
from exporter.state.centers import ModelCenters
from exporter.state.endpoints import UNUSABLE
from exporter.state.instances import RUNNING, Group, InstanceGroups
from exporter.state.lists import ListState
from exporter.state.reduction import Found
from exporter.state.service_names import NO_SERVICE, ServiceNames
from exporter.state.snapshot import Snapshot
from exporter.zstack import INSTANCE_GROUPS, MODEL_CENTERS, MODEL_SERVICES

from .view import ErrorView, Now

State = Literal["up", "failing", "left_out", "not_asked", "waiting"]
"""`left_out`: the platform refuses it or lacks it; `not_asked`: a setting says so."""

TITLES: Final[Mapping[str, str]] = {
    INSTANCE_GROUPS.name: "instance_groups",
    MODEL_CENTERS.name: "model_centers",
}
"""The key of the message that names a list."""

FURTHER: Final = tuple(each.name for each in LISTS if each.name != MODEL_SERVICES.name)


@dataclass(frozen=True, slots=True)
class GroupsView:
    """Instance groups. The first `not_running`, each with the name of its service, and how many."""

    found: InstanceGroups
    not_running: Sequence[tuple[Group, str]]
    not_running_number: int

    @classmethod
    def create(cls, found: InstanceGroups, names: ServiceNames, most: int) -> Self:
        groups = found.not_running(most)
        by_uuid = names.find({group.service_uuid for group in groups} - {""})
        return cls(
            found,
            [(group, by_uuid.get(group.service_uuid, NO_SERVICE).name) for group in groups],
            sum(page.not_running for page in found.pages),
        )

    @property
    def groups(self) -> int:
        return sum(self.found.groups.values())

    @property
    def instances(self) -> int:
        return sum(self.found.instances.values())

    @property
    def endpoints(self) -> int:
        """How many `/sd/endpoints` has of the target."""
        return sum(self.found.endpoints.values())

    @property
    def running_endpoints(self) -> int:
        return self.found.endpoints.get(RUNNING, 0)

    @property
    def endpoints_left_out(self) -> Mapping[str, int]:
        """How many instances it leaves out, by every reason there is."""
        return {reason: self.found.unusable.get(reason, 0) for reason in UNUSABLE}

    @property
    def left_out(self) -> int:
        """How many groups that do not run are not among those shown."""
        return self.not_running_number - len(self.not_running)


@dataclass(frozen=True, slots=True)
class ListView:
    """One list of a target. `error` is why it was not read, or why it is left out.

    `stale` is whether it has data, and this is too old. `good_until` is Unix time.
    """

    resource: str
    state: State
    succeeded_at: float | None = None
    good_until: float | None = None
    stale: bool = False
    error: ErrorView | None = None
    groups: GroupsView | None = None
    centers: ModelCenters | None = None

    @property
    def title(self) -> str:
        return TITLES[self.resource]


def list_views(snapshot: Snapshot, now: Now, most: int) -> Iterator[ListView]:
    """Every list that could be polled, with so many groups that do not run; for a worker thread."""
    for name in FURTHER:
        state = snapshot.lists.get(name)
        if state is None:
            yield ListView(name, "waiting" if snapshot.attempted_at is None else "not_asked")
        else:
            yield _view(name, state, snapshot, now, most)


def failing_lists(snapshot: Snapshot) -> Iterator[tuple[str, str]]:
    """Title and reason of the lists that fail while the model services do not."""
    if snapshot.up:
        for name, state in snapshot.lists.items():
            if state.error is not None:
                yield TITLES[name], state.error.reason


def _view(name: str, state: ListState[Found], snapshot: Snapshot, now: Now, most: int) -> ListView:
    found, error = state.found, state.error or state.left_out
    names = ServiceNames() if snapshot.inventory is None else snapshot.inventory.names
    return ListView(
        name,
        "left_out" if state.left_out else "failing" if state.error else "up",
        state.succeeded_at,
        None if found is None else now.unix + state.good_until - now.clock,
        found is not None and state.stale(now.clock),
        None if error is None else ErrorView.from_error(error, now, name),
        GroupsView.create(found, names, most) if isinstance(found, InstanceGroups) else None,
        found if isinstance(found, ModelCenters) else None,
    )
