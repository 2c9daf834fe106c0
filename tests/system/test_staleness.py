"""What Prometheus stops to show, and when: with the next scrape, not after five minutes."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import pytest

from exporter.simulator import Cloud, Fault, serving
from tests.support.exporting import exporting, target

from .programs import Programs
from .prometheus import Labels, Prometheus, labels, scraping

pytestmark = pytest.mark.system

INVENTORY = (
    '{__name__=~"zstack_model_service.*",__name__!~"zstack_model_service_(instance|endpoint).*"}'
)
"""Of the model services alone: what runs of them is a list of its own."""


@asynccontextmanager
async def watched(
    cloud: Cloud, programs: Programs, folder: Path, **settings: Any
) -> AsyncIterator[Prometheus]:
    """Prometheus over the exporter of this platform, both quick to see a change."""
    async with (
        serving(cloud) as platform,
        exporting(target=target(platform, interval=0.2, **settings)) as exporter,
        scraping(programs, folder, {"zstack": f"{exporter.urls[0]}/metrics"}) as prometheus,
    ):
        await prometheus.until("zstack_up == 1")
        yield prometheus


@pytest.mark.small_sample(0)
async def test_services_that_are_deleted_or_renamed_leave_no_series(
    programs: Programs, tmp_path: Path
) -> None:
    cloud = Cloud(services=20)
    deleted, renamed, *_ = cloud.estate
    async with watched(cloud, programs, tmp_path) as prometheus:
        of_deleted = f'{{__name__=~"zstack_model_service_.*",uuid="{deleted}"}}'
        await prometheus.until(f"count({of_deleted}) >= 5")
        cloud.estate.remove(deleted)

        moment = await prometheus.moment("zstack_model_services_reported == 19")
        assert await prometheus.query(f"count({of_deleted})", moment) == {}
        assert await prometheus.query("count(zstack_model_service_info)", moment) == {labels(): 19}

        info = f'zstack_model_service_info{{uuid="{renamed}"}}'
        before = await prometheus.until(info)
        cloud.estate.alter(renamed, name="a new name")

        def is_renamed(series: dict[Labels, float]) -> bool:
            assert len(series) <= 1, "the old and the new name together"
            return bool(series) and series.keys() != before.keys()

        (after,) = await prometheus.until(info, is_renamed)
        assert dict(after)["name"] == "a new name"
        names = f'count by (name) ({{__name__=~"zstack_model_service_.*",uuid="{renamed}"}})'
        assert (await prometheus.until(names)).keys() == {labels(name="a new name")}
        assert not prometheus.troubles


@pytest.mark.small_sample(0)
async def test_an_api_error_shows_with_its_code_until_it_is_over(
    programs: Programs, tmp_path: Path
) -> None:
    cloud = Cloud(services=20)
    error = 'zstack_api_error{code="SYS.1006"}'
    async with watched(cloud, programs, tmp_path) as prometheus:
        assert not await prometheus.query(error)
        cloud.faults.append(Fault.error("SYS.1006", operation="QueryModelService"))

        (failing,) = await prometheus.until(f"{error} == 1")
        assert dict(failing)["operation"] == "QueryModelService"
        moment = await prometheus.moment("zstack_up == 0")
        assert await prometheus.query("sum(zstack_model_services)", moment) == {labels(): 20}
        cloud.faults.clear()

        moment = await prometheus.moment("zstack_up == 1")
        assert await prometheus.query(error, moment) == {failing: 0}


async def test_numbers_that_are_too_old_are_dropped_and_the_rest_stays(
    programs: Programs, tmp_path: Path
) -> None:
    cloud = Cloud(services=20)
    async with watched(cloud, programs, tmp_path, stale_after=2, on_stale="drop") as prometheus:
        await prometheus.until("count(zstack_model_service_info) == 20")
        last = "zstack_poll_last_success_timestamp_seconds"
        cloud.faults.append(Fault.error("SYS.1000", operation="QueryModelService"))
        await prometheus.until("zstack_up == 0")
        (success,) = (await prometheus.until(last)).values()

        moment = await prometheus.moment(f"zstack_up == 0 unless on() {INVENTORY}")
        assert not await prometheus.query(f"count({INVENTORY})", moment)
        assert await prometheus.query("up", moment) == {labels(): 1}
        assert await prometheus.query(last, moment) == {labels(): success}
        assert await prometheus.query("zstack_poll_stale_after_seconds", moment) == {labels(): 2}
        cloud.faults.clear()

        await prometheus.until("count(zstack_model_service_info) == 20")
        assert not prometheus.troubles
