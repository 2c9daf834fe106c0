"""Values that no release would send: what faults put into the records of a reply."""

from typing import TypeAlias

from .centers import CENTERS
from .groups import GROUPS
from .inventory import Json
from .services import SERVICES

_Row: TypeAlias = dict[str, Json]

HOSTILE = (
    "lone \ud800 surrogate",
    "bell \x07 escape \x1b[31m null \x00",
    'quote " backslash \\ brace } hash # newline \n and \r\n',
    "rocket 🚀 family 👨‍👩‍👧 rtl \u202e override",
    "line \u2028 separator \u0085 next",
    "x" * 20_000,
    "",
)
"""What `Fault.hostile` puts into texts, row by row."""

_HOSTILE_FIELDS = {
    SERVICES.operation: ("name", "version", "framework"),
    GROUPS.operation: ("name", "status", "type", "modelServiceType"),
    CENTERS.operation: ("name", "status"),
}
_HOSTILE_INSTANCE = ("status", "url", "gpuVendor", "architecture")

_WRONG_TYPES: dict[str, _Row] = {
    SERVICES.operation: {
        "name": 17,
        "requestCpu": "four",
        "requestMemory": {"bytes": 1024},
        "hasNewVersion": "perhaps",
        "cpuArchitectures": "x86_64",
        "vendorToSpecUuidsMap": ["NVIDIA"],
        "modelServiceRefs": {"0": 1},
        "createDate": True,
    },
    GROUPS.operation: {
        "name": 17,
        "status": ["Running"],
        "type": {"kind": "Container"},
        "modelServiceUuid": 5,
        "instances": {"0": 1},
        "supportMetrics": "all",
        "createDate": True,
    },
    CENTERS.operation: {
        "name": 17,
        "status": {"is": "Connected"},
        "managementPort": "many",
        "capacity": "full",
        "createDate": True,
    },
}


def wrong_types(operation: str) -> _Row:
    """Fields of a record with values of other kinds than theirs."""
    return _WRONG_TYPES.get(operation, _WRONG_TYPES[SERVICES.operation])


def hostile_row(operation: str, row: _Row, number: int) -> _Row:
    """The n-th record with a hostile text in the fields that a program may print."""
    value = HOSTILE[number % len(HOSTILE)]
    fields = _HOSTILE_FIELDS.get(operation, _HOSTILE_FIELDS[SERVICES.operation])
    altered: _Row = row | dict.fromkeys(fields, value)
    if isinstance(instances := row.get("instances"), list):
        altered["instances"] = [
            each | dict.fromkeys(_HOSTILE_INSTANCE, value) if isinstance(each, dict) else each
            for each in instances
        ]
    return altered
