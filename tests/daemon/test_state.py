"""Since when new versions are pending: over polls, failures, reloads and restarts."""

import asyncio
import json
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest
import yaml
from structlog.testing import capture_logs

from exporter.polling.state_file import check_state
from exporter.settings import SettingsError
from exporter.simulator import Cloud, Fault, serving
from tests.support.exporting import (
    Samples,
    exporting,
    exporting_file,
    is_down,
    is_up,
    target,
)

SINCE = "zstack_model_service_new_version_pending_since_timestamp_seconds"
ATTEMPT = "zstack_poll_last_attempt_timestamp_seconds"
WRITTEN = "zstack_exporter_state_last_write_successful"


@pytest.fixture
def file(tmp_path: Path) -> Path:
    return tmp_path / "state.json"


@pytest.fixture
def cloud() -> Cloud:
    """A platform of 30 services, of which some have a new version."""
    made = Cloud(services=30)
    for uuid in list(made.estate)[:3]:
        made.estate.alter(uuid, has_new_version=True)
    return made


def since(page: Samples) -> Mapping[str, float]:
    return {labels["uuid"]: value for labels, value in page.all(SINCE)}


def outdated(cloud: Cloud) -> set[str]:
    return {service.uuid for service in cloud.estate.values() if service.has_new_version}


def one_that(cloud: Cloud, *, has_new_version: bool | None) -> str:
    flags = ((each.uuid, each.has_new_version) for each in cloud.estate.values())
    return next(uuid for uuid, flag in flags if flag is has_new_version)


async def test_each_service_with_a_new_version_is_pending_since_the_poll_that_found_it(
    cloud: Cloud,
) -> None:
    begun = time.time()
    async with serving(cloud) as url, exporting(target=target(url, page_size=10)) as exporter:
        first = await exporter.until(is_up)
        assert since(first).keys() == outdated(cloud)
        [at] = {*since(first).values()}
        assert begun <= at <= (first.value(ATTEMPT) or 0)

        uuid = one_that(cloud, has_new_version=False)
        before = time.time()
        cloud.estate.alter(uuid, has_new_version=True, name="renamed")
        page = await exporter.until(lambda page: uuid in since(page))
        assert since(page)[uuid] >= before - 0.1
        assert [uuid] == [each["uuid"] for each, _ in page.all(SINCE) if each["name"] == "renamed"]
        assert since(page).items() >= since(first).items()

        cloud.estate.alter(uuid, has_new_version=False)
        page = await exporter.until(lambda page: uuid not in since(page))
        assert since(page) == since(first)


async def test_what_is_unknown_for_a_while_is_not_shown_and_not_forgotten(cloud: Cloud) -> None:
    async with serving(cloud) as url, exporting(target=target(url)) as exporter:
        first = await exporter.until(is_up)
        uuid = one_that(cloud, has_new_version=True)
        cloud.estate.alter(uuid, has_new_version=None)
        await exporter.until(lambda page: uuid not in since(page))
        await exporter.next_polls()
        cloud.estate.alter(uuid, has_new_version=True)
        page = await exporter.until(lambda page: uuid in since(page))
        assert since(page) == since(first)


async def test_failed_polls_and_stale_data_lose_no_date(cloud: Cloud) -> None:
    settings = {"interval": 0.05, "stale_after": 0.2}
    async with serving(cloud) as url, exporting(target=target(url, **settings)) as exporter:
        first = await exporter.until(since)
        cloud.faults.append(Fault.reset_midway())
        await exporter.until(lambda page: is_down(page) and not since(page))
        cloud.faults.clear()
        page = await exporter.until(since)
        assert since(page) == since(first)


async def test_a_restart_loses_no_date_where_there_is_a_state_file(
    cloud: Cloud, file: Path
) -> None:
    async with serving(cloud) as url:
        async with exporting(target=target(url), state={"file": file}) as exporter:
            first = await exporter.until(is_up)
            assert first.value(WRITTEN) == 1
        async with exporting(target=target(url), state={"file": file}) as exporter:
            page = await exporter.until(is_up)
            assert since(page) == since(first)
            assert page.value(WRITTEN) is None  # nothing was to be written
        kept = (await asyncio.to_thread(check_state, file))["default"]
        assert kept.pending_since == since(first)
        assert kept.url == url
        async with exporting(target=target(url)) as exporter:
            page = await exporter.until(is_up)
            assert min(since(page).values()) > max(since(first).values())


async def test_without_the_setting_nothing_is_written(cloud: Cloud, tmp_path: Path) -> None:
    async with serving(cloud) as url, exporting(target=target(url)) as exporter:
        page = await exporter.until(is_up)
        assert since(page)
        assert page.value(WRITTEN) is None
    assert not list(tmp_path.iterdir())


async def test_without_series_of_services_there_are_no_dates(cloud: Cloud, file: Path) -> None:
    settings: dict[str, Any] = {"metrics": {"per_service": False}, "state": {"file": file}}
    async with serving(cloud) as url, exporting(target=target(url), **settings) as exporter:
        await exporter.until(is_up)
        page = await exporter.next_polls()
        assert SINCE not in page.names
    assert not file.exists()


async def test_a_reload_loses_no_date_but_another_url_is_another_platform(
    cloud: Cloud, tmp_path: Path
) -> None:
    config = tmp_path / "exporter.yml"

    def write(url: str, **settings: Any) -> None:
        document = {"target": target(url, **settings), "state": {"file": "state.json"}}
        config.write_text(yaml.safe_dump(document))

    async with serving(cloud) as url, serving(cloud) as other_url:
        write(url)
        async with exporting_file(config) as exporter:
            first = await exporter.until(is_up)
            for changes in ({"timeout": 10}, {"conditions": ["name!=nothing"]}):
                write(url, **changes)
                assert (await exporter.reload())[0] == 200
                page = await exporter.until(since)
                page = await exporter.next_polls()
                assert since(page) == since(first)
            write(other_url)
            assert (await exporter.reload())[0] == 200
            page = await exporter.until(since)
            assert since(page).keys() == since(first).keys()
            assert min(since(page).values()) > max(since(first).values())
    assert (tmp_path / "state.json").exists(), "relative to the configuration file"


async def test_a_broken_file_is_set_aside_and_the_exporter_begins_anew(
    cloud: Cloud, file: Path
) -> None:
    file.write_text('{"format": 1, "targets": {"default"')
    with capture_logs() as logs:
        async with (
            serving(cloud) as url,
            exporting(target=target(url), state={"file": file}) as exporter,
        ):
            page = await exporter.until(is_up)
            assert since(page).keys() == outdated(cloud)
    assert [line["file"] for line in logs if line["event"] == "state file set aside"] == [str(file)]
    assert json.loads(file.read_bytes())["format"] == 1
    [aside] = file.parent.glob("state.json.broken-*")
    assert aside.read_text() == '{"format": 1, "targets": {"default"'


async def test_a_second_exporter_with_the_same_file_does_not_start(
    cloud: Cloud, file: Path
) -> None:
    async with (
        serving(cloud) as url,
        exporting(target=target(url), state={"file": file}) as exporter,
    ):
        await exporter.until(is_up)
        with pytest.raises(ExceptionGroup) as raised:
            async with exporting(target=target(url), state={"file": file}):
                pass
        assert raised.group_contains(SettingsError, match="another exporter uses it")
        await exporter.next_polls()
