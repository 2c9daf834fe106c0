"""The status as JSON, asked over HTTP."""

import json
import time
from pathlib import Path
from typing import Any

import pytest

from exporter.simulator import Account, Cloud, Fault, serving
from exporter.snapshot import Snapshot
from exporter.status import status_document
from exporter.status.document import MOST_OUTDATED
from exporter.zstack import ModelService
from tests.exporting import Exporter, exporting, is_down, is_up, target
from tests.inventories import found

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
        (told,) = await targets_of(exporter)
        assert (told["name"], told["state"], told["error"]) == ("default", "up", None)
        assert (told["interval_seconds"], told["stale_after_seconds"]) == (60, 180)
        assert began <= told["since"] == told["last_success_at"] <= time.time()
        assert told["next_poll_at"] == told["last_poll_at"] + 60
        data = told["data"]
        assert data["good_until"] == pytest.approx(told["last_success_at"] + 180, abs=1)
        assert (data["stale"], data["services"], data["reported"]) == (False, 300, 300)
        cores = page.total("zstack_model_services_requested_cpu_cores")
        assert data["requested_cpu_cores"] == cores
        assert sum(group["services"] for group in data["groups"]) == 300
        assert data["new_version"] + data["current"] + data["unknown"] == 300
        named = {service["uuid"] for service in data["services_with_new_version"]}
        assert named == {s.uuid for s in cloud.estate.values() if s.has_new_version}
        assert data["services_left_out"] == 0
        (poll,) = told["polls"]
        assert (poll["at"], poll["services"], poll["reason"]) == (told["last_poll_at"], 300, "")


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
        "mend": "renew the licence",
    }
    assert failing["data"] is None
    assert failing["polls"][0]["code"] == "LICENSE.1000"
    assert (waiting["name"], waiting["state"]) == ("a-slow", "waiting")
    assert {waiting[key] for key in ("since", "last_poll_at", "next_poll_at", "data")} == {None}


async def test_no_secret_is_told() -> None:
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


def test_a_long_list_is_cut_and_the_rest_counted() -> None:
    records = (ModelService(str(n), has_new_version=True) for n in range(MOST_OUTDATED + 5))
    document: Any = status_document([known(*records)])
    data = document["targets"][0]["data"]
    assert len(data["services_with_new_version"]) == MOST_OUTDATED
    assert (data["services_left_out"], data["new_version"]) == (5, MOST_OUTDATED + 5)


def test_what_json_cannot_say_is_null() -> None:
    records = (ModelService(str(n), framework=str(n), request_cpu=1e308) for n in range(3))
    document = status_document([known(*records)])
    text = json.dumps(document, allow_nan=False)
    assert json.loads(text)["targets"][0]["data"]["requested_cpu_cores"] is None


async def test_it_is_there_before_anything_is_polled() -> None:
    assert status_document([])["targets"] == []


async def test_the_documented_shape_is_the_real_one() -> None:
    page = (Path(__file__).parents[2] / "docs" / "status.md").read_text("utf-8")
    documented = json.loads(page.split("```json\n")[1].split("```")[0])
    cloud = Cloud(services=50)
    async with serving(cloud) as url, exporting(target=target(url)) as exporter:
        await exporter.until(is_up)
        cloud.faults.append(Fault.error("ID.1002", operation="QueryModelService"))
        await exporter.until(is_down)
        async with exporter.http.get("/api/v1/status") as response:
            told = await response.json()
    assert shape(told) == shape(documented)


def shape(value: Any) -> Any:
    """Keys in their order, all the way down; of a list, the shape of its first."""
    if isinstance(value, dict):
        named = value.keys() & {"by_cpu_architecture", "by_gpu_vendor"}
        return [(key, None if key in named else shape(each)) for key, each in value.items()]
    return shape(value[0]) if isinstance(value, list) else None
