"""The lists beside the model services on the status page, and in its JSON."""

import json
import re
import time
from collections import Counter
from dataclasses import replace
from html import unescape
from typing import Any, Final

import pytest

from exporter.simulator import Cloud, Fault, Instance, serving
from exporter.simulator import InstanceGroup as InstanceGroupRecord
from exporter.state.centers import MOST_KEPT
from exporter.state.lists import ListState
from exporter.state.snapshot import RecordSeries, Snapshot
from exporter.web.status import PageQuery, Sources, status_document, status_page
from exporter.web.status.document import MOST_RECORDS, MOST_RECORDS_IN_ALL
from exporter.web.status.fleet import FLEET
from exporter.web.status.lists import FURTHER, TITLES
from exporter.web.status.lists_document import MOST_STATUSES
from exporter.web.status.messages import MESSAGES
from exporter.web.status.page import MOST_RECORDS as MOST_ON_PAGE
from exporter.web.status.page import MOST_RECORDS_OF_ONE
from exporter.web.status.query import PER_PAGE
from exporter.zstack import (
    INSTANCE_GROUPS,
    MODEL_CENTERS,
    QUERY_MODEL_SERVICE,
    InstanceGroup,
    ModelCenter,
    ModelService,
    ZStackError,
    clock,
)
from exporter.zstack.errors import DeniedError, UnreachableError
from tests.support.builders import found, listed_centers, listed_groups
from tests.support.exporting import exporting, is_up, target
from tests.support.fleet import fleet

GROUP: Final = INSTANCE_GROUPS.name
CENTER: Final = MODEL_CENTERS.name


def text_of(page: str) -> str:
    body = page.split("</style>", 1)[-1]
    return " ".join(unescape(re.sub(r"<[^>]*>", " ", body)).split())


def shown(*snapshots: Snapshot, **query: Any) -> str:
    """What the page has to read of these targets, on one line."""
    return text_of(html(*snapshots, **query))


def html(*snapshots: Snapshot, **query: Any) -> str:
    return status_page(Sources(snapshots), PageQuery(**query))


def lists_of(*snapshots: Snapshot) -> list[dict[str, Any]]:
    """The lists of the first target in the document, which json.dumps can write."""
    document: Any = json.loads(json.dumps(status_document(Sources(snapshots))))
    lists: list[dict[str, Any]] = document["targets"][0]["lists"]
    return lists


def snapshot(**lists: ListState[Any]) -> Snapshot:
    return Snapshot(
        "lab",
        60,
        180,
        attempted_at=time.time(),
        succeeded_at=time.time(),
        inventory=found(ModelService("s1", name="Qwen")),
        good_until=clock.now() + 180,
        lists=lists,
    )


def fresh(value: Any) -> ListState[Any]:
    return ListState(value, time.time(), clock.now() + 180)


def unread(error: ZStackError) -> ListState[Any]:
    return ListState(error=error)


def left_out(error: ZStackError) -> ListState[Any]:
    return ListState(left_out=error)


def waiting_groups(number: int) -> ListState[Any]:
    groups = (InstanceGroup(f"g{n:06}", f"chat-{n}", status="Starting") for n in range(number))
    return fresh(listed_groups(*groups))


async def test_groups_and_centers_are_shown_as_the_platform_has_them() -> None:
    cloud = Cloud(services=60, instance_groups=40, model_centers=2)
    async with serving(cloud) as url, exporting(target=target(url, interval=60)) as exporter:
        await exporter.until(is_up)
        page = text_of(await exporter.text("/"))
        chinese = text_of(await exporter.text("/?lang=zh"))
        document = json.loads(await exporter.text("/api/v1/status"))
    groups, centers = document["targets"][0]["lists"]
    held = list(cloud.groups.values())
    instances = sum(len(group.instances) for group in held)
    by_status = Counter(group.status for group in held)

    assert f"Data 40 groups · {instances} instances By status" in page
    assert f"40 个实例组 · {instances} 个实例" in chinese
    assert all(f"{status} {number}" in page for status, number in by_status.items())
    assert (groups["resource"], groups["state"], groups["error"]) == (GROUP, "up", None)
    assert groups["data"]["by_status"] == by_status
    assert (groups["data"]["groups"], groups["data"]["instances"]) == (40, instances)
    names = {service.uuid: service.name for service in cloud.estate.values()}
    assert {each["uuid"]: each["model_service_name"] for each in groups["data"]["not_running"]} == {
        group.uuid: names.get(group.model_service_uuid or "", "")
        for group in held
        if group.status != "Running"
    }
    for each in groups["data"]["not_running"][:MOST_RECORDS_OF_ONE]:
        assert f"{each['name']} {each['status']}" in page

    assert (centers["resource"], centers["state"]) == (CENTER, "up")
    assert "Data 2 model centers" in page
    for each in centers["data"]["model_centers"]:
        real = cloud.centers[each["uuid"]]
        assert (each["name"], each["status"]) == (real.name, real.status)
        assert f"{each['name']} {each['status']}" in page
        assert each["used_bytes"] > 0
    assert " used · " in page
    assert " available" in page


async def test_endpoints_are_counted_as_the_list_of_them_has_them() -> None:
    cloud = Cloud(services=3, instance_groups=0)
    urls = ("http://10.0.0.1:8000/v1", "http://10.0.0.1:8000/v1", "http://10.0.0.2:8000/v1")
    bad = ("http://127.0.0.1:8000", "http://localhost:1", "http://169.254.1.1", "")
    running = [Instance(uuid=f"i{n}", url=url) for n, url in enumerate(urls + bad)]
    starting = Instance(uuid="i9", url="https://10.0.0.3", status="Starting")
    cloud.groups.add(InstanceGroupRecord(uuid="g1", instances=(*running, starting)))
    async with serving(cloud) as url, exporting(target=target(url, interval=60)) as exporter:
        await exporter.until(is_up)
        page = await exporter.text("/")
        chinese = text_of(await exporter.text("/?lang=zh"))
        document = json.loads(await exporter.text("/api/v1/status"))
        links = [unescape(link) for link in re.findall(r'href="(/sd/endpoints[^"]*)"', page)]
        listed = [json.loads(await exporter.text(link)) for link in links]
    data = document["targets"][0]["lists"][0]["data"]
    assert [sum(len(each["targets"]) for each in groups) for groups in listed] == [3, 2]
    assert (data["endpoints"], data["endpoints_running"]) == (3, 2)
    left_out = {reason: number for reason, number in data["endpoints_left_out"].items() if number}
    assert left_out == {"no_url": 1, "loopback": 2, "link_local": 1}
    assert "Endpoints 3 endpoints · 2 running 4 instances left out:" in text_of(page)
    assert "without a URL 1 · loopback 2 · link-local 1" in text_of(page)
    assert "3 个端点 · 2 个运行中 略过 4 个实例： 无 URL 1 · 环回地址 2" in chinese


@pytest.mark.parametrize(("language", "words"), [("en", "left out: denied"), ("zh", "未采集")])
async def test_a_list_that_is_refused_says_why_and_what_to_do(language: str, words: str) -> None:
    cloud = Cloud(services=3)
    refused = Fault.error("ID.1002", "no right", operation="QueryModelServiceInstanceGroup")
    cloud.faults.append(refused)
    async with serving(cloud) as url, exporting(target=target(url)) as exporter:
        await exporter.until(is_up)
        page = text_of(await exporter.text(f"/?lang={language}"))
        document = json.loads(await exporter.text("/api/v1/status"))
    groups, centers = document["targets"][0]["lists"]
    assert (groups["state"], groups["data"]) == ("left_out", None)
    assert (groups["error"]["reason"], groups["error"]["code"]) == ("denied", "ID.1002")
    assert "metrics.instances" in groups["error"]["fix"]
    assert centers["state"] == "up"
    assert words in page
    assert "no right" in page
    assert "QueryModelServiceInstanceGroup" in page


async def test_a_list_that_fails_is_shown_with_the_data_before_and_marks_its_target() -> None:
    cloud = Cloud(services=12, instance_groups=4)
    async with serving(cloud) as one, serving(Cloud(services=3)) as two:
        targets = {"lab": target(one), "other": target(two)}
        async with exporting(targets=targets) as exporter:
            await exporter.until(is_up, "/probe?target=lab")
            cloud.faults.append(
                Fault.error("SYS.1000", "broken", operation="QueryModelServiceInstanceGroup")
            )
            await exporter.until(
                lambda page: page.value("zstack_resource_up", resource=GROUP) == 0,
                "/probe?target=lab",
            )
            page = text_of(await exporter.text("/"))
            document = json.loads(await exporter.text("/api/v1/status?target=lab"))
    groups, _ = document["targets"][0]["lists"]
    assert (groups["state"], groups["error"]["code"]) == ("failing", "SYS.1000")
    assert (groups["data"]["stale"], groups["data"]["groups"]) == (False, 4)
    assert "up Instance groups failing: rejected" in page
    assert "State failing: rejected · SYS.1000" in page
    assert "SYS.1000: broken" in page
    assert "4 groups" in page


def test_a_list_that_is_not_asked_for_says_so() -> None:
    one = snapshot()
    assert [each["state"] for each in lists_of(one)] == ["not_asked"] * len(FURTHER)
    assert shown(one).count("not asked for, as the settings have it") == len(FURTHER)
    waiting = Snapshot("lab", 60, 180)
    assert [each["state"] for each in lists_of(waiting)] == ["waiting"] * len(FURTHER)
    assert "Instance groups" not in shown(waiting)


def test_a_stale_list_is_marked_with_its_age() -> None:
    old = replace(waiting_groups(2), succeeded_at=time.time() - 3600, good_until=clock.now() - 3000)
    one = snapshot(**{GROUP: old})
    assert lists_of(one)[0]["data"]["stale"] is True
    assert "stale, 60 min old" in shown(one)
    assert "fresh until" in shown(one), "the services are"
    assert "stale, 60 min old" not in shown(snapshot(**{GROUP: waiting_groups(2)}))


def test_an_error_that_lists_share_with_their_target_is_explained_once() -> None:
    error = UnreachableError("no answer at all", QUERY_MODEL_SERVICE)
    lists = {name: unread(error) for name in (GROUP, CENTER)}
    one = replace(snapshot(**lists), error=error, failing_since=time.time())
    assert shown(one).count("no answer at all") == 1
    assert shown(one).count("State failing: unreachable") == 2
    both = html(one, replace(one, target="b"))
    assert 'class="warn"' not in both.split("</table>", 1)[0], "the target itself fails"


def test_long_lists_are_cut_and_the_rest_counted() -> None:
    number = MOST_RECORDS + 7
    one = snapshot(**{GROUP: waiting_groups(number)})
    data = lists_of(one)[0]["data"]
    assert len(data["not_running"]) == MOST_RECORDS
    assert data["not_running_left_out"] == 7
    assert html(one).count("<li>") == MOST_RECORDS_OF_ONE
    assert f"{number - MOST_RECORDS_OF_ONE} more" in shown(one)
    few = [replace(one, target=f"lab-{n}") for n in range(FLEET)]
    assert html(*few).count("<li>") == FLEET * MOST_ON_PAGE
    many = [replace(one, target=f"lab-{n}") for n in range(50)]
    assert len(lists_of(*many)[0]["data"]["not_running"]) == MOST_RECORDS_IN_ALL // 50


def test_the_table_of_a_fleet_has_no_more_of_lists_than_that_they_fail() -> None:
    plain = fleet(200)
    lists = snapshot(**{GROUP: waiting_groups(500)}).lists
    with_lists = [replace(each, lists=lists) for each in plain]
    assert len(html(*with_lists)) == len(html(*plain))
    failing = {CENTER: unread(DeniedError("no right", MODEL_CENTERS.operation))}
    marked = [replace(each, lists=failing) for each in plain]
    rows = html(*marked, state="up").count("Model centers failing: denied</small>")
    assert rows == PER_PAGE
    assert len(html(*marked)) < 1.2 * len(html(*plain))


def test_many_centers_are_counted_and_the_first_shown() -> None:
    records = [ModelCenter(f"c{n:05}", capacity={}) for n in range(MOST_KEPT + 5)]
    data = lists_of(snapshot(**{CENTER: fresh(listed_centers(*records))}))[1]["data"]
    assert data["centers"] == MOST_KEPT + 5
    assert len(data["model_centers"]) == MOST_KEPT
    assert data["model_centers_left_out"] == 5


def test_a_center_that_is_not_connected_is_named_however_many_are() -> None:
    records = [ModelCenter(f"c{n:05}", status="Connected") for n in range(3 * MOST_KEPT)]
    records[250] = ModelCenter("lost", name="dr", status="Disconnected")
    one = snapshot(**{CENTER: fresh(listed_centers(*records))})
    first, second, *_ = lists_of(one)[1]["data"]["model_centers"]
    assert (first["name"], first["status"], second["uuid"]) == ("dr", "Disconnected", "c00000")
    assert "dr Disconnected" in shown(replace(one, target="a"), replace(one, target="b"))


def test_as_many_statuses_as_groups_stay_few() -> None:
    groups = (InstanceGroup(f"g{n}", status=f"Odd {n}") for n in range(MOST_STATUSES + 9))
    one = snapshot(**{GROUP: fresh(listed_groups(*groups))})
    assert len(lists_of(one)[0]["data"]["by_status"]) == MOST_STATUSES
    assert "others" in shown(one)


def test_what_a_platform_says_stays_text() -> None:
    group = InstanceGroup("g1", name="<b>g</b>", model_service_uuid="<i>s", status="<u>odd")
    error = DeniedError("<s>no</s>", MODEL_CENTERS.operation)
    one = snapshot(**{GROUP: fresh(listed_groups(group)), CENTER: left_out(error)})
    page = html(one)
    for text in ("<b>g", "<i>s", "<u>odd", "<s>no"):
        assert text not in page
    assert "<b>g</b> <u>odd of <i>s" in shown(one)


def test_series_that_are_left_out_are_told_with_their_limit() -> None:
    one = replace(snapshot(), series=RecordSeries(1234, 500, left_out=True))
    assert "Series left out 1,234 of single services" in shown(one)
    assert "metrics.max_series (500); the totals stay" in shown(one)
    assert "超过 metrics.max_series（500）" in shown(one, language="zh")
    for series, number in (
        (one.series, 1234),
        (RecordSeries(3, 5, left_out=False), 0),
        (None, None),
    ):
        document: Any = status_document(Sources([replace(one, series=series)]))
        assert document["targets"][0]["series_left_out"] == number
    assert "Series left out" not in shown(replace(one, series=None))


def test_every_list_has_a_title() -> None:
    assert set(FURTHER) == TITLES.keys()
    assert MESSAGES.keys() >= set(TITLES.values())
