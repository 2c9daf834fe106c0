"""Real scrapers find the targets by the configuration that docs/fleet.md gives, and scrape them."""

import time
from collections.abc import AsyncIterator, Mapping
from contextlib import AsyncExitStack, asynccontextmanager
from pathlib import Path
from typing import Any, Final

import aiohttp
import pytest
import trustme
import yaml

from exporter.simulator import Cloud, serving
from tests.support.documents import scrape_configs
from tests.support.exporting import exporting, exporting_file, target, until_seen
from tests.support.material import PASSWORD, make, quick_hash

from .documented import asking_often, documented
from .programs import Programs
from .prometheus import Prometheus, running
from .victoriametrics import VictoriaMetrics

pytestmark = pytest.mark.system

FOUND, OWN, PROTECTED, SEVERAL, EACH, _PROXIED = scrape_configs("docs/fleet.md")
SERVICES: Final = {"lab": 3, "北京 一号": 4, "a&b=c%20+d": 5}
"""Targets, and how many services each has."""

RELOADED: Final = "zstack_exporter_config_last_reload_successful"


@asynccontextmanager
async def platforms() -> AsyncIterator[dict[str, Any]]:
    """The settings of each target, which has a platform of its own."""
    async with AsyncExitStack() as stack:
        urls = [
            await stack.enter_async_context(serving(Cloud(services=number)))
            for number in SERVICES.values()
        ]
        yield {name: target(url) for name, url in zip(SERVICES, urls, strict=True)}


def write(file: Path, targets: Mapping[str, Any], *names: str) -> None:
    file.write_text(yaml.safe_dump({"targets": {name: targets[name] for name in names}}))


async def finds(prometheus: Prometheus, *names: str) -> None:
    """Wait until these targets and no others are up, each with the series of its platform."""
    wanted = {(name, name): float(SERVICES[name]) for name in names}

    async def look() -> tuple[dict[str | None, float], dict[tuple[str | None, str | None], float]]:
        now = time.time()
        ups = await prometheus.rows('up{job="zstack-aios"}', now)
        reported = await prometheus.rows("zstack_model_services_reported", now)
        return (
            {labels.get("instance"): value for labels, value in ups},
            {(labels["instance"], labels["target"]): value for labels, value in reported},
        )

    await until_seen(look, lambda seen: seen == (dict.fromkeys(names, 1.0), wanted))
    now = time.time()
    assert await prometheus.rows('count({exported_target!=""})', now) == []


async def test_prometheus_finds_each_target_and_follows_the_list(
    programs: Programs, tmp_path: Path
) -> None:
    lab, beijing, odd = SERVICES
    file = tmp_path / "exporter.yml"
    async with platforms() as targets:
        write(file, targets, lab, odd)
        async with exporting_file(file) as exporter:
            configuration = documented(FOUND, localhost=exporter)
            configuration["scrape_configs"] += documented(OWN, localhost=exporter)["scrape_configs"]
            async with running(programs, tmp_path, asking_often(configuration)) as prometheus:
                await finds(prometheus, lab, odd)
                write(file, targets, odd, beijing)
                assert (await exporter.reload())[0] == 200
                await finds(prometheus, odd, beijing)
                await sees_the_exporter(prometheus)
                assert not prometheus.troubles


async def sees_the_exporter(prometheus: Prometheus) -> None:
    """Its own series come by the second job, and no other ones do."""
    now = time.time()
    [(labels, value)] = await prometheus.rows(RELOADED, now)
    assert (labels["job"], value) == ("zstack-aios-exporter", 1)
    ups = await prometheus.rows("count by (job) (zstack_up)", now)
    assert [labels["job"] for labels, _ in ups] == ["zstack-aios"]


@pytest.mark.small_sample(1)
async def test_prometheus_finds_targets_behind_tls_and_a_password(
    programs: Programs, tmp_path: Path
) -> None:
    make(tmp_path, authority := trustme.CA()).write(
        "tls_server_config: {cert_file: c.pem, key_file: k.pem}\n"
        f"basic_auth_users:\n  prometheus: {quick_hash()}\n"
    )
    authority.cert_pem.write_to_path(str(tmp_path / "exporter.crt"))
    (tmp_path / "scrape-password").write_text(PASSWORD)
    web = {"config_file": str(tmp_path / "web.yml")}
    async with platforms() as targets, exporting(targets=targets, web=web) as exporter:
        configuration = documented(PROTECTED, localhost=exporter)
        del configuration["scrape_configs"][0]["scheme"]  # the list has it as well
        async with running(programs, tmp_path, asking_often(configuration)) as prometheus:
            await finds(prometheus, *SERVICES)


@pytest.mark.small_sample(1)
async def test_two_replicas_are_two_series_of_each_target(
    programs: Programs, tmp_path: Path
) -> None:
    async with (
        platforms() as targets,
        exporting(targets=targets) as first,
        exporting(targets=targets) as second,
    ):
        configuration = documented(SEVERAL, exporter_0=first, exporter_1=second)
        pods = {f"localhost:{each.address[1]}" for each in (first, second)}
        async with running(programs, tmp_path, asking_often(configuration)) as prometheus:
            each = {(name, pod): 1.0 for name in SERVICES for pod in pods}

            async def look() -> dict[tuple[str, str], float]:
                rows = await prometheus.rows("zstack_up", time.time())
                return {(labels["target"], labels["pod"]): value for labels, value in rows}

            await until_seen(look, lambda seen: seen == each)
            assert not any((await prometheus.refused_samples()).values())
            assert not prometheus.troubles


async def test_vmagent_finds_each_target_and_follows_the_list(
    victoriametrics: VictoriaMetrics, tmp_path: Path
) -> None:
    lab, beijing, odd = SERVICES
    file = tmp_path / "exporter.yml"
    async with platforms() as targets, victoriametrics.storing(tmp_path) as (store, stored):
        write(file, targets, lab, odd)
        async with exporting_file(file) as exporter:
            configuration = documented(FOUND, localhost=exporter)
            async with victoriametrics.scraping(tmp_path, configuration, into=store) as vmagent:
                await has_up(vmagent, lab, odd)
                write(file, targets, odd, beijing)
                assert (await exporter.reload())[0] == 200
                await has_up(vmagent, odd, beijing)
                await finds(stored, odd, beijing)


async def test_vmagent_follows_an_exporter_while_another_is_away(
    victoriametrics: VictoriaMetrics, tmp_path: Path
) -> None:
    lab, beijing, odd = SERVICES
    file = tmp_path / "exporter.yml"
    async with AsyncExitStack() as stack:
        targets = await stack.enter_async_context(platforms())
        store, _ = await stack.enter_async_context(victoriametrics.storing(tmp_path))
        write(file, targets, lab)
        exporter = await stack.enter_async_context(exporting_file(file))
        async with exporting(targets={odd: targets[odd]}) as other:
            configuration = documented(EACH, exporter_0=exporter, exporter_1=other)
            agent = victoriametrics.scraping(tmp_path, configuration, into=store)
            vmagent = await stack.enter_async_context(agent)
            await has_up(vmagent, lab, odd)
        write(file, targets, lab, beijing)
        assert (await exporter.reload())[0] == 200
        await until_seen(
            lambda: health(vmagent), lambda seen: seen == {lab: "up", beijing: "up", odd: "down"}
        )


async def has_up(vmagent: aiohttp.ClientSession, *names: str) -> None:
    """Wait until vmagent scrapes these targets and no others, all with success."""
    await until_seen(lambda: health(vmagent), lambda seen: seen == dict.fromkeys(names, "up"))


async def health(vmagent: aiohttp.ClientSession) -> dict[str, str]:
    """Whether the last scrape of each target succeeded."""
    async with vmagent.get("/api/v1/targets") as response:
        active = (await response.json())["data"]["activeTargets"]
    return {each["labels"]["instance"]: each["health"] for each in active}
