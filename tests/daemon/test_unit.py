"""The unit for systemd: its command, as the unit would run it, with either kind of file."""

import re
import shlex
import shutil
import subprocess
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import replace
from pathlib import Path
from typing import Final

import pytest

from exporter.simulator import Cloud, serving
from tests.support.commands import page_of, run, started
from tests.support.exporting import Samples, polls, until_seen

UNIT: Final = Path(__file__).parents[2] / "deploy" / "systemd" / "zstack-aios-exporter.service"
ETC: Final = "/etc/zstack-aios-exporter"

_TARGET: Final = (
    "{{url: '{url}', access_key_id: '{key}', access_key_secret_file: access-key-secret,"
    " interval: 100ms}}\n"
)
_WEB: Final = "web: {{listen_address: ['127.0.0.1:0']}}\n"
FILES: Final = {
    "one target": f"target: {_TARGET}{_WEB}",
    "several targets": f"targets:\n  shanghai: {_TARGET}  lab: {_TARGET}{_WEB}",
}


def assigned(name: str) -> list[str]:
    """The values that the unit gives to one of its keys."""
    return re.findall(rf"^{name}=(.*)$", UNIT.read_text("utf-8"), re.MULTILINE)


@pytest.fixture
def etc(tmp_path: Path) -> Path:
    """In the place of the folder under /etc."""
    folder = tmp_path / "etc"
    folder.mkdir()
    return folder


def write(etc: Path, cloud: Cloud, url: str, text: str) -> None:
    [key] = cloud.access_keys.values()
    (etc / "config.yaml").write_text(text.format(url=url, key=key.id))
    (etc / "access-key-secret").write_text(key.secret)
    for file in etc.iterdir():
        file.chmod(0o640)


def command(etc: Path) -> list[str]:
    """The arguments of its command."""
    [line] = assigned("ExecStart")
    program, *arguments = shlex.split(line.replace(ETC, str(etc)))
    assert program == "/opt/zstack-aios-exporter/bin/zstack-aios-exporter"
    return arguments


def environment(tmp_path: Path) -> dict[str, str]:
    """What it sets, with a folder of the test as the one for state."""
    [folder] = assigned("StateDirectory")
    (tmp_path / folder).mkdir(exist_ok=True)
    given = dict(each.split("=", 1) for each in assigned("Environment"))
    return {name: value.replace("%S", str(tmp_path)) for name, value in given.items()}


@asynccontextmanager
async def unit(etc: Path, tmp_path: Path) -> AsyncIterator[str]:
    """The URL of an exporter that runs as in the unit."""
    async with started(*command(etc), **environment(tmp_path)) as (_, url):
        yield url


def all_up(targets: int) -> Callable[[Samples], bool]:
    """Whether a page shows that many targets, each of them up; one not polled yet has no sample."""
    return lambda page: [value for _, value in page.all("zstack_up")] == [1] * targets


@pytest.mark.parametrize("text", FILES.values(), ids=FILES)
async def test_it_starts_with_a_file_of(text: str, etc: Path, tmp_path: Path) -> None:
    cloud = Cloud(services=3)
    up = all_up(text.count("url:"))
    async with serving(cloud) as url:
        write(etc, cloud, url, text)
        async with unit(etc, tmp_path) as exporter:
            await until_seen(lambda: page_of(exporter), up)
        code, out, err = await run(*command(etc), "--config.check", **environment(tmp_path))
    assert (code, out, err) == (0, "the configuration is good\n", "")


@pytest.mark.parametrize("text", FILES.values(), ids=FILES)
async def test_it_takes_up_a_rotated_secret_while_it_runs(
    text: str, etc: Path, tmp_path: Path
) -> None:
    cloud = Cloud(services=3)
    up = all_up(text.count("url:"))
    async with serving(cloud) as url:
        write(etc, cloud, url, text)
        async with unit(etc, tmp_path) as exporter:
            await until_seen(lambda: page_of(exporter), up)
            [key] = cloud.access_keys.values()
            key = replace(key, secret="another-secret-of-the-same-key-0123456789")
            cloud.access_keys[key.id] = key
            await until_seen(lambda: page_of(exporter), lambda page: not up(page))
            (etc / "new").write_text(key.secret)
            (etc / "new").replace(etc / "access-key-secret")
            page = await until_seen(lambda: page_of(exporter), up)
            polled = polls(page)
            page = await until_seen(lambda: page_of(exporter), lambda page: polls(page) > polled)
            assert up(page)


def test_nothing_of_it_is_about_one_target_or_copied_at_the_start() -> None:
    assert not [each for each in assigned("Environment") if "TARGET" in each]
    assert not assigned("LoadCredential")
    assert assigned("User") == ["zstack-aios-exporter"]


@pytest.mark.skipif(
    shutil.which("systemd-analyze") is None, reason="no systemd-analyze here (package systemd)"
)
def test_systemd_has_no_complaint_about_it(tmp_path: Path) -> None:
    copy = tmp_path / UNIT.name
    program, *_ = assigned("ExecStart")[0].split()
    copy.write_text(UNIT.read_text("utf-8").replace(program, "/bin/true"))  # which must be there
    done = subprocess.run(
        ["systemd-analyze", "verify", str(copy)], capture_output=True, text=True, check=False
    )
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")
