"""Rewrite what is made from other files; with --check, only list those that are out of date."""

import sys
from collections.abc import Iterator
from pathlib import Path
from textwrap import indent
from typing import Final

from docs.rewriting import rewrite

from .publishing import placed, read_publishing
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
    """Each file that is made here, or has parts that are."""
    texts = placed(root, read_publishing(root))
    for rules in sorted((root / RULES).glob("*.yml")):
        text = texts[RULES / rules.name]
        yield _MADE[1] / f"{rules.stem}.yaml", prometheus_rule(rules.stem, text)
        # Helm packs nothing from above the chart's folder.
        yield CHART / "files" / "rules" / rules.name, text
    for dashboard in sorted((root / DASHBOARDS).glob("*.json")):
        yield CHART / "files" / "dashboards" / dashboard.name, dashboard.read_text("utf-8")
    values = read_values(texts[VALUES])
    yield CHART / "values.schema.json", values_schema(values)
    readme = CHART / "README.md"
    texts[readme] = _with_region(readme, texts[readme], "values", table(values))
    yield from texts.items()


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


def _with_region(path: Path, page: str, name: str, text: str) -> str:
    begin, end = f"<!-- generated: {name} -->\n", f"<!-- end: {name} -->"
    before, _, rest = page.partition(begin)
    _, found, after = rest.partition(end)
    if not found:
        raise ValueError(f"{path} has no region {name}")
    return f"{before}{begin}{text}\n{end}{after}"


if __name__ == "__main__":
    sys.exit(main())
