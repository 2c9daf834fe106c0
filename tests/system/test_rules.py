"""The rules and configurations that are shipped, in the hands of the programs they are for."""

from pathlib import Path
from typing import Any, Final

import pytest
import yaml

from .programs import Programs, installed

pytestmark = pytest.mark.system

FOLDER: Final = Path(__file__).parents[2] / "deploy" / "prometheus"
RULES: Final = FOLDER / "rules" / "zstack-aios.yml"
CASES: Final = sorted((FOLDER / "tests").glob("*.yml"))

cases = pytest.mark.parametrize("file", CASES, ids=lambda file: file.stem)


async def test_prometheus_takes_the_rules(programs: Programs) -> None:
    code, output = await programs.check_rules(RULES)
    assert code == 0, output


async def test_prometheus_takes_the_example(programs: Programs) -> None:
    code, output = await programs.check_config(FOLDER / "prometheus.yml")
    assert code == 0, output
    assert "rule files found" in output


@pytest.mark.small_sample(4)
@cases
async def test_an_alert_does_what_its_cases_expect(programs: Programs, file: Path) -> None:
    code, output = await programs.test_rules(file)
    assert code == 0, output


@pytest.mark.small_sample(4)
@pytest.mark.parametrize("instead", ["vector(0) == 1", "vector(1)"], ids=["never", "always"])
@cases
async def test_the_cases_would_notice_an_alert_that_fires_never_or_always(
    file: Path, instead: str, tmp_path: Path
) -> None:
    *_, newest = installed() or pytest.skip("no promtool")
    broken(file.name.split(".")[0], instead, tmp_path)
    (tmp_path / "tests").mkdir()
    copy = tmp_path / "tests" / file.name
    copy.write_text(file.read_text("utf-8"), "utf-8")
    code, output = await newest.test_rules(copy)
    assert code == 1, output
    assert "FAILED" in output


def broken(alert: str, expression: str, folder: Path) -> None:
    """The rules in this folder, with another expression for this alert and without the others."""
    document: dict[str, Any] = yaml.safe_load(RULES.read_text("utf-8"))
    for group in document["groups"]:
        group["rules"] = [rule for rule in group["rules"] if rule.get("alert", alert) == alert]
        for rule in group["rules"]:
            if "alert" in rule:
                rule["expr"] = expression
    (folder / "rules").mkdir()
    (folder / "rules" / RULES.name).write_text(yaml.safe_dump(document), "utf-8")
