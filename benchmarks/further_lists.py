"""The short lists that a platform has beside its model services, as their queries answer."""

from collections.abc import Mapping
from typing import Any, Final

import msgspec

MODEL_CENTERS: Final = 2
INSTANCE_GROUPS: Final = 6

_GIB: Final = 2**30


def answers() -> Mapping[str, bytes]:
    """The body of each list, by its path under the API."""
    return {
        "/ai/model-centers": _answer([_model_center(n) for n in range(MODEL_CENTERS)]),
        "/ai/model-services/instances/groups/": _answer(
            [_instance_group(n) for n in range(INSTANCE_GROUPS)]
        ),
    }


def _answer(records: list[dict[str, Any]]) -> bytes:
    return msgspec.json.encode({"inventories": records, "total": len(records)})


def _model_center(number: int) -> dict[str, Any]:
    return {
        "uuid": f"{number:032x}",
        "name": f"center-{number}",
        "status": "Connected",
        "capacity": {
            "modelUsedCapacity": 300 * _GIB,
            "availableCapacity": 700 * _GIB,
            "totalCapacity": 1000 * _GIB,
        },
    }


def _instance_group(number: int) -> dict[str, Any]:
    instance = {"status": "Running", "url": f"http://172.20.0.{number}:8000"}
    return {
        "uuid": f"{number:032x}",
        "name": f"group-{number}",
        "modelServiceUuid": f"{number:032x}",
        "modelServiceType": "Endpoint",
        "status": "Running",
        "instances": [instance],
    }
