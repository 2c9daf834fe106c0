"""The page to readers that others wrote."""

import pytest
from prometheus_client import Metric
from prometheus_client.openmetrics import parser as openmetrics
from prometheus_client.parser import text_string_to_metric_families

from exporter.simulator import Cloud, Fault, serving
from tests.support.exporting import Exporter, exporting, target

from .programs import Programs

TEXT = "text/plain;version=0.0.4"
OPENMETRICS = "application/openmetrics-text;version=1.0.0"

NEVER_AGAIN = 86_400
"""Seconds between polls, where a test reads the page twice."""

HOSTILE = pytest.mark.parametrize("hostile", [False, True], ids=["plain", "hostile"])


def estate(*, hostile: bool) -> Cloud:
    cloud = Cloud(services=300)
    if hostile:
        cloud.faults.append(Fault.hostile())
    return cloud


@pytest.mark.system
@HOSTILE
async def test_promtool_accepts_the_page(programs: Programs, *, hostile: bool) -> None:
    cloud = estate(hostile=hostile)
    cloud.faults.append(Fault.error("SYS.1006", operation="QueryModelService", times=1))
    async with serving(cloud) as platform, exporting(target=target(platform)) as exporter:
        await exporter.until(lambda page: page.value("zstack_api_error", code="SYS.1006") == 0)
        page = await exporter.text(Accept=TEXT)

    assert page.count("\nzstack_model_service_info{") == 300
    assert await programs.check_metrics(page) == (0, "")


@HOSTILE
async def test_both_formats_have_the_same_content(*, hostile: bool) -> None:
    async with (
        serving(estate(hostile=hostile)) as platform,
        exporting(target=target(platform, interval=NEVER_AGAIN)) as exporter,
    ):
        await _settled(exporter)
        text = await exporter.text(Accept=TEXT)
        other = await exporter.text(Accept=OPENMETRICS)

    in_text = list(text_string_to_metric_families(text))
    in_openmetrics = list(openmetrics.text_string_to_metric_families(other))
    assert _samples(in_text) == _samples(in_openmetrics)
    assert _families(in_text) == _families(in_openmetrics)
    assert len(_samples(in_text)) > 300 * 6


async def _settled(exporter: Exporter) -> None:
    """Wait until the only poll has been counted as well."""
    await exporter.until(lambda page: page.value("zstack_polls_total", outcome="success") == 1)


def _samples(families: list[Metric]) -> dict[tuple[str, frozenset[tuple[str, str]]], float]:
    """Every sample but those of the process, which lives on between two pages."""
    samples = [
        ((sample.name, frozenset(sample.labels.items())), sample.value)
        for family in families
        if not family.name.startswith("process_")
        for sample in family.samples
    ]
    assert len(samples) == len(dict(samples)), "a sample stands on the page twice"
    return dict(samples)


def _families(families: list[Metric]) -> dict[str, tuple[str, str]]:
    assert len({family.name for family in families}) == len(families)
    return {family.name: (family.type, family.documentation) for family in families}
