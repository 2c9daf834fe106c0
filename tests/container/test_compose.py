"""deploy/compose: its configuration, and its own two services as they really come up."""

import json
import os
import re
import subprocess
import tomllib
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest
import yaml

from tests.system.alertmanager import MISSING as NO_ALERTMANAGER
from tests.system.alertmanager import program
from tests.system.programs import Programs
from tests.system.programs import installed as releases

from .compose import FILE, PROGRAM, ROOT, Compose, listening
from .podman import Container, Podman
from .serving import up

pytestmark = [
    pytest.mark.container,
    pytest.mark.skipif(not PROGRAM.exists(), reason="no docker-compose here: run tools/compose"),
]

VERSION = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["project"]["version"]
OURS = f"zstack-aios-exporter:{VERSION}"


@pytest.fixture
async def services() -> dict[str, dict[str, Any]]:
    """As docker-compose understands them."""
    project = json.loads(await Compose("zstack-test").output("config", "--format", "json"))
    found = project["services"]
    assert isinstance(found, dict)
    return found


async def test_docker_compose_accepts_it_without_a_warning() -> None:
    done = await Compose("zstack-test")("config", "--quiet")
    assert (done.code, done.out, done.err) == (0, "", "")


async def test_every_service_is_pinned_hardened_and_watched(
    services: dict[str, dict[str, Any]],
) -> None:
    assert services.keys() == {"simulator", "exporter", "prometheus", "alertmanager", "grafana"}
    for name, service in services.items():
        assert re.search(r":v?\d+\.\d+\.\d+$", service["image"]), name
        assert service["read_only"], name
        assert service["cap_drop"] == ["ALL"], name
        assert service["security_opt"] == ["no-new-privileges:true"], name
        # The exporter's is in its image.
        assert name == "exporter" or service["healthcheck"]["test"][0] == "CMD", name
        for port in service.get("ports", ()):
            assert port["host_ip"] == "127.0.0.1", name
    ours = {name for name, service in services.items() if service["image"] == OURS}
    assert ours == {"simulator", "exporter"}


async def test_what_is_mounted_is_there(services: dict[str, dict[str, Any]]) -> None:
    bound = [
        Path(volume["source"])
        for service in services.values()
        for volume in service.get("volumes", ())
        if volume["type"] == "bind"
    ]
    assert len(bound) >= 7
    assert [path for path in bound if not path.exists()] == []


@pytest.mark.parametrize("release", releases(), ids=lambda each: each.folder.name)
async def test_prometheus_accepts_its_configuration(release: Programs, tmp_path: Path) -> None:
    (tmp_path / "rules").symlink_to(ROOT / "deploy" / "prometheus" / "rules")
    configuration = tmp_path / "prometheus.yml"
    configuration.write_text((FILE.parent / "prometheus.yml").read_text("utf-8"))
    code, output = await release.check_config(configuration)
    assert code == 0, output
    assert "zstack-aios.yml" in output


def test_alertmanager_accepts_its_configuration() -> None:
    manager = program()
    if manager is None:
        pytest.skip(NO_ALERTMANAGER)
    command = [
        str(manager.parent / "amtool"),
        "check-config",
        str(FILE.parent / "alertmanager.yml"),
    ]
    checked = subprocess.run(command, capture_output=True, text=True, check=False)
    assert checked.returncode == 0, checked.stderr


async def test_prometheus_finds_everything_by_its_name(
    services: dict[str, dict[str, Any]],
) -> None:
    configuration = yaml.safe_load((FILE.parent / "prometheus.yml").read_text("utf-8"))
    found = re.findall(r"'targets': \['([a-z]+):(\d+)'\]", str(configuration))
    ports = {
        name: str(service["ports"][0]["target"])
        for name, service in services.items()
        if "ports" in service
    }
    assert len(found) == 2
    assert all(ports[name] == port for name, port in found)


@pytest.fixture
async def compose(podman: Podman, tmp_path: Path) -> AsyncIterator[Compose]:
    """With a free port in the place of the exporter's own."""
    free = tmp_path / "free.yaml"
    free.write_text('services: {exporter: {ports: !override ["127.0.0.1::10521"]}}\n')
    async with listening(podman, tmp_path) as engine:
        project = Compose(f"zstack-test-{os.getpid()}", (FILE, free), engine)
        try:
            yield project
        finally:
            await project.output("down", "--volumes", "--timeout=0")


async def test_our_two_services_find_each_other(podman: Podman, compose: Compose) -> None:
    ours = ("simulator", "exporter")
    await compose.output("up", "--detach", "--no-build", "--pull=never", *ours)
    simulator, exporter = [
        Container(podman, (await compose.output("ps", "--quiet", name)).strip()) for name in ours
    ]
    await exporter.url()
    page = await up(f"http://{(await compose.output('port', 'exporter', '10521')).strip()}")
    assert page.value("zstack_model_services_reported", target="default")
    for container in (simulator, exporter):
        healthy = await container.healthy()
        assert healthy.code == 0, healthy
