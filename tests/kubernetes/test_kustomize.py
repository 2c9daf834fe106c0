"""The kustomize base, its components and overlays: what each adds."""

from pathlib import Path

import pytest
import yaml

from .objects import ORDINAL, TOTAL, Objects
from .programs import RESOURCES, ROOT, built, kustomize

pytestmark = pytest.mark.system

RULES = sorted((ROOT / "deploy/prometheus/rules").glob("*.yml"))
DASHBOARDS = sorted((ROOT / "grafana").glob("*.json"))


def with_components(folder: Path, *names: str) -> Objects:
    components = [f"../../components/{name}" for name in names]
    return built(folder, yaml.safe_dump({"resources": ["../../base"], "components": components}))


def test_the_base_needs_no_operator_and_makes_no_secret() -> None:
    kinds = sorted(each["kind"] for each in kustomize(RESOURCES / "base").all)
    expected = ["ConfigMap", "Deployment", "NetworkPolicy", "Service", "ServiceAccount"]
    assert kinds == expected


def test_every_component_is_used_by_an_overlay() -> None:
    used = {
        (overlay / path).resolve()
        for overlay in (RESOURCES / "overlays").iterdir()
        for path in yaml.safe_load((overlay / "kustomization.yaml").read_text())["components"]
    }
    assert used == set((RESOURCES / "components").iterdir())


def test_the_rules_are_the_shipped_ones(tmp_path: Path) -> None:
    made = with_components(tmp_path, "prometheus-rule").of_kind("PrometheusRule")
    assert RULES
    assert [each["spec"] for each in made] == [yaml.safe_load(file.read_text()) for file in RULES]


def test_each_dashboard_is_in_a_config_map_that_grafana_looks_for(tmp_path: Path) -> None:
    made = with_components(tmp_path, "dashboards").of_kind("ConfigMap")
    shown = [each for each in made if each["metadata"]["labels"].get("grafana_dashboard") == "1"]
    held = {name: text for each in shown for name, text in each["data"].items()}
    assert DASHBOARDS
    assert held == {f"zstack-aios-{file.name}": file.read_text() for file in DASHBOARDS}
    assert len(shown) == len(DASHBOARDS)
    # Grafana would show one twice for as long as the old name is there.
    assert all(
        each["metadata"]["name"].endswith(tuple("abcdefghijklmnopqrstuvwxyz")) for each in shown
    )


def test_shards_take_the_place_of_the_one_exporter(tmp_path: Path) -> None:
    sharded = with_components(tmp_path, "sharded")
    assert sharded.of_kind("Deployment") == []
    spec = sharded.workload["spec"]
    assert spec["serviceName"] == sharded.one("Service")["metadata"]["name"]
    assert "strategy" not in spec
    assert sharded.arguments[0].endswith("/config/config.yaml")
    assert sharded.environment(7)[ORDINAL] == "7"
    assert sharded.environment()[TOTAL] == str(spec["replicas"])


@pytest.mark.parametrize("others", [(), ("sharded",), ("web-config",)])
def test_a_state_file_is_kept_in_a_volume(tmp_path: Path, others: tuple[str, ...]) -> None:
    made = with_components(tmp_path, *others, "state")
    assert "--state.file=/var/lib/zstack-aios-exporter/state.json" in made.arguments
    assert "strategy" not in made.workload["spec"]
    assert made.of_kind("Deployment") == []
    assert (TOTAL in made.environment()) == ("sharded" in others)


def test_the_web_configuration_reaches_a_single_exporter_too(tmp_path: Path) -> None:
    made = with_components(tmp_path, "web-config")
    assert made.workload["kind"] == "Deployment"
    assert "--web.config.file=/etc/zstack-aios-exporter/web/web.yaml" in made.arguments
    assert made.container["livenessProbe"]["httpGet"]["scheme"] == "HTTPS"
    assert made.of_kind("ServiceMonitor") == []


@pytest.mark.parametrize("prefix", ["", "east-"])
def test_the_number_of_replicas_is_that_of_the_shards(tmp_path: Path, prefix: str) -> None:
    kustomization = {
        "namePrefix": prefix,
        "resources": ["../../base"],
        "components": ["../../components/sharded", "../../components/web-config"],
        "replicas": [{"name": "zstack-aios-exporter", "count": 12}],
        "transformers": ["../../components/sharded/total"],
    }
    sharded = built(tmp_path, yaml.safe_dump(kustomization))
    assert (sharded.shards, sharded.environment()[TOTAL]) == (12, "12")


def test_shards_have_one_configuration() -> None:
    overlay = kustomize(RESOURCES / "overlays" / "sharded")
    assert overlay.shards > 1
    assert overlay.one("ConfigMap")["data"].keys() == {"config.yaml"}


def test_a_changed_configuration_rolls_out_new_pods(tmp_path: Path) -> None:
    changed = {"name": "zstack-aios-exporter", "behavior": "replace", "files": ["config.yaml"]}
    overlay = {"resources": ["../../base"], "configMapGenerator": [changed]}
    base = (RESOURCES / "base/config.yaml").read_text()
    before, after = (
        built(
            tmp_path / str(interval),
            yaml.safe_dump(overlay),
            config=f"{base}  interval: {interval}m\n",
        )
        for interval in (1, 2)
    )
    assert before.pod != after.pod
    assert (
        after.one("ConfigMap")["metadata"]["labels"]
        == before.one("ConfigMap")["metadata"]["labels"]
    )


def test_the_name_of_the_configuration_can_be_kept_for_reloads(tmp_path: Path) -> None:
    kept = {
        "name": "zstack-aios-exporter",
        "behavior": "replace",
        "literals": ["config.yaml=target: {url: http://10.0.0.5}"],
        "options": {"disableNameSuffixHash": True},
    }
    overlay = {"resources": ["../../base"], "configMapGenerator": [kept]}
    made = built(tmp_path, yaml.safe_dump(overlay))
    assert made.one("ConfigMap")["metadata"]["name"] == "zstack-aios-exporter"
    assert made.files().keys() == {"/etc/zstack-aios-exporter/config/config.yaml"}


def test_a_prefix_of_names_reaches_every_reference(tmp_path: Path) -> None:
    names = ["sharded", "service-monitor", "web-config"]
    kustomization = {
        "namePrefix": "east-",
        "resources": ["../../base"],
        "components": [f"../../components/{name}" for name in names],
    }
    prefixed = built(tmp_path, yaml.safe_dump(kustomization))
    assert {each["metadata"]["name"].partition("-")[0] for each in prefixed.all} == {"east"}
    spec = prefixed.pod["spec"]
    assert spec["serviceAccountName"] == "east-zstack-aios-exporter"
    [config] = [
        volume["configMap"]["name"] for _, volume in prefixed.mounts() if "configMap" in volume
    ]
    assert config == prefixed.one("ConfigMap")["metadata"]["name"]
    assert prefixed.arguments[0].endswith("/config/config.yaml")


def test_the_namespace_of_the_example_admits_only_restricted_pods() -> None:
    namespace = kustomize(RESOURCES / "overlays" / "example").one("Namespace")
    assert namespace["metadata"]["labels"]["pod-security.kubernetes.io/enforce"] == "restricted"
