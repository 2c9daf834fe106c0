"""The objective's arithmetic, by the shipped rules and by a plain count over the same minutes."""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import groupby
from pathlib import Path
from random import Random
from typing import Any, Final

import pytest
import yaml

from .programs import Programs
from .test_rules import RULES

pytestmark = pytest.mark.system

OBJECTIVE: Final = 0.995
STALE_AFTER: Final = 180
MINUTES: Final = {"m": 1, "h": 60, "d": 1440}
OWN: Final = 'job="zstack-aios",instance="a",target="lab"'
GROUPS: Final = f'{OWN},resource="model_service_instance_group"'
TOTALS: Final = f'{OWN},framework="vLLM",type="Endpoint",source="HuggingFace"'


@dataclass(frozen=True)
class Look:
    """What a scrape at some second has: nothing while the exporter is down."""

    second: int
    exporter_up: bool
    services_at: int
    groups_at: int
    reported: int
    counted: int

    @property
    def good(self) -> int:
        """Whether its numbers are fresh and whole."""
        fresh = self.second - min(self.services_at, self.groups_at) <= STALE_AFTER
        return int(self.exporter_up and fresh and self.counted >= self.reported)


def life(looks: int, every: int, trouble: float) -> list[Look]:
    """So many looks, one every so many minutes; trouble begins that often, and lasts a while."""
    random = Random(f"{looks} {every}")
    lasting = dict.fromkeys(("exporter", "services", "groups", "records"), 0)
    seen: list[Look] = []
    services_at = groups_at = 0
    for second in range(0, looks * every * 60, every * 60):
        for kind, left in lasting.items():
            begins = second > 0 and left == 0 and random.random() < trouble
            lasting[kind] = random.randint(1, 9) if begins else max(0, left - 1)
        services_at = services_at if lasting["services"] else second - random.randint(0, 60)
        groups_at = groups_at if lasting["groups"] else second - random.randint(0, 60)
        counted = 6 if lasting["records"] else 7
        seen.append(Look(second, not lasting["exporter"], services_at, groups_at, 7, counted))
    return seen


def series(looks: Sequence[Look]) -> Iterator[dict[str, str]]:
    """The looks as promtool wants samples, in its own notation."""
    own = {
        f"zstack_up{{{OWN}}}": [1 for _ in looks],
        f"zstack_poll_interval_seconds{{{OWN}}}": [60 for _ in looks],
        f"zstack_poll_stale_after_seconds{{{OWN}}}": [STALE_AFTER for _ in looks],
        f'zstack_resource_up{{{OWN},resource="model_service"}}': [1 for _ in looks],
        f"zstack_resource_up{{{GROUPS}}}": [1 for _ in looks],
        f'zstack_resource_last_success_timestamp_seconds{{{OWN},resource="model_service"}}': [
            look.services_at for look in looks
        ],
        f"zstack_resource_last_success_timestamp_seconds{{{GROUPS}}}": [
            look.groups_at for look in looks
        ],
        f"zstack_model_services_reported{{{OWN}}}": [look.reported for look in looks],
        f"zstack_model_services{{{TOTALS}}}": [look.counted for look in looks],
    }
    for name, values in own.items():
        shown = zip(values, looks, strict=True)
        written = [str(value) if look.exporter_up else "stale" for value, look in shown]
        yield {"series": name, "values": notation(written)}
    scrapes = [str(int(look.exporter_up)) for look in looks]
    yield {"series": 'up{job="zstack-aios",instance="a"}', "values": notation(scrapes)}


def notation(values: Sequence[str]) -> str:
    """A value that comes several times in a row is written once."""
    parts = []
    for value, same in groupby(values):
        number = len([*same])
        parts += [value] * number if value == "stale" else [f"{value}x{number - 1}"]
    return " ".join(parts)


def plain(looks: Sequence[Look], name: str, until: int, every: int) -> tuple[float, float]:
    """What a recorded series must be after the look `until`.

    Two answers: a range of Prometheus 2 has the look with which it begins, one of Prometheus 3
    has not.
    """
    window = minutes(name) // every
    both = []
    for first in (until - window, until - window + 1):
        goods = [look.good for look in looks[max(0, first) : until + 1]]
        spent = (len(goods) - sum(goods)) / (30 * 1440 * (1 - OBJECTIVE))
        both.append(1 - spent if "budget" in name else sum(goods) / len(goods))
    return both[0], both[1]


def minutes(name: str) -> int:
    """The range that a recorded series is about, by its name."""
    digits = re.sub(r"\D", "", name.rpartition(":")[2])
    return int(digits) * MINUTES[name[-1]]


def recording_rules(folder: Path, every: int) -> list[str]:
    """Put the rules of the objective there; the names of those that look at a range."""
    document: dict[str, Any] = yaml.safe_load(RULES.read_text("utf-8"))
    [group] = [each for each in document["groups"] if each["name"] == "zstack-aios-objective"]
    group["rules"] = [rule for rule in group["rules"] if "record" in rule]
    group["interval"] = f"{every}m"
    (folder / RULES.name).write_text(yaml.safe_dump({"groups": [group]}), "utf-8")
    names = [rule["record"] for rule in group["rules"]]
    return [name for name in names if name[-1] in MINUTES]


def expectation(name: str, wanted: tuple[float, float], minute: int) -> dict[str, Any]:
    near = " + ".join(f"(abs({name} - {each!r}) < bool 1e-9)" for each in wanted)
    return {
        "expr": f"max({near}) > bool 0",
        "eval_time": f"{minute}m",
        "exp_samples": [{"labels": "{}", "value": 1}],
    }


@pytest.mark.parametrize(
    ("looks", "every", "trouble"),
    [(800, 1, 0.01), (1700, 30, 0.002)],
    ids=["hours", "weeks"],
)
async def test_the_rules_and_a_plain_count_agree_on_shares_and_budget(
    programs: Programs, tmp_path: Path, looks: int, every: int, trouble: float
) -> None:
    seen = life(looks, every, trouble)
    names = recording_rules(tmp_path, every)
    assert len(names) == 8
    assert 0 < sum(look.good for look in seen) < looks
    moments = (looks // 8, looks // 2, looks - 1)
    expected = [
        expectation(name, plain(seen, name, look, every), look * every)
        for name in names
        for look in moments
        if minutes(name) >= every
    ]
    case = {"interval": f"{every}m", "input_series": [*series(seen)], "promql_expr_test": expected}
    file = tmp_path / "case.yml"
    document = {
        "rule_files": [RULES.name],
        "evaluation_interval": f"{every}m",
        "tests": [case],
    }
    file.write_text(yaml.safe_dump(document), "utf-8")
    code, output = await programs.test_rules(file)
    assert code == 0, output[:3000]
