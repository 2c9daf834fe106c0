"""Instance groups as a platform has them: deployed services, in every state and with any address.

The same seed deploys the same on any day.
"""

from collections.abc import Iterator, Sequence
from dataclasses import replace
from random import Random
from typing import Any

from .accounts import ADMIN_UUID
from .catalogue import manifest
from .chance import GROWN, happens, new_uuid, pick
from .groups import RESTARTING, RUNNING, STARTING, UNREADY, Instance, InstanceGroup
from .inventory import Json
from .machines import Machine
from .services import ModelService

ODD_URLS = (
    "https://operator:s3cret@172.20.0.77:8443/v1?token=s3cret#top",
    "http://127.0.0.1:8000/v1",
    "http://localhost:8000",
    "http://[::1]:8000",
    "http://169.254.169.254/latest/meta-data",
    "http://[fe80::1]:8000",
    "http://[fd00:20::77]:8000/v1",
    "http://0.0.0.0:8000",
    "http://models.example.com",
    "HTTPS://Models.Example.COM:443/v1/",
    "http:///v1",
    "http://172.20.0.78:80800/v1",
    "http://模型.example.com:8000/v1",
    "172.20.0.79:8000",
    "grpc://172.20.0.80:9000",
    "unix:///run/vllm.sock",
    "not a URL",
    "",
)
"""Addresses of instances that a reader should look at twice before it uses them."""

_ODD = 0.04
_ORPHANS = 0.03
_STATUSES = (RUNNING,) * 34 + (UNREADY,) * 3 + (*STARTING, RESTARTING)
_NUMBERS = (1,) * 6 + (2,) * 3 + (4,)
_METRICS = ("request_total", "request_latency", "token_throughput", "gpu_utilization")
_GONE = ModelService(uuid="", name="former service")
"""The service of a group on a platform that has none."""

_DATASET: tuple[dict[str, Json], ...] = ({"datasetUuid": "7c1d5b0e9a2f4c3d8e6f0a1b2c3d4e5f"},)


def deployed(services: Sequence[ModelService], number: int, seed: int) -> Iterator[InstanceGroup]:
    """So many groups, each of another service while there are enough; some outlived theirs."""
    if number < 0:
        raise ValueError(f"instance groups must not be negative: {number}")
    random = Random(f"{seed} groups")  # noqa: S311 - reproducible on purpose
    order = random.sample(range(len(services)), len(services))
    for turn in range(number):
        service = services[order[turn % len(order)]] if order else None
        created = GROWN - random.random() * 90 * 86_400
        group = deploy(random, service, pick(random, _STATUSES), created)
        is_orphan = happens(random, _ORPHANS)
        yield replace(group, model_service_uuid=None) if is_orphan else group


def deploy(
    random: Random, service: ModelService | None, status: str, created: float
) -> InstanceGroup:
    """A group of the service in this state, with one instance or some."""
    service = service or _GONE
    uuid = new_uuid(random)
    group = InstanceGroup(
        uuid=uuid,
        name=f"{service.name}-{uuid[:4]}",
        description=service.description,
        model_service_uuid=service.uuid or None,
        model_uuid=service.refs[0].model_uuid if service.refs else None,
        dataset_refs=_DATASET if service.type == "FineTune" else (),
        status=status,
        model_service_type=service.type,
        type="Container" if happens(random, 0.4) else "VirtualMachine",
        yaml=_manifest(service),
        support_metrics=_METRICS if happens(random, 0.8) else None,
        developer_endpoint=_address(random, 8888) if happens(random, 0.1) else None,
        package_version=service.version if service.type == "App" else None,
        zone_uuid=service.zone_uuid,
        created=created,
        last_operated=created,
    )
    number = pick(random, _NUMBERS)
    instances = (deploy_instance(random, group, service, created) for _ in range(number))
    if number > 1 and service.support_distributed:
        instances = (replace(each, node_rank=rank) for rank, each in enumerate(instances))
    return replace(group, instances=tuple(instances))


def deploy_instance(
    random: Random, group: InstanceGroup, service: ModelService | None, created: float
) -> Instance:
    """An instance in the state of its group; it has an address when the service in it starts."""
    service, url = service or _GONE, _url(random)
    vendors = [*(service.gpu_specs or ())]
    uuid = new_uuid(random)
    instance = Instance(
        uuid=uuid,
        name=f"instance-{uuid[:8]}",
        yaml=_manifest(service),
        status=group.status,
        url="" if group.status in STARTING[:2] else url,
        url_maps={"api": url} if url else {},
        account_uuid=ADMIN_UUID,
        architecture=pick(random, service.cpu_architectures or ("x86_64",)),
        gpu_vendor=pick(random, vendors) if vendors else None,
        created=created,
        last_operated=created,
    )
    place = _container if group.type == "Container" else _machine
    return replace(instance, **place(random, instance))


def _container(random: Random, instance: Instance) -> dict[str, Any]:
    return {
        "k8s_resource_yaml": instance.yaml,
        "cluster_id": pick(random, (1, 2, 3)),
        "namespace": "aios",
        "internal_url": f"http://{instance.name}.aios.svc.cluster.local:8000",
    }


def _machine(random: Random, instance: Instance) -> dict[str, Any]:
    machine = Machine(
        uuid=new_uuid(random),
        name=f"vm-{instance.uuid[:8]}",
        cpu_num=pick(random, (4, 8, 16, 32)),
        memory_size=pick(random, (16, 32, 64, 128)) << 30,
        architecture=instance.architecture or "x86_64",
        ip=_ip(random),
        created=instance.created or 0.0,
    )
    return {"machine": machine, "jupyter_url": f"http://{machine.ip}:8888/lab"}


def _manifest(service: ModelService) -> str:
    return manifest(service.framework or "Other", service.version or "1.0.0")


def _url(random: Random) -> str:
    if happens(random, _ODD):
        return pick(random, ODD_URLS)
    if happens(random, 0.1):
        return f"https://{_ip(random)}:8443/v1"
    return _address(random, 8000)


def _address(random: Random, port: int) -> str:
    return f"http://{_ip(random)}:{port}"


def _ip(random: Random) -> str:
    """An address of 172.20.0.0/14: enough for every instance of the largest platform."""
    number = int(random.random() * (4 << 16))
    return f"172.{20 + (number >> 16)}.{number >> 8 & 255}.{1 + number % 254}"
