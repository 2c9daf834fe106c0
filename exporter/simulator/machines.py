"""The virtual machine in which an instance runs, as replies nest it: whole, and large."""

from dataclasses import dataclass
from hashlib import md5

from .inventory import Date, Json, Place


@dataclass(frozen=True, slots=True)
class Machine:
    """A virtual machine; `memory_size` is in bytes, `created` in Unix seconds."""

    uuid: str
    name: str = "aios-instance"
    cpu_num: int = 8
    memory_size: int = 32 << 30
    state: str = "Running"
    architecture: str = "x86_64"
    ip: str = "172.20.0.10"
    created: float = 0.0


PLACES: tuple[Place, ...] = (
    (".vm", "org.zstack.header.vm.VmInstanceInventory"),
    (".vm.vmNics[0]", "org.zstack.header.vm.VmNicInventory"),
    (".vm.vmNics[0].usedIps[0]", "org.zstack.header.network.l3.UsedIpInventory"),
    (".vm.allVolumes[0]", "org.zstack.header.volume.VolumeInventory"),
    (".vm.allVolumes[1]", "org.zstack.header.volume.VolumeInventory"),
    (".vm.vmCdRoms[0]", "org.zstack.header.vm.cdrom.VmCdRomInventory"),
)
"""The objects in the record of an instance that has a machine."""

_ROOT_SIZE = 200 << 30
_DATA_SIZE = 2 << 40


def machine_json(machine: Machine, date: Date) -> Json:
    """A VmInstanceInventory, of some four thousand bytes as on a real platform."""
    dates: dict[str, Json] = {
        "createDate": date(machine.created),
        "lastOpDate": date(machine.created),
    }
    return {
        "uuid": machine.uuid,
        "name": machine.name,
        "description": "Created by AIOS for an instance of a model service",
        "zoneUuid": _related(machine, "zone"),
        "clusterUuid": _related(machine, "cluster"),
        "imageUuid": _related(machine, "image"),
        "hostUuid": _related(machine, "host"),
        "lastHostUuid": _related(machine, "host"),
        "rootVolumeUuid": _related(machine, "root"),
        "platform": "Linux",
        "architecture": machine.architecture,
        "guestOsType": "Helix 8",
        "defaultL3NetworkUuid": _related(machine, "l3"),
        "type": "UserVm",
        "hypervisorType": "KVM",
        "memorySize": machine.memory_size,
        "reservedMemorySize": 0,
        "cpuNum": machine.cpu_num,
        "cpuSpeed": 0,
        "allocatorStrategy": "LeastVmPreferredHostAllocatorStrategy",
        "internalId": int(machine.uuid[-6:], 36) % 1_000_000,
        "state": machine.state,
        "vmNics": [_nic(machine, dates)],
        "allVolumes": [
            _volume(machine, 0, "Root", _ROOT_SIZE, dates),
            _volume(machine, 1, "Data", _DATA_SIZE, dates),
        ],
        "vmCdRoms": [_cd_rom(machine, dates)],
        **dates,
    }


def _nic(machine: Machine, dates: dict[str, Json]) -> Json:
    uuid, l3, ip = (_related(machine, name) for name in ("nic", "l3", "ip"))
    mac = ":".join(("fa", *(uuid[at : at + 2] for at in range(0, 10, 2))))
    address: dict[str, Json] = {
        "uuid": ip,
        "ipRangeUuid": _related(machine, "range"),
        "l3NetworkUuid": l3,
        "ipVersion": 4,
        "ip": machine.ip,
        "netmask": "255.240.0.0",
        "gateway": "172.16.0.1",
        "vmNicUuid": uuid,
        **dates,
    }
    return {
        "uuid": uuid,
        "vmInstanceUuid": machine.uuid,
        "l3NetworkUuid": l3,
        "ip": machine.ip,
        "mac": mac,
        "hypervisorType": "KVM",
        "netmask": "255.240.0.0",
        "gateway": "172.16.0.1",
        "ipVersion": 4,
        "driverType": "virtio",
        "usedIps": [address],
        "internalName": "vnic1.0",
        "deviceId": 0,
        "type": "VNIC",
        "state": "enable",
        **dates,
    }


def _volume(
    machine: Machine, device: int, kind: str, size: int, dates: dict[str, Json]
) -> dict[str, Json]:
    uuid, store = _related(machine, kind.lower()), _related(machine, "store")
    return {
        "uuid": uuid,
        "name": f"{kind.upper()}-for-{machine.name}",
        "description": f"{kind} volume for VM[uuid:{machine.uuid}]",
        "primaryStorageUuid": store,
        "vmInstanceUuid": machine.uuid,
        "lastVmInstanceUuid": machine.uuid,
        "rootImageUuid": _related(machine, "image"),
        "installPath": f"sharedblock://{store}/{uuid}",
        "type": kind,
        "format": "qcow2",
        "size": size,
        "actualSize": size // 3,
        "deviceId": device,
        "state": "Enabled",
        "status": "Ready",
        "isShareable": False,
        "volumeQos": "total=-1",
        **dates,
    }


def _cd_rom(machine: Machine, dates: dict[str, Json]) -> Json:
    return {
        "uuid": _related(machine, "cdrom"),
        "vmInstanceUuid": machine.uuid,
        "deviceId": 0,
        "name": f"vm-{machine.uuid}-cdRom",
        **dates,
    }


def _related(machine: Machine, name: str) -> str:
    """The uuid of something that belongs to the machine: always the same one."""
    return md5(f"{machine.uuid} {name}".encode(), usedforsecurity=False).hexdigest()
