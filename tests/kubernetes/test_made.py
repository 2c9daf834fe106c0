"""What is made from other files: by `python -m deploy`, and found out when it is old."""

import re
from pathlib import Path

import pytest
import yaml

from deploy.__main__ import made, main
from deploy.publishing import PROJECT, read_publishing
from deploy.values import read_values
from exporter.build import VERSION
from tests.support.trees import copy_of_tree

from .programs import ROOT

CHART = Path("deploy/helm/zstack-aios-exporter")
RULES = Path("deploy/kubernetes/components/prometheus-rule")


@pytest.fixture
def copy(tmp_path: Path) -> Path:
    """The files from which and to which it is made."""
    return copy_of_tree(tmp_path)


def is_current(root: Path) -> bool:
    return main(["--check", "--root", str(root)]) == 0


def renewed(root: Path) -> bool:
    assert main(["--root", str(root)]) == 0
    return is_current(root)


def test_nothing_is_old() -> None:
    assert is_current(ROOT)


def test_a_change_by_hand_is_found_and_undone(copy: Path) -> None:
    paths = [path for path, _ in made(copy)]
    assert len(paths) >= 50
    made_wholly = (CHART / "files", CHART / "values.schema.json", RULES)
    for path in paths:
        before = (copy / path).read_text()
        changed = re.sub(r"https://\S+(?=/blob/main/)", "https://git.example.com/x", before)
        if path != PROJECT:
            changed = changed.replace(VERSION, "7.6.5").replace("default | meaning |", "?")
            changed = changed.replace(read_publishing(copy).registry, "registry.example.com")
        if any(path.is_relative_to(each) for each in made_wholly):
            changed = f"{before} "
        (copy / path).write_text(changed)
        assert is_current(copy) == (changed == before), path
        assert renewed(copy)
        assert (copy / path).read_text() == before


def test_a_changed_rule_is_taken_up(copy: Path) -> None:
    rules = copy / "deploy/prometheus/rules/zstack-aios.yml"
    rules.write_text(rules.read_text().replace("30 * 86400", "60 * 86400"))
    assert not is_current(copy)
    assert renewed(copy)
    resource = yaml.safe_load((copy / RULES / "zstack-aios.yaml").read_text())
    assert resource["spec"] == yaml.safe_load(rules.read_text())
    assert (copy / CHART / "files/rules/zstack-aios.yml").read_text() == rules.read_text()


def test_what_nothing_is_made_from_any_more_is_removed(copy: Path) -> None:
    kept = {path for path, _ in made(copy)}
    for left in (RULES / "old.yaml", CHART / "files/dashboards/old.json"):
        (copy / left).write_text("{}")
    assert not is_current(copy)
    assert renewed(copy)
    assert not (copy / RULES / "old.yaml").exists()
    assert all((copy / path).exists() for path in kept)
    assert (copy / RULES / "kustomization.yaml").exists()


def test_a_value_must_be_described() -> None:
    with pytest.raises(ValueError, match=r"^image\.tag has no comment"):
        read_values("image:\n  # -- Its name.\n  name: a\n  tag: b\n")


def test_a_value_is_what_has_a_description_at_any_depth() -> None:
    [value] = read_values("image:\n  # -- All of it.\n  all: {a: 1}\n")
    assert (value.key, value.default, value.description) == ("image.all", {"a": 1}, "All of it.")
