"""What Prometheus holds after it has scraped the exporter."""

import asyncio
from pathlib import Path

import aiohttp
import pytest
from prometheus_client.parser import text_string_to_metric_families

from exporter.simulator import HOSTILE, Cloud, Fault, serving
from tests.support.exporting import exporting, target

from .expected import inventory
from .installed import exporter_of
from .programs import Programs
from .prometheus import Prometheus, labels, only_text, scraping

pytestmark = pytest.mark.system


async def test_holds_what_the_platform_has_in_both_formats(
    programs: Programs, tmp_path: Path
) -> None:
    cloud = Cloud(services=120)
    expected = inventory(cloud.estate)
    async with (
        serving(cloud) as platform,
        exporter_of(platform, tmp_path, interval="1s") as url,
        only_text(f"{url}/metrics") as text_url,
        scraping(
            programs, tmp_path, {"openmetrics": f"{url}/metrics", "text": text_url}
        ) as prometheus,
    ):
        moment = await prometheus.moment("count(up == 1) == 2 and count(zstack_up == 1) == 2")

        for job in ("openmetrics", "text"):
            for family, vector in expected.items():
                got = await prometheus.query(f'{family}{{job="{job}",target="default"}}', moment)
                assert got == vector, f"{family} by {job}"
            scraped = await prometheus.query(f'scrape_samples_scraped{{job="{job}"}}', moment)
            assert scraped == {labels(): await _samples_on(f"{url}/metrics")}
        await _assert_everything_was_taken(prometheus, moment)
        # The format shows in the name that it gives to the family of a counter.
        assert (await prometheus.types("openmetrics"))["zstack_polls"] == "counter"
        assert (await prometheus.types("text"))["zstack_polls_total"] == "counter"


@pytest.mark.small_sample(0)
async def test_names_meant_to_break_it_cost_no_sample(programs: Programs, tmp_path: Path) -> None:
    cloud = Cloud(services=50)
    cloud.faults.append(Fault.hostile())
    async with (
        serving(cloud) as platform,
        exporting(target=target(platform, interval=0.5)) as exporter,
        only_text(f"{exporter.urls[0]}/metrics") as text_url,
        scraping(
            programs, tmp_path, {"openmetrics": f"{exporter.urls[0]}/metrics", "text": text_url}
        ) as prometheus,
    ):
        moment = await prometheus.moment("count(up == 1) == 2 and count(zstack_up == 1) == 2")

        for job in ("openmetrics", "text"):
            info = await prometheus.query(f'zstack_model_service_info{{job="{job}"}}', moment)
            assert len(info) == 50
            names = {dict(each).get("name", "") for each in info}
            assert len(names) == len(HOSTILE)
            assert all(name.isprintable() or "\u202e" in name or "\u2028" in name for name in names)
            assert any("🚀 family 👨‍👩‍👧" in name for name in names)
            assert any('quote " backslash \\ brace } hash #' in name for name in names)
            counted = f'sum(zstack_model_services{{job="{job}"}})'
            assert await prometheus.query(counted, moment) == {labels(): 50}
        await _assert_everything_was_taken(prometheus, moment)


@pytest.mark.small_sample(0)
async def test_a_living_platform_adds_up_at_every_scrape(
    programs: Programs, tmp_path: Path
) -> None:
    cloud = Cloud(services=80)
    async with (
        serving(cloud) as platform,
        exporter_of(platform, tmp_path, interval="50ms") as url,
        scraping(programs, tmp_path, {"zstack": f"{url}/metrics"}, every="100ms") as prometheus,
        asyncio.TaskGroup() as tasks,
    ):
        living = tasks.create_task(_live(cloud))
        moment = await prometheus.moment(
            "count_over_time(zstack_up[5m]) >= 40"
            " and changes(zstack_model_services_reported[5m]) >= 5"
        )
        living.cancel()

        reported = "sum(zstack_model_services_reported)"
        for parts in (
            "sum(zstack_model_services)",
            "sum(zstack_model_services_version_status)",
            "count(zstack_model_service_info)",
        ):
            apart = f"max_over_time(abs({parts} - {reported})[5m:50ms])"
            assert await prometheus.query(apart, moment) == {labels(): 0}, parts
        await _assert_everything_was_taken(prometheus, moment)


async def _live(cloud: Cloud) -> None:
    while True:
        cloud.evolve()
        await asyncio.sleep(0.05)


async def _assert_everything_was_taken(prometheus: Prometheus, moment: float) -> None:
    dropped = "scrape_samples_scraped - scrape_samples_post_metric_relabeling"
    assert await prometheus.query(f"max(abs({dropped}))", moment) == {labels(): 0}
    refused = await prometheus.refused_samples()
    assert {
        "prometheus_target_scrapes_sample_duplicate_timestamp_total",
        "prometheus_target_scrapes_sample_out_of_order_total",
        "prometheus_target_scrapes_sample_out_of_bounds_total",
    } <= refused.keys()
    assert not any(refused.values()), refused
    assert not prometheus.troubles


async def _samples_on(url: str) -> int:
    async with aiohttp.ClientSession() as http, http.get(url) as response:
        page = await response.text()
    return sum(len(family.samples) for family in text_string_to_metric_families(page))
