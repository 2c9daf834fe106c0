"""Model services in the exporter's terms: texts fit for labels, bytes, Unix time.

They are kept in columns, one list for each fact.
"""

import re
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import compress
from typing import Final, TypeVar

import msgspec

from exporter.zstack import ModelService

from .columns import Conventions, Dates, Numbers, known_numbers, memory_in_bytes
from .labels import (
    distinct_labels,
    sanitize_labels,
    shared_labels,
    shared_or_unknown,
    with_label_uuids,
)

_EMPTY: Final = re.compile(rb"null|false|0|\"\"|\[\s*(?:null\s*(?:,\s*null\s*)*)?\]|\{\s*\}")
"""JSON of a collection that has nothing; a null in it is none."""

_FLAGS: Final = {None: "", False: "false", True: "true"}

T = TypeVar("T")


class Service(msgspec.Struct, frozen=True, gc=False):
    """One service, for people. None where the platform gives no value.

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
    """Many services, each at one index of every column. None where the platform gives no value.

    `unreadable` counts the services whose number could not be used, by the field's own name.
    """

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
    create_dates: Dates
    last_op_dates: Dates
    models: Sequence[int | None]
    cpu_architectures: Sequence[Iterable[str]]
    gpu_vendors: Sequence[Iterable[str]]
    unreadable: Counter[str]

    def __len__(self) -> int:
        return len(self.uuid)

    @property
    def created(self) -> Numbers:
        return self.create_dates.timestamps

    @property
    def last_operation(self) -> Numbers:
        return self.last_op_dates.timestamps

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
        columns = (self.create_dates, self.last_op_dates)
        dates = (column.selected(self.has_new_version) for column in columns)
        return map(Service, *map(theirs, texts), *dates)


def services(records: Iterable[ModelService], conventions: Conventions) -> Services:
    """The records that have a uuid which a label can hold."""
    chosen = with_label_uuids([*records])
    unreadable: Counter[str] = Counter()
    cpu_cores, unreadable["requestCpu"] = known_numbers([record.request_cpu for record in chosen])
    size_bytes, unreadable["size"] = known_numbers([record.size for record in chosen])
    memory, unreadable["requestMemory"] = memory_in_bytes(
        [record.request_memory for record in chosen], conventions.memory_unit
    )
    return Services(
        uuid=[record.uuid for record in chosen],
        name=sanitize_labels([record.name for record in chosen]),
        framework=shared_or_unknown([record.framework for record in chosen]),
        type=shared_or_unknown([record.type for record in chosen]),
        source=shared_or_unknown([record.source for record in chosen]),
        version=shared_labels([record.version for record in chosen]),
        model_center_uuid=shared_labels([record.model_center_uuid for record in chosen]),
        gpu_compute_capability=shared_labels([record.gpu_compute_capability for record in chosen]),
        python_version=shared_labels([record.python_version for record in chosen]),
        system=[_FLAGS[record.system] for record in chosen],
        distributed=[_FLAGS[record.support_distributed] for record in chosen],
        has_new_version=[record.has_new_version for record in chosen],
        cpu_cores=cpu_cores,
        memory_bytes=memory,
        size_bytes=size_bytes,
        create_dates=Dates([record.create_date for record in chosen], conventions.zone),
        last_op_dates=Dates([record.last_op_date for record in chosen], conventions.zone),
        models=[None if (refs := r.model_service_refs) is None else len(refs) for r in chosen],
        cpu_architectures=[distinct_labels(record.cpu_architectures) for record in chosen],
        gpu_vendors=[_vendors(record.vendor_to_spec_uuids_map) for record in chosen],
        unreadable=unreadable,
    )


def _vendors(specs: Mapping[str, msgspec.Raw] | None) -> Iterable[str]:
    """The vendors that have a spec; the value may be a list, a text or null."""
    if not specs:
        return ()
    return distinct_labels(
        [vendor for vendor, uuids in specs.items() if not _EMPTY.fullmatch(uuids)]
    )
