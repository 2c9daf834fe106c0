"""What scrapes the shards: two vmagents in cluster mode, and a Prometheus for the alerts."""

import json
from collections.abc import AsyncIterator, Iterable, Mapping, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import aiohttp
import yaml

from tests.support.documents import scrape_configs
from tests.support.exporting import until_seen
from tests.system.programs import Programs
from tests.system.prometheus import Prometheus
from tests.system.prometheus import running as running_prometheus
from tests.system.victoriametrics import VictoriaMetrics

from .database import Database
from .shards import LONG, LOOK, Shard

AGENTS: Final = 2
ALERT: Final = "ZStackAIOSShardMissing"
RULES: Final = Path(__file__).parents[3] / "deploy" / "prometheus" / "rules" / "zstack-aios.yml"

_OWN_SECONDS: Final = 5
"""Between two scrapes of what an exporter knows of itself, and two looks at the rules."""


@dataclass(frozen=True)
class Agents:
    """Two vmagents that each scrape every target: a cluster of two with replication 2."""

    apis: tuple[aiohttp.ClientSession, ...]

    async def scrape(self, wanted: Mapping[str, frozenset[str]]) -> None:
        """Wait until each scrapes, with success, the targets of each address, and no other."""
        pairs = {(address, target) for address, targets in wanted.items() for target in targets}
        await until_seen(
            self.up, lambda seen: all(up == pairs for up in seen), patience=LONG, every=LOOK
        )

    async def up(self) -> list[set[tuple[str, str]]]:
        """Address and name of the targets that each scrapes; none while a scrape of it fails."""
        return [await _up(api) for api in self.apis]


@dataclass(frozen=True)
class Alerting:
    """A Prometheus that scrapes what the exporters know of themselves, by the shipped rules."""

    prometheus: Prometheus
    file: Path

    def watch(self, shards: Iterable[Shard]) -> None:
        """Scrape these from now on."""
        fresh = self.file.with_suffix(".new")
        fresh.write_text(json.dumps([{"targets": [each.address for each in shards]}]))
        fresh.replace(self.file)

    async def until_scraped(self, shards: int) -> None:
        await self.prometheus.until(
            "count(up == 1) and on() (sum(up) == count(up))",
            lambda up: [*up.values()] == [shards],
        )

    async def firing(self) -> set[str]:
        """The alerts that fire now."""
        firing = await self.prometheus.query('count by (alertname) (ALERTS{alertstate="firing"})')
        return {dict(labels)["alertname"] for labels in firing}

    async def until_firing(self, alert: str) -> set[str]:
        """The alerts that fire as soon as this one does."""
        return await until_seen(
            self.firing, lambda firing: alert in firing, patience=2 * LONG, every=LOOK
        )


@asynccontextmanager
async def scraping(
    victoria: VictoriaMetrics,
    folder: Path,
    database: Database,
    addresses: Sequence[str],
    interval: float,
) -> AsyncIterator[Agents]:
    """Two vmagents that ask at each of these addresses for targets, as soon as one answers."""
    async with AsyncExitStack() as stack:
        apis = []
        for number in range(AGENTS):
            own = folder / f"vmagent-{number}"
            own.mkdir()
            cluster = (
                f"-promscrape.cluster.membersCount={AGENTS}",
                f"-promscrape.cluster.memberNum={number}",
                f"-promscrape.cluster.replicationFactor={AGENTS}",
            )
            agent = victoria.scraping(
                own, _configuration(addresses, interval), *cluster, into=database.url
            )
            apis.append(await stack.enter_async_context(agent))
        yield Agents(tuple(apis))


@asynccontextmanager
async def alerting(
    programs: Programs, folder: Path, patience: str | None
) -> AsyncIterator[Alerting]:
    """Prometheus with the shipped rules; with another `for` of the alert, if one is given."""
    own = folder / "prometheus"
    own.mkdir()
    rules, shards = own / "rules.yml", own / "shards.json"
    rules.write_text(_rules(patience), encoding="utf-8")
    shards.write_text("[]")
    configuration = {
        "global": {
            "scrape_interval": f"{_OWN_SECONDS}s",
            "scrape_timeout": f"{_OWN_SECONDS}s",
            "evaluation_interval": f"{_OWN_SECONDS}s",
        },
        "rule_files": [str(rules)],
        "scrape_configs": [
            {
                "job_name": "zstack-aios-exporter",
                "file_sd_configs": [{"files": [str(shards)], "refresh_interval": "5s"}],
                "metric_relabel_configs": [
                    {
                        "source_labels": ["__name__"],
                        "regex": ".*_exporter_.*|(process|python)_.*",
                        "action": "keep",
                    }
                ],
            }
        ],
    }
    async with running_prometheus(programs, own, configuration) as prometheus:
        yield Alerting(prometheus, shards)


def _configuration(addresses: Sequence[str], interval: float) -> dict[str, Any]:
    """As docs/fleet.md has it for a vmagent and several exporters."""
    *_, documented, _ = scrape_configs("docs/fleet.md")
    first, *_ = yaml.safe_load(documented)["scrape_configs"]
    return {
        "global": {"scrape_interval": f"{interval:g}s", "scrape_timeout": f"{interval:g}s"},
        "scrape_configs": [
            first
            | {
                "job_name": f"exporter-{ordinal}",
                "http_sd_configs": [{"url": f"http://{address}/sd/targets"}],
            }
            for ordinal, address in enumerate(addresses)
        ],
    }


def _rules(patience: str | None) -> str:
    rules = yaml.safe_load(RULES.read_text(encoding="utf-8"))
    alerts = [rule for group in rules["groups"] for rule in group["rules"]]
    [missing] = [rule for rule in alerts if rule.get("alert") == ALERT]
    if patience is not None:
        missing["for"] = patience
    return str(yaml.safe_dump(rules))


async def _up(api: aiohttp.ClientSession) -> set[tuple[str, str]]:
    async with api.get("/api/v1/targets") as response:
        active = (await response.json())["data"]["activeTargets"]
    if any(each["health"] != "up" for each in active):
        return set()
    return {(each["labels"]["pod"], each["labels"]["instance"]) for each in active}
