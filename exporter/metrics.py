"""Every family that is made from a snapshot, each one row of a table."""

import textwrap
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Final, Generic, TypeVar

from .family import Family, Sample, Samples
from .inventory import Group, Inventory
from .services import Numbers, Services
from .snapshot import Snapshot
from .telemetry import OF_EXPORTER, PER_TARGET

S = TypeVar("S", Inventory, Snapshot)

GROUP: Final = ("framework", "type", "source")
SERVICE: Final = ("uuid", "name")
ERROR: Final = ("operation", "reason", "code")


@dataclass(frozen=True, slots=True)
class Row(Generic[S]):
    """A family and how its samples are read off a value."""

    family: Family
    samples: Callable[[S], Samples]


@dataclass(frozen=True, slots=True)
class ServiceRow:
    """A family with a sample for each model service of which its value is known.

    Its labels are the columns of the same names. `said` is what the values follow from, where they
    are more work: they are not asked for where it is as before.
    """

    family: Family
    values: Callable[[Services], Numbers]
    said: Callable[[Services], object] | None = None


def _by_group(value: Callable[[Group], float | None]) -> Callable[[Inventory], Samples]:
    def samples(inventory: Inventory) -> Iterator[Sample]:
        for labels, group in inventory.groups.items():
            if (known := value(group)) is not None:
                yield labels, known

    return samples


def _version_status(inventory: Inventory) -> Iterator[Sample]:
    for labels, group in inventory.groups.items():
        yield (*labels, "new_version"), group.new_version
        yield (*labels, "current"), group.current
        yield (*labels, "unknown"), group.unknown


def _single(value: Callable[[Snapshot], float | None]) -> Callable[[Snapshot], Samples]:
    def samples(snapshot: Snapshot) -> Iterator[Sample]:
        if (known := value(snapshot)) is not None:
            yield (), known

    return samples


AGGREGATED: Final[tuple[Row[Inventory], ...]] = (
    Row(
        Family(
            "zstack_model_services",
            "Number of model services, as polled from QueryModelService.",
            GROUP,
        ),
        _by_group(lambda group: group.services),
    ),
    Row(
        Family(
            "zstack_model_services_requested_cpu_cores",
            "Sum of the CPU cores that model services request (requestCpu), as polled.",
            GROUP,
        ),
        _by_group(lambda group: group.cpu_cores),
    ),
    Row(
        Family(
            "zstack_model_services_requested_memory_bytes",
            "Sum of the memory that model services request (requestMemory), as polled.",
            GROUP,
        ),
        _by_group(lambda group: group.memory_bytes),
    ),
    Row(
        Family(
            "zstack_model_services_version_status",
            "Number of model services by what hasNewVersion says of them (new_version, current, or"
            " unknown where it is absent), as polled.",
            (*GROUP, "status"),
        ),
        _version_status,
    ),
    Row(
        Family(
            "zstack_model_services_by_cpu_architecture",
            "Number of model services that support a CPU architecture (cpuArchitectures), as"
            " polled; a service may support several.",
            ("cpu_architecture",),
        ),
        lambda inventory: (
            ((name,), count) for name, count in inventory.by_cpu_architecture.items()
        ),
    ),
    Row(
        Family(
            "zstack_model_services_by_gpu_vendor",
            "Number of model services that have a GPU spec of a vendor (vendorToSpecUuidsMap), as"
            " polled; a service may have several.",
            ("gpu_vendor",),
        ),
        lambda inventory: (((name,), count) for name, count in inventory.by_gpu_vendor.items()),
    ),
    Row(
        Family(
            "zstack_model_services_reported",
            "Number of model services as the API counts them (total), as polled; records that did"
            " not decode are in it.",
        ),
        lambda inventory: [((), inventory.reported)],
    ),
)

PER_SERVICE: Final[tuple[ServiceRow, ...]] = (
    ServiceRow(
        Family(
            "zstack_model_service_info",
            "Facts of a model service as labels, as polled from QueryModelService; always 1.",
            (
                *SERVICE,
                *GROUP,
                "version",
                "model_center_uuid",
                "gpu_compute_capability",
                "python_version",
                "system",
                "distributed",
            ),
        ),
        lambda services: [1] * len(services),
    ),
    ServiceRow(
        Family(
            "zstack_model_service_has_new_version",
            "Whether a newer version of the model service is available (hasNewVersion), as polled;"
            " absent where the API does not say.",
            SERVICE,
        ),
        lambda services: services.has_new_version,
    ),
    ServiceRow(
        Family(
            "zstack_model_service_requested_cpu_cores",
            "CPU cores that the model service requests (requestCpu), as polled.",
            SERVICE,
        ),
        lambda services: services.cpu_cores,
    ),
    ServiceRow(
        Family(
            "zstack_model_service_requested_memory_bytes",
            "Memory that the model service requests (requestMemory), as polled.",
            SERVICE,
        ),
        lambda services: services.memory_bytes,
    ),
    ServiceRow(
        Family(
            "zstack_model_service_size_bytes",
            "Size of the model service's files (size), as polled.",
            SERVICE,
        ),
        lambda services: services.size_bytes,
    ),
    ServiceRow(
        Family(
            "zstack_model_service_created_timestamp_seconds",
            "When the model service was created (createDate) in Unix time, as polled.",
            SERVICE,
        ),
        lambda services: services.created,
        said=lambda services: (services.create_date, str(services.zone)),
    ),
    ServiceRow(
        Family(
            "zstack_model_service_last_operation_timestamp_seconds",
            "When the model service was last operated on (lastOpDate) in Unix time, as polled.",
            SERVICE,
        ),
        lambda services: services.last_operation,
        said=lambda services: (services.last_op_date, str(services.zone)),
    ),
    ServiceRow(
        Family(
            "zstack_model_service_models",
            "Number of models bound to the model service (modelServiceRefs), as polled.",
            SERVICE,
        ),
        lambda services: services.models,
    ),
)

POLLING: Final[tuple[Row[Snapshot], ...]] = (
    Row(
        Family("zstack_up", "Whether the last poll of the platform succeeded."),
        _single(lambda snapshot: None if snapshot.attempted_at is None else snapshot.up),
    ),
    Row(
        Family(
            "zstack_api_error",
            "1 while the last poll failed in this way, 0 after it has recovered; code is ZStack's"
            " error code, empty where the answer had none.",
            ERROR,
        ),
        lambda snapshot: snapshot.failures.items(),
    ),
    Row(
        Family(
            "zstack_poll_last_attempt_timestamp_seconds",
            "When the last poll began, in Unix time.",
        ),
        _single(lambda snapshot: snapshot.attempted_at),
    ),
    Row(
        Family(
            "zstack_poll_last_success_timestamp_seconds",
            "When the last successful poll began, in Unix time; the inventory dates from then.",
        ),
        _single(lambda snapshot: snapshot.succeeded_at),
    ),
    Row(
        Family("zstack_poll_interval_seconds", "Time between two polls, as set (interval)."),
        _single(lambda snapshot: snapshot.interval),
    ),
    Row(
        Family(
            "zstack_poll_stale_after_seconds",
            "Age from which the inventory counts as stale, as set (stale_after).",
        ),
        _single(lambda snapshot: snapshot.stale_after),
    ),
)

SECTIONS: Final[Mapping[str, tuple[Family, ...]]] = {
    "Inventory": tuple(row.family for row in AGGREGATED),
    "Per model service": tuple(row.family for row in PER_SERVICE),
    "API and polling": (*(row.family for row in POLLING), *PER_TARGET),
    "Exporter": OF_EXPORTER,
}
"""Every family by what it is about."""


def table() -> Iterator[str]:
    """Every family in plain lines, for a terminal."""
    for section, families in SECTIONS.items():
        yield f"{section}\n"
        for family in families:
            yield f"  {family.name} ({family.type})"
            yield from _indented(f"labels: {', '.join(family.labels) or 'none'}")
            yield from _indented(family.help)
        yield ""


def _indented(text: str) -> list[str]:
    return textwrap.wrap(text, 98, initial_indent=" " * 6, subsequent_indent=" " * 6)
