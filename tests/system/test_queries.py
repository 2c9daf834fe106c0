"""Every query of the dashboards is PromQL to each release of Prometheus."""

import re
from itertools import chain
from pathlib import Path

import pytest

from tests.support.grafana import dashboards, marks

from .dashboards import PANELS, SPAN
from .programs import Programs
from .prometheus import running

pytestmark = pytest.mark.system


async def test_target_promql_rule_and_template_label_promql_rule(
    programs: Programs, tmp_path: Path
) -> None:
    """Two rules of Grafana's dashboard-linter; the others are in tests/grafana/test_lint.py."""
    targets = chain((each for panel in PANELS.values() for each in panel.targets), marks())
    queries = [each.expanded(SPAN, 15) for each in targets] + [*selectors()]
    async with running(programs, tmp_path, {}) as prometheus:
        for query in queries:
            await prometheus.query(query)


def selectors() -> set[str]:
    """What the values of variables are looked for in, with all of the other variables chosen."""
    every = (each for one in dashboards().values() for each in one["templating"]["list"])
    found = {re.match(r"label_values\((.*), ", each["query"]) for each in every}
    return {re.sub(r"\$[a-z]+", ".+", each[1]) for each in found if each}
