"""What /sd/targets gives a scraper, over HTTP."""

import asyncio
import json
import ssl
from functools import partial
from pathlib import Path
from time import perf_counter
from typing import Any, Final

import aiohttp
import pytest
import trustme
import yaml
from hypothesis import given
from hypothesis import strategies as st
from yarl import URL

from exporter.daemon import targets_files
from exporter.simulator import Cloud, Fault, serving
from exporter.web.discovery import requested_address, targets_document
from tests.support.exporting import (
    Exporter,
    exporting,
    exporting_file,
    is_up,
    target,
    until_seen,
)
from tests.support.material import PASSWORD, make, quick_hash

from .clients import slow_scrape

PATH: Final = "/sd/targets"

Group = dict[str, Any]


async def discovered(exporter: Exporter, **headers: str) -> list[Group]:
    async with exporter.http.get(PATH, headers=headers) as response:
        assert response.status == 200, await response.text()
        groups = json.loads(await response.read())
        assert isinstance(groups, list)
        return groups


def scraped_url(group: Group, scheme: str = "http") -> URL:
    """The URL that Prometheus makes of a group, where the scrape config has this scheme."""
    [address] = group["targets"]
    labels = group["labels"]
    base = URL(f"{labels.get('__scheme__', scheme)}://{address}{labels['__metrics_path__']}")
    return base.with_query(target=labels["__param_target"])


def names(groups: list[Group]) -> list[str]:
    return [group["labels"]["instance"] for group in groups]


def has_targets(wanted: list[str], groups: list[Group]) -> bool:
    return names(groups) == sorted(wanted)


async def test_each_target_is_a_probe_at_the_address_that_was_asked() -> None:
    odd = 'a&b=c%20+d#e?";'
    async with serving(Cloud(services=3)) as one, serving(Cloud(services=4)) as two:
        targets = {"北京 一号": target(two), odd: target(one)}
        async with exporting(targets=targets) as exporter:
            groups = await discovered(exporter)
            host, port = exporter.address
            assert groups == [
                {
                    "targets": [f"{host}:{port}"],
                    "labels": {
                        "__metrics_path__": "/probe",
                        "__param_target": name,
                        "instance": name,
                    },
                }
                for name in (odd, "北京 一号")
            ]
            for group, services in zip(groups, (3, 4), strict=True):
                url = scraped_url(group).raw_path_qs
                page = await exporter.until(is_up, url)
                assert page.value("zstack_model_services_reported") == services


async def test_targets_are_listed_before_their_first_poll() -> None:
    cloud = Cloud(services=1)
    cloud.faults.append(Fault.hang())
    async with serving(cloud) as url, exporting(target=target(url)) as exporter:
        assert names(await discovered(exporter)) == ["default"]


async def test_the_list_follows_a_reload_and_its_order_is_that_of_the_names(tmp_path: Path) -> None:
    file = tmp_path / "exporter.yml"

    def write(*names: str) -> None:
        file.write_text(yaml.safe_dump({"targets": {name: target(url) for name in names}}))

    async with serving(Cloud(services=1)) as url:
        write("b", "c", "a")
        async with exporting_file(file) as exporter:
            assert names(await discovered(exporter)) == ["a", "b", "c"]
            write("d", "a")
            assert (await exporter.reload())[0] == 200
            assert names(await discovered(exporter)) == ["a", "d"]


async def test_the_list_follows_targets_files_without_a_reload(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(targets_files, "LOOK_SECONDS", 0.2)
    monkeypatch.setattr(targets_files, "SETTLE_SECONDS", 0.2)
    cloud = Cloud(services=1, faults=[Fault.hang()])
    (tmp_path / "exporter.yml").write_text("targets_files: '*.targets'")
    async with serving(cloud) as url, exporting_file(tmp_path / "exporter.yml") as exporter:
        assert await discovered(exporter) == []
        for targets in (["b"], ["c", "a"], []):
            content = yaml.safe_dump({name: target(url) for name in targets})
            (tmp_path / "a.targets").write_text(content)
            await until_seen(partial(discovered, exporter), partial(has_targets, targets))


async def test_the_document_is_json_that_nothing_keeps() -> None:
    async with (
        serving(Cloud(services=1)) as url,
        exporting(target=target(url)) as exporter,
        exporter.http.get(PATH) as response,
    ):
        assert response.headers["Content-Type"] == "application/json"
        assert response.headers["Cache-Control"] == "no-store"
        assert response.headers["X-Content-Type-Options"] == "nosniff"
        body = await response.read()
        assert response.headers["Content-Length"] == str(len(body))


async def test_other_methods_are_not_allowed() -> None:
    async with serving(Cloud(services=1)) as url, exporting(target=target(url)) as exporter:
        async with exporter.http.post(PATH) as response:
            assert response.status == 405
        async with exporter.http.get(f"{PATH}/") as response:
            assert response.status == 404


@pytest.mark.parametrize(
    "host",
    [
        "exporter",
        "exporter:10521",
        "zstack-aios-0.zstack-aios.monitoring.svc.cluster.local.:10521",
        "my_exporter",
        "10.0.0.7:1",
        "[2001:db8::7]",
        "[::ffff:10.0.0.7]:65535",
    ],
)
async def test_the_address_is_the_one_that_the_client_used(host: str) -> None:
    async with serving(Cloud(services=1)) as url, exporting(target=target(url)) as exporter:
        forwarded = {"X-Forwarded-Host": "evil.example", "X-Forwarded-Proto": "https"}
        [group] = await discovered(exporter, Host=host, **forwarded)
        assert group["targets"] == [host]
        assert "__scheme__" not in group["labels"]


@pytest.mark.parametrize(
    "host",
    [
        "",
        ":10521",
        "exporter:",
        "exporter:0",
        "exporter:65536",
        "exporter:010521",
        "user@exporter",
        "exporter/path",
        "exporter..example",
        ".exporter",
        "exporter$(id)",
        "a'b",
        "%65xporter",
        f"{'a' * 64}.example",
        ".".join(["a" * 63] * 4),
        "[::1",
        "[1.2.3.4]",
        "[1::2::3]",
        "[::1]evil.example",
    ],
)
async def test_what_is_no_address_is_not_repeated(host: str) -> None:
    async with serving(Cloud(services=1)) as url, exporting(target=target(url)) as exporter:
        async with exporter.http.get(PATH, headers={"Host": host}) as response:
            assert response.status == 400
            assert host not in await response.text() or not host
        assert requested_address(host) is None


async def test_a_request_without_a_host_is_refused() -> None:
    async with serving(Cloud(services=1)) as url, exporting(target=target(url)) as exporter:
        reader, writer = await asyncio.open_connection(*exporter.address)
        writer.write(f"GET {PATH} HTTP/1.0\r\n\r\n".encode())
        assert b" 400 " in await reader.readline()
        writer.close()


@given(st.text(st.characters(max_codepoint=0x2FF)) | st.text("a.:0159[]-_@/\\"))
def test_an_address_has_a_host_and_a_port_and_nothing_else(host: str) -> None:
    address = requested_address(host)
    if address is not None:
        assert address == host
        assert address.isascii()
        url = URL(f"http://{address}/probe")
        assert (url.user, url.password, url.path, url.query_string) == (None, None, "/probe", "")


async def test_over_tls_with_a_password_each_probe_is_over_tls(tmp_path: Path) -> None:
    authority = trustme.CA()
    file = make(tmp_path, authority).write(
        "tls_server_config: {cert_file: c.pem, key_file: k.pem}\n"
        f"basic_auth_users:\n  prometheus: {quick_hash()}\n"
    )
    client = ssl.create_default_context()
    authority.configure_trust(client)
    password = aiohttp.encode_basic_auth("prometheus", PASSWORD)
    async with (
        serving(Cloud(services=1)) as url,
        exporting(target=target(url), web={"config_file": str(file)}) as exporter,
        aiohttp.ClientSession(connector=aiohttp.TCPConnector(ssl=client)) as http,
    ):
        async with http.get(exporter.url(PATH)) as response:
            assert response.status == 401
            assert "default" not in await response.text()
        headers = {"Authorization": password}
        async with http.get(exporter.url(PATH), headers=headers) as response:
            [group] = json.loads(await response.read())
        assert group["labels"]["__scheme__"] == "https"
        async with http.get(scraped_url(group), headers=headers) as response:
            assert response.status == 200
            assert "zstack_poll" in await response.text()


async def test_a_list_counts_as_a_scrape() -> None:
    async with (
        serving(Cloud(services=2500)) as url,
        exporting(target=target(url, interval=60), web={"max_requests": 1}) as exporter,
    ):
        await exporter.until(is_up)
        async with slow_scrape(exporter), exporter.http.get(PATH) as response:
            assert response.status == 503
            assert "web.max_requests" in await response.text()


def test_without_targets_the_list_is_empty() -> None:
    assert json.loads(targets_document((), "here", secure=False)) == []


def test_the_labels_of_a_thousand_targets_are_written_once() -> None:
    names = tuple(f"platform-{n}" for n in range(1000))
    seconds = []
    for n in range(20):
        began = perf_counter()
        document = targets_document(names, f"client-{n}:10521", secure=False)
        seconds.append(perf_counter() - began)
        assert f'"client-{n}:10521"'.encode() in document
    assert len(document) < 200_000
    assert min(seconds[1:]) < seconds[0] / 5
