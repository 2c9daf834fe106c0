"""Rewrite what is made from other files; with --check, only list those that are out of date."""

import re
import sys
import tomllib
from collections.abc import Iterator
from pathlib import Path
from textwrap import indent
from typing import Final

from docs.rewriting import rewrite

from .schema import values_schema
from .values import VALUES, read_values, table

RULES: Final = Path("deploy/prometheus/rules")
DASHBOARDS: Final = Path("grafana")
RESOURCES: Final = Path("deploy/kubernetes")
CHART: Final = VALUES.parent

_MADE: Final = (CHART / "files", RESOURCES / "components" / "prometheus-rule")
"""Folders whose files are all made here, but for a kustomization."""


def main(arguments: list[str] | None = None) -> int:
    """Bring every file up to date; with --check, return 1 if one is not."""
    return rewrite("deploy", __doc__, outdated, arguments)


def outdated(root: Path) -> Iterator[tuple[Path, str | None]]:
    """Each file that does not hold what it should, and that: nothing, if it should not be."""
    wanted = dict(made(root))
    for path, text in wanted.items():
        file = root / path
        if not file.exists() or file.read_text("utf-8") != text:
            yield path, text
    for folder in _MADE:
        for file in (root / folder).rglob("*.*"):
            path = file.relative_to(root)
            if path not in wanted and file.name != "kustomization.yaml":
                yield path, None


def made(root: Path) -> Iterator[tuple[Path, str]]:
    """Each file that is made here."""
    for rules in sorted((root / RULES).glob("*.yml")):
        text = rules.read_text("utf-8")
        yield _MADE[1] / f"{rules.stem}.yaml", prometheus_rule(rules.stem, text)
        # Helm packs nothing from above the chart's folder.
        yield CHART / "files" / "rules" / rules.name, text
    for dashboard in sorted((root / DASHBOARDS).glob("*.json")):
        yield CHART / "files" / "dashboards" / dashboard.name, dashboard.read_text("utf-8")
    values = read_values((root / VALUES).read_text("utf-8"))
    yield CHART / "values.schema.json", values_schema(values)
    yield _region(root, CHART / "README.md", "values", table(values))
    version = tomllib.loads((root / "pyproject.toml").read_text("utf-8"))["project"]["version"]
    yield _line(root, CHART / "Chart.yaml", r"(?:appV|v)ersion: ", version)
    yield _line(root, Path("Dockerfile"), "ARG VERSION=", version)
    yield _line(root, RESOURCES / "base" / "kustomization.yaml", r" +newTag: ", version)


def prometheus_rule(name: str, rules: str) -> str:
    """A file of Prometheus' rules as a resource of its operator."""
    head, groups, rest = rules.partition("groups:\n")
    return f"""\
# Made from {RULES / name}.yml by `make docs`: change it there.
#
{head}apiVersion: monitoring.coreos.com/v1
kind: PrometheusRule
metadata:
  name: {name}
  labels:
    app.kubernetes.io/name: zstack-aios-exporter
spec:
{indent(groups + rest, "  ")}"""


def _region(root: Path, path: Path, name: str, text: str) -> tuple[Path, str]:
    begin, end = f"<!-- generated: {name} -->\n", f"<!-- end: {name} -->"
    before, _, rest = (root / path).read_text("utf-8").partition(begin)
    _, found, after = rest.partition(end)
    if not found:
        raise ValueError(f"{path} has no region {name}")
    return path, f"{before}{begin}{text}\n{end}{after}"


def _line(root: Path, path: Path, before: str, value: str) -> tuple[Path, str]:
    """The file with a value after each line's beginning."""
    text = (root / path).read_text("utf-8")
    return path, re.sub(rf"(?m)^({before}).*$", rf"\g<1>{value}", text)


if __name__ == "__main__":
    sys.exit(main())
