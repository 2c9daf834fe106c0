"""What runs: instance groups and their instances."""

from typing import Final

from exporter.metrics.family import Family, RecordRow, Row
from exporter.metrics.list_families import Joined, ListFamilies
from exporter.state.endpoints import UNUSABLE
from exporter.state.instances import Groups, InstanceGroups, NamedGroups
from exporter.state.service_names import ServiceNames
from exporter.state.snapshot import Snapshot
from exporter.zstack import INSTANCE_GROUPS

TOTALS: Final[tuple[Row[InstanceGroups], ...]] = (
    Row(
        Family(
            "zstack_model_service_instance_groups",
            "Number of instance groups of model services, as polled from"
            " QueryModelServiceInstanceGroup; status is the platform's word.",
            ("model_service_type", "type", "status"),
        ),
        lambda found: found.groups.items(),
    ),
    Row(
        Family(
            "zstack_model_service_instances",
            "Number of instances of model services (instances), as polled; gpu_vendor and"
            " architecture are unknown where the platform does not say.",
            ("status", "gpu_vendor", "architecture"),
        ),
        lambda found: found.instances.items(),
    ),
    Row(
        Family(
            "zstack_model_service_endpoints_left_out",
            "Number of instances that /sd/endpoints leaves out, by the reason: no_url of http or"
            " https, invalid, loopback, link_local, unspecified or multicast address; as polled.",
            ("reason",),
        ),
        lambda found: [((reason,), found.unusable.get(reason, 0)) for reason in UNUSABLE],
    ),
)

RECORDS: Final[tuple[RecordRow[Groups], ...]] = (
    RecordRow(
        Family(
            "zstack_model_service_instance_group_instances",
            "Number of instances of an instance group by their status, as polled; none for a"
            " group without instances.",
            ("uuid", "name", "status"),
        ),
        lambda groups: groups.instance_counts.instances,
        columns=lambda groups: groups.instance_counts,
    ),
)

NAMED: Final[tuple[RecordRow[NamedGroups], ...]] = (
    RecordRow(
        Family(
            "zstack_model_service_instance_group_info",
            "Facts of an instance group as labels, as polled; always 1. The model service is"
            " empty where the group has outlived it.",
            ("uuid", "name", "model_service_uuid", "model_service_name", "type", "status"),
        ),
        lambda groups: [1] * len(groups),
    ),
)


def _service_names(snapshot: Snapshot) -> ServiceNames:
    return _NO_NAMES if snapshot.inventory is None else snapshot.inventory.names


_NO_NAMES: Final = ServiceNames()

INSTANCE_FAMILIES: Final = ListFamilies(
    INSTANCE_GROUPS.name,
    TOTALS,
    RECORDS,
    Joined(NAMED, lambda found: found.pages, _service_names, InstanceGroups.named),
)
