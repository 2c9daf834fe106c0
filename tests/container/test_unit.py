"""The unit for systemd: accepted, strict, and no stricter than the exporter can bear."""

import json
import re
import shutil
import subprocess
from pathlib import Path

import pytest

from exporter.simulator import Cloud, serving

from .podman import HARDENED, Podman
from .seccomp import profile
from .serving import flags, up

pytestmark = [
    pytest.mark.container,
    pytest.mark.skipif(
        shutil.which("systemd-analyze") is None, reason="no systemd-analyze here (package systemd)"
    ),
]

UNITS = Path(__file__).parents[2] / "deploy" / "systemd"
SERVICE = UNITS / "zstack-aios-exporter.service"
DOCUMENT = (UNITS.parents[1] / "docs" / "running.md").read_text("utf-8")


def analyzed(*arguments: str) -> tuple[int, str]:
    """Exit code of systemd-analyze and all that it prints."""
    done = subprocess.run(
        ("systemd-analyze", *arguments), capture_output=True, text=True, check=False
    )
    return done.returncode, done.stdout + done.stderr


def test_systemd_has_no_complaint_about_the_units(tmp_path: Path) -> None:
    for unit in UNITS.iterdir():
        # Of what it names only the program must be there.
        text = re.sub(
            r"(?<=^ExecStart=)\S+", "/bin/true", unit.read_text("utf-8"), flags=re.MULTILINE
        )
        (tmp_path / unit.name).write_text(text)
    units = sorted(map(str, tmp_path.iterdir()))
    assert len(units) == 2
    assert analyzed("verify", *units) == (0, "")


def test_a_misspelt_key_would_be_reported(tmp_path: Path) -> None:
    misspelt = tmp_path / SERVICE.name
    misspelt.write_text(SERVICE.read_text("utf-8").replace("ProtectHome", "ProtectHouse"))
    assert "ProtectHouse" in analyzed("verify", str(misspelt))[1]


def test_the_exposure_is_small_and_documented() -> None:
    code, printed = analyzed("security", "--offline=true", "--threshold=20", str(SERVICE))
    found = re.search(r"Overall exposure level for \S+: ([\d.]+)", printed)
    assert found
    assert code == 0
    assert float(found[1]) <= 2.0
    assert f"rates its exposure {found[1]} of 10" in DOCUMENT


async def test_the_exporter_works_with_what_the_unit_leaves_it(
    podman: Podman, secret: tuple[str, ...], tmp_path: Path
) -> None:
    unit = tmp_path / "seccomp.json"
    unit.write_text(json.dumps(profile(SERVICE.read_text("utf-8"))))
    filtered = (*HARDENED, f"--security-opt=seccomp={unit}", "--network=host", *secret)
    async with serving(Cloud(services=20)) as platform:
        given = (*flags(platform), "--web.listen-address", "127.0.0.1:0")
        async with podman.running(*given, options=filtered) as container:
            page = await up(await container.url())
            assert page.value("zstack_model_services_reported") == 20
            await container.signal("HUP")
            await container.logged(re.compile('msg="(configuration reloaded)"'))
            assert await container.stop() == 0


@pytest.mark.parametrize(
    "forbidden",
    [
        "import mmap; mmap.mmap(-1, 4096, prot=mmap.PROT_WRITE | mmap.PROT_EXEC)",
        "import socket; socket.socket(socket.AF_NETLINK, socket.SOCK_RAW)",
        "import os; os.sched_setaffinity(0, {0})",
        "import os; os.chroot('/')",
    ],
    ids=["code that is written", "another family", "resources", "privileges"],
)
async def test_what_the_unit_forbids_would_be_seen(
    podman: Podman, tmp_path: Path, forbidden: str
) -> None:
    unit = tmp_path / "seccomp.json"
    unit.write_text(json.dumps(profile(SERVICE.read_text("utf-8"))))
    python = "--entrypoint=/opt/zstack-aios-exporter/bin/python"
    options = (f"--security-opt=seccomp={unit}", python)
    assert (await podman.run("-c", "pass", options=options)).code == 0
    killed = 128 + 31  # SIGSYS
    assert (await podman.run("-c", forbidden, options=options)).code == killed
