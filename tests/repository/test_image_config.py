"""The configuration of an image, without what differs from build to build."""

import json
from hashlib import sha256
from pathlib import Path
from typing import Any

from deploy.image_config import main as rewrite


def image(folder: Path, build: str) -> Path:
    """An image as buildah leaves it, with what only this build has."""
    folder.mkdir()
    config = {
        "architecture": "amd64",
        "container": build * 64,
        "config": {"Hostname": build * 12, "User": "65532:65532"},
        "container_config": {"Hostname": build * 12},
        "rootfs": {"diff_ids": ["sha256:1"]},
    }
    write(folder, json.dumps(config).encode())
    return folder


def write(folder: Path, config: bytes) -> None:
    digest = sha256(config).hexdigest()
    (folder / digest).write_bytes(config)
    described = {"digest": f"sha256:{digest}", "size": len(config)}
    manifest = {"schemaVersion": 2, "config": described, "layers": [{"digest": "sha256:2"}]}
    (folder / "manifest.json").write_text(json.dumps(manifest))


def read(folder: Path) -> dict[str, Any]:
    """The configuration, found and proven by the manifest."""
    described = json.loads((folder / "manifest.json").read_text())["config"]
    content = (folder / described["digest"].removeprefix("sha256:")).read_bytes()
    assert described["digest"] == f"sha256:{sha256(content).hexdigest()}"
    assert described["size"] == len(content)
    config: dict[str, Any] = json.loads(content)
    return config


def test_two_builds_are_the_same_in_every_file(tmp_path: Path) -> None:
    found = []
    for build in "ab":
        folder = image(tmp_path / build, build)
        rewrite(folder)
        found.append({file.name: file.read_bytes() for file in folder.iterdir()})
    assert found[0] == found[1]
    assert len(found[0]) == 2


def test_the_rest_of_the_configuration_stays(tmp_path: Path) -> None:
    folder = image(tmp_path / "image", "a")
    rewrite(folder)
    assert read(folder) == {
        "architecture": "amd64",
        "config": {"User": "65532:65532"},
        "container_config": {},
        "rootfs": {"diff_ids": ["sha256:1"]},
    }


def test_a_second_time_changes_nothing(tmp_path: Path) -> None:
    folder = image(tmp_path / "image", "a")
    rewrite(folder)
    before = read(folder)
    rewrite(folder)
    assert read(folder) == before
