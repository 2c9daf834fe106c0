"""The model services of a platform: grown from a seed, and living on.

The same seed grows the same estate, whatever the day.
"""

from collections.abc import Iterable, Iterator, Sequence, ValuesView
from dataclasses import replace
from itertools import islice
from random import Random
from typing import Any, Self, TypeVar

from .catalogue import (
    AWKWARD,
    BUILT_IN,
    CAPABILITIES,
    CHINESE,
    DESCRIPTIONS,
    MODELS,
    PURPOSES,
    PYTHONS,
    RUNTIMES,
    SOURCES,
    TYPES,
    Runtime,
    manifest,
    readme,
)
from .inventory import Image, ModelRef, ModelService

_GROWN = 1_748_736_000
"""2025-06-01 00:00 UTC: nothing of a grown estate is younger."""

_OLDEST = 700 * 86_400
_MIB = 1 << 20
_CENTERS = 4
_ARCHITECTURES = ("x86_64", "aarch64")
_T = TypeVar("_T")


class Estate:
    """The services of a platform by uuid, in the order of their creation.

    `revision` changes whenever the services do.
    """

    def __init__(self, services: Iterable[ModelService] = ()) -> None:
        self._services = {service.uuid: service for service in services}
        self.revision = 0

    @classmethod
    def grown(cls, services: int, seed: int = 1) -> Self:
        """An estate of so many services; 100,000 take some seconds."""
        if services < 0:
            raise ValueError(f"services must not be negative: {services}")
        return cls(islice(sprouts(Random(seed)), services))  # noqa: S311 - reproducible on purpose

    def add(self, service: ModelService) -> None:
        """Add the service, or put it in the place of the one with its uuid."""
        self._services[service.uuid] = service
        self.revision += 1

    def remove(self, uuid: str) -> ModelService:
        """Remove and return the service."""
        self.revision += 1
        return self._services.pop(uuid)

    def alter(self, uuid: str, **changes: Any) -> ModelService:
        """Change fields of the service, by the names that `ModelService` gives them."""
        service = replace(self._services[uuid], **changes)
        self.add(service)
        return service

    def clear(self) -> None:
        """Remove every service."""
        self._services.clear()
        self.revision += 1

    def values(self) -> ValuesView[ModelService]:
        """The services."""
        return self._services.values()

    def __getitem__(self, uuid: str) -> ModelService:
        return self._services[uuid]

    def __contains__(self, uuid: object) -> bool:
        return uuid in self._services

    def __iter__(self) -> Iterator[str]:
        return iter(self._services)

    def __len__(self) -> int:
        return len(self._services)


class Life:
    """What happens to an estate: services come and go, versions appear and are taken over."""

    def __init__(self, estate: Estate, seed: int = 1) -> None:
        self._estate = estate
        self._random = Random(seed)  # noqa: S311 - likewise
        self._sprouts = sprouts(self._random)
        self._size = len(estate)

    def step(self, now: float) -> None:
        """A few changes at once, more in a larger estate; the size stays within a tenth or so."""
        for _ in range(1 + len(self._estate) // 200):
            self._change(now)

    def _change(self, now: float) -> None:
        uuids = list(self._estate)
        if not uuids or _happens(self._random, self._births(len(uuids))):
            born = replace(next(self._sprouts), created=now, last_operated=now)
            self._estate.add(born)
            return
        service = self._estate[self._random.choice(uuids)]
        if service.has_new_version:
            version = _next_version(service.version)
            self._estate.alter(
                service.uuid, version=version, has_new_version=False, last_operated=now
            )
        elif _happens(self._random, 0.25):
            self._estate.remove(service.uuid)
        else:
            self._estate.alter(service.uuid, has_new_version=True)

    def _births(self, size: int) -> float:
        """The share of births among changes: about that of the ends, more when they prevail."""
        return 0.3 if size < self._size else 0.1


def sprouts(random: Random) -> Iterator[ModelService]:
    """Endless model services, realistic in values, sizes and gaps."""
    centers = tuple(_uuid(random) for _ in range(_CENTERS))
    zone = _uuid(random)
    models = tuple(_uuid(random) for _ in range(60))
    specs = {vendor: _uuid(random) for runtime in RUNTIMES for vendor in runtime.vendors}
    while True:
        uuid, runtime = _uuid(random), _pick(random, RUNTIMES)
        version = _pick(random, runtime.versions)
        created = _GROWN - random.random() * _OLDEST
        system = _happens(random, 0.03)
        yield ModelService(
            uuid=uuid,
            name=_pick(random, BUILT_IN) if system else _name(random),
            description=_pick(random, DESCRIPTIONS),
            readme=readme(int(random.random() * 1000)),
            yaml=manifest(runtime.framework, version),
            request_cpu=_pick(random, (1, 2, 4, 8, 16, 32)),
            request_memory=_memory(random),
            model_center_uuid=_pick(random, centers),
            type=runtime.kind if _happens(random, 0.8) else _pick(random, TYPES),
            framework=runtime.framework,
            source=_pick(random, SOURCES),
            size=int(random.uniform(500, 150_000)) * _MIB,
            system=system,
            has_new_version=_rarely(random, 0.15, _happens(random, 0.12)),
            version=_rarely(random, 0.02, version),
            gpu_compute_capability=_pick(random, CAPABILITIES),
            install_path=f"/var/lib/zstack/aios/model-services/{uuid}",
            python_version=_pick(random, PYTHONS),
            start_command="serve --host 0.0.0.0 --port=8000",
            support_distributed=_happens(random, 0.1),
            cpu_architectures=_rarely(random, 0.05, _pick(random, _COMBINATIONS)),
            gpu_specs=_specs(random, runtime, specs),
            refs=_refs(random, models),
            images=_images(random, runtime, version),
            docker_image=f"registry.local/aios/{runtime.framework.lower()}:{version}",
            vm_image_uuid=None,
            zone_uuid=zone,
            created=created,
            last_operated=_rarely(random, 0.1, created + random.random() * (_GROWN - created)),
        )


_REF_COUNTS = (0, 0) + (1,) * 14 + (2, 2, 2, 3)
_COMBINATIONS = (("x86_64",), ("x86_64",), ("aarch64",), _ARCHITECTURES)


def _uuid(random: Random) -> str:
    return f"{random.getrandbits(128):032x}"


def _pick(random: Random, options: Sequence[_T]) -> _T:
    """As `random.choice`, three times as fast; an estate takes millions."""
    return options[int(random.random() * len(options))]


def _happens(random: Random, share: float) -> bool:
    return random.random() < share


def _rarely(random: Random, share: float, value: Any) -> Any:
    """None for that share of the services, the value for the others."""
    return None if _happens(random, share) else value


def _name(random: Random) -> str:
    if _happens(random, 0.10):
        return f"{_pick(random, CHINESE)}-{int(random.random() * 500)}"
    if _happens(random, 0.03):
        return f"{_pick(random, AWKWARD)} {int(random.random() * 100)}"
    return f"{_pick(random, MODELS)}-{_pick(random, PURPOSES)}-{int(random.random() * 2000)}"


def _memory(random: Random) -> int:
    """Bytes, but MiB for services of older releases: the unit was never documented."""
    mebibytes = _pick(random, (1024, 2048, 4096, 8192, 16384, 32768, 65536))
    return mebibytes if _happens(random, 0.2) else mebibytes * _MIB


def _specs(
    random: Random, runtime: Runtime, specs: dict[str, str]
) -> dict[str, tuple[str, ...]] | None:
    if not runtime.vendors:
        return None
    # A vendor without a card to pick is there with an empty list.
    return {vendor: (specs[vendor],) if _happens(random, 0.9) else () for vendor in runtime.vendors}


def _refs(random: Random, models: tuple[str, ...]) -> tuple[ModelRef, ...]:
    number = _pick(random, _REF_COUNTS)
    return tuple(ModelRef(_uuid(random), _pick(random, models)) for _ in range(number))


def _images(random: Random, runtime: Runtime, version: str) -> tuple[Image, ...]:
    vendor = runtime.vendors[0] if runtime.vendors else None
    image = f"registry.local/aios/{runtime.framework.lower()}:{version}"
    return tuple(
        Image(_uuid(random), architecture, image, vendor)
        for architecture in _pick(random, _COMBINATIONS)
    )


def _next_version(version: str | None) -> str:
    """The same version with its last number raised."""
    stem, dot, last = (version or "1.0.0").rpartition(".")
    return f"{stem}{dot}{int(last) + 1}" if last.isdigit() else f"{version}.1"
