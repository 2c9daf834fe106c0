"""The frame around every answer: headers, envelopes, nulls, refusals."""

import json
from typing import Any, get_args

import pytest
from yarl import URL

from exporter.simulator import Cloud, Image, ModelRef, ModelService, Profile
from exporter.simulator.wire import html_safe_json, record_json

from .client import LOGIN, NOON, SERVICES, Clock, connected


def example_cloud(profile: Profile = "5.5") -> Cloud:
    cloud = Cloud(services=0, profile=profile, now=Clock())
    cloud.estate.add(
        ModelService(
            uuid="0446d8fd9487403cc12e7645f5r68d04",
            name="a=b & <c>'s",
            yaml="framework: vLLM",
            request_cpu=4,
            request_memory=1024,
            framework="vLLM",
            source="HuggingFace",
            cpu_architectures=("x86_64",),
            gpu_specs={"NVIDIA": ("5d2f",), "Huawei": ()},
            refs=(ModelRef("1a", "2b"),),
            images=(Image("3c", "x86_64", "registry.local/vllm", None),),
            docker_image="registry.local/vllm",
            created=NOON,
        )
    )
    return cloud


async def test_a_record_is_written_as_the_platform_writes_it() -> None:
    async with connected(example_cloud()) as client:
        reply = await client.services(replyWithCount="true")

    assert reply.text == (
        r'{"inventories":[{"uuid":"0446d8fd9487403cc12e7645f5r68d04",'
        r'"name":"a\u003db \u0026 \u003cc\u003e\u0027s","yaml":"framework: vLLM",'
        r'"requestCpu":4,"requestMemory":1024,"type":"Endpoint","framework":"vLLM",'
        r'"source":"HuggingFace","size":0,"system":false,"supportDistributed":false,'
        r'"cpuArchitectures":["x86_64"],"vendorToSpecUuidsMap":{"NVIDIA":["5d2f"],"Huawei":[]},'
        r'"modelServiceRefs":[{"uuid":"1a","modelUuid":"2b",'
        r'"modelServiceUuid":"0446d8fd9487403cc12e7645f5r68d04","isDefault":true,'
        r'"createDate":"Jun 5, 2025 3:47:29 PM"}],'
        r'"modelServiceImages":[{"uuid":"3c",'
        r'"modelServiceUuid":"0446d8fd9487403cc12e7645f5r68d04","cpuArchitecture":"x86_64",'
        r'"dockerImage":"registry.local/vllm","createDate":"Jun 5, 2025 3:47:29 PM"}],'
        r'"createDate":"Jun 5, 2025 3:47:29 PM"}],"total":1,'
        r'"schema":{"inventories[0]":"org.zstack.ai.entity.ModelServiceInventory",'
        r'"inventories[0].modelServiceRefs[0]":"org.zstack.ai.entity.ModelServiceRefInventory",'
        r'"inventories[0].modelServiceImages[0]":'
        r'"org.zstack.ai.entity.ModelServiceImageInventory"}}'
    )


async def test_a_release_shows_only_the_fields_it_has() -> None:
    shown: dict[str, set[str]] = {}
    for profile in get_args(Profile):
        async with connected(example_cloud(profile)) as client:
            (row,) = (await client.services()).rows
            shown[profile] = {*row}
            framework = row["framework"]
            # until 5.3.20 the framework was the origin
            assert framework == ("HuggingFace" if profile == "5.2.1" else "vLLM")

    assert shown["5.3.20"] - shown["5.2.1"] == {"source"}
    assert shown["5.3.20"] - shown["5.5"] == {"dockerImage"}
    assert shown["5.5"] - shown["5.3.20"] == {
        "supportDistributed",
        "cpuArchitectures",
        "vendorToSpecUuidsMap",
        "modelServiceImages",
    }


async def test_a_success_has_a_schema_and_neither_success_nor_error() -> None:
    async with connected(Cloud(services=3)) as client:
        reply = await client.services()

    assert {*reply.members} == {"inventories", "schema"}
    assert len(reply.rows) == 3


async def test_a_count_comes_without_rows_and_with_an_empty_schema() -> None:
    async with connected(Cloud(services=3)) as client:
        assert (await client.services(count="TRUE")).members == {"total": 3, "schema": {}}
        assert "total" not in (await client.services(count="yes")).members


async def test_the_total_is_that_of_all_matches() -> None:
    async with connected(Cloud(services=30)) as client:
        reply = await client.services(replyWithCount="true", limit=7, start=28)

    assert reply.members["total"] == 30
    assert len(reply.rows) == 2


async def test_one_service_is_a_list_of_one_or_of_none() -> None:
    cloud = Cloud(services=3)
    uuid = next(iter(cloud.estate))
    async with connected(cloud) as client:
        found = await client.get(f"{SERVICES}/{uuid}", q="nonsense", limit="0")
        unknown = await client.get(f"{SERVICES}/instances")

    assert [row["uuid"] for row in found.rows] == [uuid]
    assert unknown.members == {"inventories": [], "schema": {}}


async def test_no_answer_names_its_content_type_or_its_server() -> None:
    async with connected(Cloud(services=1)) as client:
        for reply in (await client.services(), await client.get("/zstack/v1/nothing")):
            assert {"Content-Type", "Server"}.isdisjoint(reply.headers)


async def test_a_request_without_the_cookie_is_given_one() -> None:
    async with connected(Cloud(services=1), logged_in=False) as client:
        first = await client.get(SERVICES)
        second = await client.get(SERVICES)

    assert first.headers["Set-Cookie"].startswith("JSESSIONID=")
    assert "Set-Cookie" not in second.headers


@pytest.mark.parametrize(
    ("path", "text"),
    [
        ("/zstack/v1/ai/model-service", "no api mapping to /v1/ai/model-service"),
        ("/zstack/v1/ai/model-services/", "no api mapping to /v1/ai/model-services/"),
        ("/zstack/v1/%E4%BD%A0", "no api mapping to /v1/你"),
    ],
)
async def test_an_unknown_path_is_404_before_authentication(path: str, text: str) -> None:
    async with connected(Cloud(services=1), logged_in=False) as client:
        reply = await client.get(path)

    assert (reply.status, reply.text) == (404, text)


async def test_what_is_not_the_platform_is_answered_in_html() -> None:
    async with connected(Cloud(services=1)) as client:
        outside = await client.get("/")
        raw = await client.http.get(URL(f"{SERVICES}?q=requestCpu>1", encoded=True))
        patched = await client.call("PATCH", SERVICES)

    assert (outside.status, raw.status, patched.status) == (404, 400, 405)
    assert b"<html>" in outside.body
    assert b"<html>" in await raw.read()
    assert outside.headers["Content-Type"] == "text/html"


@pytest.mark.parametrize(
    ("authorization", "text"),
    [
        (None, "missing header 'Authorization'"),
        ("Bearer abc", "Authorization type must be 'OAuth'"),
        ("ZStack abc", "accessKey format is 'ZStack AccessKeyId:Signature'"),
    ],
)
async def test_a_bad_authorization_is_400_in_plain_text(
    authorization: str | None, text: str
) -> None:
    headers = {"Authorization": authorization} if authorization else {}
    async with connected(Cloud(services=1), logged_in=False) as client:
        reply = await client.call("GET", SERVICES, headers=headers)

    assert (reply.status, reply.text) == (400, text)


async def test_an_error_of_5_2_1_is_503_with_the_error_alone() -> None:
    async with connected(Cloud(services=1, profile="5.2.1"), logged_in=False) as client:
        reply = await client.call("GET", SERVICES, headers={"Authorization": "OAuth unknown"})

    assert reply.status == 503
    assert reply.text == (
        '{"error":{"code":"ID.1001","description":"The session is invalid, either wrong session id '
        'or the session has been expired","details":"Session expired"}}'
    )


async def test_an_error_of_5_5_has_a_global_code_and_siblings() -> None:
    async with connected(Cloud(services=1), logged_in=False) as client:
        reply = await client.call("GET", SERVICES, headers={"Authorization": "OAuth unknown"})

    assert reply.error["globalErrorCode"] == "ORG_ZSTACK_IDENTITY_10020"
    assert reply.error["message"] == "Session expired"
    assert reply.members["success"] == "false"
    assert len(reply.members["id"]) == 32
    assert reply.members["diagnostic"]["component"] == "Cloud"
    assert reply.members["diagnostic"]["code"] == "01001"


async def test_errors_are_not_escaped_for_html() -> None:
    async with connected(Cloud(services=1)) as client:
        reply = await client.services("a'b=c")

    assert "not having field[a'b]" in reply.text


async def test_the_method_is_checked_on_the_path_of_a_single_api_only_by_the_newest() -> None:
    for profile, status in (("5.2.1", 503), ("5.3.20", 503), ("5.5", 405)):
        cloud = Cloud(services=1, profile=profile)  # type: ignore[arg-type]  # of the three
        async with connected(cloud) as client:
            assert (await client.get(LOGIN)).status == status


async def test_the_method_chooses_among_the_apis_of_a_path() -> None:
    async with connected(Cloud(services=1)) as client:
        head = await client.call("HEAD", SERVICES)
        delete = await client.call("DELETE", SERVICES)
        post = await client.call("POST", SERVICES, json={"params": {"name": "new"}})
        get = await client.get("/zstack/v1/management-nodes/actions")
        put = await client.call("PUT", "/zstack/v1/management-nodes/actions", json={"reboot": {}})

    assert head.status == 405
    assert (delete.status, delete.text) == (
        500,
        "No delete API found for the path[/v1/ai/model-services]",
    )
    assert post.error["code"] == "SYS.1014"
    assert (get.status, put.status) == (500, 400)
    assert put.text.startswith("the body doesn't contain action mapping to the URL[")


@pytest.mark.parametrize(
    ("style", "date"),
    [
        ("jdk8", "Jun 5, 2025 3:47:29 PM"),
        ("jdk9", "Jun 5, 2025, 3:47:29 PM"),
        ("jdk20", "Jun 5, 2025, 3:47:29\u202fPM"),
    ],
)
async def test_dates_are_the_servers_local_time_as_its_java_prints_them(
    style: str, date: str
) -> None:
    cloud = example_cloud()
    cloud.date_style = style  # type: ignore[assignment]  # one of the three
    async with connected(cloud) as client:
        (row,) = (await client.services()).rows
        assert row["createDate"] == date
        cloud.time_zone = "UTC"
        (row,) = (await client.services()).rows

    assert row["createDate"] == date.replace("3:47", "7:47").replace("PM", "AM")


async def test_midnight_and_noon_are_twelve() -> None:
    cloud = example_cloud()
    async with connected(cloud) as client:
        for uuid in [*cloud.estate]:
            cloud.estate.alter(uuid, created=NOON - NOON % 86_400 - 8 * 3600, last_operated=None)
        (row,) = (await client.services()).rows
        assert row["createDate"] == "Jun 5, 2025 12:00:00 AM"
        cloud.estate.alter(row["uuid"], created=NOON - NOON % 86_400 + 4 * 3600)
        (row,) = (await client.services()).rows

    assert row["createDate"] == "Jun 5, 2025 12:00:00 PM"


async def test_a_starting_node_answers_not_ready_everywhere() -> None:
    cloud = Cloud(services=1)
    async with connected(cloud) as client:
        assert (await client.get("/zstack/v1/management-nodes/ready")).status == 200
        cloud.ready = False
        for reply in (
            await client.services(),
            await client.get("/zstack/v1/management-nodes/ready"),
        ):
            assert (reply.status, reply.error["code"]) == (503, "SYS.1010")


async def test_without_aios_its_paths_are_unknown() -> None:
    cloud = Cloud(services=1, aios=False)
    async with connected(cloud) as client:
        reply = await client.services()

    assert (reply.status, reply.text) == (404, "no api mapping to /v1/ai/model-services")


async def test_the_platform_reports_its_zone_its_time_and_its_release() -> None:
    actions = "/zstack/v1/management-nodes/actions"
    async with connected(Cloud(services=1, now=Clock())) as client:
        zone = await client.get("/zstack/v1/management-nodes/platform-timezone")
        time = await client.call("PUT", actions, json={"getCurrentTime": {}}, headers={})
        release = await client.call("PUT", actions, json={"getVersion": {}}, headers={})

    assert zone.members == {"timezone": "Asia/Shanghai", "offset": "+08:00"}
    assert time.members == {
        "currentTime": {"MillionSeconds": 1_749_109_649_000, "Seconds": 1_749_109_649}
    }
    assert release.members["version"].startswith("5.5")


async def test_models_are_there_and_empty() -> None:
    models = "/zstack/v1/ai/models"
    async with connected(Cloud(services=1)) as client:
        plain = await client.get(models)
        counted = await client.get(models, replyWithCount="true")
        count = await client.get(models, count="true")

    assert plain.members == {"inventories": [], "schema": {}}
    assert counted.members == {"inventories": [], "total": 0, "schema": {}}
    assert count.members == {"total": 0, "schema": {}}


async def test_a_get_that_lost_the_last_slash_is_remembered_as_a_delete() -> None:
    groups = f"{SERVICES}/instances/groups"
    for profile, status in (("5.3.20", 503), ("5.5", 405)):
        cloud = Cloud(services=1, profile=profile)  # type: ignore[arg-type]  # of the three
        async with connected(cloud) as client:
            await client.get(f"{groups}/")
            assert not cloud.trap_hits
            assert (await client.get(groups)).status == status

        (hit,) = cloud.trap_hits
        assert hit.operation == ("" if status == 405 else "DeleteModelServiceInstanceGroups")
        assert (hit.method, hit.path) == ("GET", "/v1/ai/model-services/instances/groups")


async def test_operations_that_change_something_are_remembered_too() -> None:
    cloud = Cloud(services=1)
    async with connected(cloud) as client:
        await client.call("DELETE", f"{SERVICES}/{next(iter(cloud.estate))}")

    assert [hit.operation for hit in cloud.trap_hits] == ["DeleteModelService"]
    assert len(cloud.estate) == 1


async def test_too_many_requests_of_a_client_in_a_minute_are_429() -> None:
    clock = Clock()
    cloud = Cloud(services=1, rate_limit=3, now=clock)
    async with connected(cloud) as client:
        statuses = [(await client.services()).status for _ in range(3)]
        limited = await client.services()
        behind_proxy = {"X-Forwarded-For": "10.0.0.7, 10.0.0.1", "Authorization": "OAuth x"}
        other = await client.call("GET", SERVICES, headers=behind_proxy)
        clock.now += 60
        later = await client.services()

    assert statuses == [200, 200, 429]
    assert (limited.status, limited.text) == (429, "Rate limit exceeded")
    assert "Retry-After" not in limited.headers
    assert (other.status, later.status) == (503, 200)


async def test_the_oldest_release_has_no_limits() -> None:
    cloud = Cloud(services=1, profile="5.2.1")
    async with connected(cloud) as client:
        await client.services()

    assert not cloud.recent_calls


async def test_requests_are_remembered_and_counted() -> None:
    cloud = Cloud(services=1)
    async with connected(cloud) as client:
        await client.services("name!=x", limit=5)
        await client.get("/zstack/v1/nowhere")

    login, query, nowhere = cloud.requests
    assert (login.operation, login.method, login.status) == ("LogInByAccount", "PUT", 200)
    assert (query.path, query.query) == ("/v1/ai/model-services", "q=name!=x&limit=5")
    assert (nowhere.operation, nowhere.status) == ("", 404)
    assert cloud.operations["QueryModelService"] == 1
    assert cloud.statuses == {200: 2, 404: 1}


def test_json_is_what_python_reads_back() -> None:
    value: dict[str, Any] = {"text": "<a href='b'>&= \u2028 \x00 你 \ud800 \\", "long": "=" * 300}
    assert json.loads(html_safe_json(value)) == value
    assert json.loads(b"".join(record_json(value))) == value
    assert json.loads(b"".join(record_json({"long": "=" * 300}))) == {"long": "=" * 300}
