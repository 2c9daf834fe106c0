"""Every alert that is shipped is tried in every way, and has a runbook for the person on call."""

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Final

import pytest
import yaml

ROOT: Final = Path(__file__).parents[2]
FOLDER: Final = ROOT / "deploy" / "prometheus"
RUNBOOKS: Final = ROOT / "docs" / "runbooks"
WAYS: Final = {"fires", "does not fire", "missing data", "stale data", "two replicas", "restart"}
HEADINGS: Final = ["Meaning", "Impact", "Diagnosis", "Mitigation"]


def rules() -> Iterator[dict[str, Any]]:
    for file in (FOLDER / "rules").glob("*.yml"):
        for group in yaml.safe_load(file.read_text("utf-8"))["groups"]:
            yield from group["rules"]


ALERTS: Final = {rule["alert"]: rule for rule in rules() if "alert" in rule}
alerts = pytest.mark.parametrize("alert", ALERTS.values(), ids=list(ALERTS))


def test_each_alert_stands_once() -> None:
    assert len(ALERTS) == sum("alert" in rule for rule in rules()) > 10


@alerts
def test_an_alert_has_a_summary_a_severity_and_a_link_to_its_runbook(
    alert: dict[str, Any],
) -> None:
    assert alert["alert"].startswith("ZStackAIOS")
    assert alert["labels"] == {"severity": alert["labels"]["severity"]}
    assert alert["labels"]["severity"] in {"critical", "warning", "info"}
    annotations = alert["annotations"]
    assert annotations.keys() == {"summary", "description", "runbook_url"}
    assert "{{" not in annotations["summary"], "a title must not change while the alert fires"
    for text in (annotations["summary"], annotations["description"]):
        assert text.endswith((".", "{{ end }}"))
    assert annotations["runbook_url"].endswith(f"/docs/runbooks/{alert['alert']}.md")


@alerts
def test_an_alert_waits_for_a_restart_to_be_over(alert: dict[str, Any]) -> None:
    assert "for" in alert


@alerts
def test_an_alert_is_tried_in_every_way(alert: dict[str, Any]) -> None:
    """That is also what promtool does, where it is at hand: tests/system/test_rules.py."""
    files = (FOLDER / "tests").glob(f"{alert['alert']}.*yml")
    cases = [case for file in files for case in yaml.safe_load(file.read_text("utf-8"))["tests"]]
    assert {case["name"].split(":")[0] for case in cases} == WAYS
    for case in cases:
        asked = yaml.safe_dump([case.get("alert_rule_test"), case.get("promql_expr_test")])
        assert alert["alert"] in asked or "ALERTS" in asked, case["name"]


def test_no_case_is_of_an_alert_that_is_gone() -> None:
    assert {file.name.split(".")[0] for file in (FOLDER / "tests").glob("*.yml")} == ALERTS.keys()


def test_every_runbook_is_of_an_alert_and_every_alert_has_one() -> None:
    assert {page.stem for page in RUNBOOKS.iterdir()} == ALERTS.keys()


@alerts
def test_a_runbook_has_meaning_impact_diagnosis_and_mitigation(
    alert: dict[str, Any],
) -> None:
    page = (RUNBOOKS / f"{alert['alert']}.md").read_text("utf-8")
    assert page.startswith(f"# {alert['alert']}\n")
    sections = re.split(r"^## (.+)\n", page, flags=re.MULTILINE)
    assert sections[1::2] == HEADINGS
    assert all(len(text.split()) > 5 for text in sections[2::2])
