"""What /sd/endpoints gives a scraper of what runs on the platforms, over HTTP."""

import gzip
import json
from pathlib import Path
from typing import Any, Final

import aiohttp
import pytest
import yaml

from exporter.metrics.exposition import Exposition, OnStale
from exporter.simulator import Cloud, Fault, Instance, InstanceGroup, ModelService, serving
from exporter.state.lists import ListState
from exporter.state.snapshot import Snapshot
from exporter.web.discovery.endpoint_query import EndpointQuery
from exporter.web.discovery.endpoints import EndpointLists
from exporter.zstack import Instance as InstanceRecord
from exporter.zstack import InstanceGroup as GroupRecord
from exporter.zstack import ModelService as ServiceRecord
from tests.support.builders import found, listed_groups, publish
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

PATH: Final = "/sd/endpoints"
STATE: Final = "model_service_instance_group"
META: Final = "__meta_zstack_"

Target = dict[str, Any]


def cloud_with(*groups: InstanceGroup, **settings: Any) -> Cloud:
    """Two services, `Qwen` on vLLM and `embed` without a framework, and these groups."""
    cloud = Cloud(services=0, **settings)
    cloud.estate.add(ModelService(uuid="s1", name="Qwen", framework="vLLM"))
    cloud.estate.add(ModelService(uuid="s2", name="embed", framework=None))
    for group in groups:
        cloud.groups.add(group)
    return cloud


def running(*urls: str, status: str = "Running") -> tuple[Instance, ...]:
    return tuple(Instance(uuid=f"i{n}", url=url, status=status) for n, url in enumerate(urls))


CHAT: Final = InstanceGroup(
    uuid="g1",
    name="chat",
    model_service_uuid="s1",
    model_uuid="m1",
    instances=(
        *running("http://10.0.0.7:8000/v1", "http://10.0.0.6:8000/v1"),
        Instance(uuid="i8", url="https://u:p@10.0.0.8/v1?token=t", status="Running"),
        Instance(uuid="i9", url="http://10.0.0.9:8000/v1", status="ServiceBootingUp"),
    ),
)
EMBED: Final = InstanceGroup(
    uuid="g2", name="embed", model_service_uuid="s2", instances=running("http://10.0.1.1:80")
)
ORPHAN: Final = InstanceGroup(
    uuid="g3", model_service_type=None, instances=running("http://[fd00::7]:8000/")
)


async def answer(exporter: Exporter, query: str = "") -> tuple[int, str]:
    async with exporter.http.get(PATH + query) as response:
        return response.status, await response.text()


async def discovered(exporter: Exporter, query: str = "") -> list[Target]:
    """The list, as soon as there is one."""
    _, text = await until_seen(lambda: answer(exporter, query), lambda seen: seen[0] == 200)
    found = json.loads(text)
    assert isinstance(found, list)
    return found


def addresses(found: list[Target]) -> set[str]:
    return {address for each in found for address in each["targets"]}


async def has(exporter: Exporter, *wanted: str, query: str = "") -> None:
    """Wait until these addresses and no others are listed."""

    async def look() -> set[str]:
        return addresses(await discovered(exporter, query))

    await until_seen(look, lambda seen: seen == {*wanted})


async def test_endpoints_that_share_their_labels_are_one_group() -> None:
    async with (
        serving(cloud_with(ORPHAN, EMBED, CHAT)) as url,
        exporting(targets={"北京 一号": target(url)}) as exporter,
    ):
        found = await discovered(exporter)
    chat = {
        f"{META}target": "北京 一号",
        f"{META}model_service_uuid": "s1",
        f"{META}model_service_name": "Qwen",
        f"{META}model_service_type": "Endpoint",
        f"{META}framework": "vLLM",
        f"{META}model_uuid": "m1",
        f"{META}group_uuid": "g1",
        f"{META}group_name": "chat",
        f"{META}status": "Running",
        f"{META}path": "/v1",
        "__scheme__": "http",
    }
    assert found == [
        {  # its service is gone, so nothing is known of it
            "targets": ["[fd00::7]:8000"],
            "labels": {
                f"{META}target": "北京 一号",
                f"{META}model_service_type": "unknown",
                f"{META}group_uuid": "g3",
                f"{META}status": "Running",
                f"{META}path": "/",
                "__scheme__": "http",
            },
        },
        {
            "targets": ["10.0.1.1:80"],
            "labels": {
                f"{META}target": "北京 一号",
                f"{META}model_service_uuid": "s2",
                f"{META}model_service_name": "embed",
                f"{META}model_service_type": "Endpoint",
                f"{META}framework": "unknown",
                f"{META}group_uuid": "g2",
                f"{META}group_name": "embed",
                f"{META}status": "Running",
                "__scheme__": "http",
            },
        },
        {"targets": ["10.0.0.6:8000", "10.0.0.7:8000"], "labels": chat},
        {"targets": ["10.0.0.8:443"], "labels": {**chat, "__scheme__": "https"}},
        {"targets": ["10.0.0.9:8000"], "labels": {**chat, f"{META}status": "ServiceBootingUp"}},
    ]


async def test_the_same_endpoints_are_the_same_document_whatever_order_the_platform_has() -> None:
    seen = set()
    for groups in ((CHAT, EMBED, ORPHAN), (ORPHAN, CHAT, EMBED)):
        async with serving(cloud_with(*groups)) as one, serving(cloud_with(CHAT)) as two:
            for names in (("a", "b"), ("b", "a")):
                urls = {"a": one, "b": two}
                targets = {name: target(urls[name]) for name in names}
                async with exporting(targets=targets) as exporter:
                    await discovered(exporter)
                    seen.add((await answer(exporter))[1])
    assert len(seen) == 1


RUNNING: Final = {"10.0.0.6:8000", "10.0.0.7:8000", "10.0.0.8:443"}
BOOTING: Final = {"10.0.0.9:8000"}


@pytest.mark.parametrize(
    ("query", "wanted"),
    [
        ("?target=b", {"10.0.1.1:80"}),
        ("?target=a&target=b&status=Running", {*RUNNING, "[fd00::7]:8000", "10.0.1.1:80"}),
        ("?framework=vLLM", RUNNING | BOOTING),
        ("?framework=VLLM&framework=SGLang&status=servicebootingup", BOOTING),
        ("?framework=vLLM&target=b&target=b", set()),
        ("?framework=unknown", {"10.0.1.1:80"}),
        ("?framework=", {"[fd00::7]:8000"}),
        ("?status=Lost", set()),
    ],
)
async def test_a_request_chooses_by_target_framework_and_status(
    query: str, wanted: set[str]
) -> None:
    async with (
        serving(cloud_with(CHAT, ORPHAN)) as one,
        serving(cloud_with(EMBED)) as two,
        exporting(targets={"a": target(one), "b": target(two)}) as exporter,
    ):
        assert addresses(await discovered(exporter, query)) == wanted


@pytest.mark.parametrize(
    ("query", "status", "text"),
    [
        ("?target=lab&target=nowhere", 404, "no target of this name is configured\n"),
        ("?target=", 404, "no target of this name is configured\n"),
        (
            "?state=Running",
            400,
            "a parameter is unknown; this list knows target, framework, status\n",
        ),
    ],
)
async def test_a_wrong_query_gets_an_error_and_not_a_longer_or_shorter_list(
    query: str, status: int, text: str
) -> None:
    async with (
        serving(cloud_with(CHAT)) as url,
        exporting(targets={"lab": target(url)}) as exporter,
    ):
        assert await answer(exporter, query) == (status, text)


async def test_the_list_follows_the_platform() -> None:
    cloud = cloud_with(CHAT, EMBED)
    async with serving(cloud) as url, exporting(target=target(url)) as exporter:
        await has(exporter, *RUNNING, *BOOTING, "10.0.1.1:80")
        cloud.groups.remove("g1")
        await has(exporter, "10.0.1.1:80")
        cloud.groups.add_instance("g2", Instance(uuid="i", url="http://10.0.1.2:80"))
        await has(exporter, "10.0.1.1:80", "10.0.1.2:80")
        cloud.groups.alter_instance("g2", 0, status="Unknown")
        await has(exporter, "10.0.1.2:80", query="?status=Running")
        cloud.estate.alter("s2", framework="SGLang")
        await has(exporter, "10.0.1.1:80", "10.0.1.2:80", query="?framework=SGLang")


ODD: Final = InstanceGroup(
    uuid="g4",
    instances=running(
        "",
        "ftp://10.0.0.1",
        "http://localhost:8000",
        "http://127.0.0.1:8000",
        "http://169.254.169.254/latest",
        "http://[::]:8000",
        "http://239.0.0.1",
        "http://a..b",
        "http://10.0.0.1:99999",
        "http://10.0.0.1:9",
    ),
)


async def test_addresses_that_nobody_else_reaches_are_left_out_and_counted() -> None:
    async with (
        serving(cloud_with(CHAT, ODD)) as url,
        exporting(targets={"lab": target(url)}) as exporter,
    ):
        found = await discovered(exporter)
        page = await exporter.scrape()
    odd = [each for each in found if each["labels"][f"{META}group_uuid"] == "g4"]
    assert addresses(odd) == {"10.0.0.1:9"}
    left_out = page.all("zstack_model_service_endpoints_left_out", target="lab")
    assert {labels["reason"]: value for labels, value in left_out} == {
        "no_url": 2,
        "invalid": 2,
        "loopback": 2,
        "link_local": 1,
        "unspecified": 1,
        "multicast": 1,
    }


async def test_user_and_query_of_a_url_are_nowhere() -> None:
    async with serving(cloud_with(CHAT)) as url, exporting(target=target(url)) as exporter:
        await discovered(exporter)
        _, text = await answer(exporter)
        assert "10.0.0.8" in text
        assert "u:p" not in text
        assert "token" not in text


async def test_a_list_that_is_not_known_yet_is_an_error_and_not_empty() -> None:
    """A scraper keeps the list that it has after an error; an empty one ends all its targets."""
    cloud = cloud_with(CHAT)
    cloud.faults.append(Fault.hang())
    async with serving(cloud) as url, exporting(targets={"lab": target(url)}) as exporter:
        assert await answer(exporter) == (503, "target lab has not been polled yet\n")
        cloud.faults.clear()


async def test_a_target_that_no_poll_has_read_is_an_error_alone_and_left_out_beside_others() -> (
    None
):
    broken = cloud_with(CHAT)
    broken.faults.append(Fault.text(500))
    async with (
        serving(broken) as one,
        serving(cloud_with(EMBED)) as two,
        exporting(targets={"a": target(one), "b": target(two)}) as exporter,
    ):
        await has(exporter, "10.0.1.1:80")
        text = "no poll of target a has read what runs yet\n"
        assert await answer(exporter, "?target=a") == (503, text)
        broken.faults.clear()
        await has(exporter, *RUNNING, *BOOTING, "10.0.1.1:80")


SHOWN_WHEN_STALE: Final = {"drop": (200, False), "fail": (503, False), "keep": (200, True)}
"""By policy: the status of /metrics, and whether it has numbers of services."""


@pytest.mark.parametrize("policy", SHOWN_WHEN_STALE)
async def test_endpoints_stay_while_the_platform_does_not_answer(policy: str) -> None:
    cloud = cloud_with(EMBED)
    settings = {"stale_after": 0.1, "on_stale": policy}
    async with serving(cloud) as url, exporting(target=target(url, **settings)) as exporter:
        await has(exporter, "10.0.1.1:80")
        cloud.faults.append(Fault.text(500))
        status, has_numbers = SHOWN_WHEN_STALE[policy]

        async def look() -> tuple[int, bool, bool]:
            async with exporter.http.get("/metrics") as response:
                page = await response.text()
                down = "zstack_up{" not in page or 'zstack_up{target="default"} 0' in page
                return response.status, "zstack_model_services{" in page, down

        await until_seen(look, lambda seen: seen == (status, has_numbers, True))
        assert addresses(await discovered(exporter)) == {"10.0.1.1:80"}


async def test_a_platform_that_has_no_instance_groups_has_an_empty_list() -> None:
    async with (
        serving(cloud_with(profile="5.2.1")) as url,
        exporting(target=target(url)) as exporter,
    ):
        assert await discovered(exporter) == []


async def test_a_new_platform_under_an_old_name_has_no_endpoints_of_the_old_one(
    tmp_path: Path,
) -> None:
    file = tmp_path / "exporter.yml"
    other = cloud_with(CHAT)
    other.faults.append(Fault.hang())

    def write(url: str) -> None:
        file.write_text(yaml.safe_dump({"targets": {"lab": target(url)}}))

    async with serving(cloud_with(EMBED)) as one, serving(other) as two:
        write(one)
        async with exporting_file(file) as exporter:
            await has(exporter, "10.0.1.1:80")
            write(two)
            assert (await exporter.reload())[0] == 200
            assert (await answer(exporter))[0] == 503
            other.faults.clear()
            assert "10.0.0.7:8000" in addresses(await discovered(exporter))


async def test_where_instances_are_not_polled_the_setting_is_named() -> None:
    async with (
        serving(cloud_with(CHAT)) as url,
        exporting(target=target(url), metrics={"instances": "false"}) as exporter,
    ):
        await exporter.until(is_up)
        status, text = await answer(exporter)
        assert status == 404
        assert "metrics.instances is false" in text


async def test_the_document_is_json_that_nothing_keeps_and_gzip_where_it_is_wanted() -> None:
    async with (
        serving(Cloud(services=200, instance_groups=150)) as url,
        exporting(target=target(url, interval=60)) as exporter,
    ):
        groups = await discovered(exporter)
        assert len(groups) > 100
        async with aiohttp.ClientSession(auto_decompress=False) as http:
            bodies = {}
            for encoding in ("gzip", "identity"):
                headers = {"Accept-Encoding": encoding}
                async with http.get(exporter.url(PATH), headers=headers) as response:
                    assert response.headers["Content-Type"] == "application/json"
                    assert response.headers["Cache-Control"] == "no-store"
                    assert response.headers["X-Content-Type-Options"] == "nosniff"
                    assert response.headers["Vary"] == "Accept-Encoding"
                    bodies[encoding] = await response.read()
                    assert response.headers["Content-Length"] == str(len(bodies[encoding]))
        assert gzip.decompress(bodies["gzip"]) == bodies["identity"]
        assert json.loads(bodies["identity"]) == groups
        assert len(bodies["gzip"]) < len(bodies["identity"]) / 3


async def test_without_the_password_there_is_no_list(tmp_path: Path) -> None:
    file = make(tmp_path).write(f"basic_auth_users:\n  prometheus: {quick_hash()}\n")
    async with (
        serving(cloud_with(CHAT)) as url,
        exporting(target=target(url), web={"config_file": str(file)}) as exporter,
    ):
        status, text = await answer(exporter)
        assert status == 401
        assert "10.0.0" not in text
        headers = {"Authorization": aiohttp.encode_basic_auth("prometheus", PASSWORD)}

        async def look() -> int:
            async with exporter.http.get(PATH, headers=headers) as response:
                return response.status

        await until_seen(look, lambda seen: seen == 200)


async def test_a_list_counts_as_a_scrape() -> None:
    async with (
        serving(Cloud(services=2500)) as url,
        exporting(target=target(url, interval=60), web={"max_requests": 1}) as exporter,
    ):
        await exporter.until(is_up)
        async with slow_scrape(exporter):
            status, text = await answer(exporter)
            assert status == 503
            assert "web.max_requests" in text


async def test_endpoints_of_another_shard_name_it() -> None:
    async with serving(cloud_with(CHAT)) as url:
        targets = {name: target(url) for name in ("lab", "shanghai", "beijing", "tokyo")}
        shard = {"ordinal": 0, "total": 2}
        async with exporting(targets=targets, shard=shard) as exporter:
            statuses = {name: await answer(exporter, f"?target={name}") for name in targets}
            elsewhere = [text for status, text in statuses.values() if status == 404]
            assert 0 < len(elsewhere) < len(targets)
            assert all("the one with the ordinal 1" in text for text in elsewhere)


LARGE: Final = 10_000
"""Bytes of a piece of a document that has the groups of a large list."""


def large_list(name: str) -> tuple[GroupRecord, ...]:
    """Two thousand groups of two instances."""
    return tuple(
        GroupRecord(
            uuid=f"{name}{n:08}",
            name=f"group {n}",
            model_service_uuid=f"s{n}",
            instances=tuple(
                InstanceRecord("Running", f"http://10.{n // 250}.{n % 250}.{each}:8000/v1")
                for each in (1, 2)
            ),
        )
        for n in range(2000)
    )


async def test_the_groups_of_a_platform_are_written_once_and_again_when_they_change() -> None:
    services = found(*(ServiceRecord(f"s{n}", name=f"n{n}", framework="vLLM") for n in range(2000)))
    exposition = Exposition({"a": OnStale.DROP, "b": OnStale.DROP})
    lists = EndpointLists(exposition)

    async def written(query: EndpointQuery) -> list[bytes]:
        """The compressed groups in the document, one piece for each target."""
        run = await lists.document(query)
        json.loads(b"".join(run.texts()))
        return [piece for piece in run.pieces if len(piece) > LARGE]

    async def show(target: str, groups: tuple[GroupRecord, ...]) -> None:
        state = ListState(listed_groups(*groups), 1.0, 1.0)
        snapshot = Snapshot(target, 60, 180, 1.0, 1.0, services, lists={STATE: state})
        await publish(exposition, snapshot)

    await show("a", large_list("a"))
    await show("b", large_list("b"))
    [first, second] = await written(EndpointQuery())
    [again] = await written(EndpointQuery(("b",), frozenset({"vllm"})))
    assert again is second
    assert await written(EndpointQuery(("b",), frozenset({"sglang"}))) == []
    await show("a", large_list("a"))  # another poll, which has found the same
    await show("b", large_list("c"))
    [same, changed] = await written(EndpointQuery())
    assert same is first
    assert changed != second
