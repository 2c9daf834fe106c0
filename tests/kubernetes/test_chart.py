"""The Helm chart: what it takes, what it refuses, and what its values change."""

import json
import re
import shutil
from pathlib import Path
from typing import Any

import jsonschema
import pytest
import yaml

from deploy.publishing import read_publishing
from deploy.values import read_values
from exporter.build import VERSION
from exporter.settings import Settings, declared

from .objects import ORDINAL, TOTAL, Objects
from .programs import CHART, NAMESPACE, ROOT, RefusedError, helm, template
from .values import BAD, GOOD

pytestmark = pytest.mark.system

DEFAULTS = yaml.safe_load((CHART / "values.yaml").read_text())
SCHEMA = json.loads((CHART / "values.schema.json").read_text())
RULES = yaml.safe_load((CHART / "files/rules/zstack-aios.yml").read_text())
ALL = next(file for file in GOOD if file.stem == "all-of-it")
ONE = next(file for file in GOOD if file.stem == "one-platform")


def with_values(*settings: str) -> Objects:
    """One platform, with more values as `--set` takes them."""
    sets = [flag for each in settings for flag in ("--set", each)]
    return template("--values", str(ONE), *sets)


def leaves(values: Any, path: str = "") -> set[str]:
    """Each value by its path, where mappings without content count as one."""
    if not isinstance(values, dict) or not values:
        return {path}
    return {
        leaf for name, held in values.items() for leaf in leaves(held, f"{path}.{name}".strip("."))
    }


def alerts(objects: Objects) -> dict[str, Any]:
    groups = objects.one("PrometheusRule")["spec"]["groups"]
    return {rule["alert"]: rule for group in groups for rule in group["rules"] if "alert" in rule}


def test_helm_accepts_it_as_it_is() -> None:
    assert "1 chart(s) linted, 0 chart(s) failed" in helm("lint", "--strict", str(CHART))


@pytest.mark.parametrize("values", GOOD, ids=lambda file: file.stem)
def test_helm_accepts_it_with_good_values(values: Path) -> None:
    assert "0 chart(s) failed" in helm("lint", "--strict", str(CHART), "--values", str(values))


@pytest.mark.parametrize("values", BAD, ids=lambda file: file.stem)
def test_bad_values_are_refused_and_the_place_is_named(values: Path) -> None:
    expected = values.read_text().splitlines()[0].removeprefix("# ")
    with pytest.raises(RefusedError) as refused:
        template("--values", str(values))
    assert expected in str(refused.value)
    assert "hunter2" not in str(refused.value)


def test_the_good_values_give_every_value_that_there_is() -> None:
    given = set().union(*(leaves(yaml.safe_load(file.read_text())) for file in GOOD))
    for value in read_values((CHART / "values.yaml").read_text()):
        assert any(f"{each}.".startswith(f"{value.key}.") for each in given), value.key


def test_the_defaults_are_within_the_schema() -> None:
    jsonschema.validators.validator_for(SCHEMA).check_schema(SCHEMA)
    jsonschema.validate(DEFAULTS, SCHEMA)


def test_every_setting_that_is_no_secret_can_be_given() -> None:
    known = SCHEMA["properties"]["config"]["properties"]
    ours = {"web.listen_address", "web.config_file", "web.systemd_socket", "config.file"}
    ours |= {"shard.ordinal", "shard.total"}
    for setting in declared(Settings):
        if len(setting.path) == 1:
            assert setting.key in known
            continue
        section, name = setting.path
        if setting.key in ours or (setting.secret and setting.key != "target.proxy"):
            assert name not in known.get(section, {}).get("properties", {})
        else:
            assert name in known[section]["properties"]


def test_values_of_a_chart_above_are_let_through() -> None:
    assert with_values("global.region=east", "enabled=true").workload


def test_a_package_is_whole(tmp_path: Path) -> None:
    helm("package", str(CHART), "--destination", str(tmp_path))
    [package] = tmp_path.glob("*.tgz")
    rendered = template("--values", str(ALL), chart=package)
    assert rendered == template("--values", str(ALL))


def test_a_secret_is_made_only_of_what_is_given() -> None:
    assert with_values().of_kind("Secret") == []
    made = with_values("secret.existingSecret=", "secret.files.access-key-secret=0123")
    assert made.one("Secret")["stringData"] == {"access-key-secret": "0123"}
    assert made.files()["/etc/zstack-aios-exporter/secrets/access-key-secret"] == "0123"


def test_a_changed_configuration_rolls_out_new_pods() -> None:
    before, after = (
        with_values(f"config.target.interval={interval}").pod["metadata"]["annotations"]
        for interval in ("1m", "2m")
    )
    assert before["checksum/config"] != after["checksum/config"]


def test_names_end_where_kubernetes_ends_them() -> None:
    long = with_values(f"fullnameOverride={'aios-' * 30}")
    assert max(len(each["metadata"]["name"]) for each in long.all) <= 63
    assert not [each for each in long.all if each["metadata"]["name"].endswith("-")]


def test_the_name_of_a_release_is_not_repeated() -> None:
    assert with_values().workload["metadata"]["name"] == "monitoring-zstack-aios-exporter"
    text = helm("template", "zstack-aios-exporter", str(CHART), "--values", str(ONE))
    assert Objects.of(text).workload["metadata"]["name"] == "zstack-aios-exporter"


@pytest.mark.parametrize(
    ("values", "image"),
    [
        ((), f"{read_publishing(ROOT).registry}/zstack-aios-exporter:{VERSION}"),
        (("image.registry=",), f"zstack-aios-exporter:{VERSION}"),
        (("image.registry=r.example.com/",), f"r.example.com/zstack-aios-exporter:{VERSION}"),
        (("image.registry=", "image.tag=edge"), "zstack-aios-exporter:edge"),
        (
            ("image.registry=", f"image.digest=sha256:{'0' * 64}", "image.tag=edge"),
            f"zstack-aios-exporter@sha256:{'0' * 64}",
        ),
    ],
)
def test_the_image_is_named_in_parts(values: tuple[str, ...], image: str) -> None:
    assert with_values(*values).container["image"] == image


def test_the_number_of_replicas_is_that_of_the_shards() -> None:
    file = next(file for file in GOOD if file.stem == "shards")
    for replicas in (1, 12):
        sharded = template("--values", str(file), "--set", f"replicas={replicas}")
        assert sharded.workload["kind"] == "StatefulSet"
        assert (sharded.shards, sharded.environment()[TOTAL]) == (replicas, str(replicas))
        assert sharded.environment(7)[ORDINAL] == "7"
        assert sharded.one("ConfigMap")["data"].keys() == {"config.yaml"}


def test_pods_that_are_not_shards_all_poll_every_platform() -> None:
    replicas = with_values("replicas=2")
    assert replicas.workload["kind"] == "Deployment"
    assert replicas.environment() == {}


def test_the_network_policy_follows_the_ports_of_the_platforms() -> None:
    policy = template("--values", str(ALL)).one("NetworkPolicy")
    assert policy["spec"]["egress"][1] == {
        "ports": [{"port": 3128, "protocol": "TCP"}, {"port": 443, "protocol": "TCP"}]
    }


def test_the_rules_are_the_shipped_ones() -> None:
    rendered = with_values("prometheusRule.enabled=true").one("PrometheusRule")
    assert rendered["spec"] == RULES


def test_each_dashboard_is_in_a_config_map_that_grafana_looks_for() -> None:
    made = with_values("dashboards.enabled=true").of_kind("ConfigMap")
    shown = [each for each in made if "grafana_dashboard" in each["metadata"]["labels"]]
    held = {name: text for each in shown for name, text in each["data"].items()}
    shipped = sorted((ROOT / "grafana").glob("*.json"))
    assert held == {f"zstack-aios-{file.name}": file.read_text() for file in shipped}
    assert len(shown) == len(shipped) > 0


def test_single_alerts_can_be_left_out_or_changed() -> None:
    shipped = alerts(with_values("prometheusRule.enabled=true"))
    changed = alerts(template("--values", str(ALL)))
    assert shipped.keys() - changed.keys() == {"ZStackAIOSNewVersionPending"}
    down = changed["ZStackAIOSTargetDown"]
    assert (down["for"], down["keep_firing_for"]) == ("10m", "1m")
    assert down["labels"] == {"severity": "warning", "team": "ai"}
    assert down["annotations"]["summary"] == "Die Plattform antwortet nicht."
    assert (
        down["annotations"]["description"]
        == (shipped["ZStackAIOSTargetDown"]["annotations"]["description"])
    )
    assert changed["ZStackAIOSServicesVanished"]["expr"].endswith("< 10")


def test_alerts_that_are_not_changed_stay_as_they_are() -> None:
    shipped = alerts(with_values("prometheusRule.enabled=true"))
    changed = alerts(template("--values", str(ALL)))
    for name in changed.keys() - {"ZStackAIOSTargetDown", "ZStackAIOSServicesVanished"}:
        labels = shipped[name]["labels"] | {"team": "ai"}
        assert changed[name] == shipped[name] | {"labels": labels}


def test_the_notes_show_how_to_look_at_it(tmp_path: Path) -> None:
    shown = notes(tmp_path, "--values", str(ALL))
    assert "polls 2 platforms: lab, shanghai" in shown
    assert "port-forward service/aios-of-the-house 80" in shown
    assert "https://localhost:80/" in shown
    assert "There are no secrets" not in shown
    assert "with the Prometheus operator" not in shown


def test_the_notes_name_what_is_missing(tmp_path: Path) -> None:
    shown = notes(tmp_path, "--values", str(ONE), "--set", "secret.existingSecret=")
    assert "polls 1 platform: default" in shown
    assert "There are no secrets" in shown
    address = f"http://x-zstack-aios-exporter.{NAMESPACE}.svc:10521/metrics"
    assert f"Prometheus scrapes {address}" in shown


def notes(folder: Path, *options: str) -> str:
    """Helm shows them only when it installs; so a copy of the chart has them in an object."""
    chart = folder / "chart"
    shutil.copytree(CHART, chart)
    (chart / "templates/NOTES.txt").rename(chart / "NOTES.txt")
    (chart / "templates/notes.yaml").write_text(
        'kind: Notes\ntext: |\n  {{- tpl (.Files.Get "NOTES.txt") . | nindent 2 }}\n'
    )
    text = helm("template", "x", str(chart), "--namespace", NAMESPACE, *options)
    return str(Objects.of(text).one("Notes")["text"])


def test_the_readme_shows_a_command_that_works() -> None:
    [block] = re.findall(r"```sh\n(.*?)```", (CHART / "README.md").read_text(), re.DOTALL)
    sets = re.findall(r"--set (\S+)", block)
    flags = [flag for each in sets for flag in ("--set", each)]
    rendered = template(*flags)
    [made] = re.findall(r"create secret generic (\S+) --from-file=(\S+)", block)
    secret, key = made
    assert secret in {v["secret"]["secretName"] for _, v in rendered.mounts() if "secret" in v}
    assert (
        f"/etc/zstack-aios-exporter/secrets/{key}"
        in rendered.one("ConfigMap")["data"]["config.yaml"]
    )
