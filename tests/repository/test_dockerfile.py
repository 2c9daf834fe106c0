"""What the image is made of, as far as it can be read."""

import re
import tomllib
from pathlib import Path

ROOT = Path(__file__).parents[2]
DOCKERFILE = (ROOT / "Dockerfile").read_text("utf-8")


def pinned(name: str) -> dict[str, str]:
    """Versions and hashes by package."""
    text = (ROOT / "requirements" / f"{name}.txt").read_text("utf-8")
    found = re.findall(r"^([a-z0-9-]+)==(.*(?:\n    .*)*)", text, re.MULTILINE)
    return dict(found)


def test_the_base_image_is_pinned_by_digest() -> None:
    (base,) = re.findall(r"^ARG BASE=(.*)$", DOCKERFILE, re.MULTILINE)
    assert re.fullmatch(r"python:3\.13\.\d+-slim-[a-z]+@sha256:[0-9a-f]{64}", base)
    assert set(re.findall(r"^FROM (\S+)", DOCKERFILE, re.MULTILINE)) == {"${BASE}"}


def test_the_image_has_the_version_of_the_project() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["project"]
    assert f"\nARG VERSION={project['version']}\n" in DOCKERFILE


def test_it_is_built_with_what_is_tested() -> None:
    tested = pinned("dev")
    for name in ("build", "run"):
        assert pinned(name)
        assert pinned(name).items() <= tested.items()


def test_what_is_copied_is_let_in_and_nothing_else() -> None:
    lines = (ROOT / ".dockerignore").read_text("utf-8").splitlines()
    let_in = {line[1:].removesuffix("/*.json") for line in lines if line.startswith("!")}
    copied = {
        re.sub(r"^requirements/.*", "requirements", source)
        for arguments in re.findall(r"^COPY (?!--from)(.*) \S+$", DOCKERFILE, re.MULTILINE)
        for source in arguments.split()
    }
    assert lines[1] == "*"
    assert let_in == copied
