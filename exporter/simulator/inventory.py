"""What the platform keeps of a model service, and which of it each release shows."""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from enum import Enum, auto
from functools import cache
from typing import Any, Literal, NamedTuple, TypeAlias, get_args

Profile = Literal["5.2.1", "5.3.20", "5.5"]
PROFILES: tuple[Profile, ...] = get_args(Profile)

Json: TypeAlias = "dict[str, Json] | list[Json] | str | int | float | bool | None"
Date: TypeAlias = Callable[[float], str]
"""Prints Unix seconds as the server does."""


@dataclass(frozen=True, slots=True)
class ModelRef:
    """A model bound to a service."""

    uuid: str
    model_uuid: str


@dataclass(frozen=True, slots=True)
class Image:
    """What a service is run from on one processor architecture."""

    uuid: str
    cpu_architecture: str
    docker_image: str
    gpu_vendor: str | None


# Equality is identity: every version of a record is its own object, which is what rendering caches.
@dataclass(frozen=True, slots=True, eq=False, kw_only=True)
class ModelService:
    """One model service; None is a database NULL, dates are Unix seconds."""

    uuid: str
    name: str | None = None
    description: str | None = None
    readme: str | None = None
    yaml: str | None = ""
    request_cpu: int | None = 1
    request_memory: int | None = 1024
    model_center_uuid: str | None = None
    type: str | None = "Endpoint"
    framework: str | None = "Other"
    source: str | None = None
    size: int | None = 0
    system: bool | None = False
    has_new_version: bool | None = None
    version: str | None = None
    gpu_compute_capability: str | None = None
    install_path: str | None = None
    python_version: str | None = None
    conda_version: str | None = None
    start_command: str | None = None
    container_command: str | None = None
    container_args: str | None = None
    support_distributed: bool = False
    cpu_architectures: tuple[str, ...] | None = None
    gpu_specs: Mapping[str, tuple[str, ...] | str | None] | None = None
    refs: tuple[ModelRef, ...] = ()
    images: tuple[Image, ...] = ()
    docker_image: str | None = None
    vm_image_uuid: str | None = None
    zone_uuid: str | None = None
    created: float | None = 0.0
    last_operated: float | None = None


Writer: TypeAlias = Callable[[ModelService, Date, Profile], Json]


class Kind(Enum):
    """How a column is compared and written."""

    TEXT = auto()
    NUMBER = auto()
    FLAG = auto()
    PRIMITIVE = auto()  # a Java boolean: never null, in every projection
    DATE = auto()
    COLLECTION = auto()


class Column(NamedTuple):
    """A field of the inventory: `name` on the wire, `attribute` here, the profiles that have it."""

    name: str
    attribute: str
    kind: Kind = Kind.TEXT
    since: Profile = "5.2.1"
    until: Profile = "5.5"

    def read(self, service: ModelService) -> Any:
        """The value of this column, as the service holds it."""
        return getattr(service, self.attribute)


_COLUMNS = (
    Column("uuid", "uuid"),
    Column("name", "name"),
    Column("description", "description"),
    Column("readme", "readme", since="5.3.20"),
    Column("yaml", "yaml"),
    Column("requestCpu", "request_cpu", Kind.NUMBER),
    Column("requestMemory", "request_memory", Kind.NUMBER),
    Column("modelCenterUuid", "model_center_uuid"),
    Column("type", "type"),
    # Until 5.3.20 moved it to `source`, the origin of a service stood in `framework`.
    Column("framework", "source", until="5.2.1"),
    Column("framework", "framework", since="5.3.20"),
    Column("source", "source", since="5.3.20"),
    Column("size", "size", Kind.NUMBER),
    Column("system", "system", Kind.FLAG),
    Column("hasNewVersion", "has_new_version", Kind.FLAG, since="5.5"),
    Column("version", "version", since="5.5"),
    Column("gpuComputeCapability", "gpu_compute_capability"),
    Column("installPath", "install_path"),
    Column("pythonVersion", "python_version"),
    Column("condaVersion", "conda_version"),
    Column("startCommand", "start_command"),
    Column("containerCommand", "container_command", since="5.5"),
    Column("containerArgs", "container_args", since="5.5"),
    Column("supportDistributed", "support_distributed", Kind.PRIMITIVE, since="5.5"),
    Column("cpuArchitectures", "cpu_architectures", Kind.COLLECTION, since="5.5"),
    Column("vendorToSpecUuidsMap", "gpu_specs", Kind.COLLECTION, since="5.5"),
    Column("modelServiceRefs", "refs", Kind.COLLECTION),
    Column("modelServiceImages", "images", Kind.COLLECTION, since="5.5"),
    Column("dockerImage", "docker_image", until="5.3.20"),
    Column("vmImageUuid", "vm_image_uuid", until="5.3.20"),
    Column("zoneUuid", "zone_uuid", since="5.5"),
    Column("createDate", "created", Kind.DATE),
    Column("lastOpDate", "last_operated", Kind.DATE),
)
"""The releases between the profiles are rounded up: what 5.4.6 brought, "5.5" has."""


@cache
def columns(profile: Profile) -> Mapping[str, Column]:
    """The columns of a release by their names on the wire."""
    release = PROFILES.index(profile)
    return {
        column.name: column
        for column in _COLUMNS
        if PROFILES.index(column.since) <= release <= PROFILES.index(column.until)
    }


# Compared by identity, as services are: both are what a rendered record is remembered by.
class Projection:
    """The columns that a reply shows, each with what turns its value into JSON."""

    def __init__(self, chosen: Iterable[Column], profile: Profile) -> None:
        self._columns = tuple((column.name, column.attribute, _writer(column)) for column in chosen)
        self._profile = profile

    def shows(self, name: str) -> bool:
        """Whether the column of that name is among them."""
        return any(column[0] == name for column in self._columns)

    def inventory(self, service: ModelService, date: Date) -> dict[str, Json]:
        """The service as the platform's reply has it; a null is left out."""
        record: dict[str, Json] = {}
        for name, attribute, write in self._columns:
            value = getattr(service, attribute)
            if value is not None:
                record[name] = write(service, date, self._profile) if write else value
        return record


def _writer(column: Column) -> Writer | None:
    if column.kind is Kind.DATE:
        return lambda service, date, _profile: date(column.read(service))
    return _COLLECTIONS.get(column.name)


def _architectures(service: ModelService, _date: object, _profile: object) -> Json:
    return list(service.cpu_architectures or ())


def _gpu_specs(service: ModelService, _date: object, _profile: object) -> Json:
    specs = service.gpu_specs or {}
    return {vendor: list(v) if isinstance(v, tuple) else v for vendor, v in specs.items()}


def _refs(service: ModelService, date: Date, profile: Profile) -> Json:
    since_5_5: dict[str, Json] = {"isDefault": True, **_created(service, date)}
    return [
        {
            "uuid": ref.uuid,
            "modelUuid": ref.model_uuid,
            "modelServiceUuid": service.uuid,
            **(since_5_5 if profile == "5.5" else {}),
        }
        for ref in service.refs
    ]


def _images(service: ModelService, date: Date, _profile: object) -> Json:
    return [
        {
            "uuid": image.uuid,
            "modelServiceUuid": service.uuid,
            "cpuArchitecture": image.cpu_architecture,
            "dockerImage": image.docker_image,
            **({"gpuVendor": image.gpu_vendor} if image.gpu_vendor else {}),
            **_created(service, date),
        }
        for image in service.images
    ]


def _created(service: ModelService, date: Date) -> dict[str, Json]:
    return {} if service.created is None else {"createDate": date(service.created)}


_COLLECTIONS: Mapping[str, Writer] = {
    "cpuArchitectures": _architectures,
    "vendorToSpecUuidsMap": _gpu_specs,
    "modelServiceRefs": _refs,
    "modelServiceImages": _images,
}
