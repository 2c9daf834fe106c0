"""Workflows, and what is published beside the code."""

import json
import re
from datetime import datetime
from pathlib import Path
from typing import Any, Final

import pytest
import yaml

from deploy.publishing import read_publishing

ROOT: Final = Path(__file__).parents[2]
WORKFLOWS: Final = sorted((ROOT / ".github/workflows").glob("*.yml"))
MAKE: Final = set(re.findall(r"^([a-z- ]+):", (ROOT / "Makefile").read_text("utf-8"), re.MULTILINE))
TARGETS: Final = {name for names in MAKE for name in names.split()}
VEX: Final = json.loads((ROOT / "security/openvex.json").read_text("utf-8"))

workflows = pytest.mark.parametrize("workflow", WORKFLOWS, ids=lambda file: file.stem)


def jobs(workflow: Path) -> dict[str, Any]:
    found: dict[str, Any] = yaml.safe_load(workflow.read_text("utf-8"))["jobs"]
    return found


@workflows
def test_an_action_is_pinned_by_commit_and_named_by_version(workflow: Path) -> None:
    lines = re.findall(r"uses: (.*)", workflow.read_text("utf-8"))
    assert lines
    for line in lines:
        assert re.fullmatch(r"\$/\.github/\S+|\S+@[0-9a-f]{40} # v\d+\.\d+\.\d+", line), line


@workflows
def test_a_workflow_only_calls_what_runs_elsewhere_too(workflow: Path) -> None:
    for job in jobs(workflow).values():
        for step in job.get("steps", []):
            if command := step.get("run"):
                made = re.fullmatch(r"make ([a-z-]+)(?: [A-Z]+=\S+)*", command)
                assert made[1] in TARGETS if made else command.endswith(" .ci/run"), command


@workflows
def test_a_job_has_the_permissions_it_needs_and_a_limit_of_time(workflow: Path) -> None:
    document = yaml.safe_load(workflow.read_text("utf-8"))
    assert document["permissions"] == {}
    for name, job in document["jobs"].items():
        assert job["permissions"], name
        assert "uses" in job or job["timeout-minutes"], name


def test_a_release_is_tested_before_anything_is_published() -> None:
    release = jobs(ROOT / ".github/workflows/release.yml")

    def before(job: str) -> set[str]:
        needs = release[job].get("needs", [])
        direct = {needs} if isinstance(needs, str) else {*needs}
        return direct.union(*map(before, direct))

    writing = {name for name, job in release.items() if {"write"} & {*job["permissions"].values()}}
    assert writing >= {"packages", "image", "index", "chart", "pypi", "page"}
    for job in writing:
        assert "test" in before(job)


def test_what_is_known_of_vulnerabilities_is_stated_as_openvex_wants_it() -> None:
    """The requirements of the schema of OpenVEX 0.2.0."""
    assert VEX["@context"] == "https://openvex.dev/ns/v0.2.0"
    assert VEX["@id"] == f"{read_publishing(ROOT).pages}/security/openvex.json"
    assert VEX["author"]
    assert VEX["version"] >= 1
    assert datetime.fromisoformat(VEX["timestamp"]).tzinfo
    for statement in VEX["statements"]:
        assert re.fullmatch(r"CVE-\d{4}-\d{4,}", statement["vulnerability"]["name"])
        assert statement["status"] == "not_affected", "what affects it is fixed, not explained"
        assert statement["justification"] in {
            "component_not_present",
            "vulnerable_code_not_present",
            "vulnerable_code_not_in_execute_path",
            "vulnerable_code_cannot_be_controlled_by_adversary",
            "inline_mitigations_already_exist",
        }
        assert "impact_statement" not in statement, "which would stand beside a justification"
    names = [statement["vulnerability"]["name"] for statement in VEX["statements"]]
    assert len(names) == len(set(names)) > 0


def test_what_is_stated_of_jinja_holds() -> None:
    """It is used without its sandbox, and with no template from outside."""
    sources = "\n".join(file.read_text("utf-8") for file in (ROOT / "exporter").rglob("*.py"))
    assert "PackageLoader(" in sources
    assert not re.search(r"sandbox|from_string|jinja2\.Template\(", sources)
