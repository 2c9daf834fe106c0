"""Model services in the exporter's terms: texts fit for labels, bytes, Unix time.

They are kept in columns, one list for each fact. Nearly all that is done with them is done to
whole columns, and that way costs half as much as with an object for each service.
"""

import re
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import tzinfo
from functools import partial
from itertools import compress
from math import isfinite
from typing import Final, Generic, Literal, TypeVar, cast

import msgspec

from .zstack import ModelService, timestamps

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
_FLAGS: Final = {None: "", False: "false", True: "true"}

Text = str | float | None
Number = float | None
Numbers = Sequence[Number]

K = TypeVar("K")
V = TypeVar("V")
T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Conventions:
    """What the API leaves open: the unit of `requestMemory`, and the zone of its dates."""

    memory_unit: MemoryUnit = "auto"
    zone: tzinfo | None = None


class Service(msgspec.Struct, frozen=True, gc=False):
    """What people are told of one service. None is what the platform did not say.

    A struct, as there may be a hundred thousand of them: made in a fifth of the time.
    """

    uuid: str
    name: str
    framework: str
    type: str
    source: str
    version: str
    created: float | None
    last_operation: float | None


@dataclass(frozen=True, slots=True)
class Services:
    """Many services, each at one place of every column. None is what the platform did not say."""

    uuid: Sequence[str]
    name: Sequence[str]
    framework: Sequence[str]
    type: Sequence[str]
    source: Sequence[str]
    version: Sequence[str]
    model_center_uuid: Sequence[str]
    gpu_compute_capability: Sequence[str]
    python_version: Sequence[str]
    system: Sequence[str]
    distributed: Sequence[str]
    has_new_version: Sequence[bool | None]
    cpu_cores: Numbers
    memory_bytes: Numbers
    size_bytes: Numbers
    create_date: Sequence[Text]
    last_op_date: Sequence[Text]
    zone: tzinfo | None
    models: Sequence[int | None]
    cpu_architectures: Sequence[Iterable[str]]
    gpu_vendors: Sequence[Iterable[str]]

    def __len__(self) -> int:
        return len(self.uuid)

    @property
    def created(self) -> Numbers:
        """Worked out each time: of all that is told of a service it costs the most."""
        return timestamps(self.create_date, self.zone)

    @property
    def last_operation(self) -> Numbers:
        return timestamps(self.last_op_date, self.zone)

    @property
    def groups(self) -> Iterator[tuple[str, str, str]]:
        """Framework, type and source of each."""
        return zip(self.framework, self.type, self.source, strict=True)

    @property
    def outdated(self) -> Iterator[Service]:
        """Those that have a new version."""

        def theirs(column: Iterable[T]) -> Iterator[T]:
            return compress(column, self.has_new_version)

        texts = (self.uuid, self.name, self.framework, self.type, self.source, self.version)
        dates = (timestamps(theirs(of), self.zone) for of in (self.create_date, self.last_op_date))
        return map(Service, *map(theirs, texts), *dates)


def services(records: Iterable[ModelService], conventions: Conventions) -> Services:
    """The records that have a uuid which a label can hold."""
    fit = _fit([*records])
    shared, in_bytes = _SHARED.of, _IN_BYTES[conventions.memory_unit].of
    return Services(
        uuid=[record.uuid for record in fit],
        name=_labels([record.name for record in fit]),
        framework=_NAMED.of([record.framework for record in fit]),
        type=_NAMED.of([record.type for record in fit]),
        source=_NAMED.of([record.source for record in fit]),
        version=shared([record.version for record in fit]),
        model_center_uuid=shared([record.model_center_uuid for record in fit]),
        gpu_compute_capability=shared([record.gpu_compute_capability for record in fit]),
        python_version=shared([record.python_version for record in fit]),
        system=[_FLAGS[record.system] for record in fit],
        distributed=[_FLAGS[record.support_distributed] for record in fit],
        has_new_version=[record.has_new_version for record in fit],
        cpu_cores=_all_known([record.request_cpu for record in fit]),
        memory_bytes=in_bytes([record.request_memory for record in fit]),
        size_bytes=_all_known([record.size for record in fit]),
        create_date=[record.create_date for record in fit],
        last_op_date=[record.last_op_date for record in fit],
        zone=conventions.zone,
        models=[None if (refs := r.model_service_refs) is None else len(refs) for r in fit],
        cpu_architectures=[_texts(record.cpu_architectures) for record in fit],
        gpu_vendors=[_vendors(record.vendor_to_spec_uuids_map) for record in fit],
    )


def _fit(records: Sequence[ModelService]) -> Sequence[ModelService]:
    """Those whose uuid can be a label; nearly always it is all of them."""
    uuids = [record.uuid for record in records]
    together = "".join(uuids)
    # As bytes: of a text each character would be looked up among those of all the world.
    if together.isascii() and together.encode().isalnum() and _short(uuids):
        return records
    return [record for record in records if label(record.uuid) == record.uuid]


def _labels(values: Sequence[str | None]) -> list[str]:
    """`label` of each; one look at all of them nearly always tells that they are plain."""
    texts = [value or "" for value in values]
    if "".join(texts).isprintable() and _short(texts):
        return [*map(str.strip, texts)]
    return [*map(label, texts)]


def _short(texts: Sequence[str]) -> bool:
    return max(map(len, texts), default=0) <= LABEL_LIMIT


def label(value: Text) -> str:
    """Text of a stranger as a label value: no control character or lone surrogate, not endless."""
    text = "" if value is None else str(value)
    if not text.isprintable():
        text = _UNPRINTABLE.sub("\ufffd", text)
    text = text.strip()
    return text if len(text) <= LABEL_LIMIT else text[: LABEL_LIMIT - 1] + "…"


def known(value: float | None) -> float | None:
    """The number if it is finite: NaN comes as text, infinity of sums beyond a float.

    Of the two zeros it is the one without a sign: they are equal, but not written alike.
    """
    return value + 0.0 if value is not None and isfinite(value) else None


def _all_known(values: list[Number]) -> Numbers:
    """`known` of each; their sum nearly always tells that all of them are."""
    numbers = cast("list[float]", values)
    try:
        finite = isfinite(sum(numbers))
    except TypeError:  # there is a None among them
        finite = False
    return [number + 0.0 for number in numbers] if finite else [*map(known, values)]


def memory_bytes(value: float | None, unit: MemoryUnit) -> float | None:
    """`requestMemory` in bytes. Its unit is undocumented; examples show MiB as well as bytes."""
    if value is None:
        return None
    if unit == "auto":
        unit = "MiB" if value < _AUTO_LIMIT else "bytes"
    return known(value * _FACTORS[unit])


def _named(value: Text) -> str:
    return label(value) or UNKNOWN


class _Made(Generic[K, V]):
    """What is made of values that many services share, each time the same."""

    _LIMIT: Final = 10_000

    def __init__(self, make: Callable[[K], V]) -> None:
        self._make = make
        self._made: dict[K, V] = {}

    def of(self, values: Collection[K]) -> list[V]:
        """Of each. Other threads may ask for theirs at the same time."""
        made = self._made
        try:
            return [made[value] for value in values]
        except KeyError:
            new = {value: self._make(value) for value in values}
        if len(made) >= self._LIMIT:
            made.clear()
        made.update(new)
        return [new[value] for value in values]


_SHARED: Final = _Made(label)
_NAMED: Final = _Made(_named)
_IN_BYTES: Final[Mapping[MemoryUnit, _Made[Number, Number]]] = {
    unit: _Made(partial(memory_bytes, unit=unit)) for unit in ("auto", *_FACTORS)
}


def _texts(values: Collection[str] | None) -> Iterable[str]:
    return {*_SHARED.of(values)} - {""} if values else ()


def _vendors(specs: Mapping[str, object] | None) -> Iterable[str]:
    """The vendors that have a spec; the value may be a list, a text or null."""
    return _texts([vendor for vendor, uuids in specs.items() if uuids]) if specs else ()
