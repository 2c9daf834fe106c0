"""The rules of Grafana's dashboard-linter, each under its name there, with our exceptions."""

import re
from itertools import chain, combinations
from typing import Any, Final

import pytest

from tests.support.grafana import Panel, Target, dashboards, marks, panels

DASHBOARDS: Final = dashboards()
PANELS: Final = tuple(panels())
TARGETS: Final = tuple(chain((each for panel in PANELS for each in panel.targets), marks()))

each_dashboard = pytest.mark.parametrize("dashboard", DASHBOARDS.values(), ids=DASHBOARDS)
each_panel = pytest.mark.parametrize("panel", PANELS, ids=str)
each_target = pytest.mark.parametrize("target", TARGETS, ids=lambda target: target.panel)

SOURCE: Final = {"type": "prometheus", "uid": "${datasource}"}
UNITS: Final = {"none", "short", "s", "ms", "bytes", "percentunit"}
"""Of Grafana's units those that we use: words that need no explanation."""


@each_dashboard
def test_template_datasource_rule(dashboard: dict[str, Any]) -> None:
    sources = [each for each in variables(dashboard) if each["type"] == "datasource"]
    assert [(each["name"], each["label"], each["query"]) for each in sources] == [
        ("datasource", "Data source", "prometheus")
    ]


@each_dashboard
@pytest.mark.parametrize("label", ["job", "instance"])
def test_template_job_rule_and_template_instance_rule(
    dashboard: dict[str, Any], label: str
) -> None:
    [variable] = [each for each in variables(dashboard) if each["name"] == label]
    assert variable["type"] == "query"
    assert variable["datasource"] == SOURCE
    assert variable["label"] == label.capitalize()
    assert variable["multi"]
    assert variable["allValue"] == ".+"


@each_dashboard
def test_template_label_promql_rule(dashboard: dict[str, Any]) -> None:
    """A real Prometheus parses the selectors in tests/system/test_queries.py."""
    for each in queried(dashboard):
        assert re.fullmatch(r"label_values\([a-z_]+({.*})?, [a-z]+\)", each["query"])


@each_dashboard
def test_template_on_time_change_reload_rule(dashboard: dict[str, Any]) -> None:
    assert {each["refresh"] for each in queried(dashboard)} == {2}


@each_dashboard
def test_uneditable_rule(dashboard: dict[str, Any]) -> None:
    assert dashboard["editable"] is False


@each_panel
def test_panel_datasource_rule(panel: Panel) -> None:
    assert panel.json["datasource"] == SOURCE
    assert all("datasource" not in target.json for target in panel.targets)


@each_dashboard
def test_annotations_use_the_data_source_too(dashboard: dict[str, Any]) -> None:
    assert all(each["datasource"] == SOURCE for each in annotations(dashboard))


@each_panel
def test_panel_title_description_rule(panel: Panel) -> None:
    assert panel.title
    assert panel.json["description"]


@each_panel
def test_panel_units_rule(panel: Panel) -> None:
    assert panel.json["fieldConfig"]["defaults"]["unit"] in UNITS


@each_panel
def test_panel_no_targets_rule(panel: Panel) -> None:
    assert panel.targets


@each_target
def test_target_rate_interval_rule(target: Target) -> None:
    """Other functions may look back over the time range, a step, or the hour before."""
    windows = re.findall(r"\b(rate|irate|increase)\(.*?\[(.*?)\]", target.expression)
    assert {window for _, window in windows} <= {"$__rate_interval"}
    others = set(re.findall(r"\[(.*?)\]", target.expression)) - {"$__rate_interval"}
    allowed = {"$__range", "$__interval", "$__range:$__interval", "1h:$__interval"}
    assert others <= allowed


@each_target
def test_target_job_rule(target: Target) -> None:
    assert all('job=~"$job"' in matchers for _, matchers in selectors(target))


@each_target
def test_target_instance_rule(target: Target) -> None:
    """But for what rules have recorded, with a colon in its name: one series of all replicas."""
    for metric, matchers in selectors(target):
        assert ":" in metric or 'instance=~"$instance"' in matchers


@each_target
def test_target_counter_agg_rule(target: Target) -> None:
    counters = re.findall(r"(\w*)\(?\b\w+_total{", target.expression)
    assert set(counters) <= {"rate"}


@each_target
def test_target_histogram_rule(target: Target) -> None:
    if "_bucket{" in target.expression:
        assert target.expression.startswith("histogram_quantile(")


@each_dashboard
def test_panel_no_overlap(dashboard: dict[str, Any]) -> None:
    places = [panel["gridPos"] for panel in dashboard["panels"]]
    for one, other in combinations(places, 2):
        assert apart(one, other, "x", "w") or apart(one, other, "y", "h"), (one, other)


def apart(one: dict[str, int], other: dict[str, int], at: str, size: str) -> bool:
    return one[at] + one[size] <= other[at] or other[at] + other[size] <= one[at]


def variables(dashboard: dict[str, Any]) -> list[dict[str, Any]]:
    return list(dashboard["templating"]["list"])


def queried(dashboard: dict[str, Any]) -> list[dict[str, Any]]:
    return [each for each in variables(dashboard) if each["type"] == "query"]


def annotations(dashboard: dict[str, Any]) -> list[dict[str, Any]]:
    return list(dashboard.get("annotations", {}).get("list", []))


def selectors(target: Target) -> list[tuple[str, str]]:
    """Each metric that is asked for, with its matchers."""
    found: list[tuple[str, str]] = re.findall(r"([a-z_:0-9]+){(.*?)}", target.expression)
    assert found
    return found
