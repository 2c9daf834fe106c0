"""The image, as it was built from this tree and as its users run it."""

import json
import re
import subprocess
import tomllib
from pathlib import Path

import pytest

from exporter.simulator import Cloud, Fault, serving
from tests.support.exporting import Samples

from .podman import HARDENED, Container, Podman
from .serving import SIMULATED, flags, up

pytestmark = pytest.mark.container

ROOT = Path(__file__).parents[2]
MOUNTED = re.compile(
    r"[AC] (/run(/secrets.*|/\.containerenv)?|/etc(/(hosts|hostname|resolv\.conf|mtab))?)"
)


def serve(platform: str) -> tuple[str, ...]:
    return (*flags(platform), "--web.listen-address", "127.0.0.1:0")


async def test_it_serves_without_any_right_and_ends_cleanly_at_sigterm(
    podman: Podman, secret: tuple[str, ...]
) -> None:
    cloud = Cloud(services=20)
    options = (*HARDENED, "--network=host", *secret)
    async with (
        serving(cloud) as platform,
        podman.running(*serve(platform), options=options) as container,
    ):
        page = await up(await container.url())
        assert page.value("zstack_model_services_reported") == 20
        assert len(cloud.sessions) == 1
        assert await _rights(container) == {
            "Uid": "65532 65532 65532 65532",
            "Gid": "65532 65532 65532 65532",
            "CapEff": "0000000000000000",
            "CapBnd": "0000000000000000",
            "NoNewPrivs": "1",
        }
        assert await container.stop() == 0
        assert not cloud.sessions


async def _rights(container: Container) -> dict[str, str]:
    """The kernel's status of the first process."""
    number = (await container.inspected())["State"]["Pid"]
    status = Path(f"/proc/{number}/status").read_text("utf-8")
    facts = dict(line.split(":", 1) for line in status.splitlines())
    names = ("Uid", "Gid", "CapEff", "CapBnd", "NoNewPrivs")
    return {name: " ".join(facts[name].split()) for name in names}


async def test_it_ends_at_sigterm_also_during_a_poll_that_hangs(
    podman: Podman, secret: tuple[str, ...]
) -> None:
    cloud = Cloud(services=20)
    hang = Fault.hang(operation="QueryModelService")
    cloud.faults.append(hang)
    options = (*HARDENED, "--network=host", *secret)
    async with (
        serving(cloud) as platform,
        podman.running(*serve(platform), options=options) as container,
    ):
        while not hang.struck:
            await container.log()
        assert await container.stop() == 0
        assert not cloud.sessions


async def test_one_image_is_platform_and_exporter_on_a_network_of_their_own(
    podman: Podman, secret: tuple[str, ...]
) -> None:
    simulate = ("simulate", "--listen", "0.0.0.0:8080", "--services", "20")
    async with podman.running(*simulate, options=HARDENED) as platform:
        await platform.logged(SIMULATED)
        address = (await platform.inspected())["NetworkSettings"]["IPAddress"]
        options = (*HARDENED, *secret, "--publish=127.0.0.1::10521")
        given = flags(f"http://{address}:8080")
        async with podman.running(*given, options=options) as exporter:
            await exporter.url()
            published = (await podman.output("port", exporter.name, "10521")).strip()
            page = await up(f"http://{published}")
            assert page.value("zstack_model_services_reported") == 20
            assert (await exporter.healthy()).code == 0
        assert await platform.stop() == 0


async def test_the_health_check_shows_whether_it_lives(
    podman: Podman, secret: tuple[str, ...]
) -> None:
    async with serving(Cloud(services=3)) as platform:
        options = (*HARDENED, *secret, "--network=none")
        async with podman.running(*flags(platform), options=options) as container:
            await container.url()
            assert (await container.healthy()).code == 0
            await container.signal("STOP")
            assert (await container.healthy()).code == 1
            await container.signal("CONT")
            assert (await container.healthy()).code == 0


async def test_no_shell_is_needed(podman: Podman, secret: tuple[str, ...]) -> None:
    gone = tuple(f"--volume=/dev/null:/usr/bin/{shell}:ro" for shell in ("dash", "bash", "env"))
    async with serving(Cloud(services=3)) as platform:
        options = (*HARDENED, *secret, *gone, "--network=host")
        address = ("--env=ZSTACK_EXPORTER_WEB__LISTEN_ADDRESS=127.0.0.1:0",)
        async with podman.running(*flags(platform), options=(*options, *address)) as container:
            url = await container.url()
            await up(url)
            assert (await podman("exec", container.name, "sh", "-c", "true")).code != 0
            asked = ("exec", container.name, "zstack-aios-exporter", "healthy", "--url", url)
            assert await podman.output(*asked) == "healthy\n"
            assert await container.stop() == 0


async def test_nothing_is_written_even_by_who_may(podman: Podman, secret: tuple[str, ...]) -> None:
    async with (
        serving(Cloud(services=3)) as platform,
        podman.running(
            *serve(platform), options=("--user=0", "--network=host", *secret)
        ) as container,
    ):
        await up(await container.url())
        assert await container.stop() == 0
        changed = (await podman.output("diff", container.name)).splitlines()
    # Where podman itself has mounted something.
    assert [line for line in changed if not MOUNTED.fullmatch(line)] == []


@pytest.fixture
def revision() -> str:
    """Of the tree, as hatch_build.py derives it."""
    describe = ("git", "describe", "--always", "--abbrev=40", "--exclude=*", "--dirty=-modified")
    described = subprocess.run(describe, cwd=ROOT, capture_output=True, text=True, check=True)
    return described.stdout.strip()


async def test_it_reports_the_revision_that_it_was_built_from(
    podman: Podman, revision: str
) -> None:
    done = await podman.run("--version")
    head = done.out.splitlines()[0]
    project = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["project"]
    assert head == f"{project['name']}, version {project['version']} (revision: {revision})"
    (image,) = json.loads(await podman.output("image", "inspect", podman.image))
    labels = image["Labels"]
    assert labels["org.opencontainers.image.revision"] == revision
    assert labels["org.opencontainers.image.version"] == project["version"]
    assert image["Config"]["User"] == "65532:65532"


async def test_it_carries_the_rules_and_the_example_of_this_version(podman: Podman) -> None:
    for command, file in (
        ("rules", "deploy/prometheus/rules/zstack-aios.yml"),
        ("config", "config.example.yaml"),
    ):
        done = await podman.run(command)
        assert done.out == (ROOT / file).read_text("utf-8")


async def test_once_and_check_work(podman: Podman, secret: tuple[str, ...]) -> None:
    async with serving(Cloud(services=3)) as platform:
        once = await podman.run("once", *flags(platform), options=secret)
        assert once.code == 0, once.err
        assert Samples(once.out).value("zstack_model_services_reported") == 3
        check = await podman.run("check", *flags(platform), options=secret)
        assert check.code == 0, check.out + check.err
        assert "1 target: 1 ready, 0 failing" in check.out


async def test_wrong_settings_end_it_with_exit_code_2(podman: Podman) -> None:
    done = await podman.run()
    assert done.code == 2
    assert "target: is missing: there is nothing to poll" in done.err
