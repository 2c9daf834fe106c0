"""The metrics table is the one source of names: names elsewhere are in it, and each is used."""

import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Final

import pytest
import yaml

from exporter.metrics.family import Family
from exporter.metrics.table import SECTIONS
from tests.support.promql import metrics

ROOT: Final = Path(__file__).parents[2]
PAGES: Final = sorted([*ROOT.glob("*.md"), *(ROOT / "docs").rglob("*.md")])
DASHBOARDS: Final = sorted((ROOT / "grafana").glob("*.json"))
RULES: Final = sorted((ROOT / "deploy").rglob("rules/*.yml"))
CASES: Final = sorted((ROOT / "deploy").rglob("tests/*.yml"))
DEPLOYED: Final = sorted(
    file
    for folder in ("deploy", "grafana")
    for suffix in ("json", "tmpl", "tpl", "txt", "yaml", "yml")
    for file in (ROOT / folder).rglob(f"*.{suffix}")
)

FAMILIES: Final = {family.name: family for section in SECTIONS.values() for family in section}


def series(family: Family) -> set[str]:
    """The names under which Prometheus keeps a family."""
    suffixes = ("_bucket", "_sum", "_count") if family.type == "histogram" else ("",)
    return {f"{family.name}{suffix}" for suffix in suffixes}


SERIES: Final = {name for family in FAMILIES.values() for name in series(family)}
FOREIGN: Final = re.compile(r"up|scrape_\w+|ALERTS|process_[a-z_]+|python_info|vllm:\w+")
"""What Prometheus and prometheus_client add, and what vLLM has."""

UNUSED: Final = {
    # for single questions about one service
    "zstack_model_service_size_bytes",
    "zstack_model_service_created_timestamp_seconds",
}
"""Families that no rule, dashboard or page queries, on purpose."""


def rules() -> Iterator[dict[str, Any]]:
    for file in RULES:
        for group in yaml.safe_load(file.read_text("utf-8"))["groups"]:
            yield from group["rules"]


def members(document: object, name: str) -> Iterator[str]:
    """Every text by this name, however deep."""
    if isinstance(document, dict):
        if isinstance(document.get(name), str):
            yield document[name]
        document = [*document.values()]
    if isinstance(document, list):
        for each in document:
            yield from members(each, name)


def blocks(page: Path) -> list[str]:
    return re.findall(r"```promql\n(.*?)```", page.read_text("utf-8"), re.DOTALL)


def asked_by_rules() -> set[str]:
    return {name for rule in rules() for name in metrics(rule["expr"])}


def asked_by_dashboards() -> set[str]:
    documents = (json.loads(file.read_text("utf-8")) for file in DASHBOARDS)
    return {name for each in documents for expr in members(each, "expr") for name in metrics(expr)}


def asked_by_pages() -> set[str]:
    return {name for page in PAGES for block in blocks(page) for name in metrics(block)}


RECORDED: Final = {rule["record"] for rule in rules() if "record" in rule}


def is_known(name: str) -> bool:
    return name in SERIES | RECORDED or FOREIGN.fullmatch(name) is not None


@pytest.mark.parametrize(
    ("expression", "wanted"),
    [
        ("up == 0", {"up"}),
        ('sum by (job) (rate(a_total{b=~"c{d}"}[5m])) > 2 * c offset 1h', {"a_total", "c"}),
        ("a:b:c and on (x) group_left (y) d unless e", {"a:b:c", "d", "e"}),
        ("time() - max without (instance) (a) <= 1e3", {"a"}),
        ('label_replace(a, "b", "c", "", "")  # d', {"a"}),
        ("max_over_time(timestamp(a > 0)[1d:])", {"a"}),
        ("rate(a[$__rate_interval]) and present_over_time(b[$__range])", {"a", "b"}),
    ],
)
def test_the_metrics_of_an_expression_are_found(expression: str, wanted: set[str]) -> None:
    assert metrics(expression) == wanted


@pytest.mark.parametrize(
    "asked", [asked_by_rules, asked_by_dashboards, asked_by_pages], ids=lambda by: by.__name__
)
def test_only_metrics_that_exist_are_queried(asked: Any) -> None:
    assert {name for name in asked() if not is_known(name)} == set()


@pytest.mark.parametrize("file", [*PAGES, *DEPLOYED], ids=lambda file: file.name)
def test_every_metric_that_is_named_exists(file: Path) -> None:
    """Also in prose and in the texts of alerts; a family may stand for its series."""
    named = re.findall(r"(?<![\w.:/-])(?:\w+:)?zstack_[a-z0-9_]+(?::\w+)?(?![\w.-])", read(file))
    known = SERIES | RECORDED | FAMILIES.keys()
    assert {name.rstrip("_") for name in named if name not in known} == set()


def read(file: Path) -> str:
    return file.read_text("utf-8")


def test_every_case_of_a_rule_uses_series_that_exist() -> None:
    given = [each for file in CASES for each in members(yaml.safe_load(read(file)), "series")]
    assert given
    for each in given:
        name, _, labels = each.partition("{")
        assert is_known(name), each
        if name in FAMILIES:
            own = set(re.findall(r"(\w+)=\"", labels)) - {"job", "instance"}
            assert own <= set(FAMILIES[name].labels), each


def test_every_family_is_queried_or_unused_on_purpose() -> None:
    asked = asked_by_rules() | asked_by_dashboards() | asked_by_pages()
    idle = {name for name, family in FAMILIES.items() if not series(family) & asked}
    assert idle == UNUSED


def test_every_recorded_series_is_named_by_level_metric_and_operation() -> None:
    for name in RECORDED:
        assert re.fullmatch(r"[a-z_]+:zstack_[a-z_]+:(sum|max|min|(avg|ratio)\d+[mhd])", name)
