"""The version, and the addresses where the project is published, are declared once."""

import re
import tomllib
from pathlib import Path

import pytest
import yaml

from deploy.__main__ import main as make_deploy
from deploy.publishing import main as declare
from deploy.publishing import read_publishing
from exporter.build import VERSION
from tests.support.trees import ROOT, copy_of_tree, tracked

CHART = "deploy/helm/zstack-aios-exporter"


@pytest.fixture
def copy(tmp_path: Path) -> Path:
    return copy_of_tree(tmp_path)


def made(root: Path) -> None:
    assert make_deploy(["--root", str(root)]) == 0


def mentions(root: Path, text: str) -> list[str]:
    """The files that have this text."""
    return [str(path) for path in tracked() if text.encode() in (root / path).read_bytes()]


def test_the_project_moves_by_one_setting(copy: Path) -> None:
    before = read_publishing(copy)
    made(copy)
    assert len(mentions(copy, before.repository)) > 40
    moved = (
        "--repository",
        "https://git.example.com/team/exporter/",
        "--registry",
        "r.example.com/a",
    )
    assert declare([*moved, "--root", str(copy)]) == 0
    made(copy)
    assert mentions(copy, before.repository.removeprefix("https://")) == []
    assert mentions(copy, before.registry) == []
    chart = yaml.safe_load((copy / CHART / "Chart.yaml").read_text("utf-8"))
    assert chart["home"] == "https://git.example.com/team/exporter"
    assert f"image: r.example.com/a/zstack-aios-exporter:{VERSION}" in str(chart["annotations"])
    urls = tomllib.loads((copy / "pyproject.toml").read_text("utf-8"))["project"]["urls"]
    assert {url.partition("/team/exporter")[0] for url in urls.values()} == {
        "https://git.example.com"
    }


def test_what_is_not_given_stays(copy: Path) -> None:
    before = (copy / "pyproject.toml").read_text("utf-8")
    assert declare(["--repository", "", "--registry", "", "--root", str(copy)]) == 0
    assert (copy / "pyproject.toml").read_text("utf-8") == before


def test_every_page_that_is_named_by_url_exists() -> None:
    pages = read_publishing(ROOT).pages
    named = {
        url
        for path in tracked()
        if path.parts[0] != "tests" and path.suffix in {".yml", ".yaml", ".toml", ".md"}
        for url in re.findall(rf"{re.escape(pages)}/([\w./-]+)", (ROOT / path).read_text("utf-8"))
    }
    assert len(named) > 20
    assert {page for page in named if not (ROOT / page).exists()} == set()


def test_a_file_that_has_lost_its_mention_is_named(copy: Path) -> None:
    (copy / "docs/alerts.md").write_text("")
    with pytest.raises(ValueError, match=r"docs/alerts\.md has nothing that matches"):
        make_deploy(["--root", str(copy)])


def test_the_version_is_changed_in_one_place(copy: Path) -> None:
    """The rest of a release: tests/repository/test_release.py."""
    project = copy / "pyproject.toml"
    text = project.read_text("utf-8").replace(f'version = "{VERSION}"', 'version = "7.6.5"', 1)
    project.write_text(text, "utf-8")
    made(copy)
    before = r"zstack-aios-exporter:|[vV]ersion:? |\"version\": \"|[tT]ag: |VERSION=|ref=v"
    left = re.compile(rf"(?:{before}){re.escape(VERSION)}(?![\w.])")
    assert left.search((ROOT / "docs/status.md").read_text("utf-8"))
    places = [path for path in tracked() if path.suffix in {".md", ".yaml", ""}]
    found = [
        str(path)
        for path in places
        if path.parts[0] not in {"requirements", "LICENSE"}
        and left.search((copy / path).read_text("utf-8"))
    ]
    assert found == []
