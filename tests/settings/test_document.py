"""The documentation generated from the settings."""

import re
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
import yaml

from exporter.settings import load
from tests.settings.loading import Write

ROOT = Path(__file__).parents[2]


def examples() -> dict[str, str]:
    page = (ROOT / "docs/settings.md").read_text(encoding="utf-8")
    return dict(re.findall(r"<!-- example: (\w+) -->\n```yaml\n(.*?)```", page, re.DOTALL))


@pytest.mark.parametrize(("name", "targets"), [("one", ["default"]), ("many", ["shanghai", "lab"])])
def test_the_examples_of_the_document_load(file: Write, name: str, targets: list[str]) -> None:
    example = examples()[name]
    assert yaml.safe_load(example)
    assert [*load(file(example), {}).named_targets] == targets


def generate(*arguments: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "docs", *arguments]
    return subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)


def test_the_document_is_up_to_date_with_the_settings() -> None:
    checked = generate("--check")
    assert (checked.returncode, checked.stdout, checked.stderr) == (0, "", "")


def copied(root: Path, change: Callable[[str], str]) -> Path:
    """The documents, with one of them changed."""
    shutil.copytree(ROOT / "docs", root / "docs")
    for folder in ("exporter/cli", "deploy/man"):
        (root / folder).mkdir(parents=True)
    for file in (
        *("README.md", "config.example.yaml", "exporter/cli/settings.json"),
        "deploy/man/zstack-aios-exporter.1",
    ):
        shutil.copy(ROOT / file, root / file)
    page = root / "docs/settings.md"
    page.write_text(change(page.read_text(encoding="utf-8")), encoding="utf-8")
    return page


def test_a_document_out_of_date_is_named_and_then_rewritten(tmp_path: Path) -> None:
    page = copied(tmp_path, lambda text: text.replace("`log.level`", "`log.loudness`"))
    root = ["--root", str(tmp_path)]
    checked = generate("--check", *root)
    assert (checked.returncode, checked.stdout) == (1, "docs/settings.md is out of date\n")
    assert "log.loudness" in page.read_text(encoding="utf-8")
    assert generate(*root).returncode == 0
    assert generate("--check", *root).returncode == 0
    assert "`log.level`" in page.read_text(encoding="utf-8")


def test_a_document_that_lost_its_region_is_an_error(tmp_path: Path) -> None:
    copied(tmp_path, lambda text: text.replace("<!-- end: settings -->", ""))
    assert "there must be one region settings" in generate("--root", str(tmp_path)).stderr
