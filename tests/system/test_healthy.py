"""No scrape config that a page shows raises an alert of the shipped rules for a healthy exporter.

TLS and passwords of the examples are left out here: test_protected.py follows them.
"""

import re
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from pathlib import Path
from typing import Any, Final

import pytest
import yaml

from exporter.simulator import Cloud, serving
from tests.support.documents import ROOT, scrape_configs
from tests.support.exporting import Exporter, exporting, target

from .documented import asking_often
from .programs import Programs, installed
from .prometheus import Prometheus, running

pytestmark = pytest.mark.system

RULES: Final = ROOT / "deploy/prometheus/rules/zstack-aios.yml"
ADDRESS: Final = re.compile(r"[a-z][a-z0-9.-]*:10521|proxy\.example\.com")
PROTECTION: Final = {"scheme", "tls_config", "basic_auth"}
TARGETS: Final = ("lab", "shanghai")
SERVICE: Final = "__meta_kubernetes_service_label_app_kubernetes_io_name"


def examples() -> list[Any]:
    """Every example of a scrape config in the pages and in what is deployed."""
    pages = ["README.md", *sorted(str(p.relative_to(ROOT)) for p in ROOT.glob("docs/**/*.md"))]
    found = {
        f"{Path(page).stem}-{number}": text
        for page in pages
        for number, text in enumerate(scrape_configs(page), start=1)
    }
    for folder in ("prometheus", "compose"):
        found[folder] = (ROOT / "deploy" / folder / "prometheus.yml").read_text("utf-8")
    plain = {name: yaml.safe_dump(yaml.safe_load(text)) for name, text in found.items()}
    return [pytest.param(text, id=name) for name, text in plain.items()]


EXAMPLES: Final = examples()


def test_there_are_examples_of_every_kind() -> None:
    text = "".join(param.values[0] for param in EXAMPLES)
    for kind in ("static_configs", "/sd/targets", "/sd/endpoints", "kubernetes_sd_configs"):
        assert kind in text


@pytest.mark.small_sample(2)
@pytest.mark.parametrize("example", EXAMPLES)
async def test_a_healthy_exporter_raises_no_alert(example: str, tmp_path: Path) -> None:
    *_, newest = installed() or pytest.skip("no prometheus here: run tools/prometheus")
    async with exporters(len(set(ADDRESS.findall(example)) or {""})) as healthy:
        configuration = adapted(example, healthy)
        async with prometheus(newest, tmp_path, configuration) as scraper:
            scraped = len(healthy) * (len(TARGETS) if "/sd/targets" in example else 1)
            await scraper.until(f"sum(up) == {scraped}")
            assert await scraper.alerts() == []


async def test_a_job_by_another_name_does_raise_one(programs: Programs, tmp_path: Path) -> None:
    """So the test above can fail."""
    example = scrape_configs("docs/web-config.md")[0].replace("zstack-aios", "zstack")
    async with exporters(1) as healthy:
        configuration = adapted(example, healthy)
        async with prometheus(programs, tmp_path, configuration) as scraper:
            await scraper.until("sum(up) == 1")
            assert await scraper.alerts() == ["ZStackAIOSExporterAbsent"]


@asynccontextmanager
async def exporters(number: int) -> AsyncIterator[list[Exporter]]:
    """Healthy ones, of two targets on which every service has its newest version."""
    cloud = Cloud(services=3, instance_groups=0, model_centers=1)
    for uuid in [*cloud.estate]:
        cloud.estate.alter(uuid, has_new_version=False)
    async with AsyncExitStack() as stack:
        platform = await stack.enter_async_context(serving(cloud))
        targets = {name: target(platform, interval=0.5) for name in TARGETS}
        started = [
            await stack.enter_async_context(exporting(targets=targets)) for _ in range(number)
        ]
        for each in started:
            await each.until(lambda page: page.total("zstack_up") == len(targets))
        yield started


def adapted(example: str, healthy: list[Exporter]) -> dict[str, Any]:
    """The example for exporters on loopback; beside a job of endpoints, the exporter's own."""
    hosts = dict.fromkeys(ADDRESS.findall(example))
    addresses = {
        host: "{}:{}".format(*each.address) for host, each in zip(hosts, healthy, strict=False)
    }
    text = ADDRESS.sub(lambda found: addresses[found[0]], example).replace("https://", "http://")
    configuration: dict[str, Any] = unprotected(yaml.safe_load(text))
    configuration.pop("alerting", None)
    jobs = configuration["scrape_configs"]
    for job in jobs:
        if job.pop("kubernetes_sd_configs", None):
            found = {"targets": ["{}:{}".format(*healthy[0].address)]}
            job["static_configs"] = [found | {"labels": {SERVICE: "zstack-aios-exporter"}}]
    if "/sd/endpoints" in example:
        static = {"targets": ["{}:{}".format(*healthy[0].address)]}
        jobs.append({"job_name": "zstack-aios", "static_configs": [static]})
    return asking_often(configuration)


def unprotected(value: Any) -> Any:
    if isinstance(value, dict):
        return {key: unprotected(each) for key, each in value.items() if key not in PROTECTION}
    return [unprotected(each) for each in value] if isinstance(value, list) else value


@asynccontextmanager
async def prometheus(
    programs: Programs, folder: Path, configuration: dict[str, Any]
) -> AsyncIterator[Prometheus]:
    """Prometheus with the rules, in which an alert that would wait for minutes does not wait."""
    rules = yaml.safe_load(RULES.read_text("utf-8"))
    for group in rules["groups"]:
        group["interval"] = "500ms"
        for rule in group["rules"]:
            rule.pop("for", None)
            rule.pop("keep_firing_for", None)
    (folder / "rules.yml").write_text(yaml.safe_dump(rules), "utf-8")
    quick = {"scrape_interval": "1s", "scrape_timeout": "1s"}
    whole = configuration | {"global": quick, "rule_files": ["rules.yml"]}
    async with running(programs, folder, whole) as scraper:
        yield scraper
