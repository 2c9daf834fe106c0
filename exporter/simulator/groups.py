"""Instance groups, in which services run: what a platform keeps of them, what releases show."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from functools import cache, lru_cache
from typing import Any

from .inventory import (
    Column,
    Date,
    Inventory,
    Json,
    Kind,
    Nested,
    Place,
    Profile,
    Projection,
    everything,
    listed,
)
from .machines import PLACES, Machine, machine_json
from .records import Records

RUNNING = "Running"
UNREADY = "Unknown"
"""The platform's word; its web interface shows it as "Unready"."""

STARTING = ("Deploying", "ConfigSettingUp", "ServiceBootingUp")
"""What a new group goes through before it runs, in this order (the order is inferred)."""

RESTARTING = "Starting"
STATUSES = (*STARTING, RESTARTING, RUNNING, UNREADY)
"""Those that were seen. The platform holds a text: any other is possible."""


# Equality is identity, as of model services: a changed group is another object.
@dataclass(frozen=True, slots=True, eq=False, kw_only=True)
class Instance:
    """One instance of a group; None is a database NULL, dates are Unix seconds.

    `machine` is None where it runs in a container.
    """

    uuid: str
    name: str | None = None
    yaml: str | None = None
    k8s_resource_yaml: str | None = None
    status: str | None = RUNNING
    url: str | None = ""
    url_maps: Mapping[str, str] | None = None
    internal_url: str | None = None
    jupyter_url: str | None = None
    machine: Machine | None = None
    node_rank: int | None = None
    cluster_id: int | None = None
    namespace: str | None = None
    account_uuid: str | None = None
    architecture: str | None = None
    gpu_vendor: str | None = None
    created: float | None = 0.0
    last_operated: float | None = None

    @property
    def machine_uuid(self) -> str | None:
        """The uuid of the machine, if there is one."""
        return self.machine.uuid if self.machine else None


@dataclass(frozen=True, slots=True, eq=False, kw_only=True)
class InstanceGroup:
    """The instances of a deployed service; `model_service_uuid` is None when it outlived that."""

    uuid: str
    name: str | None = None
    description: str | None = None
    model_service_uuid: str | None = None
    model_uuid: str | None = None
    instances: tuple[Instance, ...] = ()
    dataset_refs: tuple[Mapping[str, Json], ...] = ()
    status: str | None = RUNNING
    model_service_type: str | None = "Endpoint"
    type: str | None = "VirtualMachine"
    yaml: str | None = None
    support_metrics: tuple[str, ...] | None = None
    export_path: str | None = None
    business_endpoint: str | None = None
    business_endpoint_status: str | None = None
    developer_endpoint: str | None = None
    management_endpoint: str | None = None
    package_version: str | None = None
    zone_uuid: str | None = None
    created: float | None = 0.0
    last_operated: float | None = None


class Groups(Records[InstanceGroup]):
    """The instance groups of a platform, with what happens to them."""

    def of_service(self, service_uuid: str) -> tuple[InstanceGroup, ...]:
        """The groups of the service."""
        return tuple(group for group in self.values() if group.model_service_uuid == service_uuid)

    def set_status(self, uuid: str, status: str, **changes: Any) -> InstanceGroup:
        """The group and each of its instances have this status."""
        instances = tuple(replace(each, status=status) for each in self[uuid].instances)
        return self.alter(uuid, status=status, instances=instances, **changes)

    def advance(self, uuid: str, **changes: Any) -> InstanceGroup:
        """A group that starts has the next status; any other one runs."""
        status = self[uuid].status
        following = dict(zip(STARTING, (*STARTING[1:], RUNNING), strict=True))
        return self.set_status(uuid, following.get(status or "", RUNNING), **changes)

    def add_instance(self, uuid: str, instance: Instance, **changes: Any) -> InstanceGroup:
        """The group has one more instance."""
        return self.alter(uuid, instances=(*self[uuid].instances, instance), **changes)

    def lose_instance(self, uuid: str, **changes: Any) -> InstanceGroup:
        """The last instance is gone; a group that has none any more is unready."""
        rest = self[uuid].instances[:-1]
        status = self[uuid].status if rest else UNREADY
        return self.alter(uuid, instances=rest, status=status, **changes)

    def alter_instance(self, uuid: str, number: int = 0, **changes: Any) -> InstanceGroup:
        """Change fields of one instance, by the names that `Instance` gives them."""
        instances = list(self[uuid].instances)
        instances[number] = replace(instances[number], **changes)
        return self.alter(uuid, instances=tuple(instances))

    def orphan(self, *service_uuids: str) -> None:
        """The groups of these services outlive them."""
        gone = {*service_uuids}
        for group in [each for each in self.values() if each.model_service_uuid in gone]:
            self.alter(group.uuid, model_service_uuid=None)


def _machine(instance: Instance, date: Date, _profile: object) -> Json:
    return machine_json(instance.machine, date) if instance.machine else None


_INSTANCE_COLUMNS = (
    Column("uuid", "uuid"),
    Column("name", "name", since="5.5"),
    Column("yaml", "yaml"),
    Column("k8sResourceYaml", "k8s_resource_yaml"),
    Column("status", "status"),
    Column("url", "url"),
    Column("urlMaps", "url_maps", Kind.COLLECTION, write=lambda each, *_: dict(each.url_maps)),
    Column("internalUrl", "internal_url"),
    Column("jupyterUrl", "jupyter_url"),
    Column("vmInstanceUuid", "machine_uuid"),
    Column("nodeRank", "node_rank", Kind.NUMBER),
    Column("clusterId", "cluster_id", Kind.NUMBER, since="5.5"),
    Column("namespace", "namespace", since="5.5"),
    Column("accountUuid", "account_uuid"),
    Column("architecture", "architecture", since="5.5"),
    Column("gpuVendor", "gpu_vendor", since="5.5"),
    Column("vm", "machine", Kind.COLLECTION, write=_machine),
    Column("createDate", "created", Kind.DATE),
    Column("lastOpDate", "last_operated", Kind.DATE),
)
"""`launchCommand`, an object of the newest releases, is left out: what is in it is not public."""


@cache
def _instance_projection(profile: Profile) -> Projection:
    return everything(_INSTANCE_COLUMNS, profile)


def _instances(group: InstanceGroup, date: Date, profile: Profile) -> Json:
    projection = _instance_projection(profile)
    return [
        {"modelServiceGroupUuid": group.uuid, **projection.json(each, date)}
        for each in group.instances
    ]


@lru_cache(maxsize=1024)
def _nested_places(machines: tuple[bool, ...]) -> tuple[Place, ...]:
    """For a group of so many instances, of which these have a machine."""
    places: list[Place] = []
    for number, has_machine in enumerate(machines):
        here = f".instances[{number}]"
        places.append((here, "org.zstack.ai.entity.ModelServiceInstanceInventory"))
        places += [(here + path, name) for path, name in PLACES] if has_machine else []
    return tuple(places)


def _places(group: InstanceGroup, shows: Callable[[str], bool]) -> tuple[Place, ...]:
    instances = group.instances if shows("instances") else ()
    return _nested_places(tuple(each.machine is not None for each in instances))


GROUPS = Inventory(
    operation="QueryModelServiceInstanceGroup",
    java_class="org.zstack.ai.entity.ModelServiceInstanceGroupInventory",
    since="5.3.20",  # the first whose SDK is known to have it
    nested={"instances": Nested("instances", _INSTANCE_COLUMNS)},
    places=_places,
    all_columns=(
        Column("uuid", "uuid"),
        Column("name", "name"),
        Column("description", "description"),
        Column("modelServiceUuid", "model_service_uuid"),
        Column("modelUuid", "model_uuid"),
        Column("instances", "instances", Kind.COLLECTION, write=_instances),
        Column(
            "datasetRefInventories", "dataset_refs", Kind.COLLECTION, write=listed("dataset_refs")
        ),
        Column("status", "status"),
        Column("modelServiceType", "model_service_type"),
        Column("type", "type"),
        Column("yaml", "yaml"),
        Column(
            "supportMetrics",
            "support_metrics",
            Kind.COLLECTION,
            since="5.5",
            write=listed("support_metrics"),
        ),
        Column("exportPath", "export_path", since="5.5"),
        Column("businessEndpoint", "business_endpoint", since="5.5"),
        Column("businessEndpointStatus", "business_endpoint_status", since="5.5"),
        Column("developerEndpoint", "developer_endpoint", since="5.5"),
        Column("managementEndpoint", "management_endpoint", since="5.5"),
        Column("packageVersion", "package_version", since="5.5"),
        Column("zoneUuid", "zone_uuid", since="5.5"),
        Column("createDate", "created", Kind.DATE),
        Column("lastOpDate", "last_operated", Kind.DATE),
    ),
)
