"""What docs/kubernetes.md gives to copy fits together."""

import re
from pathlib import Path

import pytest
import yaml

from .container import PLACE
from .objects import Objects
from .programs import RESOURCES, ROOT, built, kustomize, template

pytestmark = pytest.mark.system

PAGE = (ROOT / "docs" / "kubernetes.md").read_text("utf-8")
BLOCKS = re.findall(r"```(sh|yaml)\n(.*?)```", PAGE, re.DOTALL)
COMMANDS = "".join(text for kind, text in BLOCKS if kind == "sh").replace("\\\n", " ")
EXAMPLE = RESOURCES / "overlays" / "example"


def made_secrets(commands: str = COMMANDS) -> dict[str, set[str]]:
    """The keys of each Secret that the page has made, by its name."""
    found = re.findall(r"create secret generic (\S+) (.*)", commands)
    return {
        name: set(re.findall(r"--from-(?:file|literal)=([^=\s]+)", keys)) for name, keys in found
    }


def named_files(objects: Objects, folder: str) -> set[str]:
    """The files in a folder that the configuration names."""
    text = "".join(objects.files().values())
    return set(re.findall(rf"{PLACE}/{folder}/([\w.-]+)", text))


def test_the_secret_has_what_the_example_names() -> None:
    example = kustomize(EXAMPLE)
    [secret] = [v["secret"]["secretName"] for _, v in example.mounts() if "secret" in v]
    assert made_secrets()[secret] == named_files(example, "secrets")


def test_the_secret_for_the_web_has_what_the_component_names() -> None:
    sharded = kustomize(RESOURCES / "overlays" / "sharded")
    [endpoint] = sharded.one("ServiceMonitor")["spec"]["endpoints"]
    authority = endpoint["tlsConfig"]["ca"]["secret"]
    made = made_secrets()
    assert {"web.yaml", authority["key"]} <= made[authority["name"]]
    for reference in endpoint["basicAuth"].values():
        assert reference["key"] in made[reference["name"]]


def test_the_namespace_is_that_of_the_example() -> None:
    namespace = kustomize(EXAMPLE).one("Namespace")["metadata"]["name"]
    assert set(re.findall(r"--namespace (\S+)", COMMANDS)) == {namespace}


def test_the_values_poll_what_the_example_polls(tmp_path: Path) -> None:
    [values] = [text for kind, text in BLOCKS if kind == "yaml" and "existingSecret" in text]
    (tmp_path / "values.yaml").write_text(values)
    chart = template("--values", str(tmp_path / "values.yaml"))
    assert targets(chart) == targets(kustomize(EXAMPLE))
    assert named_files(chart, "secrets") == made_secrets()["zstack-aios-exporter"]


def targets(objects: Objects) -> object:
    return yaml.safe_load(objects.files()[f"{PLACE}/config/config.yaml"])["targets"]


def test_the_label_for_the_operator_reaches_what_it_looks_for(tmp_path: Path) -> None:
    [labels] = [text for kind, text in BLOCKS if kind == "yaml" and "pairs:" in text]
    parts = ["service-monitor", "prometheus-rule"]
    overlay = {
        "resources": ["../../base"],
        "components": [f"../../components/{part}" for part in parts],
    }
    made = built(tmp_path, f"{yaml.safe_dump(overlay)}{labels}")
    for each in made.of_kind("ServiceMonitor", "PrometheusRule"):
        assert each["metadata"]["labels"]["release"] == "kube-prometheus-stack"
    assert "release" not in made.workload["spec"]["selector"]["matchLabels"]


def test_every_component_is_documented() -> None:
    documented = set(re.findall(r"^\| `([a-z-]+)` \|", PAGE, re.MULTILINE))
    assert {each.name for each in (RESOURCES / "components").iterdir()} <= documented
