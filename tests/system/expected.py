"""What a platform's services should look like in Prometheus, worked out from the services alone."""

from collections import defaultdict
from collections.abc import Callable, Iterable

from exporter.simulator import Estate, ModelService

from .prometheus import Labels, labels

_MIB = 1 << 20
_SMALLEST_IN_BYTES = 1 << 24

Vector = dict[Labels, float]


def inventory(estate: Estate) -> dict[str, Vector]:
    """Every family of the inventory; instants have the whole seconds that the platform prints."""
    services = list(estate.values())
    return {
        "zstack_model_services": _sums(services, _group, lambda _: 1),
        "zstack_model_services_requested_cpu_cores": _sums(services, _group, _cpu),
        "zstack_model_services_requested_memory_bytes": _sums(services, _group, _memory),
        "zstack_model_services_version_status": _version_status(services),
        "zstack_model_services_by_cpu_architecture": _several(_architectures, services),
        "zstack_model_services_by_gpu_vendor": _several(_vendors, services),
        "zstack_model_services_reported": {labels(): len(services)},
        "zstack_model_service_info": {_info(service): 1 for service in services},
        "zstack_model_service_has_new_version": _each(services, lambda s: s.has_new_version),
        "zstack_model_service_requested_cpu_cores": _each(services, _cpu),
        "zstack_model_service_requested_memory_bytes": _each(services, _memory),
        "zstack_model_service_size_bytes": _each(services, lambda s: s.size),
        "zstack_model_service_created_timestamp_seconds": _each(
            services, lambda s: _whole(s.created)
        ),
        "zstack_model_service_last_operation_timestamp_seconds": _each(
            services, lambda s: _whole(s.last_operated)
        ),
        "zstack_model_service_models": _each(services, lambda s: len(s.refs)),
    }


def _cpu(service: ModelService) -> float:
    assert service.request_cpu is not None
    return service.request_cpu


def _memory(service: ModelService) -> float:
    """A number below 2^24 is in MiB, any other in bytes."""
    assert service.request_memory is not None
    given = service.request_memory
    return given * _MIB if given < _SMALLEST_IN_BYTES else given


def _whole(seconds: float | None) -> float | None:
    return None if seconds is None else int(seconds)


def _group(service: ModelService) -> Labels:
    return labels(
        framework=service.framework or "unknown",
        type=service.type or "unknown",
        source=service.source or "unknown",
    )


def _info(service: ModelService) -> Labels:
    return _group(service) | labels(
        uuid=service.uuid,
        name=service.name or "",
        version=service.version or "",
        model_center_uuid=service.model_center_uuid or "",
        gpu_compute_capability=service.gpu_compute_capability or "",
        python_version=service.python_version or "",
        system="true" if service.system else "false",
        distributed="true" if service.support_distributed else "false",
    )


def _sums(
    services: Iterable[ModelService],
    by: Callable[[ModelService], Labels],
    of: Callable[[ModelService], float],
) -> Vector:
    sums: Vector = defaultdict(float)
    for service in services:
        sums[by(service)] += of(service)
    return dict(sums)


def _version_status(services: Iterable[ModelService]) -> Vector:
    """Each group has all three states, also those that none of its services is in."""
    counts: Vector = {}
    states = {True: "new_version", False: "current", None: "unknown"}
    for service in services:
        for state in states.values():
            counts.setdefault(_group(service) | labels(status=state), 0)
        counts[_group(service) | labels(status=states[service.has_new_version])] += 1
    return counts


def _several(
    of: Callable[[ModelService], Iterable[Labels]], services: Iterable[ModelService]
) -> Vector:
    counts: Vector = defaultdict(float)
    for service in services:
        for each in of(service):
            counts[each] += 1
    return dict(counts)


def _architectures(service: ModelService) -> set[Labels]:
    return {labels(cpu_architecture=name) for name in service.cpu_architectures or ()}


def _vendors(service: ModelService) -> set[Labels]:
    specs = service.gpu_specs or {}
    return {labels(gpu_vendor=vendor) for vendor, uuids in specs.items() if uuids}


def _each(services: Iterable[ModelService], of: Callable[[ModelService], float | None]) -> Vector:
    """Nothing for a service of which nothing is known."""
    values = ((service, of(service)) for service in services)
    return {
        labels(uuid=service.uuid, name=service.name or ""): value
        for service, value in values
        if value is not None
    }
