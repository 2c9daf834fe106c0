"""What runs of an estate and where its models lie: instance groups and model centers.

A group has one to three instances, each in a virtual machine, which the platform sends along whole,
or in a container: some 10 KB a group. One that changes stops running.
"""

import random
from collections.abc import Sequence
from functools import partial
from typing import Any, Final

from .estate import Records, as_json, date, prose

_GROUP_CLASS: Final = "org.zstack.ai.entity.ModelServiceInstanceGroupInventory"
_CENTER_CLASS: Final = "org.zstack.ai.entity.ModelCenterInventory"
_KINDS: Final = ("VirtualMachine", "Container")
_STATUSES: Final = (*("Running",) * 8, "Unknown", "Starting")
_VENDORS: Final = ("NVIDIA", "Huawei", "AMD", "Haiguang")
_USES: Final = ("model", "modelService", "dataset", "fineTune", "modelEvaluation", "temporary")
_MACHINE_WORDS: Final = 480
"""Of a virtual machine with its disks and networks, 3.5 KB."""

_YAML_WORDS: Final = 150


class Groups(Records):
    """Instance groups in the order of their uuid, each of one of these services."""

    def __init__(self, groups: int, services: Sequence[str], *, seed: int = 2) -> None:
        chance = random.Random(seed)
        uuids = sorted(_uuid(chance) for _ in range(groups))
        pairs = [_pair(uuid, chance.choice(services), chance) for uuid in uuids]
        super().__init__(pairs, _GROUP_CLASS, chance)


class Centers(Records):
    """Model centers. None of them changes."""

    def __init__(self, centers: int, *, seed: int = 3) -> None:
        chance = random.Random(seed)
        records = [as_json(_center(number, chance)) for number in range(centers)]
        super().__init__([(record, record) for record in records], _CENTER_CLASS, chance)


def _uuid(chance: random.Random) -> str:
    return f"{chance.getrandbits(128):032x}"


def _pair(uuid: str, service: str, chance: random.Random) -> tuple[bytes, bytes]:
    """The record, and the same group when it has stopped or runs again."""
    status = chance.choice(_STATUSES)
    kind = chance.choice(_KINDS)
    make = partial(_instance, uuid, kind, status, chance)
    instances = [make() for _ in range(chance.choice((1, 1, 2, 3)))]
    group = {
        "uuid": uuid,
        "name": f"inference-service-{uuid[:8]}",
        "description": prose(chance, 10),
        "modelServiceUuid": service,
        "modelUuid": _uuid(chance),
        "datasetRefInventories": [],
        "status": status,
        "modelServiceType": chance.choice(("Endpoint", "App")),
        "type": kind,
        "createDate": date(chance),
        "lastOpDate": date(chance),
        "instances": instances,
    }
    other = "Unknown" if status == "Running" else "Running"
    changed = [each | {"status": other} for each in instances]
    return as_json(group), as_json(group | {"status": other, "instances": changed})


def _instance(group: str, kind: str, status: str, chance: random.Random) -> dict[str, Any]:
    uuid, machine = _uuid(chance), _uuid(chance)
    address = f"172.{chance.randrange(16, 32)}.{chance.randrange(256)}.{chance.randrange(1, 255)}"
    found = {
        "uuid": uuid,
        "modelServiceGroupUuid": group,
        "name": f"instance-{uuid[:8]}",
        "status": status,
        "url": f"http://{address}:8000/v1",
        "urlMaps": {"api": f"http://{address}:8000/v1"},
        "gpuVendor": chance.choice(_VENDORS),
        "architecture": chance.choice(("x86_64", "aarch64")),
        "yaml": prose(chance, _YAML_WORDS),
        "createDate": date(chance),
        "lastOpDate": date(chance),
    }
    if kind == "Container":
        return found
    vm = {"uuid": machine, "name": f"vm-{machine[:8]}", "allVolumes": prose(chance, _MACHINE_WORDS)}
    return found | {"vmInstanceUuid": machine, "vm": vm}


def _center(number: int, chance: random.Random) -> dict[str, Any]:
    used = {f"{use}UsedCapacity": chance.randrange(2**30, 2**42) for use in _USES}
    total = 2**46
    size = used | {"availableCapacity": total - sum(used.values()), "totalCapacity": total}
    return {
        "uuid": f"{number:032x}",
        "name": f"model-center-{number}",
        "status": "Connected",
        "url": f"http://172.20.0.{number}:8989",
        "managementPort": 8989,
        "capacity": size,
        "createDate": date(chance),
    }
