"""The README and the other pages agree with the code."""

import re
from collections.abc import Iterator
from pathlib import Path

import pytest
import yaml

from exporter.cli.command import COMMANDS
from exporter.metrics.table import SECTIONS
from exporter.state.hints import ERRORS
from exporter.zstack import ZStackError

ROOT = Path(__file__).parents[2]
README = (ROOT / "README.md").read_text("utf-8")
PAGES = sorted([*ROOT.glob("*.md"), *(ROOT / "docs").rglob("*.md")])

# Commands whose flags are not ours, in a block or a sentence; after an image's name they are again.
OTHER_PROGRAMS = re.compile(
    r"(?:^ *|`)(?:\S*/pip|\S*/python -m tests\.robustness\.(?:fleet|fuzz|soak)|cosign|docker|gh"
    r"|git|grype|helm|kubectl|podman|sed|systemctl|trivy|useradd|tools/[a-z-]+) "
    r"(?:(?!zstack-aios-exporter:)[^`\n\\]|\\\n)*",
    re.MULTILINE,
)


def classes(base: type[ZStackError]) -> Iterator[type[ZStackError]]:
    yield base
    for subclass in base.__subclasses__():
        yield from classes(subclass)


def blocks(language: str) -> list[str]:
    return re.findall(rf"```{language}\n(.*?)```", README, re.DOTALL)


def test_the_first_screen_has_the_two_commands_that_set_everything_up() -> None:
    first_screen = "\n".join(README.splitlines()[:25])
    assert "make demo" in first_screen
    assert "make test" in first_screen


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_every_flag_that_is_named_exists(page: Path) -> None:
    parsers = [command.parser() for command in COMMANDS.values()]
    known = {flag for parser in parsers for flag in parser._option_string_actions}  # noqa: SLF001 - argparse has no other list
    # The flag in the decision on dependencies is another library's.
    text = re.sub(r"\(`--target\.password`\)", "", page.read_text("utf-8"))
    text = OTHER_PROGRAMS.sub("", text)
    assert set(re.findall(r"--[a-z][a-z.-]*[a-z]", text)) <= known


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_every_link_to_a_file_leads_somewhere(page: Path) -> None:
    for link in re.findall(r"\]\((?!https?:)([^)#]+)", page.read_text("utf-8")):
        assert (page.parent / link).exists(), link


def test_it_is_short_and_has_a_picture_on_its_first_screen() -> None:
    for name in ("README.md", "README.zh-CN.md"):
        lines = (ROOT / name).read_text("utf-8").splitlines()
        assert len(lines) <= 120
        assert any(line.startswith("![") for line in lines[:25])
    assert len(README.split()) <= 900


def test_every_command_is_documented() -> None:
    page = (ROOT / "docs/commands.md").read_text("utf-8")
    documented = set(re.findall(r"^\| .*?`zstack-aios-exporter ([a-z-]+)", page, re.MULTILINE))
    assert documented == COMMANDS.keys()


def test_every_class_of_error_has_a_hint_of_its_own() -> None:
    concrete = {error for error in classes(ZStackError) if hasattr(error, "reason")}
    ours = {error for error in concrete if error.__module__.startswith("exporter.")}
    assert set(ERRORS) == ours


def test_the_readme_has_a_dozen_metrics_with_their_labels() -> None:
    families = {family.name: family for section in SECTIONS.values() for family in section}
    rows = re.findall(r"^\| `(zstack_\w+)` \| (.*?) \|", README, re.MULTILINE)
    assert len(rows) == 12
    for name, labels in rows:
        assert re.findall(r"\w+", labels) == [*families[name].own_labels], name


def test_every_example_for_prometheus_is_yaml() -> None:
    for example in blocks("yaml"):
        document = yaml.safe_load(example)
        shipped = yaml.safe_load((ROOT / "deploy/prometheus/prometheus.yml").read_text("utf-8"))
        assert document.items() <= shipped.items()
