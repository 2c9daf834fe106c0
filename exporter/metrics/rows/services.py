"""What the list of model services comes to, and what is known of each of them."""

from collections.abc import Callable, Iterator
from typing import Final

from exporter.metrics.family import Family, RecordRow, Row, Sample, Samples
from exporter.metrics.list_families import ListFamilies
from exporter.state.inventory import Inventory
from exporter.state.services import Services
from exporter.state.tallies import Group
from exporter.zstack import MODEL_SERVICES

from .pending import PENDING

GROUP: Final = ("framework", "type", "source")
SERVICE: Final = ("uuid", "name")


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

PER_SERVICE: Final[tuple[RecordRow[Services], ...]] = (
    RecordRow(
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
    RecordRow(
        Family(
            "zstack_model_service_has_new_version",
            "Whether a newer version of the model service is available (hasNewVersion), as polled;"
            " absent where the API does not say.",
            SERVICE,
        ),
        lambda services: services.has_new_version,
    ),
    RecordRow(
        Family(
            "zstack_model_service_requested_cpu_cores",
            "CPU cores that the model service requests (requestCpu), as polled.",
            SERVICE,
        ),
        lambda services: services.cpu_cores,
    ),
    RecordRow(
        Family(
            "zstack_model_service_requested_memory_bytes",
            "Memory that the model service requests (requestMemory), as polled.",
            SERVICE,
        ),
        lambda services: services.memory_bytes,
    ),
    RecordRow(
        Family(
            "zstack_model_service_size_bytes",
            "Size of the model service's files (size), as polled.",
            SERVICE,
        ),
        lambda services: services.size_bytes,
    ),
    RecordRow(
        Family(
            "zstack_model_service_created_timestamp_seconds",
            "When the model service was created (createDate) in Unix time, as polled.",
            SERVICE,
        ),
        lambda services: services.created,
        cache_key=lambda services: services.create_dates.digest,
    ),
    RecordRow(
        Family(
            "zstack_model_service_last_operation_timestamp_seconds",
            "When the model service was last operated on (lastOpDate) in Unix time, as polled.",
            SERVICE,
        ),
        lambda services: services.last_operation,
        cache_key=lambda services: services.last_op_dates.digest,
    ),
    RecordRow(
        Family(
            "zstack_model_service_models",
            "Number of models bound to the model service (modelServiceRefs), as polled.",
            SERVICE,
        ),
        lambda services: services.models,
    ),
)

SERVICE_FAMILIES: Final = ListFamilies(MODEL_SERVICES.name, AGGREGATED, PER_SERVICE, PENDING)

SERVICE_TOTALS: Final[ListFamilies[Services, Inventory]] = ListFamilies(
    MODEL_SERVICES.name, AGGREGATED
)
"""The same without series for each service."""
