"""The Deployment as it is rendered, run by podman's `play kube`."""

import asyncio
import secrets
import shutil
import socket
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from pathlib import Path

import aiohttp
import pytest
import yaml

from exporter import NAME
from tests.kubernetes.container import PLACE
from tests.kubernetes.objects import Objects
from tests.kubernetes.programs import CHART, RESOURCES, kustomize, template
from tests.support.exporting import PATIENCE, Samples, is_up

from .podman import HARDENED, Container, Podman
from .serving import SIMULATED

pytestmark = pytest.mark.container

# What podman makes of a Secret differs between its releases, so the right one comes later.
SECRET = {"password": "not-yet-the-password"}


def configuration(platform: str) -> dict[str, object]:
    file = "/etc/zstack-aios-exporter/secrets/password"
    target = {"url": platform, "account": "admin", "password_file": file, "interval": "100ms"}
    return {"target": target}


def from_base(platform: str, name: str, folder: Path) -> Objects:
    """An overlay of the base, as a first user would write it."""
    shutil.copytree(RESOURCES / "base", folder / "base")
    replaced = {"name": NAME, "behavior": "replace", "files": ["config.yaml"]}
    overlay = {
        "namePrefix": f"{name}-",
        "resources": ["../base"],
        "configMapGenerator": [replaced],
        "secretGenerator": [{"name": NAME, "literals": [f"{k}={v}" for k, v in SECRET.items()]}],
    }
    (folder / "overlay").mkdir()
    (folder / "overlay" / "config.yaml").write_text(yaml.safe_dump(configuration(platform)))
    (folder / "overlay" / "kustomization.yaml").write_text(yaml.safe_dump(overlay))
    return kustomize(folder / "overlay")


def from_chart(platform: str, name: str, folder: Path) -> Objects:
    values = {
        "fullnameOverride": f"{name}-{NAME}",
        "image": {"registry": ""},
        "config": configuration(platform),
        "secret": {"files": SECRET},
    }
    (folder / "values.yaml").write_text(yaml.safe_dump(values))
    return template("--values", str(folder / "values.yaml"), chart=CHART)


@asynccontextmanager
async def played(podman: Podman, objects: Objects, folder: Path) -> AsyncIterator[Container]:
    """The container of the pod that podman makes of a Deployment, until the block ends."""
    file = folder / "objects.yaml"
    # What the Deployment refers to must be there first. Other kinds are passed by.
    ordered = sorted(objects.all, key=lambda each: each["kind"] == "Deployment")
    file.write_text(yaml.safe_dump_all(ordered))
    try:
        output = await podman.output("play", "kube", "--network=podman", str(file))
        yield Container(podman, output.split()[-1])
    finally:
        await podman("play", "kube", "--down", str(file))
        for kind, command in (("Secret", "secret"), ("Secret", "volume"), ("ConfigMap", "volume")):
            for each in objects.of_kind(kind):
                await podman(command, "rm", each["metadata"]["name"])


@asynccontextmanager
async def simulated(podman: Podman) -> AsyncIterator[str]:
    """The URL of a platform that other containers reach."""
    simulate = ("simulate", "--listen", "0.0.0.0:8080", "--services", "20")
    async with podman.running(*simulate, options=HARDENED) as platform:
        await platform.logged(SIMULATED)
        address = (await platform.inspected())["NetworkSettings"]["IPAddress"]
        yield f"http://{address}:8080"


def published(objects: Objects) -> str:
    """Where the container's port is on this machine, as podman is configured here."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        address, number = free.getsockname()
    [port] = objects.container["ports"]
    port |= {"hostIP": address, "hostPort": number}
    return f"http://{address}:{number}"


async def answered(http: aiohttp.ClientSession, path: str) -> str:
    """The body of a path, once its status is good."""
    async with asyncio.timeout(PATIENCE):
        while True:
            try:
                async with http.get(path) as response:
                    if response.ok:
                        return await response.text()
            except aiohttp.ClientError:
                pass  # nothing listens yet
            await asyncio.sleep(0.05)


@pytest.mark.parametrize("rendered", [from_base, from_chart])
async def test_the_deployment_runs_as_it_is_and_takes_up_a_changed_secret(
    podman: Podman, rendered: Callable[[str, str, Path], Objects], tmp_path: Path
) -> None:
    async with simulated(podman) as platform:
        objects = rendered(platform, f"t{secrets.token_hex(4)}", tmp_path)
        url = published(objects)
        async with (
            played(podman, objects, tmp_path) as container,
            aiohttp.ClientSession(url) as http,
        ):
            for probe in ("startupProbe", "livenessProbe", "readinessProbe"):
                await answered(http, objects.container[probe]["httpGet"]["path"])
            page = Samples(await answered(http, "/metrics"))
            assert page.value("zstack_api_error", reason="unauthorized") == 1
            await change(container, "password", "password")
            while not is_up(page):
                page = Samples(await answered(http, "/metrics"))
            assert page.value("zstack_model_services_reported") == 20
            assert (await container.inspected())["HostConfig"]["ReadonlyRootfs"] is True
            assert await rights(container) == {
                "Uid": "65532 65532 65532 65532",
                "CapEff": "0000000000000000",
                "NoNewPrivs": "1",
                "Seccomp": "2",
            }
            assert await container.stop() == 0


async def change(container: Container, name: str, content: str) -> None:
    """Another content of a secret's file, as the kubelet mounts it into a running pod."""
    mounts = (await container.inspected())["Mounts"]
    places = {mount["Destination"]: Path(mount["Source"]) for mount in mounts}
    new = places[f"{PLACE}/secrets"] / "..new"
    new.write_text(content)
    new.chmod(0o444)
    new.rename(new.with_name(name))


async def rights(container: Container) -> dict[str, str]:
    """The kernel's status of the first process."""
    number = (await container.inspected())["State"]["Pid"]
    lines = Path(f"/proc/{number}/status").read_text("utf-8").splitlines()
    facts = dict(line.split(":", 1) for line in lines)
    names = ("Uid", "CapEff", "NoNewPrivs", "Seccomp")
    return {name: " ".join(facts[name].split()) for name in names}
