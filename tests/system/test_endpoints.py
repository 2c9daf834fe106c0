"""Real scrapers find what runs by the configuration that docs/endpoints.md gives, and scrape it.

A forward proxy stands for the network of the platform, in which the instances have their addresses.
"""

import ssl
import time
from collections import Counter
from collections.abc import AsyncIterator, Mapping
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

import aiohttp
import pytest
import trustme
import yaml
from aiohttp import web
from aiohttp.test_utils import TestServer

from exporter.simulator import Cloud, Fault, Instance, InstanceGroup, ModelService, serving
from tests.support.documents import blocks, scrape_configs
from tests.support.exporting import Exporter, exporting_file, target, until_seen
from tests.support.proxy import Proxy, proxying

from .documented import asking_often, documented
from .programs import Programs
from .prometheus import Prometheus, running
from .victoriametrics import VictoriaMetrics

pytestmark = pytest.mark.system

FOUND, WITH_PATHS, _EACH_TARGET = scrape_configs("docs/endpoints.md")
INTERRUPTED, LEFT_OUT = blocks("docs/endpoints.md", "promql")
EXPORTER: Final = blocks("README.md", "yaml")[0]

TARGET: Final = "北京 一号"
FIRST, SECURE, LATER = "172.20.0.7:8000", "172.20.0.8:8443", "172.20.0.9:8000"
"""Addresses of instances; that of SECURE has a certificate."""

LABELS: Final = {
    "job": "inference",
    "target": TARGET,
    "model_service_uuid": "s1",
    "model_service_name": "Qwen",
    "framework": "vLLM",
}
"""Of each series that is scraped, beside `instance`."""

REQUESTS: Final = {FIRST: 7.0, SECURE: 8.0, LATER: 9.0}
"""How many each instance works on."""


@dataclass
class Estate:
    """A platform, the engines that it runs, and the network in which they are."""

    cloud: Cloud
    authority: trustme.CA
    proxy: Proxy
    ports: dict[str, int]
    file: Path
    engines: dict[str, AsyncExitStack] = field(default_factory=dict)
    paths: Counter[str] = field(default_factory=Counter)
    """What the engines were asked for."""

    async def start(self, address: str) -> None:
        """An engine begins to answer."""
        stack = self.engines[address] = AsyncExitStack()
        context = None
        if address == SECURE:
            context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
            self.authority.issue_cert(address.split(":", maxsplit=1)[0]).configure_cert(context)
        application = web.Application()
        application.router.add_get("/{path:.*}", self._answer(REQUESTS[address]))
        server = TestServer(application, scheme="http" if context is None else "https")
        await server.start_server(ssl=context)
        stack.push_async_callback(server.close)
        self.ports[address] = int(server.port or 0)

    async def stop(self, address: str) -> None:
        await self.engines.pop(address).aclose()

    def set_platform(self, url: str) -> None:
        """Where the exporter finds the platform when it reads its file again."""
        self.file.write_text(yaml.safe_dump({"targets": {TARGET: target(url)}}))

    async def is_scraped_further(self) -> None:
        """Wait until the engines have been asked for so much that lists must have been, too."""
        before = self.paths.total()

        async def look() -> int:
            return self.paths.total()

        await until_seen(look, lambda seen: seen >= before + 5 * len(self.engines))

    def _answer(self, requests: float) -> Any:
        async def answer(request: web.Request) -> web.Response:
            self.paths[request.path] += 1
            family = "vllm:num_requests_running"
            sample = f'{family}{{model_name="Qwen/Qwen3",engine="0"}} {requests}'
            return web.Response(text=f"# TYPE {family} gauge\n{sample}\n")

        return answer


def configuration(
    document: str, exporter: Exporter, estate: Estate, folder: Path
) -> dict[str, Any]:
    """A documented one, which reaches the instances through the proxy."""
    wanted = documented(document, localhost=exporter)
    [job] = wanted["scrape_configs"]
    estate.authority.cert_pem.write_to_path(str(folder / "platform.crt"))
    job |= {"proxy_url": estate.proxy.url, "tls_config": {"ca_file": str(folder / "platform.crt")}}
    return asking_often(wanted)


@asynccontextmanager
async def running_platform(
    folder: Path, path: str = "/v1"
) -> AsyncIterator[tuple[Estate, Exporter]]:
    """A service with an instance on http, one on https and one that nobody can reach."""
    cloud = Cloud(services=0, model_centers=0)
    cloud.estate.add(
        ModelService(uuid="s1", name="Qwen", framework="vLLM", has_new_version=True, version="1")
    )
    cloud.estate.add(ModelService(uuid="s2", name="embed", framework="Transformers"))
    urls = (f"http://{FIRST}{path}", f"https://u:p@{SECURE}{path}?t=1", "http://127.0.0.1:1")
    instances = tuple(Instance(uuid=f"i{n}", url=url) for n, url in enumerate(urls))
    cloud.groups.add(InstanceGroup(uuid="g1", model_service_uuid="s1", instances=instances))
    other = (Instance(uuid="i", url="http://172.20.0.10:8000"),)
    cloud.groups.add(InstanceGroup(uuid="g2", model_service_uuid="s2", instances=other))
    ports: dict[str, int] = {}
    async with (
        proxying(network=ports) as proxy,
        serving(cloud) as url,
    ):
        estate = Estate(cloud, trustme.CA(), proxy, ports, folder / "exporter.yml")
        estate.set_platform(url)
        try:
            for address in (FIRST, SECURE):
                await estate.start(address)
            async with exporting_file(estate.file) as exporter:
                yield estate, exporter
        finally:
            for address in [*estate.engines]:
                await estate.stop(address)


@asynccontextmanager
async def nothing_known(estate: Estate, exporter: Exporter) -> AsyncIterator[None]:
    """The exporter has begun anew with a platform that does not answer."""
    silent = Cloud()
    silent.faults.append(Fault.hang())
    async with serving(silent) as url:
        estate.set_platform(url)
        assert (await exporter.reload())[0] == 200
        async with exporter.http.get("/sd/endpoints") as response:
            assert response.status == 503
        yield
        silent.faults.clear()


async def scrapes(prometheus: Prometheus, *addresses: str) -> None:
    """Wait until these are up and no others are there, each with the series of its engine."""

    async def look() -> tuple[list[Any], list[Any]]:
        now = time.time()
        ups = await prometheus.rows('up{job="inference"}', now)
        series = await prometheus.rows("vllm:num_requests_running", now)
        return in_order(ups), in_order(series)

    engine = {"model_name": "Qwen/Qwen3", "engine": "0", "__name__": "vllm:num_requests_running"}
    wanted = (
        [({**LABELS, "__name__": "up", "instance": each}, 1.0) for each in sorted(addresses)],
        [({**LABELS, **engine, "instance": each}, REQUESTS[each]) for each in sorted(addresses)],
    )
    await until_seen(look, lambda seen: seen == wanted)


def in_order(rows: list[tuple[dict[str, str], float]]) -> list[tuple[dict[str, str], float]]:
    return sorted(rows, key=lambda row: row[0]["instance"])


async def stop_one_and_start_another(estate: Estate) -> None:
    await estate.stop(SECURE)
    estate.cloud.groups.alter_instance("g1", 1, status="Unknown")
    await estate.start(LATER)
    estate.cloud.groups.add_instance("g1", Instance(uuid="i9", url=f"http://{LATER}/v1"))


async def test_prometheus_scrapes_what_runs_and_follows_it(
    programs: Programs, tmp_path: Path
) -> None:
    async with running_platform(tmp_path) as (estate, exporter):
        wanted = configuration(FOUND, exporter, estate, tmp_path)
        [job] = wanted["scrape_configs"]
        [lists] = job["http_sd_configs"]
        # As two replicas would, another list with the same endpoints.
        job["http_sd_configs"] = [
            lists,
            {**lists, "url": lists["url"].replace("localhost", "127.0.0.1")},
        ]
        wanted["scrape_configs"] += documented(EXPORTER, localhost=exporter)["scrape_configs"]
        async with running(programs, tmp_path, wanted) as prometheus:
            await scrapes(prometheus, FIRST, SECURE)
            await stop_one_and_start_another(estate)
            await scrapes(prometheus, FIRST, LATER)
            assert estate.paths.keys() == {"/metrics"}
            assert "172.20.0.10" not in str(estate.proxy.heads)

            now = time.time()
            [(labels, requests)] = await prometheus.rows(INTERRUPTED, now)
            assert labels == {"target": TARGET, "model_service_uuid": "s1", "name": "Qwen"}
            assert requests == REQUESTS[FIRST] + REQUESTS[LATER]
            assert await prometheus.rows(LEFT_OUT, now) == [
                ({"target": TARGET, "reason": "loopback"}, 1.0)
            ]
            assert not any((await prometheus.refused_samples()).values())
            async with nothing_known(estate, exporter):
                await estate.is_scraped_further()
                await scrapes(prometheus, FIRST, LATER)


@pytest.mark.small_sample(1)
async def test_prometheus_finds_the_metrics_behind_a_path(
    programs: Programs, tmp_path: Path
) -> None:
    async with running_platform(tmp_path, "/chat/v1/") as (estate, exporter):
        wanted = configuration(WITH_PATHS, exporter, estate, tmp_path)
        async with running(programs, tmp_path, wanted) as prometheus:

            async def look() -> dict[str, float]:
                rows = await prometheus.rows('up{job="inference"}', time.time())
                return {labels["instance"]: value for labels, value in rows}

            everywhere = {f"{each}/chat/v1/": 1.0 for each in (FIRST, SECURE)}
            await until_seen(look, lambda seen: seen == everywhere)
            assert estate.paths.keys() == {"/chat/metrics"}


async def test_vmagent_scrapes_what_runs_and_follows_it(
    victoriametrics: VictoriaMetrics, tmp_path: Path
) -> None:
    async with (
        running_platform(tmp_path) as (estate, exporter),
        victoriametrics.storing(tmp_path) as (store, stored),
    ):
        wanted = configuration(FOUND, exporter, estate, tmp_path)
        for discovery in wanted["scrape_configs"][0]["http_sd_configs"]:
            del discovery["refresh_interval"]
        async with victoriametrics.scraping(tmp_path, wanted, into=store) as vmagent:
            await has_up(vmagent, FIRST, SECURE)
            await stop_one_and_start_another(estate)
            await has_up(vmagent, FIRST, LATER)
            await scrapes(stored, FIRST, LATER)
            async with nothing_known(estate, exporter):
                await estate.is_scraped_further()
                await scrapes(stored, FIRST, LATER)
            assert estate.paths.keys() == {"/metrics"}


async def has_up(vmagent: aiohttp.ClientSession, *addresses: str) -> None:
    """Wait until vmagent scrapes these and no others, all with success and the same labels."""

    async def look() -> list[Mapping[str, str]]:
        async with vmagent.get("/api/v1/targets") as response:
            active = (await response.json())["data"]["activeTargets"]
        return [{**each["labels"], "health": each["health"]} for each in active]

    wanted = [{**LABELS, "instance": each, "health": "up"} for each in sorted(addresses)]
    await until_seen(look, lambda seen: sorted(seen, key=lambda each: each["instance"]) == wanted)
