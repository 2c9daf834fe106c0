"""Model centers, which store what services are made of: how full they are, what releases show."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, fields, replace
from functools import cache
from random import Random
from typing import Any, Self

from .chance import GROWN, new_uuid, pick
from .inventory import Column, Date, Inventory, Json, Kind, Place, Profile, Projection, everything
from .records import Records

CONNECTED = "Connected"
DISCONNECTED = "Disconnected"

SHIPPED = 4
"""Model centers of a grown platform, if nothing else is asked for."""

_TIB = 1 << 40
_SIZES = (20 * _TIB, 50 * _TIB, 100 * _TIB)
_NAMES = ("model-center", "模型仓库", "center-dr", "team-store")


@dataclass(frozen=True, slots=True)
class Capacity:
    """Bytes in use by kind, and where the platform says so the total and what is available."""

    model: int | None = 0
    model_service: int | None = 0
    dataset: int | None = 0
    fine_tune: int | None = 0
    model_evaluation: int | None = 0
    installation: int | None = 0
    temporary: int | None = 0
    cache: int | None = 0
    available: int | None = None
    total: int | None = None

    @property
    def used(self) -> int:
        """Bytes in use, of every kind."""
        return sum(getattr(self, kind) or 0 for kind in KINDS)


KINDS = tuple(each.name for each in fields(Capacity))[:-2]
"""What the space of a model center is used for."""


@dataclass(frozen=True, slots=True, eq=False, kw_only=True)
class ModelCenter:
    """A model center; None is a database NULL, dates are Unix seconds."""

    uuid: str
    name: str | None = None
    description: str | None = None
    url: str | None = None
    status: str | None = CONNECTED
    parameters: str | None = None
    management_ip: str | None = None
    management_port: int = 0
    storage_network_uuid: str | None = None
    service_network_uuid: str | None = None
    container_registry: str | None = None
    container_network: str | None = None
    container_storage_network: str | None = None
    capacity: Capacity | None = Capacity()
    created: float | None = 0.0
    last_operated: float | None = None


class Centers(Records[ModelCenter]):
    """The model centers of a platform, with what happens to them."""

    @classmethod
    def grown(cls, number: int, seed: int = 1) -> Self:
        """So many model centers; the second does not say how large it is."""
        if number < 0:
            raise ValueError(f"model centers must not be negative: {number}")
        random = Random(f"{seed} centers")  # noqa: S311 - reproducible on purpose
        uuids = enumerate(_uuids(number, seed))
        return cls(_center(random, turn, uuid) for turn, uuid in uuids)

    def fill(self, uuid: str, size: int, kind: str = "model", **changes: Any) -> ModelCenter:
        """So many bytes more are used for this kind; fewer with a negative size."""
        held = self[uuid].capacity or Capacity()
        available = None if held.available is None else held.available - size
        filled: dict[str, Any] = {kind: (getattr(held, kind) or 0) + size, "available": available}
        return self.alter(uuid, capacity=replace(held, **filled), **changes)

    def connect(self, uuid: str, **changes: Any) -> ModelCenter:
        """The platform reaches the model center."""
        return self.alter(uuid, status=CONNECTED, **changes)

    def disconnect(self, uuid: str, **changes: Any) -> ModelCenter:
        """The platform does not reach it; what it knew of its capacity stays."""
        return self.alter(uuid, status=DISCONNECTED, **changes)


def _uuids(number: int, seed: int) -> Iterator[str]:
    """The first four are those that the services of an estate of this seed lie in."""
    first, more = Random(seed), Random(f"{seed} more centers")  # noqa: S311 - likewise
    return (new_uuid(first if turn < SHIPPED else more) for turn in range(number))


def _center(random: Random, number: int, uuid: str) -> ModelCenter:
    ip = f"172.20.0.{31 + number % 200}"
    return ModelCenter(
        uuid=uuid,
        name=f"{_NAMES[number % len(_NAMES)]}-{number + 1}",
        description=None if number % 2 else "Stores what the platform's services are made of.",
        url=f"http://{ip}:8989",
        status=DISCONNECTED if number % SHIPPED == SHIPPED - 1 else CONNECTED,
        management_ip=ip,
        management_port=8989,
        storage_network_uuid=new_uuid(random),
        service_network_uuid=new_uuid(random),
        container_registry=f"{ip}:5000",
        capacity=_capacity(random, is_size_known=number != 1),
        created=GROWN - 700 * 86_400.0 + number,
        last_operated=None,
    )


def _capacity(random: Random, *, is_size_known: bool) -> Capacity:
    total = pick(random, _SIZES)
    share = {kind: random.random() ** 3 for kind in KINDS} | {"model": 2.0}
    usage = random.uniform(0.3, 0.85) * total / sum(share.values())
    used = Capacity(**{kind: int(part * usage) for kind, part in share.items()})
    return replace(used, total=total, available=total - used.used) if is_size_known else used


_CAPACITY_COLUMNS = (
    Column("modelUsedCapacity", "model", Kind.NUMBER),
    Column("modelServiceUsedCapacity", "model_service", Kind.NUMBER),
    Column("datasetUsedCapacity", "dataset", Kind.NUMBER),
    Column("fineTuneUsedCapacity", "fine_tune", Kind.NUMBER),
    Column("modelEvaluationUsedCapacity", "model_evaluation", Kind.NUMBER),
    Column("installationUsedCapacity", "installation", Kind.NUMBER, since="5.5"),
    Column("temporaryUsedCapacity", "temporary", Kind.NUMBER),
    Column("cacheUsedCapacity", "cache", Kind.NUMBER),
    Column("availableCapacity", "available", Kind.NUMBER, since="5.5"),
    Column("totalCapacity", "total", Kind.NUMBER, since="5.5"),
)


@cache
def _capacity_projection(profile: Profile) -> Projection:
    return everything(_CAPACITY_COLUMNS, profile)


def _capacity_json(center: ModelCenter, date: Date, profile: Profile) -> Json:
    return {"uuid": center.uuid, **_capacity_projection(profile).json(center.capacity, date)}


def _places(center: ModelCenter, shows: Callable[[str], bool]) -> tuple[Place, ...]:
    is_shown = shows("capacity") and center.capacity is not None
    return ((".capacity", "org.zstack.ai.entity.ModelCenterCapacityInventory"),) * is_shown


CENTERS = Inventory(
    operation="QueryModelCenter",
    java_class="org.zstack.ai.entity.ModelCenterInventory",
    since="5.3.20",  # the first whose SDK is known to have it
    places=_places,
    all_columns=(
        Column("uuid", "uuid"),
        Column("name", "name"),
        Column("description", "description"),
        Column("url", "url"),
        Column("status", "status"),
        Column("parameters", "parameters"),
        Column("managementIp", "management_ip"),
        Column("managementPort", "management_port", Kind.NUMBER, primitive=True),
        Column("storageNetworkUuid", "storage_network_uuid"),
        Column("serviceNetworkUuid", "service_network_uuid"),
        Column("containerRegistry", "container_registry"),
        Column("containerNetwork", "container_network"),
        Column("containerStorageNetwork", "container_storage_network"),
        Column("capacity", "capacity", Kind.COLLECTION, write=_capacity_json),
        Column("createDate", "created", Kind.DATE),
        Column("lastOpDate", "last_operated", Kind.DATE),
    ),
)
"""`zdfs`, an object of the newest releases, is left out: what is in it is not public."""
