"""The dashboards are what their code makes, and hold together."""

import json
import re
import shutil
import subprocess
import sys
from collections import Counter
from itertools import chain, pairwise
from pathlib import Path
from typing import Any, Final

import pytest
import yaml
from prometheus_client import CollectorRegistry, PlatformCollector, ProcessCollector

from exporter.metrics.table import SECTIONS
from tests.support.grafana import FILES, FOLDER, Panel, Target, dashboards, marks, panels, seconds

DASHBOARDS: Final = dashboards()
PANELS: Final = tuple(panels())
TARGETS: Final = tuple(chain((each for panel in PANELS for each in panel.targets), marks()))

each_dashboard = pytest.mark.parametrize("dashboard", DASHBOARDS.values(), ids=DASHBOARDS)
each_panel = pytest.mark.parametrize("panel", PANELS, ids=str)
each_target = pytest.mark.parametrize("target", TARGETS, ids=lambda target: target.panel)

FAMILIES: Final = {family.name: family for section in SECTIONS.values() for family in section}
OF_PROMETHEUS: Final = {"up", "scrape_duration_seconds", "scrape_samples_scraped"}

NAME: Final = "[a-z_][a-z0-9_:]*"
VARIABLES: Final = ("job", "instance", "target")
TARGET_OF_ROW: Final = "var-target=${__data.fields.Platform:percentencode}"


def generate(*arguments: str) -> tuple[int, str]:
    command = [sys.executable, "-m", "grafana", *arguments]
    done = subprocess.run(command, cwd=FOLDER.parent, capture_output=True, text=True, check=False)
    assert done.stderr == ""
    return done.returncode, done.stdout


def test_the_committed_json_is_what_the_code_makes() -> None:
    assert generate("--check") == (0, "")


def test_json_that_was_changed_by_hand_is_found_and_restored(tmp_path: Path) -> None:
    shutil.copytree(FOLDER, tmp_path / "grafana")
    changed = tmp_path / "grafana" / "overview.json"
    changed.write_text(changed.read_text("utf-8").replace("now-24h", "now-25h"))

    code, printed = generate("--check", "--root", str(tmp_path))
    assert (code, printed) == (1, "grafana/overview.json is out of date\n")
    assert generate("--root", str(tmp_path)) == (0, "rewrote grafana/overview.json\n")
    assert changed.read_text() == (FOLDER / "overview.json").read_text()


@pytest.mark.parametrize("file", FILES, ids=lambda file: file.stem)
def test_keys_are_sorted_so_that_a_change_shows_as_itself(file: Path) -> None:
    text = file.read_text("utf-8")
    sort = json.dumps(json.loads(text), sort_keys=True, indent=2, ensure_ascii=False)
    assert text == sort + "\n"


def test_dashboards_have_uids_and_titles_of_their_own() -> None:
    uids = [dashboard["uid"] for dashboard in DASHBOARDS.values()]
    assert sorted(uids) == [
        "zstack-aios-changes",
        "zstack-aios-exporter",
        "zstack-aios-model-centers",
        "zstack-aios-overview",
        "zstack-aios-services",
        "zstack-aios-updates",
    ]
    assert len({dashboard["title"] for dashboard in DASHBOARDS.values()}) == 6


@each_dashboard
def test_a_dashboard_is_fit_for_provisioning(dashboard: dict[str, Any]) -> None:
    assert not {"__inputs", "__requires", "__elements", "id", "version"} & dashboard.keys()
    assert "${DS_" not in json.dumps(dashboard)
    assert dashboard["editable"] is False
    assert dashboard["tags"] == ["zstack-aios"]
    assert dashboard["description"]


@each_dashboard
def test_a_dashboard_asks_no_more_often_than_the_exporter_polls(dashboard: dict[str, Any]) -> None:
    assert seconds(dashboard["refresh"]) >= 60
    assert dashboard["time"]["to"] == "now"
    assert seconds(dashboard["time"]["from"].removeprefix("now-")) >= 3600


@each_dashboard
def test_data_source_job_instance_and_target_can_be_chosen(dashboard: dict[str, Any]) -> None:
    _, *choices = dashboard["templating"]["list"]
    assert tuple(choice["name"] for choice in choices) == VARIABLES
    for choice in choices:
        assert choice["label"] == choice["name"].capitalize()
        assert choice["includeAll"]
        assert choice["query"].startswith("label_values(zstack_")
        assert choice["query"].endswith(f", {choice['name']})")


@each_dashboard
def test_links_lead_to_the_other_dashboards_and_keep_what_is_chosen(
    dashboard: dict[str, Any],
) -> None:
    others = {other["uid"] for other in DASHBOARDS.values()} - {dashboard["uid"]}
    assert {link["url"] for link in dashboard["links"]} == {f"/d/{uid}" for uid in others}
    assert all(link["includeVars"] and link["keepTime"] for link in dashboard["links"])


@each_panel
def test_numbers_and_tables_lead_to_where_more_is_known(panel: Panel) -> None:
    links = panel.json["fieldConfig"]["defaults"].get("links", [])
    if panel.json["type"] not in {"stat", "table"}:
        return
    assert links
    for link in links:
        if link["url"] == "${__data.fields.Page:raw}":
            continue  # an exporter's own page
        path, _, rest = link["url"].partition("?")
        parts = rest.split("&")
        assert path.removeprefix("/d/") in {each["uid"] for each in DASHBOARDS.values()}
        assert parts[:3] == [
            "${datasource:queryparam}",
            "${job:queryparam}",
            "${instance:queryparam}",
        ]
        assert parts[3] in {"${target:queryparam}", TARGET_OF_ROW}
        assert parts[4] == "${__url_time_range}"


@each_dashboard
def test_a_link_to_a_panel_leads_to_one_of_its_dashboard(dashboard: dict[str, Any]) -> None:
    titles = {panel["id"]: panel["title"] for panel in dashboard["panels"]}
    for panel in dashboard["panels"]:
        for link in panel.get("fieldConfig", {}).get("defaults", {}).get("links", []):
            found = re.search(r"^/d/(.*)\?.*&viewPanel=(\d+)$", link["url"])
            if found:
                assert found[1] == dashboard["uid"]
                assert titles[int(found[2])] == link["title"]


@each_panel
def test_links_name_columns_that_the_table_has(panel: Panel) -> None:
    for link in panel.json["fieldConfig"]["defaults"].get("links", []):
        named = set(re.findall(r"__data\.fields\.(\w+)", link["url"]))
        if named:
            *_, chosen = panel.json["transformations"]
            assert named <= set(chosen["options"]["renameByName"].values())


@each_dashboard
def test_panels_fill_the_grid_and_do_not_overlap(dashboard: dict[str, Any]) -> None:
    places = [panel["gridPos"] for panel in dashboard["panels"]]
    taken = Counter(
        (x, y)
        for at in places
        for x in range(at["x"], at["x"] + at["w"])
        for y in range(at["y"], at["y"] + at["h"])
    )
    assert set(taken.values()) == {1}
    rows = [y for _, y in taken]
    assert len(taken) == 24 * (max(rows) + 1)
    assert all(a["y"] <= b["y"] for a, b in pairwise(places))


@each_dashboard
def test_panels_have_ids_and_titles_of_their_own(dashboard: dict[str, Any]) -> None:
    ids = [panel["id"] for panel in dashboard["panels"]]
    titles = [panel["title"] for panel in dashboard["panels"] if panel["type"] != "row"]
    assert len(set(ids)) == len(ids)
    assert len(set(titles)) == len(titles)


@each_panel
def test_a_panel_has_a_description_a_unit_and_a_text_without_data(panel: Panel) -> None:
    defaults = panel.json["fieldConfig"]["defaults"]
    assert re.fullmatch(r"[A-Z].*[^.]", panel.title)
    assert re.fullmatch(r"[A-Z].*\.", panel.json["description"])
    assert defaults["unit"]
    assert re.fullmatch(r".*[^.]", defaults["noValue"])


@each_panel
def test_a_table_has_an_order(panel: Panel) -> None:
    if panel.json["type"] == "table":
        (order,) = panel.json["options"]["sortBy"]
        *_, chosen = panel.json["transformations"]
        assert order["displayName"] in chosen["options"]["renameByName"].values()


@each_panel
def test_numbers_of_now_are_asked_for_now(panel: Panel) -> None:
    """The last value of a range would still stand there when nothing is known any more."""
    instant = {target.instant for target in panel.targets}
    assert instant == {panel.json["type"] != "timeseries"}


@each_target
def test_every_series_is_of_the_chosen_exporters_and_platforms(target: Target) -> None:
    selectors = re.findall(rf"\b({NAME}){{(.*?)}}", target.expression)
    assert selectors
    for metric, matchers in selectors:
        if ":" in metric:  # recorded for all replicas
            assert matchers == 'job=~"$job",target=~"$target"'
            continue
        assert 'job=~"$job",instance=~"$instance"' in matchers
        family = FAMILIES.get(metric.removesuffix("_bucket"))
        assert ('target=~"$target"' in matchers) == bool(family and family.per_target)


@each_target
def test_every_metric_exists(target: Target) -> None:
    registry = CollectorRegistry()
    ProcessCollector(registry=registry)
    PlatformCollector(registry=registry)
    of_process = {sample.name for family in registry.collect() for sample in family.samples}
    named = set(re.findall(r"\b([a-z_]+){", target.expression))
    histograms = {f"{name}_bucket" for name, of in FAMILIES.items() if of.type == "histogram"}
    assert named <= FAMILIES.keys() | histograms | OF_PROMETHEUS | of_process


@each_target
def test_no_series_is_named_without_saying_whose(target: Target) -> None:
    labels_gone = re.sub(r"\b(by|on|group_left) \(.*?\)", "", target.expression)
    bare = re.sub(r'{.*?}|".*?"|\[.*?\]|offset \$__interval', "", labels_gone)
    operators = {"and", "or", "unless"}
    called = set(re.findall(r"\b([a-z_]+) *\(", bare)) - operators
    words = set(re.findall(rf"\b{NAME}\b", bare)) - operators
    selected = set(re.findall(rf"\b({NAME}){{", target.expression))
    assert words == called | selected


@each_target
def test_a_counter_is_only_looked_at_as_a_rate(target: Target) -> None:
    for before, _, window in re.findall(
        r"(\w+)\(\w+_(total|bucket){.*?}\[(.*?)\]", target.expression
    ):
        assert (before, window) == ("rate", "$__rate_interval")
    counters = re.findall(r"_(?:total|bucket){", target.expression)
    rates = re.findall(r"\brate\(\w+_(?:total|bucket){", target.expression)
    assert len(counters) == len(rates)


@each_target
def test_legends_use_labels_that_the_query_keeps(target: Target) -> None:
    legend = re.findall(r"{{(\w+)}}", str(target.json["legendFormat"]))
    first = re.search(r"\bby \((.*?)\)", target.expression)
    kept = set(first[1].split(", ")) if first else {"job", "instance", "target"}
    assert set(legend) <= kept


def test_provisioning_names_the_folder_and_the_data_source() -> None:
    (provider,) = read("dashboards/zstack-aios.yaml")["providers"]
    assert provider["type"] == "file"
    assert provider["options"]["path"] == "/var/lib/grafana/dashboards"
    assert provider["allowUiUpdates"] is False
    (source,) = read("datasources/prometheus.yaml")["datasources"]
    assert source["type"] == "prometheus"
    assert source["isDefault"] is True


def read(name: str) -> dict[str, Any]:
    document = yaml.safe_load((FOLDER / "provisioning" / name).read_text("utf-8"))
    assert document["apiVersion"] == 1
    return dict(document)


@pytest.mark.parametrize(
    ("dashboard", "shown"),
    [
        ("overview", {"came", "went", "updated", "requests more"}),
        ("updates", {"updated", "new version"}),
    ],
)
def test_graphs_mark_what_the_dashboard_is_about_and_the_rest_on_demand(
    dashboard: str, shown: set[str]
) -> None:
    found = DASHBOARDS[dashboard]["annotations"]["list"]
    enabled = {each["name"].removeprefix("Services: "): each["enable"] for each in found}
    assert len(enabled) == 5
    assert {kind for kind, is_enabled in enabled.items() if is_enabled} == shown
