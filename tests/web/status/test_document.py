"""The status as JSON, asked over HTTP."""

import json
import time
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from exporter.build import PAGES
from exporter.simulator import Account, Cloud, Fault, serving
from exporter.state.snapshot import Snapshot
from exporter.web.status import Sources, status_document
from exporter.web.status.document import MOST_IN_ALL, MOST_OUTDATED
from exporter.web.status.query import PER_PAGE
from exporter.zstack import DriftedModelService, ModelService
from tests.support.builders import found
from tests.support.exporting import Exporter, exporting, is_down, is_up, target
from tests.support.fleet import fleet

PASSWORD = "correct-horse-battery-staple"


async def targets_of(exporter: Exporter) -> list[dict[str, Any]]:
    async with exporter.http.get("/api/v1/status") as response:
        assert response.status == 200
        assert response.headers["Content-Type"] == "application/json; charset=utf-8"
        assert response.headers["Cache-Control"] == "no-store"
        document = await response.json()
        assert document["format"] == 1
        targets: list[dict[str, Any]] = document["targets"]
        return targets


async def test_a_target_that_is_up() -> None:
    cloud = Cloud(services=300)
    began = time.time()
    async with (
        serving(cloud) as url,
        exporting(target=target(url, interval=60, stale_after=180)) as exporter,
    ):
        page = await exporter.until(is_up)
        (lab,) = await targets_of(exporter)
        assert (lab["name"], lab["state"], lab["error"]) == ("default", "up", None)
        assert (lab["interval_seconds"], lab["stale_after_seconds"]) == (60, 180)
        assert began <= lab["since"] == lab["last_success_at"] <= time.time()
        assert 30 <= lab["next_poll_at"] - lab["last_poll_at"] <= 91, (
            "on the tick after the nearest"
        )
        data = lab["data"]
        assert data["good_until"] == pytest.approx(lab["last_success_at"] + 180, abs=1)
        assert (data["stale"], data["services"], data["reported"]) == (False, 300, 300)
        cores = page.total("zstack_model_services_requested_cpu_cores")
        assert data["requested_cpu_cores"] == cores
        assert sum(group["services"] for group in data["groups"]) == 300
        assert data["new_version"] + data["current"] + data["unknown"] == 300
        named = {service["uuid"] for service in data["services_with_new_version"]}
        assert named == {s.uuid for s in cloud.estate.values() if s.has_new_version}
        assert data["services_left_out"] == 0
        (poll,) = lab["polls"]
        assert (poll["at"], poll["services"], poll["reason"]) == (lab["last_poll_at"], 300, "")


async def test_a_target_that_fails_and_one_that_waits() -> None:
    bad, slow = Cloud(services=1), Cloud(services=1)
    bad.faults.append(Fault.error("LICENSE.1000", "expired", operation="QueryModelService"))
    slow.faults.append(Fault.hang())
    async with serving(bad) as one, serving(slow) as two:
        targets = {"a-slow": target(two, timeout=600), "bad": target(one)}
        async with exporting(targets=targets) as exporter:
            await exporter.until(is_down, "/probe?target=bad")
            failing, waiting = await targets_of(exporter)
    assert (failing["name"], failing["state"]) == ("bad", "failing")
    assert failing["error"] == {
        "operation": "QueryModelService",
        "reason": "denied",
        "code": "LICENSE.1000",
        "message": "LICENSE.1000: expired",
        "meaning": "the platform's licence has expired",
        "fix": "renew the licence",
        "runbook": f"{PAGES}/docs/runbooks/ZStackAIOSAPIErrors.md",
    }
    assert failing["data"] is None
    assert failing["polls"][0]["code"] == "LICENSE.1000"
    assert (waiting["name"], waiting["state"]) == ("a-slow", "waiting")
    assert {waiting[key] for key in ("since", "last_poll_at", "next_poll_at", "data")} == {None}


async def test_no_secret_is_shown() -> None:
    cloud = Cloud(services=1, accounts={"admin": Account("admin", "another")})
    async with serving(cloud) as url:
        settings = target(url, account="admin", password=PASSWORD)
        async with exporting(target=settings) as exporter:
            await exporter.until(is_down)
            assert (await targets_of(exporter))[0]["error"]["code"] == "ID.1000"
            for path in ("/", "/?lang=zh", "/api/v1/status"):
                assert PASSWORD not in await exporter.text(path)


def known(*records: ModelService) -> Snapshot:
    inventory = found(*records)
    return Snapshot("lab", 60, 180, attempted_at=1e9, succeeded_at=1e9, inventory=inventory)


def test_drift_is_listed_by_field() -> None:
    records = (ModelService("a", size=-1), DriftedModelService("b", size=-1, unknown=("next",)))
    document: Any = status_document(Sources([known(*records)]))
    assert document["targets"][0]["data"]["drift"] == [
        {"resource": "model_service", "field": "size", "kind": "unreadable", "records": 2},
        {"resource": "model_service", "field": "next", "kind": "unknown", "records": 1},
    ]


def test_a_long_list_is_cut_and_the_rest_counted() -> None:
    records = (ModelService(str(n), has_new_version=True) for n in range(MOST_OUTDATED + 5))
    document: Any = status_document(Sources([known(*records)]))
    data = document["targets"][0]["data"]
    assert len(data["services_with_new_version"]) == MOST_OUTDATED
    assert (data["services_left_out"], data["new_version"]) == (5, MOST_OUTDATED + 5)


def test_many_long_lists_are_cut_alike() -> None:
    records = [ModelService(str(n), has_new_version=True) for n in range(MOST_OUTDATED)]
    one = known(*records)
    snapshots = [replace(one, target=str(n)) for n in range(40)]
    document: Any = status_document(Sources(snapshots))
    for data in (each["data"] for each in document["targets"]):
        assert len(data["services_with_new_version"]) == MOST_IN_ALL // 40
        assert data["services_left_out"] == MOST_OUTDATED - MOST_IN_ALL // 40


def test_a_document_is_as_large_for_few_targets_as_for_many() -> None:
    few, many = (len(json.dumps(status_document(Sources(fleet(n))))) for n in (2 * PER_PAGE, 2000))
    assert many < 1.1 * few


def test_infinity_is_null() -> None:
    records = (ModelService(str(n), framework=str(n), request_cpu=1e308) for n in range(3))
    document = status_document(Sources([known(*records)]))
    text = json.dumps(document, allow_nan=False)
    assert json.loads(text)["targets"][0]["data"]["requested_cpu_cores"] is None


async def test_it_is_empty_before_anything_is_polled() -> None:
    assert status_document(Sources([]))["targets"] == []


async def test_the_documented_shape_is_the_real_one(tmp_path: Path) -> None:
    (tmp_path / "a.yaml").write_text("lab: {url: http://a, session_uuid: s, urll: x}")
    page = (Path(__file__).parents[3] / "docs" / "status.md").read_text("utf-8")
    documented = json.loads(page.split("```json\n")[1].split("```")[0])
    cloud = Cloud(services=50, instance_groups=1, faults=[Fault.dialect("version")])
    cloud.groups.alter(next(iter(cloud.groups)), status="Starting")
    files = [f"{tmp_path}/*.yaml"]
    async with (
        serving(cloud) as url,
        exporting(targets={"one": target(url)}, targets_files=files) as exporter,
    ):
        await exporter.until(is_up)
        cloud.faults.append(Fault.error("ID.1002", operation="QueryModelService"))
        await exporter.until(is_down)
        async with exporter.http.get("/api/v1/status") as response:
            document = await response.json()
    assert shape(document) == shape(documented)


def shape(value: Any) -> Any:
    """Keys in their order, all the way down; of `lists`, that of each, else of a list's first."""
    if isinstance(value, dict):
        named = value.keys() & {"by_cpu_architecture", "by_gpu_vendor", "by_status"}
        every = {"lists": [*map(shape, value["lists"])]} if "lists" in value else {}
        plain = dict.fromkeys(named) | every
        return [(key, plain[key] if key in plain else shape(each)) for key, each in value.items()]
    return shape(value[0]) if isinstance(value, list) and value else None
