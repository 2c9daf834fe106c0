"""The HTTP endpoints, over HTTP."""

import asyncio
import base64
import gzip
import hashlib
import re
import socket

import aiohttp
import pytest
from prometheus_client.openmetrics import parser as openmetrics

from exporter.metrics.exposition import Exposition, OnStale
from exporter.metrics.telemetry import Telemetry
from exporter.simulator import Cloud, Fault, serving
from exporter.state.snapshot import Snapshot
from exporter.web.server import Server
from exporter.web.serving import serving as listening
from exporter.web.sockets import bind
from exporter.zstack import ModelService
from tests.support.builders import found, publish
from tests.support.exporting import Samples, exporting, is_down, is_up, target

from .clients import slow_scrape

OPENMETRICS = "application/openmetrics-text; version=1.0.0; charset=utf-8"
TEXT = "text/plain; version=0.0.4; charset=utf-8"


@pytest.mark.small_sample
@pytest.mark.parametrize(
    ("accept", "content_type"),
    [("*/*", TEXT), ("application/openmetrics-text", OPENMETRICS), ("text/plain", TEXT)],
)
@pytest.mark.parametrize("services", [3, 1500])
async def test_a_page_comes_in_the_format_and_encoding_that_was_asked_for(
    accept: str, content_type: str, services: int
) -> None:
    async with (
        serving(Cloud(services=services)) as url,
        exporting(target=target(url, interval=60)) as exporter,
    ):
        await exporter.until(is_up)
        bodies = []
        for encoding in ("identity", "gzip"):
            async with aiohttp.ClientSession(auto_decompress=False) as plain:
                headers = {"Accept": accept, "Accept-Encoding": encoding}
                async with plain.get(exporter.url("/metrics"), headers=headers) as response:
                    assert response.status == 200
                    assert response.headers["Content-Type"] == content_type
                    assert response.headers["Vary"] == "Accept, Accept-Encoding"
                    assert response.headers.get("Content-Encoding", "identity") == encoding
                    body = await response.read()
                    assert response.headers["Content-Length"] == str(len(body))
                    bodies.append(gzip.decompress(body) if encoding == "gzip" else body)
        identity, unzipped = (Samples(body.decode()) for body in bodies)
        info = "zstack_model_service_info"
        assert list(identity.all(info)) == list(unzipped.all(info))
        assert identity.total(info) == services


async def test_head_answers_as_get_does_without_a_body() -> None:
    async with (
        serving(Cloud(services=1500)) as url,
        exporting(target=target(url, interval=60)) as exporter,
    ):
        await exporter.until(is_up)
        lists = ("/metrics", "/probe?target=default", "/sd/targets")
        for path in (*lists, "/", "/-/healthy", "/-/ready"):
            async with exporter.http.head(path) as response:
                assert response.status == 200
                assert int(response.headers["Content-Length"]) > 0
                assert await response.read() == b""


async def test_a_probe_shows_one_target_and_nothing_of_the_exporter() -> None:
    async with serving(Cloud(services=3)) as one, serving(Cloud(services=4)) as two:
        targets = {"east": target(one), "west": target(two)}
        async with exporting(targets=targets) as exporter:
            page = await exporter.until(is_up, "/probe?target=west")
            assert page.value("zstack_model_services_reported") == 4
            assert not [name for name in page.names if not name.startswith("zstack_")]
            assert not [name for name in page.names if name.startswith("zstack_exporter_")]
            assert "zstack_polls_total" in page.names
            assert "east" not in await exporter.text("/probe?target=west")

            opened = await exporter.text(
                "/probe?target=west", Accept="application/openmetrics-text"
            )
            assert list(openmetrics.text_string_to_metric_families(opened))


@pytest.mark.parametrize(
    ("path", "status"),
    [
        ("/probe", 400),
        ("/probe?target=", 400),
        ("/probe?target=elsewhere", 404),
        ("/probe?target=http://127.0.0.1:1/", 404),
        ("/nothing", 404),
        ("/metrics/", 404),
    ],
)
async def test_unknown_paths_and_targets_are_refused(path: str, status: int) -> None:
    async with (
        serving(Cloud(services=1)) as url,
        exporting(target=target(url)) as exporter,
        exporter.http.get(path) as response,
    ):
        assert response.status == status


async def test_other_methods_are_not_allowed() -> None:
    async with (
        serving(Cloud(services=1)) as url,
        exporting(target=target(url)) as exporter,
        exporter.http.post("/metrics") as response,
    ):
        assert response.status == 405


async def test_not_ready_until_every_target_was_polled() -> None:
    slow, broken = Cloud(services=1), Cloud(services=1)
    slow.faults.append(Fault.hang())
    broken.faults.append(Fault.error("SYS.1000"))
    async with serving(slow) as one, serving(broken) as two:
        targets = {"slow": target(one), "broken": target(two)}
        async with exporting(targets=targets) as exporter:
            await exporter.until(is_down, "/probe?target=broken")
            assert await exporter.text("/-/healthy") == "healthy\n"
            async with exporter.http.get("/-/ready") as response:
                assert response.status == 503
                assert await response.text() == "1 of 2 targets not polled yet\n"


async def test_ready_once_every_target_was_polled() -> None:
    async with serving(Cloud(services=1)) as url, exporting(target=target(url)) as exporter:
        await exporter.until(is_up)
        assert await exporter.text("/-/ready") == "ready\n"


async def test_the_path_of_the_metrics_is_a_setting() -> None:
    web = {"telemetry_path": "/prometheus"}
    async with (
        serving(Cloud(services=1)) as url,
        exporting(target=target(url), web=web) as exporter,
    ):
        await exporter.until(is_up, "/prometheus")
        async with exporter.http.get("/metrics") as response:
            assert response.status == 404
        assert 'href="/prometheus"' in await exporter.text("/")


async def test_the_exporters_own_process_can_be_left_out() -> None:
    async with serving(Cloud(services=1)) as url:
        async with exporting(target=target(url)) as exporter:
            page = await exporter.scrape()
            assert {"process_resident_memory_bytes", "python_info"} <= page.names
        web = {"disable_exporter_metrics": True}
        async with exporting(target=target(url), web=web) as exporter:
            page = await exporter.scrape()
            assert not [name for name in page.names if not name.startswith("zstack_")]


async def test_the_status_page_shows_state_age_error_and_hint() -> None:
    cloud = Cloud(services=7)
    async with serving(cloud) as url, exporting(target=target(url)) as exporter:
        await exporter.until(is_up)
        shown = await exporter.text("/")
        assert "up</span>" in shown
        assert "<dd>7</dd>" in shown
        cloud.faults.append(Fault.error("SYS.1006", "<script>alert(1)</script> is denied"))
        await exporter.until(is_down)
        shown = await exporter.text("/")
        assert "failing: denied" in shown
        assert "SYS.1006: &lt;script&gt;" in shown
        assert "grant the account the query of model services" in shown
        assert "Failing for" in shown
        assert "<script>" not in shown
        assert shown.count("<script") == 1


async def test_the_status_page_has_one_script_of_its_own() -> None:
    async with serving(Cloud(services=1)) as url, exporting(target=target(url)) as exporter:
        await exporter.until(is_up)
        async with exporter.http.get("/") as page:
            policy = page.headers["Content-Security-Policy"]
            assert "default-src 'none'; style-src 'sha256-" in policy
            assert "script-src 'self'; connect-src 'self'; img-src data:;" in policy
            assert "unsafe" not in policy
            (script,) = re.findall(r"<script[^>]*>.*?</script>", await page.text())
        assert re.fullmatch(
            r'<script src="\S+" integrity="\S+" data-seconds="15" defer></script>', script
        )
        source = script.split('"')[1]
        async with exporter.http.get(source) as response:
            assert response.status == 200
            assert response.headers["Content-Type"] == "text/javascript; charset=utf-8"
            assert response.headers["X-Content-Type-Options"] == "nosniff"
            digest = base64.b64encode(hashlib.sha256(await response.read()).digest()).decode()
        assert f'integrity="sha256-{digest}"' in script


async def test_the_status_page_marks_stale_data() -> None:
    cloud = Cloud(services=7)
    async with (
        serving(cloud) as url,
        exporting(target=target(url, stale_after=0.3)) as exporter,
    ):
        await exporter.until(is_up)
        assert "stale:" not in await exporter.text("/")
        cloud.faults.append(Fault.error("SYS.1000", operation="QueryModelService"))
        await exporter.until(lambda page: "zstack_model_services_reported" not in page.names)
        assert "stale: older than 0.3 s" in await exporter.text("/")


async def test_the_status_page_before_the_first_poll_has_ended() -> None:
    cloud = Cloud(services=1)
    cloud.faults.append(Fault.hang())
    async with serving(cloud) as url, exporting(target=target(url)) as exporter:
        page = await exporter.until(lambda page: page.value("zstack_poll_interval_seconds") == 0.05)
        assert page.value("zstack_up") is None
        assert "first poll under way" in await exporter.text("/")


async def test_a_scraper_that_hangs_up_disturbs_no_other() -> None:
    async with (
        serving(Cloud(services=2500)) as url,
        exporting(target=target(url, interval=60)) as exporter,
    ):
        await exporter.until(is_up)
        host, port = exporter.address
        for _ in range(5):
            rude = socket.create_connection((host, port))
            rude.sendall(b"GET /metrics HTTP/1.1\r\nHost: x\r\n\r\n")
            await asyncio.to_thread(rude.recv, 100)
            rude.close()
        assert is_up(await exporter.scrape())


async def test_no_more_scrapes_at_once_than_allowed() -> None:
    async with (
        serving(Cloud(services=2500)) as url,
        exporting(target=target(url, interval=60), web={"max_requests": 1}) as exporter,
    ):
        await exporter.until(is_up)
        async with slow_scrape(exporter):
            async with exporter.http.get("/metrics") as response:
                assert response.status == 503
                assert "web.max_requests" in await response.text()
            assert await exporter.text("/-/healthy") == "healthy\n"

        status = 503
        while status == 503:
            async with exporter.http.get("/metrics") as response:
                status = response.status
        assert status == 200


async def test_a_client_that_does_not_read_is_aborted() -> None:
    listed = found(*(ModelService(f"{n:06}") for n in range(20_000)))
    exposition = Exposition({"lab": OnStale.KEEP})
    await publish(exposition, Snapshot("lab", interval=60, stale_after=180, inventory=listed))
    server = Server(
        exposition,
        await asyncio.to_thread(Telemetry, process=False),
        telemetry_path="/metrics",
        max_requests=1,
        send_seconds=0.2,
    )
    async with listening(server.application(), bind([("127.0.0.1", 0)])) as served:
        [url] = served.urls
        idle = socket.socket()
        idle.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
        host, port = url.removeprefix("http://").split(":")
        await asyncio.to_thread(idle.connect, (host, int(port)))
        idle.sendall(b"GET /metrics HTTP/1.1\r\nHost: x\r\n\r\n")
        await asyncio.to_thread(idle.recv, 10)
        async with aiohttp.ClientSession(url) as http:
            statuses = [503]
            while statuses[-1] == 503:
                async with http.get("/metrics") as response:
                    statuses.append(response.status)
        assert statuses[-1] == 200
        idle.close()


async def test_listens_on_several_addresses() -> None:
    web = {"listen_address": ["127.0.0.1:0", "[::1]:0"]}
    async with (
        serving(Cloud(services=1)) as url,
        exporting(target=target(url), web=web) as exporter,
    ):
        assert len(exporter.urls) == 2
        assert exporter.urls[1].startswith("http://[::1]:")
        async with exporter.http.get(exporter.urls[1] + "/-/healthy") as response:
            assert response.status == 200
