"""The page for people, asked over HTTP."""

import re
from dataclasses import replace
from html import unescape
from typing import Any

import pytest

from exporter.advice import Language
from exporter.simulator import Cloud, Fault, serving
from exporter.snapshot import Poll, Snapshot
from exporter.status import CONTENT_SECURITY_POLICY, Asked, status_page
from exporter.status.page import DETAILED
from exporter.zstack import ModelService
from tests.exporting import Exporter, exporting, is_down, is_up, target
from tests.inventories import found

CHINESE = {"Accept-Language": "zh-CN,zh;q=0.9,en;q=0.8"}
TROUBLES = {
    "denied": Fault.error("ID.1002", "permission denied", operation="QueryModelService"),
    "unauthorized": Fault.error("ID.1000", "wrong account name or password"),
    "licence": Fault.error("LICENSE.1000", "license expired", operation="QueryModelService"),
    "unknown code": Fault.error("ACME.42", "who knows", operation="QueryModelService"),
    "proxy": Fault.html(),
    "limit": Fault.rate_limited(),
}


def text_of(page: str) -> str:
    """What is left to read, on one line."""
    body = page.split("</style>", 1)[-1]
    return " ".join(unescape(re.sub(r"<[^>]*>", " ", body)).split())


async def read(exporter: Exporter, path: str = "/", **headers: str) -> str:
    return text_of(await exporter.text(path, **headers))


async def test_the_first_line_tells_how_things_stand() -> None:
    good, bad, slow = Cloud(services=30), Cloud(services=1), Cloud(services=1)
    outdated = sum(service.has_new_version is True for service in good.estate.values())
    bad.faults.append(Fault.error("SYS.1000"))
    slow.faults.append(Fault.hang())
    async with serving(good) as one, serving(bad) as two, serving(slow) as three:
        targets = {"good": target(one), "bad": target(two), "slow": target(three, timeout=600)}
        async with exporting(targets=targets) as exporter:
            await exporter.until(is_up, "/probe?target=good")
            await exporter.until(is_down, "/probe?target=bad")
            shown = await read(exporter)
            assert (
                "3 targets: 1 up, 1 failing, 1 not polled yet; 30 model services,"
                f" {outdated} with a new version"
            ) in shown
            assert "1 failing · ZStack AIOS exporter" in await exporter.text("/")
            assert (
                f"3 个目标：1 个正常，1 个失败，1 个尚未轮询；30 个模型服务，{outdated} 个有新版本"
            ) in await read(exporter, **CHINESE)
            assert shown.index("bad failing: rejected") < shown.index("good up")


@pytest.mark.parametrize("trouble", TROUBLES)
@pytest.mark.parametrize("language", ["en", "zh"])
async def test_trouble_comes_with_what_it_means_and_what_to_do(trouble: str, language: str) -> None:
    cloud = Cloud(services=3)
    cloud.faults.append(TROUBLES[trouble])
    async with serving(cloud) as url, exporting(target=target(url)) as exporter:
        await exporter.until(is_down)
        shown = await read(exporter, f"/?lang={language}")
        (told,) = (await status(exporter))["targets"]
        assert told["error"]["reason"] in shown
        assert told["error"]["code"] in shown
        assert told["error"]["message"] in shown
        if language == "en":
            assert told["error"]["meaning"].lower() in shown.lower()
            assert told["error"]["mend"].lower() in shown.lower()
        assert "zstack-aios-exporter check" in shown


async def status(exporter: Exporter) -> dict[str, Any]:
    async with exporter.http.get("/api/v1/status") as response:
        assert response.status == 200
        document: dict[str, Any] = await response.json()
        return document


async def test_a_target_that_is_up_tells_age_counts_and_the_next_poll() -> None:
    async with (
        serving(Cloud(services=300)) as url,
        exporting(target=target(url, interval=60, stale_after=180)) as exporter,
    ):
        await exporter.until(is_up)
        shown = await read(exporter)
        for told in (
            r"default up",
            r"Up for \S+ m?s since \d{4}-\d\d-\d\d \d\d:\d\d:\d\d UTC",
            r"Age of the data \S+ m?s fresh until \S+ \S+ UTC , in \S+ (s|min)",
            r"Model services 300",
            r"With a new version 34 214 current, 52 do not say",
            r"Requested 3,086 CPU cores · 5.2 TiB of memory",
            r"Frameworks vLLM \d+",
            r"Types Endpoint \d+",
            r"Sources HuggingFace \d+",
            r"Next poll in \d+ s",
            r"Polled every 60 s",
            r"1 succeeded, 0 failed",
        ):
            assert re.search(told, shown), told


async def test_what_was_left_out_is_told() -> None:
    cloud = Cloud(services=5)
    cloud.faults.append(Fault.without_uuid())
    async with serving(cloud) as url, exporting(target=target(url)) as exporter:
        page = await exporter.until(is_up)
        skipped = page.value("zstack_records_skipped_total", reason="undecodable")
        assert skipped
        shown = await read(exporter)
        assert re.search(r"Records left out [1-9]\d* unreadable, 0 repeated", shown)


async def test_stale_data_is_called_so() -> None:
    cloud = Cloud(services=7)
    async with (
        serving(cloud) as url,
        exporting(target=target(url, stale_after=0.3)) as exporter,
    ):
        await exporter.until(is_up)
        cloud.faults.append(Fault.error("SYS.1000", operation="QueryModelService"))
        await exporter.until(lambda page: "zstack_model_services_reported" not in page.names)
        shown = await read(exporter)
        assert "stale: older than 0.3 s" in shown
        assert "1 with stale data" in shown


async def test_a_search_and_an_order_are_kept_in_the_links() -> None:
    async with (
        serving(Cloud(services=300)) as url,
        exporting(target=target(url, interval=60)) as exporter,
    ):
        await exporter.until(is_up)
        page = await exporter.text("/?search=vllm&sort=-version&lang=en")
        assert 'aria-sort="descending"' in page
        assert 'value="vllm"' in page
        assert 'href="?lang=zh&amp;search=vllm&amp;sort=-version"' in page
        assert 'href="?lang=en&amp;search=vllm&amp;sort=version#new-versions"' in page
        rows = re.findall(r'<tr><th scope="row"><bdi>.*?</tr>', page)
        assert rows
        assert all("vLLM" in row for row in rows)
        assert "0 of 34 match." in text_of(await exporter.text("/?search=no%20such%20thing"))


async def test_one_target_alone() -> None:
    async with serving(Cloud(services=3)) as one, serving(Cloud(services=4)) as two:
        targets = {"east & north": target(one), "west": target(two)}
        async with exporting(targets=targets) as exporter:
            await exporter.until(is_up, "/probe?target=west")
            page = await exporter.text("/")
            assert 'href="?target=east+%26+north"' in page
            alone = await exporter.text("/?target=east+%26+north")
            assert "<bdi>west</bdi>" not in alone
            assert "<bdi>east &amp; north</bdi>" in alone
            assert "There is no target of this name." in await exporter.text("/?target=elsewhere")


async def test_the_headers_that_browsers_and_caches_need() -> None:
    async with (
        serving(Cloud(services=1)) as url,
        exporting(target=target(url)) as exporter,
    ):
        async with exporter.http.get("/", headers=CHINESE) as response:
            assert response.headers["Content-Type"] == "text/html; charset=utf-8"
            assert response.headers["Content-Language"] == "zh-Hans"
            assert response.headers["Vary"] == "Accept-Language"
            assert response.headers["Cache-Control"] == "no-store"
            assert response.headers["Content-Security-Policy"] == CONTENT_SECURITY_POLICY
            assert '<html lang="zh-Hans">' in await response.text()
        async with exporter.http.get("/") as response:
            assert response.headers["Content-Language"] == "en"
            assert '<html lang="en">' in await response.text()


@pytest.mark.parametrize(
    "query", ["search=%00%ff%ed%a0%80", "sort=--name", "sort=1", "lang=", "target=%ff", "x=1"]
)
async def test_no_query_is_too_strange(query: str) -> None:
    async with serving(Cloud(services=3)) as url, exporting(target=target(url)) as exporter:
        await exporter.until(is_up)
        async with exporter.http.get(f"/?{query}") as response:
            assert response.status == 200


async def test_text_of_strangers_stays_text() -> None:
    cloud = Cloud(services=8)
    cloud.faults.append(Fault.hostile())
    for uuid in list(cloud.estate):
        cloud.estate.alter(uuid, name="<script>alert(1)</script>'\"", has_new_version=True)
    targets_name = "<img src=x onerror=alert(1)>"
    async with (
        serving(cloud) as url,
        exporting(targets={targets_name: target(url)}) as exporter,
    ):
        await exporter.until(is_up)
        page = await exporter.text("/")
        assert "<script" not in page
        assert "<img" not in page
        assert "&lt;img src=x onerror=alert(1)&gt;" in page


def crowded(services: int, target_name: str = "lab") -> Snapshot:
    records = tuple(
        ModelService(f"{n:032x}", name=f"chat-{n}", version=f"0.{n}", has_new_version=True)
        for n in range(services)
    )
    listed = found(*records)
    return Snapshot(
        target_name, 60, 180, attempted_at=1e9, succeeded_at=1e9, inventory=listed, up_since=1e9
    )


@pytest.mark.parametrize("language", ["en", "zh"])
def test_a_usual_page_is_small(language: Language) -> None:
    polls = tuple(Poll(1e9 + 60 * n, n / 10, None if n % 5 else 12, "denied") for n in range(50))
    snapshot = replace(crowded(12), polls=polls)
    page = status_page([snapshot], telemetry_path="/metrics", asked=Asked(language))
    assert len(page.encode()) < 40_000


def test_many_services_make_no_endless_page() -> None:
    page = status_page([crowded(20_000)], telemetry_path="/metrics", asked=Asked())
    assert len(page) < 200_000
    assert "19,800 more; narrow the search to see them." in page
    assert "20,000 model services, 20,000 with a new version" in page


def test_many_targets_make_no_endless_page() -> None:
    snapshots = [crowded(1, f"lab-{n:03}") for n in range(DETAILED + 30)]
    page = status_page(snapshots, telemetry_path="/metrics", asked=Asked())
    assert page.count('aria-labelledby="target-') == DETAILED
    assert "30 more targets" in page
    assert 'href="?target=lab-049"' in page


def test_numbers_beyond_all_reason_are_still_shown() -> None:
    records = tuple(
        ModelService(
            f"{n}", request_cpu=1e308, request_memory=1e308, create_date=1e308, has_new_version=True
        )
        for n in range(3)
    )
    listed = found(*records)
    snapshot = Snapshot(
        "lab", 1e9, 1e9, attempted_at=-1e18, succeeded_at=-1e18, inventory=listed, up_since=-1e18
    )
    assert "lab" in status_page([snapshot], telemetry_path="/metrics", asked=Asked())


def test_before_any_target_is_connected() -> None:
    page = status_page([], telemetry_path="/metrics", asked=Asked())
    assert "No target is connected yet." in page
