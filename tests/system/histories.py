"""Hours of samples that nobody has to wait for, and what queries find in them, by promtool."""

from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any, Final, NamedTuple

import yaml

from tests.support.grafana import Target

from .programs import Programs

HOUR: Final = 3600
GONE: Final = "stale"
"""What Prometheus notes when a series is not on the page any more, or no page can be read."""

Samples = Mapping[str, float]
"""Values by labels as they are written, such as {target="lab"}."""


class Service(NamedTuple):
    """A model service as an exporter shows it."""

    uuid: str
    version: str = "1.0"
    instance: str = "one"
    target: str = "lab"

    def info(self, values: str) -> tuple[str, str]:
        """Its facts in each minute; 1 where it is listed."""
        facts = f'name="name of {self.uuid}",framework="vLLM",version="{self.version}"'
        return f"zstack_model_service_info{{{self._own},{facts}}}", values

    def has(self, family: str, values: str) -> tuple[str, str]:
        return f'zstack_model_service_{family}{{{self._own},name="name of {self.uuid}"}}', values

    @property
    def _own(self) -> str:
        return f'job="j",instance="{self.instance}",target="{self.target}",uuid="{self.uuid}"'


def reported(values: str, *, instance: str = "one", target: str = "lab") -> tuple[str, str]:
    """How many services a platform has, as one exporter shows it."""
    return (
        f'zstack_model_services_reported{{job="j",instance="{instance}",target="{target}"}}',
        values,
    )


class Expected(NamedTuple):
    """What a query has at a minute."""

    query: Target
    minute: int
    samples: Samples


async def check(
    programs: Programs,
    folder: Path,
    series: Iterable[tuple[str, str]],
    expected: Iterable[Expected],
) -> None:
    """Fail unless the queries of panels find this, a sample being taken each minute."""
    cases = [
        {
            "expr": each.query.expanded(HOUR, 60),
            "eval_time": f"{each.minute}m",
            "exp_samples": [{"labels": of, "value": value} for of, value in each.samples.items()],
        }
        for each in expected
    ]
    group: dict[str, Any] = {
        "interval": "1m",
        "input_series": [{"series": name, "values": values} for name, values in series],
        "promql_expr_test": cases,
    }
    file = folder / "history.yml"
    file.write_text(yaml.safe_dump({"evaluation_interval": "1m", "tests": [group]}), "utf-8")
    code, output = await programs.test_rules(file)
    assert code == 0, output
