"""What the platform keeps of a model service, and which of it each release shows."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import lru_cache

from .inventory import Column, Date, Inventory, Json, Kind, Nested, Place, Profile, listed


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
    Column("supportDistributed", "support_distributed", Kind.FLAG, since="5.5", primitive=True),
    Column(
        "cpuArchitectures",
        "cpu_architectures",
        Kind.COLLECTION,
        since="5.5",
        write=listed("cpu_architectures"),
    ),
    Column("vendorToSpecUuidsMap", "gpu_specs", Kind.COLLECTION, since="5.5", write=_gpu_specs),
    Column("modelServiceRefs", "refs", Kind.COLLECTION, write=_refs),
    Column("modelServiceImages", "images", Kind.COLLECTION, since="5.5", write=_images),
    Column("dockerImage", "docker_image", until="5.3.20"),
    Column("vmImageUuid", "vm_image_uuid", until="5.3.20"),
    Column("zoneUuid", "zone_uuid", since="5.5"),
    Column("createDate", "created", Kind.DATE),
    Column("lastOpDate", "last_operated", Kind.DATE),
)


@lru_cache(maxsize=1024)
def _nested_places(refs: int, images: int) -> tuple[Place, ...]:
    kinds = (("modelServiceRefs", refs, "Ref"), ("modelServiceImages", images, "Image"))
    return tuple(
        (f".{name}[{index}]", f"org.zstack.ai.entity.ModelService{kind}Inventory")
        for name, number, kind in kinds
        for index in range(number)
    )


def _places(service: ModelService, shows: Callable[[str], bool]) -> tuple[Place, ...]:
    return _nested_places(
        shows("modelServiceRefs") * len(service.refs),
        shows("modelServiceImages") * len(service.images),
    )


SERVICES = Inventory(
    operation="QueryModelService",
    java_class="org.zstack.ai.entity.ModelServiceInventory",
    all_columns=_COLUMNS,
    nested={
        "modelServiceRefs": Nested(
            "refs", (Column("uuid", "uuid"), Column("modelUuid", "model_uuid"))
        )
    },
    places=_places,
)
