"""Platforms, exporters that poll them, Prometheus, and Grafana's part: what panels would show."""

from collections import Counter, defaultdict
from collections.abc import AsyncIterator, Collection, Mapping
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from functools import cached_property
from math import isnan
from pathlib import Path
from typing import Any, Final

import yaml

from exporter.simulator import Cloud, serving
from tests.support.exporting import Exporter, exporting, target
from tests.support.grafana import Panel, Target, panels

from .expected import Vector, inventory
from .programs import Programs
from .prometheus import Labels, Prometheus, labels, running

RULES: Final = Path(__file__).parents[2] / "deploy" / "prometheus" / "rules" / "zstack-aios.yml"

SPAN: Final = 600
"""Seconds of the time range that is looked at; the samples are all of its end."""

PANELS: Final = {str(panel): panel for panel in panels()}
Answer = dict[Labels, float]


@dataclass(frozen=True)
class Grafana:
    """What the dashboards show of this Prometheus at one moment."""

    prometheus: Prometheus
    at: float
    scrape: int = 1

    async def shows(self, panel: str, **chosen: str | list[str]) -> Answer:
        """What a panel has at the moment, by the labels that its queries keep."""
        answers = await self.answers(PANELS[panel], **chosen)
        shown = {each: value for answer in answers for each, value in answer.items()}
        assert len(shown) == sum(map(len, answers)), f"queries of {panel} have the same labels"
        return shown

    async def answers(self, panel: Panel, **chosen: str | list[str]) -> list[Answer]:
        """What each query of a panel has at the moment."""
        return [await self._answer(each, **chosen) for each in panel.targets]

    async def empty(self) -> set[str]:
        """The panels that have nothing to show, and so show their text for that."""
        return {name for name, panel in PANELS.items() if not any(await self.answers(panel))}

    async def _answer(self, query: Target, **chosen: str | list[str]) -> Answer:
        asked = query.expanded(SPAN, self.scrape, **chosen)
        if query.instant:
            rows = await self.prometheus.rows(asked, self.at)
        else:
            step = query.step(SPAN, self.scrape)
            lines = await self.prometheus.lines(asked, self.at, span=SPAN, step=step)
            rows = [(metric, at[-1][1]) for metric, at in lines if at[-1][0] >= self.at - step / 2]
        rows = [(metric, value) for metric, value in rows if not isnan(value)]  # a gap
        answer = {_labels(metric): value for metric, value in rows}
        assert len(answer) == len(rows), f"labels are not enough to tell apart {rows}"
        return answer


def _labels(metric: Mapping[str, str]) -> Labels:
    return labels(**{name: value for name, value in metric.items() if name != "__name__"})


@dataclass
class Lab:
    """Platforms, two exporters that poll each of them, and a Prometheus that scrapes both."""

    platforms: dict[str, Cloud]
    exporters: list[Exporter]
    lives: list[AsyncExitStack]
    prometheus: Prometheus

    async def stop(self, number: int) -> None:
        """End one of the exporters."""
        await self.lives[number].aclose()

    @property
    def instances(self) -> list[str]:
        """The exporters as Prometheus calls them."""
        return [":".join(map(str, exporter.address)) for exporter in self.exporters]

    async def grafana(self, condition: str) -> Grafana:
        """The dashboards as soon as a condition holds for good."""
        return Grafana(self.prometheus, await self.prometheus.moment(condition))

    @cached_property
    def inventory(self) -> dict[str, Vector]:
        """What the platforms have, each family with the label `target`."""
        families: dict[str, Vector] = defaultdict(dict)
        for name, cloud in self.platforms.items():
            for family, vector in inventory(cloud.estate).items():
                families[family] |= {_of(each, target=name): v for each, v in vector.items()}
        return families

    def sums(self, family: str, *by: str, **where: str) -> Answer:
        """The sum of a family over those of its series, by some of its labels."""
        sums: Answer = defaultdict(float)
        for each, value in self.inventory[family].items():
            if where.items() <= each:
                sums[labels(**{k: v for k, v in each if k in by})] += value
        return dict(sums)

    def versions(self) -> Answer:
        """How many services run each version of each framework."""
        services = [s for cloud in self.platforms.values() for s in cloud.estate.values()]
        known = [(s.framework or "unknown", s.version or "not stated") for s in services]
        return {labels(framework=f, version=v): n for (f, v), n in Counter(known).items()}

    def pending(self) -> Collection[tuple[str, str]]:
        """Target and uuid of each service with a new version."""
        flags = self.inventory["zstack_model_service_has_new_version"]
        found = [dict(each) for each, value in flags.items() if value == 1]
        return {(each["target"], each["uuid"]) for each in found}


def _of(given: Labels, **more: str) -> Labels:
    return given | labels(**more)


def _objective(folder: Path) -> str:
    """The shipped rules of the objective, for which a minute is half a second; their file."""
    document: dict[str, Any] = yaml.safe_load(RULES.read_text("utf-8"))
    [group] = [each for each in document["groups"] if each["name"] == "zstack-aios-objective"]
    file = folder / RULES.name
    file.write_text(yaml.safe_dump({"groups": [group | {"interval": "500ms"}]}), "utf-8")
    return RULES.name


def _configuration(exporters: list[Exporter], rules: str) -> dict[str, Any]:
    """Prometheus scrapes itself too: it has `up` and `process_*` as the exporters do."""
    own = {"job_name": "prometheus", "static_configs": [{"targets": ["localhost:1"]}]}
    ours = [":".join(map(str, exporter.address)) for exporter in exporters]
    scheme = {each.urls[0].partition(":")[0] for each in exporters} or {"http"}
    scraped = {
        "job_name": "zstack-aios",
        "scheme": scheme.pop(),
        "tls_config": {"insecure_skip_verify": True},
        "static_configs": [{"targets": ours}],
    }
    return {
        "global": {"scrape_interval": "500ms", "scrape_timeout": "500ms"},
        "rule_files": [rules],
        "scrape_configs": [scraped, own],
    }


@asynccontextmanager
async def lab(
    programs: Programs,
    folder: Path,
    platforms: dict[str, Cloud],
    *,
    web: tuple[dict[str, Any], ...] = ({}, {}),
) -> AsyncIterator[Lab]:
    async with AsyncExitStack() as stack:
        urls = {
            name: await stack.enter_async_context(serving(cloud))
            for name, cloud in platforms.items()
        }
        lives = [await stack.enter_async_context(AsyncExitStack()) for _ in web]
        exporters = [
            await life.enter_async_context(
                exporting(
                    targets={name: target(url, interval=0.4) for name, url in urls.items()},
                    web=settings,
                )
            )
            for life, settings in zip(lives, web, strict=True)
        ]
        prometheus = await stack.enter_async_context(
            running(programs, folder, _configuration(exporters, _objective(folder)))
        )
        yield Lab(platforms, exporters, lives, prometheus)
