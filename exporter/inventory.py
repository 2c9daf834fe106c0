"""Inventory: the model services of one platform as one good poll found them."""

import math
import re
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import tzinfo
from typing import Final, Literal

from .zstack import Listing, ModelService, timestamp

MemoryUnit = Literal["auto", "bytes", "KiB", "MiB", "GiB"]

UNKNOWN: Final = "unknown"
LABEL_LIMIT: Final = 256
"""Characters; ZStack's own columns for names end at 255."""

_KIB: Final = 1024
_FACTORS: Final[Mapping[MemoryUnit, int]] = {
    "bytes": 1,
    "KiB": _KIB,
    "MiB": _KIB**2,
    "GiB": _KIB**3,
}
_AUTO_LIMIT: Final = 2**24
"""No service asks for less than 16 MiB or for more than 16 TiB, so this parts bytes from MiB."""

_UNPRINTABLE: Final = re.compile("[\x00-\x1f\x7f-\x9f\ud800-\udfff]")


@dataclass(frozen=True, slots=True)
class Conventions:
    """What the API leaves open: the unit of `requestMemory`, and the zone of its dates."""

    memory_unit: MemoryUnit = "auto"
    zone: tzinfo | None = None


@dataclass(frozen=True, slots=True)
class Service:
    """One model service. Texts are fit for labels; None is what the platform did not say."""

    uuid: str
    name: str
    framework: str
    type: str
    source: str
    version: str
    model_center_uuid: str
    gpu_compute_capability: str
    python_version: str
    system: str
    distributed: str
    has_new_version: bool | None
    cpu_cores: float | None
    memory_bytes: float | None
    size_bytes: float | None
    created: float | None
    last_operation: float | None
    models: int | None
    cpu_architectures: frozenset[str]
    gpu_vendors: frozenset[str]

    @property
    def group(self) -> tuple[str, str, str]:
        return (self.framework, self.type, self.source)


@dataclass(frozen=True, slots=True)
class Group:
    """The services of one framework, type and source; a sum is None where no service says."""

    services: int
    cpu_cores: float | None
    memory_bytes: float | None
    new_version: int
    current: int
    unknown: int


@dataclass(frozen=True, slots=True)
class Inventory:
    """What one poll listed. `reported` is the platform's own count; the skipped are in it."""

    services: tuple[Service, ...]
    groups: Mapping[tuple[str, str, str], Group]
    by_cpu_architecture: Mapping[str, int]
    by_gpu_vendor: Mapping[str, int]
    reported: int
    undecodable: int = 0
    duplicates: int = 0


def inventory(listing: Listing, conventions: Conventions) -> Inventory:
    """The listing in the exporter's terms; costs some microseconds a service, so off the loop."""
    services = tuple(_distinct(_service(record, conventions) for record in listing.services))
    return Inventory(
        services=services,
        groups=_groups(services),
        by_cpu_architecture=_count(services, lambda service: service.cpu_architectures),
        by_gpu_vendor=_count(services, lambda service: service.gpu_vendors),
        reported=listing.total,
        undecodable=len(listing.undecodable),
        duplicates=listing.duplicates + len(listing.services) - len(services),
    )


def label(value: str | float | None, *, empty: str = "") -> str:
    """Text of a stranger as a label value: no control character or lone surrogate, not endless."""
    text = _UNPRINTABLE.sub("\ufffd", "" if value is None else str(value)).strip()
    if len(text) > LABEL_LIMIT:
        text = text[: LABEL_LIMIT - 1] + "…"
    return text or empty


def memory_bytes(value: float | None, unit: MemoryUnit) -> float | None:
    """`requestMemory` in bytes. Its unit is undocumented; examples show MiB as well as bytes."""
    known = _known(value)
    if known is None:
        return None
    if unit == "auto":
        unit = "MiB" if known < _AUTO_LIMIT else "bytes"
    return _known(known * _FACTORS[unit])


def _service(record: ModelService, conventions: Conventions) -> Service:
    return Service(
        uuid=label(record.uuid),
        name=label(record.name),
        framework=label(record.framework, empty=UNKNOWN),
        type=label(record.type, empty=UNKNOWN),
        source=label(record.source, empty=UNKNOWN),
        version=label(record.version),
        model_center_uuid=label(record.model_center_uuid),
        gpu_compute_capability=label(record.gpu_compute_capability),
        python_version=label(record.python_version),
        system=_flag(record.system),
        distributed=_flag(record.support_distributed),
        has_new_version=record.has_new_version,
        cpu_cores=_known(record.request_cpu),
        memory_bytes=memory_bytes(record.request_memory, conventions.memory_unit),
        size_bytes=_known(record.size),
        created=timestamp(record.create_date, conventions.zone),
        last_operation=timestamp(record.last_op_date, conventions.zone),
        models=None if record.model_service_refs is None else len(record.model_service_refs),
        cpu_architectures=frozenset(map(label, record.cpu_architectures or ())) - {""},
        gpu_vendors=frozenset(_vendors(record.vendor_to_spec_uuids_map or {})) - {""},
    )


def _distinct(services: Iterable[Service]) -> Iterator[Service]:
    """One service a uuid, also where two uuids are alike but for what no label can hold."""
    seen: set[str] = set()
    for service in services:
        if service.uuid not in seen:
            seen.add(service.uuid)
            yield service


def _flag(value: bool | None) -> str:  # noqa: FBT001 - a value, not a switch
    return "" if value is None else str(value).lower()


def _known(value: float | None) -> float | None:
    """The number if it is finite: NaN comes as text, infinity of sums beyond a float."""
    return value if value is not None and math.isfinite(value) else None


def _vendors(specs: Mapping[str, object]) -> Iterator[str]:
    """The vendors that have a spec; the value may be a list, a text or null."""
    return (label(vendor) for vendor, uuids in specs.items() if uuids)


def _groups(services: Iterable[Service]) -> dict[tuple[str, str, str], Group]:
    members: dict[tuple[str, str, str], list[Service]] = {}
    for service in services:
        members.setdefault(service.group, []).append(service)
    return {key: _group(members[key]) for key in sorted(members)}


def _group(services: list[Service]) -> Group:
    flags = Counter(service.has_new_version for service in services)
    return Group(
        services=len(services),
        cpu_cores=_sum(service.cpu_cores for service in services),
        memory_bytes=_sum(service.memory_bytes for service in services),
        new_version=flags[True],
        current=flags[False],
        unknown=flags[None],
    )


def _sum(values: Iterable[float | None]) -> float | None:
    known = [value for value in values if value is not None]
    return _known(sum(known)) if known else None


def _count(services: Iterable[Service], of: Callable[[Service], Iterable[str]]) -> dict[str, int]:
    counts = Counter(value for service in services for value in of(service))
    return dict(sorted(counts.items()))
