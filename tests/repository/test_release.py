"""A release: its version, its changes and its tag agree."""

import subprocess
import sys
from pathlib import Path

import pytest
import yaml

from deploy.__main__ import main as make_deploy
from deploy.release import main as release
from exporter.build import VERSION
from tests.support.trees import copy_of_tree

LATER = "99.0.1"


@pytest.fixture
def copy(tmp_path: Path) -> Path:
    return copy_of_tree(tmp_path)


def run(copy: Path, *arguments: str) -> int:
    return release(["--root", str(copy), *arguments])


def test_unreleased_changes_become_those_of_the_version_everywhere(
    copy: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (copy / "CHANGELOG.md").write_text(
        "# Changelog\n\n## Unreleased\n\n- More.\n\n## 0.0.1\n\n- A.\n"
    )
    assert run(copy, "prepare", LATER) == 0
    assert (copy / "CHANGELOG.md").read_text() == (
        f"# Changelog\n\n## Unreleased\n\n## {LATER}\n\n- More.\n\n## 0.0.1\n\n- A.\n"
    )
    assert make_deploy(["--root", str(copy)]) == 0
    chart = yaml.safe_load(
        (copy / "deploy/helm/zstack-aios-exporter/Chart.yaml").read_text("utf-8")
    )
    assert (chart["version"], chart["appVersion"]) == (LATER, LATER)
    assert run(copy, "check", f"v{LATER}") == 0
    capsys.readouterr()
    assert run(copy, "notes") == 0
    assert capsys.readouterr().out == "- More.\n"


@pytest.mark.parametrize("version", [VERSION, "0.0.1", "v99.0.1", "99.0", "99.0.1-rc1"])
def test_a_version_that_is_not_a_later_one_is_refused(
    version: str, copy: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (copy / "CHANGELOG.md").write_text("\n## Unreleased\n\n- A.\n")
    before = (copy / "pyproject.toml").read_text("utf-8")
    assert run(copy, "prepare", version) == 1
    assert f"no version after {VERSION}" in capsys.readouterr().err
    assert (copy / "pyproject.toml").read_text("utf-8") == before


def test_a_release_without_changes_is_refused(
    copy: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (copy / "CHANGELOG.md").write_text("# Changelog\n\n## Unreleased\n\n## 0.0.1\n\n- A.\n")
    assert run(copy, "prepare", LATER) == 1
    assert "nothing under Unreleased" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("tag", "changelog", "wrong"),
    [
        ("v98.0.0", "\n## 99.0.1\n\n- A.\n", "the tag v98.0.0 is not v99.0.1"),
        ("v99.0.1", "\n## Unreleased\n\n- A.\n", "no section 99.0.1"),
    ],
)
def test_a_tag_that_does_not_fit_is_refused(
    tag: str, changelog: str, wrong: str, copy: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (copy / "CHANGELOG.md").write_text("\n## Unreleased\n\n- A.\n")
    assert run(copy, "prepare", LATER) == 0
    (copy / "CHANGELOG.md").write_text(changelog)
    assert run(copy, "check", tag) == 1
    assert wrong in capsys.readouterr().err


def test_before_a_release_the_notes_are_what_it_will_have(
    copy: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (copy / "CHANGELOG.md").write_text("# Changelog\n\n## Unreleased\n\n- More.\n")
    assert run(copy, "notes") == 0
    assert capsys.readouterr().out == "- More.\n"


def test_a_version_is_needed(copy: Path) -> None:
    command = [sys.executable, "-m", "deploy.release", "--root", str(copy), "prepare"]
    assert subprocess.run(command, check=False, capture_output=True).returncode == 2
