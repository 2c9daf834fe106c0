"""The tables of alerts.md, made from the rules that are shipped and their runbooks."""

import re
from pathlib import Path
from typing import Any, Final

import yaml

ROOT: Final = Path(__file__).resolve().parent.parent
RUNBOOKS: Final = ROOT / "docs" / "runbooks"

Rule = dict[str, Any]


def rules() -> list[Rule]:
    """Every rule that is shipped, in order."""
    files = sorted((ROOT / "deploy" / "prometheus" / "rules").glob("*.yml"))
    documents = [yaml.safe_load(file.read_text(encoding="utf-8")) for file in files]
    groups = [group for document in documents for group in document["groups"]]
    return [rule for group in groups for rule in group["rules"]]


def alerts_table() -> str:
    """Every alert: its name, which leads to its runbook, and a summary of the runbook."""
    rows = (
        f"| [{rule['alert']}](runbooks/{rule['alert']}.md) | {rule['labels']['severity']} "
        f"| {rule['annotations']['summary']} | {rule['for']} | {mitigation(rule['alert'])} |"
        for rule in rules()
        if "alert" in rule
    )
    head = "| alert | severity | meaning | after | what to do |\n|---|---|---|---|---|"
    return "\n".join([head, *rows])


def mitigation(alert: str) -> str:
    """What the runbook of an alert advises first: the paragraph that begins its mitigation."""
    page = (RUNBOOKS / f"{alert}.md").read_text(encoding="utf-8")
    begins = re.search(r"^## Mitigation\n\n(.+?)\n(?:\n|$)", page, re.DOTALL | re.MULTILINE)
    if begins is None:
        raise ValueError(f"the runbook of {alert} has no mitigation")
    return " ".join(begins[1].split())


def records_table() -> str:
    """Every recorded series, and what it is made from."""
    rows = (
        f"| `{rule['record']}` | `{' '.join(rule['expr'].split())}` |"
        for rule in rules()
        if "record" in rule
    )
    return "\n".join(["| recorded series | expression |\n|---|---|", *rows])
