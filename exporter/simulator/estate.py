"""The model services of a platform, grown from a seed.

The same seed grows the same estate on any day.
"""

from collections.abc import Iterator, Sequence
from itertools import islice
from random import Random
from typing import Self

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
from .centers import SHIPPED
from .chance import GROWN, happens, new_uuid, pick, rarely
from .records import Records
from .services import Image, ModelRef, ModelService

_OLDEST = 700 * 86_400
_MIB = 1 << 20
_ARCHITECTURES = ("x86_64", "aarch64")


class Estate(Records[ModelService]):
    """The services of a platform by uuid, in the order of their creation."""

    @classmethod
    def grown(cls, services: int, seed: int = 1, centers: Sequence[str] = ()) -> Self:
        """An estate of so many services in these model centers; 100,000 take some seconds."""
        if services < 0:
            raise ValueError(f"services must not be negative: {services}")
        random = Random(seed)  # noqa: S311 - reproducible on purpose
        return cls(islice(sprouts(random, centers), services))


def sprouts(random: Random, centers: Sequence[str] = ()) -> Iterator[ModelService]:
    """Endless model services, realistic in values, sizes and gaps.

    They lie in these model centers, without any in four of their own.
    """
    own = tuple(new_uuid(random) for _ in range(SHIPPED))
    centers = centers or own
    zone = new_uuid(random)
    models = tuple(new_uuid(random) for _ in range(60))
    specs = {vendor: new_uuid(random) for runtime in RUNTIMES for vendor in runtime.vendors}
    while True:
        uuid, runtime = new_uuid(random), pick(random, RUNTIMES)
        version = pick(random, runtime.versions)
        created = GROWN - random.random() * _OLDEST
        system = happens(random, 0.03)
        yield ModelService(
            uuid=uuid,
            name=pick(random, BUILT_IN) if system else _name(random),
            description=pick(random, DESCRIPTIONS),
            readme=readme(int(random.random() * 1000)),
            yaml=manifest(runtime.framework, version),
            request_cpu=pick(random, (1, 2, 4, 8, 16, 32)),
            request_memory=_memory(random),
            model_center_uuid=pick(random, centers),
            type=runtime.kind if happens(random, 0.8) else pick(random, TYPES),
            framework=runtime.framework,
            source=pick(random, SOURCES),
            size=int(random.uniform(500, 150_000)) * _MIB,
            system=system,
            has_new_version=rarely(random, 0.15, happens(random, 0.12)),
            version=rarely(random, 0.02, version),
            gpu_compute_capability=pick(random, CAPABILITIES),
            install_path=f"/var/lib/zstack/aios/model-services/{uuid}",
            python_version=pick(random, PYTHONS),
            start_command="serve --host 0.0.0.0 --port=8000",
            support_distributed=happens(random, 0.1),
            cpu_architectures=rarely(random, 0.05, pick(random, _COMBINATIONS)),
            gpu_specs=_specs(random, runtime, specs),
            refs=_refs(random, models),
            images=_images(random, runtime, version),
            docker_image=f"registry.local/aios/{runtime.framework.lower()}:{version}",
            vm_image_uuid=None,
            zone_uuid=zone,
            created=created,
            last_operated=rarely(random, 0.1, created + random.random() * (GROWN - created)),
        )


_REF_COUNTS = (0, 0) + (1,) * 14 + (2, 2, 2, 3)
_COMBINATIONS = (("x86_64",), ("x86_64",), ("aarch64",), _ARCHITECTURES)


def _name(random: Random) -> str:
    if happens(random, 0.10):
        return f"{pick(random, CHINESE)}-{int(random.random() * 500)}"
    if happens(random, 0.03):
        return f"{pick(random, AWKWARD)} {int(random.random() * 100)}"
    return f"{pick(random, MODELS)}-{pick(random, PURPOSES)}-{int(random.random() * 2000)}"


def _memory(random: Random) -> int:
    """Bytes, but MiB for services of older releases: the unit was never documented."""
    mebibytes = pick(random, (1024, 2048, 4096, 8192, 16384, 32768, 65536))
    return mebibytes if happens(random, 0.2) else mebibytes * _MIB


def _specs(
    random: Random, runtime: Runtime, specs: dict[str, str]
) -> dict[str, tuple[str, ...]] | None:
    if not runtime.vendors:
        return None
    # A vendor without a card to pick is there with an empty list.
    return {vendor: (specs[vendor],) if happens(random, 0.9) else () for vendor in runtime.vendors}


def _refs(random: Random, models: tuple[str, ...]) -> tuple[ModelRef, ...]:
    number = pick(random, _REF_COUNTS)
    return tuple(ModelRef(new_uuid(random), pick(random, models)) for _ in range(number))


def _images(random: Random, runtime: Runtime, version: str) -> tuple[Image, ...]:
    vendor = runtime.vendors[0] if runtime.vendors else None
    image = f"registry.local/aios/{runtime.framework.lower()}:{version}"
    return tuple(
        Image(new_uuid(random), architecture, image, vendor)
        for architecture in pick(random, _COMBINATIONS)
    )
