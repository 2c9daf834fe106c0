"""The page for people, asked over HTTP."""

import re
import time
from dataclasses import replace

import pytest

from exporter.simulator import Cloud, Fault, serving
from exporter.state.hints import Language
from exporter.state.snapshot import Poll, Snapshot
from exporter.web.status import CONTENT_SECURITY_POLICY, PageQuery, Sources, status_page
from exporter.web.status.fleet import FLEET
from exporter.web.status.query import PER_PAGE
from exporter.zstack import ModelService
from tests.support.builders import found
from tests.support.exporting import exporting, is_down, is_up, target
from tests.support.fleet import fleet

from .reading import CHINESE, read, status, text_of

FAILURES = {
    "denied": Fault.error("ID.1002", "permission denied", operation="QueryModelService"),
    "unauthorized": Fault.error("ID.1000", "wrong account name or password"),
    "licence": Fault.error("LICENSE.1000", "license expired", operation="QueryModelService"),
    "unknown code": Fault.error("ACME.42", "who knows", operation="QueryModelService"),
    "proxy": Fault.html(),
    "limit": Fault.rate_limited(),
}


async def test_the_first_line_sums_up_the_targets() -> None:
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
            page = await exporter.text("/")
            assert "1 failing · ZStack AIOS exporter" in page
            assert '<b class="good">1 up</b>, <b class="bad">1 failing</b>' in page
            assert (
                f"3 个目标：1 个正常，1 个失败，1 个尚未轮询；30 个模型服务，{outdated} 个有新版本"
            ) in await read(exporter, **CHINESE)
            assert shown.index("bad failing: rejected") < shown.index("good up")


@pytest.mark.parametrize("failure", FAILURES)
@pytest.mark.parametrize("language", ["en", "zh"])
async def test_an_error_is_shown_with_its_meaning_and_a_hint(failure: str, language: str) -> None:
    cloud = Cloud(services=3)
    cloud.faults.append(FAILURES[failure])
    async with serving(cloud) as url, exporting(target=target(url)) as exporter:
        await exporter.until(is_down)
        shown = await read(exporter, f"/?lang={language}")
        (reported,) = (await status(exporter))["targets"]
        assert reported["error"]["reason"] in shown
        assert reported["error"]["code"] in shown
        assert reported["error"]["message"] in shown
        if language == "en":
            assert reported["error"]["meaning"].lower() in shown.lower()
            assert reported["error"]["fix"].lower() in shown.lower()
        assert "zstack-aios-exporter check" in shown


async def test_a_target_that_is_up_shows_age_counts_and_the_next_poll() -> None:
    async with (
        serving(Cloud(services=300)) as url,
        exporting(target=target(url, interval=60, stale_after=180)) as exporter,
    ):
        await exporter.until(is_up)
        shown = await read(exporter)
        for expected in (
            r"default up",
            r"Up for \S+ m?s since \d{4}-\d\d-\d\d \d\d:\d\d:\d\d UTC",
            r"Age of the data \S+ m?s fresh until \S+ \S+ UTC, in \S+ (s|min)",
            r"Model services 300",
            r"With a new version 34 214 up to date, 52 unknown",
            r"Requested 3,086 CPU cores · 5.2 TiB of memory",
            r"Frameworks vLLM \d+",
            r"Types Endpoint \d+",
            r"Sources HuggingFace \d+",
            r"Next poll in \d+ s",
            r"Polled every 60 s",
            r"1 succeeded, 0 failed",
        ):
            assert re.search(expected, shown), expected


async def test_records_that_were_left_out_are_counted() -> None:
    cloud = Cloud(services=5)
    cloud.faults.append(Fault.without_uuid())
    async with serving(cloud) as url, exporting(target=target(url)) as exporter:
        page = await exporter.until(is_up)
        skipped = page.value("zstack_records_skipped_total", reason="undecodable")
        assert skipped
        shown = await read(exporter)
        assert re.search(r"Records left out [1-9]\d* unreadable, 0 repeated", shown)


@pytest.mark.parametrize(
    ("language", "expected"),
    [
        ("en", "Fields that cannot be read, by records version 5 Runbook Fields that no known"),
        ("zh", "无法读取的字段（记录数） version 5 处理手册 已知版本中没有的字段"),
    ],
)
async def test_drift_is_shown_by_field(language: str, expected: str) -> None:
    cloud = Cloud(services=5, faults=[Fault.dialect("version"), Fault.dialect("<b>next")])
    async with serving(cloud) as url, exporting(target=target(url)) as exporter:
        await exporter.until(is_up)
        shown = await read(exporter, f"/?lang={language}")
        assert expected in shown
        assert "<b>next 5" in shown
        cloud.faults.clear()
        await exporter.next_polls(2)
        assert expected not in await read(exporter, f"/?lang={language}")


async def test_stale_data_is_marked() -> None:
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
async def test_any_query_gives_a_page(query: str) -> None:
    async with serving(Cloud(services=3)) as url, exporting(target=target(url)) as exporter:
        await exporter.until(is_up)
        async with exporter.http.get(f"/?{query}") as response:
            assert response.status == 200


async def test_untrusted_text_stays_text() -> None:
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
        assert "<script>" not in page
        assert page.count("<script") == 1
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
    page = status_page(Sources([snapshot]), PageQuery(language))
    assert len(page.encode()) < 40_000


def test_many_services_make_no_long_page() -> None:
    page = status_page(Sources([crowded(20_000)]), PageQuery())
    assert len(page) < 200_000
    assert "18,000 more; narrow the search to see them." in page
    assert "20,000 model services, 20,000 with a new version" in page


def test_few_targets_are_all_shown_in_full() -> None:
    snapshots = [crowded(1, f"lab-{n}") for n in range(FLEET)]
    page = status_page(Sources(snapshots), PageQuery())
    assert page.count('aria-labelledby="target-') == FLEET
    assert "Search targets" not in page
    assert "10 with a new version" in page
    assert page.count('<tr><th scope="row"><bdi>chat-0</bdi>') == FLEET


@pytest.mark.parametrize("language", ["en", "zh"])
def test_a_page_of_a_fleet_is_as_large_for_few_targets_as_for_many(language: Language) -> None:
    for query in (PageQuery(language), PageQuery(language, search="site"), PageQuery(page=2)):
        few, many = (
            len(status_page(Sources(each), query).encode())
            for each in (fleet(2 * PER_PAGE), fleet(2000))
        )
        assert many < 1.1 * few
        assert many < 50_000


def test_the_largest_page_of_a_fleet_is_limited() -> None:
    failing = next(each for each in fleet(100) if each.error)
    snapshots = [replace(failing, target=f"{n:04}" + "\N{ROCKET}" * 60) for n in range(1000)]
    page = status_page(Sources(snapshots), PageQuery("zh", chosen=True))
    assert len(page.encode()) < 100_000


def test_a_page_of_a_fleet_takes_as_long_for_few_targets_as_for_many() -> None:
    def seconds(snapshots: list[Snapshot]) -> float:
        began = time.thread_time()
        status_page(Sources(snapshots), PageQuery())
        return time.thread_time() - began

    few, many = fleet(2 * PER_PAGE), fleet(1000)
    # Ten times the targets: each is looked at, which costs a hundredth of a row.
    assert min(seconds(many) for _ in range(5)) < 5 * min(seconds(few) for _ in range(5))


def test_extreme_numbers_are_shown() -> None:
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
    assert "lab" in status_page(Sources([snapshot]), PageQuery())


def test_before_any_target_is_connected() -> None:
    page = status_page(Sources(), PageQuery())
    assert "No target is connected yet." in page
