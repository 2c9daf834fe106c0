"""Each panel's query, asked of a real Prometheus as Grafana does, has what the panel promises."""

from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta
from math import inf
from pathlib import Path
from time import time
from typing import Final

import pytest
import trustme

from exporter.build import VERSION
from exporter.simulator import Cloud, Fault
from exporter.zstack import SAMPLED_ROWS

from .dashboards import PANELS, SPAN, Answer, Grafana, Lab, lab
from .programs import Programs
from .prometheus import Labels, labels

pytestmark = pytest.mark.system

QUERY: Final = "QueryModelService"

LIVELY: Final = (
    'count(zstack_up{target="shanghai"} == 1) == 2 and count(zstack_up{target="lab"} == 0) == 2'
    ' and count(zstack_api_error{code="ID.1002"} == 1) == 2'
    " and count(zstack_model_services_reported) == 4"
    " and count(zstack_schema_drift_records) == 2"
    " and min(count_over_time(zstack_api_errors_total[10m])) >= 3"
    ' and min(zstack_api_requests_total{status="503"}) >= 2'
)


@asynccontextmanager
async def lively(programs: Programs, folder: Path) -> AsyncIterator[tuple[Lab, Grafana]]:
    """Two platforms, one of which had one failure and now has another."""
    web = folder / "web.yml"
    web.write_text("http_server_config: {headers: {X-Frame-Options: deny}}\n")
    platforms = {"shanghai": Cloud(services=120, seed=3), "lab": Cloud(services=40, seed=4)}
    async with lab(programs, folder, platforms, web=({}, {"config_file": str(web)})) as running_lab:
        prometheus, faults = running_lab.prometheus, platforms["lab"].faults
        await prometheus.until("count(zstack_model_services_reported) == 4")
        platforms["shanghai"].faults.append(Fault.dialect("costCenter", "7"))
        faults.append(Fault.error("SYS.1000", operation=QUERY))
        await prometheus.until('count(zstack_api_error{code="SYS.1000"} == 1) == 2')
        faults[:] = [Fault.error("ID.1002", operation=QUERY)]
        yield running_lab, await running_lab.grafana(LIVELY)


OTHERS: Final = {
    "overview: Platforms",
    "updates: Services with a new version",
    "exporter-health: Poll duration",
    "exporter-health: Certificate",
    "exporter-health: Exporters",
}
"""Panels that have tests of their own."""

WHAT_RUNS: Final = {name for name in PANELS if name.startswith(("services: ", "model-centers: "))}
WHAT_CHANGED: Final = {name for name in PANELS if name.startswith("changes: ")}
"""Panels of tests/system/test_running.py."""


def inventory_panels(of: Lab) -> dict[str, Answer]:
    """What panels must show, worked out from the platforms' services alone."""
    services, cpu = "zstack_model_services", "zstack_model_services_requested_cpu_cores"
    status, memory = "zstack_model_services_version_status", f"{services}_requested_memory_bytes"
    return {
        "overview: Model services": of.sums(services),
        "overview: New versions": of.sums(status, status="new_version"),
        "overview: By framework": of.sums(services, "framework"),
        "overview: By type": of.sums(services, "type"),
        "overview: By source": of.sums(services, "source"),
        "overview: By platform": of.sums(services, "target"),
        "overview: By GPU vendor": of.sums(f"{services}_by_gpu_vendor", "gpu_vendor"),
        "overview: By CPU architecture": of.sums(
            f"{services}_by_cpu_architecture", "cpu_architecture"
        ),
        "overview: Requested CPU cores": of.sums(cpu, "framework"),
        "overview: Requested memory": of.sums(memory, "framework"),
        "overview: Versions": of.sums(status, "status"),
        "updates: New versions": of.sums(status, status="new_version"),
        "updates: Current": of.sums(status, status="current"),
        "updates: Not known": of.sums(status, status="unknown"),
        "updates: Pending by framework": of.sums(status, "framework", status="new_version"),
        "updates: Pending by platform": of.sums(status, "target", status="new_version"),
        "updates: Pending now": of.sums(status, "framework", status="new_version"),
        "updates: Running versions": of.versions(),
    }


async def test_the_inventory_is_what_the_platforms_have_however_many_exporters_poll_them(
    programs: Programs, tmp_path: Path
) -> None:
    async with lively(programs, tmp_path) as (of, grafana):
        for panel, expected in inventory_panels(of).items():
            shown = await grafana.shows(panel)
            assert shown == expected, panel
            if PANELS[panel].json["type"] == "bargauge":
                values = [*shown.values()]
                assert values == sorted(values, reverse=True)
        empty = {
            "changes: What changed",
            "exporter-health: Certificate",
            "model-centers: First full in",
        }
        assert await grafana.empty() == empty
        tested = inventory_panels(of).keys() | trouble_panels(of).keys() | OTHERS
        assert tested | WHAT_RUNS | WHAT_CHANGED == PANELS.keys()


def has(*expected: Labels) -> Callable[[Answer], bool]:
    """Whether just these series are there, with numbers that can be."""

    def holds(answer: Answer) -> bool:
        return answer.keys() == set(expected) and all(0 <= v < inf for v in answer.values())

    return holds


def between(low: float, high: float) -> Callable[[Answer], bool]:
    """Whether one number is there, and in these bounds."""
    return lambda answer: low <= answer[labels()] <= high


def is_exactly(expected: Answer) -> Callable[[Answer], bool]:
    return lambda answer: answer == expected


def trouble_panels(of: Lab) -> dict[str, Callable[[Answer], bool]]:
    """What the other panels must show of a platform that fails for the second time."""
    denied = labels(reason="denied", code="ID.1002")
    rejected = labels(reason="rejected", code="SYS.1000")
    in_lab, of_query = labels(target="lab"), labels(operation=QUERY)
    replicas = [labels(job="zstack-aios", instance=each) for each in of.instances]
    both = [each | labels(target=name) for each in replicas for name in of.platforms]
    known = [labels(job="zstack-aios", target=name) for name in of.platforms]
    return {
        "overview: Platforms failing": is_exactly({labels(): 1}),
        "overview: Exporters down": is_exactly({labels(): 0}),
        "overview: Data age": between(0.1, 60),
        "overview: Data age, % of limit": between(0.0001, 0.1),
        "overview: Failing with": is_exactly({in_lab | denied: 1, in_lab | rejected: 1}),
        "overview: API errors by code": has(denied, rejected),
        "updates: Longest pending": between(0, SPAN),
        "exporter-health: Exporters up": is_exactly({labels(): 2}),
        "exporter-health: Exporters down": is_exactly({labels(): 0}),
        "exporter-health: Configuration": is_exactly({labels(): 1}),
        "exporter-health: Web config": is_exactly({labels(): 1}),
        "exporter-health: Polls by outcome": has(
            *(labels(outcome=each) for each in ("success", "failure", "skipped"))
        ),
        "exporter-health: Data age, % of limit": has(*both),
        "exporter-health: Records skipped": has(
            *(
                labels(target=name, reason=reason)
                for name in of.platforms
                for reason in ("undecodable", "duplicate")
            )
        ),
        "exporter-health: Schema drift": is_exactly(
            {
                labels(
                    job="zstack-aios", target="shanghai", field="costCenter", kind="unknown"
                ): SAMPLED_ROWS
            }
        ),
        "exporter-health: Requests by status": has(labels(status="200"), labels(status="503")),
        "exporter-health: Errors by reason and code": has(of_query | denied, of_query | rejected),
        "exporter-health: Request duration": lambda answer: labels(operation=QUERY) in answer,
        "exporter-health: Logins": has(labels(result="success"), labels(result="failure")),
        "exporter-health: Error budget left": between(0.5, 1),
        "exporter-health: Error budget by platform": has(*known),
        "exporter-health: Fresh and whole, last hour": has(*known),
        "exporter-health: Memory": has(*replicas),
        "exporter-health: CPU": has(*replicas),
        "exporter-health: Scrape duration": has(*replicas),
        "exporter-health: Samples per scrape": has(*replicas),
        "exporter-health: Open files": has(*replicas),
        "exporter-health: Loaded": between(0, 3600),
    }


@pytest.mark.small_sample(0)
async def test_what_is_chosen_is_shown_alone(programs: Programs, tmp_path: Path) -> None:
    async with lively(programs, tmp_path) as (of, grafana):
        services = "zstack_model_services"
        only_lab = of.sums(services, "framework", target="lab")
        everything = of.sums(services, "framework")
        one = of.instances[0]

        panel = "overview: By framework"
        assert await grafana.shows(panel, target="lab") == only_lab
        assert await grafana.shows(panel, target=["lab"], instance=[one]) == only_lab
        assert await grafana.shows(panel, target=["lab", "shanghai"]) == everything
        assert await grafana.shows(panel, target="l.b") == {}
        assert await grafana.shows(panel, job="zstack-aios", instance=one) == everything
        assert await grafana.shows("exporter-health: Exporters up", instance=one) == {labels(): 1}
        assert await grafana.shows("exporter-health: Exporters up", target="lab") == {labels(): 2}


@pytest.mark.small_sample(0)
async def test_a_platform_that_fails_shows_with_its_code_and_age(
    programs: Programs, tmp_path: Path
) -> None:
    async with lively(programs, tmp_path) as (of, grafana):
        for panel, holds in trouble_panels(of).items():
            answer = await grafana.shows(panel)
            assert holds(answer), f"{panel}: {answer}"
        last_poll, data_from, share, services = await grafana.answers(PANELS["overview: Platforms"])
        median, most = await grafana.answers(PANELS["exporter-health: Poll duration"])
        exporters, started = await grafana.answers(PANELS["exporter-health: Exporters"])

    def row(target: str, **more: str) -> Labels:
        return labels(job="zstack-aios", target=target, **more)

    each = [labels(job="zstack-aios", instance=instance) for instance in of.instances]
    seen = labels(state="up", version=VERSION)
    pages = [labels(page=f"http://{instance}/") for instance in of.instances]
    assert exporters == {own | seen | page: 2 for own, page in zip(each, pages, strict=True)}
    assert started.keys() == {*each}
    shanghai, lab = row("shanghai"), row("lab")
    assert last_poll.keys() == {
        row("shanghai", last_poll="succeeded"),
        row("lab", last_poll="failed"),
    }
    assert services == {row(name): len(cloud.estate) for name, cloud in of.platforms.items()}
    assert data_from[lab] < data_from[shanghai] <= 1000 * grafana.at
    assert share[lab] > share[shanghai] > 0
    assert median.keys() == most.keys() == {labels(target=name) for name in of.platforms}
    assert all(0 < median[each] <= most[each] <= 20 for each in median)


HEALTHY_AND_EMPTY: Final = {
    "changes: What changed": "nothing changed, or no list is known (needs metrics.per_service)",
    "services: Not running by framework": "none",
    "services: Services without a running instance": "none",
    "model-centers: First full in": "none known, or none fills",
    "updates: Longest pending": "none known",
    "updates: Services with a new version": "none known (needs metrics.per_service)",
    "exporter-health: Web config": "not used",
    "exporter-health: Certificate": "not used",
    "exporter-health: Schema drift": "none",
}

ZERO_IN_HEALTH: Final = (
    "overview: Platforms failing",
    "overview: Exporters down",
    "overview: New versions",
    "overview: Failing with",
    "overview: API errors by code",
    "services: Not running",
    "services: Groups starting",
    "services: Groups unready",
    "services: Groups left over",
    "model-centers: Disconnected",
    "changes: Came",
    "changes: Went",
    "changes: Updated",
    "changes: New versions",
    "changes: More CPU",
    "changes: More memory",
    "updates: New versions",
    "exporter-health: Exporters down",
    "exporter-health: Errors by reason and code",
)


@pytest.mark.small_sample(0)
async def test_a_panel_that_is_empty_in_health_shows_its_own_text(
    programs: Programs, tmp_path: Path
) -> None:
    cloud = Cloud(services=30)
    for uuid in list(cloud.estate):
        cloud.estate.alter(uuid, has_new_version=False)
    for group in [*cloud.groups.values()]:
        cloud.groups.set_status(group.uuid, "Running")
        if group.model_service_uuid is None:
            cloud.groups.remove(group.uuid)
    for uuid in list(cloud.centers):
        cloud.centers.connect(uuid)
    async with lab(programs, tmp_path, {"lab": cloud}, web=({},)) as of:
        grafana = await of.grafana(
            "min(count_over_time(zstack_up[10m])) >= 8 and sum(zstack_up) == 1"
        )
        assert await grafana.empty() == HEALTHY_AND_EMPTY.keys()
        for panel in ZERO_IN_HEALTH:
            assert await grafana.shows(panel) == {labels(): 0}
        over_time = await grafana.answers(PANELS["changes: Changes over time"])
        assert over_time == [{labels(): 0}] * 5
    shown = {name: PANELS[name].json["fieldConfig"]["defaults"]["noValue"] for name in PANELS}
    assert {name: shown[name] for name in HEALTHY_AND_EMPTY} == HEALTHY_AND_EMPTY


@pytest.mark.small_sample(0)
async def test_the_days_are_counted_that_a_certificate_has_left(
    programs: Programs, tmp_path: Path
) -> None:
    ends = datetime.now(UTC) + timedelta(days=10)
    issued = trustme.CA().issue_cert("127.0.0.1", not_after=ends)
    issued.private_key_and_cert_chain_pem.write_to_path(tmp_path / "both.pem")
    web = tmp_path / "web.yml"
    web.write_text("tls_server_config: {cert_file: both.pem, key_file: both.pem}\n")
    settings = {"config_file": str(web)}
    async with lab(programs, tmp_path, {"lab": Cloud(services=3)}, web=(settings,)) as of:
        grafana = await of.grafana("sum(zstack_up) == 1")
        (left,) = (await grafana.shows("exporter-health: Certificate")).values()
        [exporter], _ = await grafana.answers(PANELS["exporter-health: Exporters"])
    assert dict(exporter)["page"] == f"https://{of.instances[0]}/"
    assert left == pytest.approx(ends.timestamp() - grafana.at, abs=2)


@pytest.mark.small_sample(0)
async def test_no_panel_shows_anything_where_no_exporter_was_ever_seen(
    programs: Programs, tmp_path: Path
) -> None:
    async with lab(programs, tmp_path, {}, web=()) as of:
        grafana = await of.grafana("count(up) == 1")
        assert await grafana.empty() == PANELS.keys()


@pytest.mark.small_sample(0)
async def test_an_exporter_that_is_gone_is_counted_and_the_other_goes_on(
    programs: Programs, tmp_path: Path
) -> None:
    cloud = Cloud(services=30)
    async with lab(programs, tmp_path, {"lab": cloud}) as of:
        await of.prometheus.until("count(zstack_up == 1) == 2")
        await of.stop(0)

        grafana = await of.grafana('count(up{job="zstack-aios"} == 0) == 1')
        assert await grafana.shows("overview: Exporters down") == {labels(): 1}
        assert await grafana.shows("exporter-health: Exporters up") == {labels(): 1}
        assert await grafana.shows("overview: Platforms failing") == {labels(): 0}
        assert await grafana.shows("overview: Model services") == {labels(): 30}
        gone, left = of.instances
        exporters, _ = await grafana.answers(PANELS["exporter-health: Exporters"])
        states = {
            dict(each)["instance"]: (dict(each)["state"], dict(each)["version"])
            for each in exporters
        }
        assert states == {gone: ("down", "not known"), left: ("up", VERSION)}

        await of.stop(1)
        grafana = await of.grafana('count(up{job="zstack-aios"} == 0) == 2')
        assert await grafana.shows("overview: Exporters down") == {labels(): 2}
        assert await grafana.shows("overview: Platforms failing") == {}
        assert await grafana.shows("overview: Model services") == {}


@pytest.mark.small_sample(0)
async def test_a_new_version_is_pending_since_an_exporter_first_saw_it(
    programs: Programs, tmp_path: Path
) -> None:
    cloud = Cloud(services=60)
    async with lab(programs, tmp_path, {"lab": cloud}) as of:
        before = {uuid for _, uuid in of.pending()}
        changed, renamed, *_ = (s.uuid for s in cloud.estate.values() if s.has_new_version is False)
        began = time()
        cloud.estate.alter(changed, has_new_version=True)
        cloud.estate.alter(renamed, has_new_version=True, name="renamed since")
        pending = 'count(zstack_model_service_has_new_version{uuid="%s"} == 1) == 2'
        grafana = await of.grafana(f"{pending % changed} and {pending % renamed}")

        found = await pending_services(grafana)
        assert found.keys() == before | {changed, renamed}
        dates = await first_sights(of)
        for uuid, (_, since) in found.items():
            assert since == pytest.approx(min(dates[uuid]), abs=0.01), "of the two exporters"
            assert (since < began) == (uuid in before)
        facts, _ = found[renamed]
        service = cloud.estate[renamed]
        assert facts == {
            "job": "zstack-aios",
            "target": "lab",
            "uuid": renamed,
            "name": "renamed since",
            "framework": service.framework,
            "version": service.version or "not stated",
        }
        longest = await grafana.shows("updates: Longest pending")
        oldest = min(since for _, since in found.values())
        assert longest == {labels(): pytest.approx(grafana.at - oldest, abs=0.01)}


async def first_sights(of: Lab) -> dict[str, list[float]]:
    """By uuid, the dates that the exporters show."""
    family = "zstack_model_service_new_version_pending_since_timestamp_seconds"
    dates: dict[str, list[float]] = {}
    for exporter in of.exporters:
        page = await exporter.scrape()
        for each, at in page.all(family):
            dates.setdefault(each["uuid"], []).append(at)
    return dates


async def pending_services(grafana: Grafana) -> dict[str, tuple[dict[str, str], float]]:
    """The facts of each row of the table by uuid, and since when it is pending."""
    answer = await grafana.shows("updates: Services with a new version")
    rows = [(dict(each), grafana.at - value / 1000) for each, value in answer.items()]
    found = {facts["uuid"]: (facts, since) for facts, since in rows}
    assert len(found) == len(rows), "a service stands there twice"
    return found
