"""What a build records, seen in wheels that are really built and installed."""

import os
import re
import shutil
import subprocess
import sys
from importlib.metadata import requires
from pathlib import Path

import pytest

from deploy.publishing import read_publishing
from exporter import NAME
from exporter.build import LIBRARIES, VERSION, build, checked_out, version_text

ROOT = Path(__file__).parents[2]
SOURCES = (
    "LICENSE",
    "README.md",
    "config.example.yaml",
    "deploy/man",
    "deploy/prometheus/rules",
    "exporter",
    "grafana",
    "hatch_build.py",
    "pyproject.toml",
)
CHRISTMAS = {"SOURCE_DATE_EPOCH": "1798156800"}
FACTS = ("SOURCE_REVISION", "SOURCE_DATE_EPOCH")


def run(*command: str, at: Path, **environment: str) -> str:
    """What a command prints that succeeds."""
    # Without coverage: what is installed there is not the tree that is measured.
    kept = (name for name in os.environ if name not in FACTS and not name.startswith("COV"))
    clean = {name: os.environ[name] for name in kept}
    done = subprocess.run(
        command, cwd=at, env=clean | environment, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
    return done.stdout


@pytest.fixture
def tree(tmp_path: Path) -> Path:
    """A copy of what a wheel is built from."""
    pytest.importorskip("hatchling")
    tree = tmp_path / "tree"
    tree.mkdir()
    for name in SOURCES:
        if (ROOT / name).is_dir():
            shutil.copytree(ROOT / name, tree / name, ignore=shutil.ignore_patterns("__pycache__"))
        else:
            shutil.copy(ROOT / name, tree / name)
    return tree


def committed(tree: Path) -> str:
    """The revision of a commit of all that is there."""
    git = ("git", "-c", "user.name=Somebody", "-c", "user.email=somebody@example.com")
    run(*git, "init", "--quiet", at=tree)
    run(*git, "add", ".", at=tree)
    run(*git, "commit", "--quiet", "--message", "All of it", at=tree)
    return run("git", "rev-parse", "HEAD", at=tree).strip()


def built(kind: str, tree: Path, **environment: str) -> Path:
    """A `wheel` or `sdist` of the tree, in which nothing has changed then."""
    before = sorted(tree.rglob("*"))
    folder = tree.parent / f"{kind}-{len(list(tree.parent.iterdir()))}"
    script = f"from hatchling.build import build_{kind} as build; build({str(folder)!r})"
    run(sys.executable, "-c", script, at=tree, **environment)
    assert sorted(tree.rglob("*")) == before
    (made,) = folder.iterdir()
    return made


def unpacked(wheel: Path) -> Path:
    site = wheel.parent / "site"
    shutil.unpack_archive(wheel, site, "zip")
    return site


def told_by(site: Path) -> list[str]:
    """What the exporter that is installed there reports of itself."""
    script = "from exporter.build import version_text; print(version_text())"
    return run(sys.executable, "-c", script, at=site, PYTHONPATH=str(site)).splitlines()


def test_a_wheel_records_the_commit_and_the_date_of_its_build(tree: Path) -> None:
    revision = committed(tree)
    wheels, site = tree.parent / "wheels", tree.parent / "site"
    pip = (sys.executable, "-m", "pip", "--quiet", "--disable-pip-version-check")
    alone = ("--no-index", "--no-deps")
    building = ("wheel", *alone, "--no-build-isolation", "--wheel-dir", str(wheels), str(tree))
    run(*pip, *building, at=tree, **CHRISTMAS)
    (wheel,) = wheels.iterdir()
    run(*pip, "install", *alone, "--target", str(site), str(wheel), at=tree)
    head, date, *_ = told_by(site)
    assert head == f"{NAME}, version {VERSION} (revision: {revision})"
    assert date.split() == ["build", "date:", "2026-12-25T00:00:00Z"]


def test_uncommitted_changes_are_recorded(tree: Path) -> None:
    revision = committed(tree)
    with (tree / "README.md").open("a") as readme:
        readme.write("more\n")
    head, *_ = told_by(unpacked(built("wheel", tree)))
    assert f"(revision: {revision}-modified)" in head


def test_without_a_repository_the_environment_gives_the_revision(tree: Path) -> None:
    head, date, *_ = told_by(unpacked(built("wheel", tree, SOURCE_REVISION="1a2b3c4d")))
    assert "(revision: 1a2b3c4d)" in head
    assert re.fullmatch(r"  build date: +20\d\d-\d\d-\d\dT\d\d:\d\d:\d\dZ", date)


def test_a_repository_of_another_owner_further_up_is_ignored(tree: Path) -> None:
    committed(tree.parent)
    head, *_ = told_by(unpacked(built("wheel", tree)))
    assert "(revision: unknown)" in head


def test_a_wheel_of_a_source_archive_records_the_revision_of_the_archive(tree: Path) -> None:
    revision = committed(tree)
    archive = built("sdist", tree, **CHRISTMAS)
    shutil.unpack_archive(archive, tree.parent / "archive", filter="data")
    (sources,) = (tree.parent / "archive").iterdir()
    head, date, *_ = told_by(unpacked(built("wheel", sources)))
    assert f"(revision: {revision})" in head
    assert "2026-12-25T00:00:00Z" in date


def test_two_wheels_of_the_same_sources_and_moment_are_the_same(tree: Path) -> None:
    committed(tree)
    one, other = (built("wheel", tree, **CHRISTMAS).read_bytes() for _ in range(2))
    assert one == other


def test_a_wheel_holds_the_rules_the_dashboards_and_the_example_as_they_are_in_the_tree(
    tree: Path,
) -> None:
    site = unpacked(built("wheel", tree))
    shipped = site / "exporter" / "shipped"
    found = {file.relative_to(shipped) for file in shipped.rglob("*") if file.is_file()}
    assert {file.name for file in found} >= {"zstack-aios.yml", "overview.json"}
    for file in found:
        assert (shipped / file).read_bytes() == (ROOT / file).read_bytes()
    script = "from exporter.cli.main import run; run(['config'])"
    printed = run(sys.executable, "-c", script, at=site, PYTHONPATH=str(site))
    assert printed == (ROOT / "config.example.yaml").read_text("utf-8")
    (page,) = site.glob("*.data/data/share/man/man1/*")
    assert page.read_bytes() == (ROOT / "deploy" / "man" / page.name).read_bytes()


def test_the_links_of_the_description_lead_to_pages_that_exist(tree: Path) -> None:
    (information,) = unpacked(built("wheel", tree)).glob("*.dist-info/METADATA")
    pages = read_publishing(ROOT).pages
    links = re.findall(r"\]\(([^)]+)\)", information.read_text("utf-8"))
    assert len(links) > 10
    for link in links:
        assert re.match("https?:|#", link), link
        if link.startswith(pages):
            name = re.sub(r"[?#].*", "", link.removeprefix(f"{pages}/"))
            assert (ROOT / name).exists(), link
    assert sum(link.startswith(pages) for link in links) > 10


@pytest.mark.parametrize("missing", ["config.example.yaml", "deploy/prometheus/rules"])
def test_a_wheel_is_not_built_without_what_it_should_hold(missing: str, tree: Path) -> None:
    (tree / missing).rename(tree.parent / "elsewhere")
    with pytest.raises(AssertionError, match=missing):
        built("wheel", tree)


def test_two_source_archives_of_the_same_moment_are_the_same(tree: Path) -> None:
    committed(tree)
    one, other = (built("sdist", tree, **CHRISTMAS).read_bytes() for _ in range(2))
    assert one == other


def test_a_wheel_is_the_same_from_the_tree_and_from_its_source_archive(tree: Path) -> None:
    committed(tree)
    archive = built("sdist", tree, **CHRISTMAS)
    shutil.unpack_archive(archive, tree.parent / "archive", filter="data")
    (sources,) = (tree.parent / "archive").iterdir()
    one, other = (built("wheel", each, **CHRISTMAS).read_bytes() for each in (tree, sources))
    assert one == other


@pytest.mark.parametrize("state", ["on a branch", "packed", "detached", "in a linked worktree"])
def test_a_source_tree_reports_the_commit_that_is_checked_out(state: str, tree: Path) -> None:
    revision = committed(tree)
    if state == "packed":
        run("git", "pack-refs", "--all", at=tree)
    elif state == "detached":
        run("git", "checkout", "--quiet", "--detach", at=tree)
    elif state == "in a linked worktree":
        run("git", "worktree", "add", "--quiet", "../linked", at=tree)
        tree = tree.parent / "linked"
    script = "from exporter.build import build; print(build().revision)"
    assert run(sys.executable, "-P", "-c", script, at=tree, PYTHONPATH=str(tree)) == (
        f"{revision}-editable\n"
    )


@pytest.mark.parametrize(
    "head", ["", "ref: refs/heads/none", "ref: ../../../secret", "\xff", "not a commit"]
)
def test_a_source_tree_without_a_readable_repository_has_no_revision(
    head: str, tmp_path: Path
) -> None:
    assert checked_out(tmp_path) is None
    (tmp_path / "secret").write_text("hunter2")
    (tmp_path / ".git").mkdir()
    (tmp_path / ".git" / "HEAD").write_text(head, "latin-1")
    assert checked_out(tmp_path) is None


def test_a_source_tree_reports_its_platform() -> None:
    head, *facts = version_text().splitlines()
    assert head == f"{NAME}, version {VERSION} (revision: {build().revision})"
    reported = dict(fact.strip().split(":", 1) for fact in facts)
    assert list(reported) == ["build date", "python", "platform", "libraries"]
    assert re.fullmatch(r"\w+ 3\.\d+\.\d+\S*, OpenSSL \d+\.\d+\.\d+\w*", reported["python"].strip())
    assert re.fullmatch(r"\w+/\w+", reported["platform"].strip())
    assert re.fullmatch(r"[a-z-]+ [\d.]+(, [a-z-]+ [\d.]+)*", reported["libraries"].strip())


def test_the_reported_libraries_are_declared() -> None:
    declared = {re.split(r"[^\w-]", each, maxsplit=1)[0].lower() for each in requires(NAME) or ()}
    assert set(LIBRARIES) <= declared
