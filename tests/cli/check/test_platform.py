"""What the check finds at the platform."""

import re
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from pathlib import Path

import pytest
from aiohttp import web
from aiohttp.test_utils import TestServer

from exporter.simulator import Account, Cloud, Fault, ModelService, Session, serving
from tests.support.checking import checking, checking_target
from tests.support.proxy import proxying

QUERY = "QueryModelService"
LOGIN = "LogInByAccount"
ZONE = "GetPlatformTimeZone"


async def test_all_is_well() -> None:
    cloud = Cloud(services=30)
    async with serving(cloud) as url:
        checked = await checking_target(url)
        for step, outcome in checked.outcomes.items():
            assert outcome == "pass", checked.steps[step]
    assert checked.ready
    assert "30 model services" in checked.steps["list"]["found"]
    assert checked.steps["time zone"]["found"] == "Asia/Shanghai, as the platform reports"
    assert cloud.operations[LOGIN] == 1
    assert not cloud.sessions


@pytest.mark.parametrize(
    ("fault", "step", "found", "hint", "code"),
    [
        (Fault.error("ID.1000", "wrong name"), "login", "wrong name", "password", "ID.1000"),
        (
            Fault.error("LOGIN_CONTROL.1002", "remaining time: 42 seconds"),
            "login",
            "42 seconds",
            "wait 42 s",
            "LOGIN_CONTROL.1002",
        ),
        (Fault.error("ID.2001"), "login", "a second factor", "without a second", "ID.2001"),
        (Fault.error("ID.1006"), "login", "ID.1006", "session", "ID.1006"),
        (Fault.error("ID.1005"), "login", "ID.1005", "web page once", "ID.1005"),
        (Fault.error("ID.2003"), "login", "ID.2003", "look at that server", "ID.2003"),
        (
            Fault.error("LOGIN_CONTROL.1005"),
            "login",
            "LOGIN_CONTROL.1005",
            "use an access key",
            "LOGIN_CONTROL.1005",
        ),
        (
            Fault.refused_address(),
            "login",
            "not allowed to log in",
            "allow the exporter's address",
            "LOGIN_CONTROL.1004",
        ),
        (Fault.hang(operation=LOGIN), "login", "not done within", "timeout", ""),
    ],
    ids=[
        "wrong password",
        "locked",
        "second factor",
        "too many sessions",
        "first password",
        "server of the second factor",
        "captcha",
        "refused address",
        "hanging",
    ],
)
async def test_a_login_that_fails_is_tried_once(
    fault: Fault, step: str, found: str, hint: str, code: str
) -> None:
    cloud = Cloud(services=3)
    cloud.faults.append(fault)
    async with serving(cloud) as url:
        checked = await checking_target(url, timeout=2)
    assert checked.failure["step"] == step
    assert found in checked.failure["found"]
    assert hint in checked.failure["fix"]
    assert checked.failure["code"] == code
    assert checked.steps["the rest"]["found"] == "not tried, as login failed"
    assert cloud.operations[LOGIN] == 1


@pytest.mark.parametrize(
    ("fault", "step", "found", "hint"),
    [
        (
            Fault.error("SYS.1006", "QueryModelService is denied by default", operation=QUERY),
            "permission",
            "is denied",
            "grant the account the query of model services, or",
        ),
        (Fault.error("ID.1002", operation=QUERY), "permission", "ID.1002", "grant"),
        (Fault.error("LICENSE.1000", operation=QUERY), "permission", "LICENSE", "licence"),
        (Fault.error("SYS.1000", operation=QUERY), "list", "SYS.1000", "management-server.log"),
        (Fault.truncated(0.99, operation=QUERY), "list", "does not decode", "proxy"),
        (Fault.oversize(2 << 20, operation=QUERY, page=2), "list", "1048576 bytes", "page_size"),
        (Fault.wrong_total(), "list", "the platform counts 31", "raise page_size"),
        (Fault.hang(operation=QUERY, page=2), "list", "not done within 5 s", "raise timeout"),
    ],
    ids=[
        "denied by policy",
        "denied by role",
        "licence",
        "failed inside",
        "truncated",
        "too large",
        "incomplete",
        "hanging",
    ],
)
async def test_a_failed_list_is_reported_after_the_login_that_succeeded(
    fault: Fault, step: str, found: str, hint: str
) -> None:
    cloud = Cloud(services=30)
    async with serving(cloud) as url:
        cloud.faults.append(fault)
        checked = await checking_target(url, timeout=5, max_response_bytes=1 << 20)
    assert checked.failure["step"] == step
    assert found in checked.failure["found"]
    assert hint in checked.failure["fix"]
    assert checked.outcomes["login"] == "pass"
    assert checked.steps["the rest"]["found"] == f"not tried, as {step} failed"
    assert cloud.operations[LOGIN] == 1
    assert not cloud.sessions


async def test_a_platform_without_aios() -> None:
    cloud = Cloud(services=3)
    cloud.faults.append(Fault.unsupported())
    async with serving(cloud) as url:
        failure = (await checking_target(url)).failure
    assert (failure["step"], failure["found"]) == ("platform", "ZStack without AIOS")
    assert cloud.operations[LOGIN] == 0


@pytest.mark.parametrize(
    ("fault", "found", "hint"),
    [
        (Fault.html(200), "a web page", "proxy"),
        (Fault.html(502), "a web page", "proxy"),
        (Fault.text(200, "hello"), "does not decode", "proxy"),
        (Fault.text(200, "{}"), "does not decode", "proxy"),
        (Fault.text(302), "redirected", "correct url"),
        (Fault.text(400, "bad request"), "bad request", "correct url"),
        (Fault.text(401, "Authorization required"), "HTTP 401", "pass there"),
        (Fault.html(401), "a web page", "pass there"),
        (Fault.text(403, "your address is not on the list"), "not on the list", "allow"),
        (Fault.text(404), "HTTP 404", "write :8080 in url"),
        (Fault.text(404, "404 page not found"), "404 page not found", "write :8080 in url"),
        (Fault.text(500), "HTTP 500", "wait"),
        (Fault.not_ready(), "not ready", "wait"),
        (Fault.rate_limited(), "HTTP 429", "interval"),
        (Fault.reset(), "Connection reset", "network"),
        (Fault.reset_midway(), "cut short", "network"),
    ],
    ids=[
        "web page",
        "proxy that fails",
        "greeting",
        "other JSON",
        "redirect",
        "other complaint",
        "login before it",
        "page of a login",
        "address rule",
        "404",
        "404 with a text",
        "500",
        "starting",
        "busy",
        "hanging up",
        "hanging up midway",
    ],
)
async def test_no_password_is_sent_to_a_server_that_is_not_zstack(
    fault: Fault, found: str, hint: str
) -> None:
    cloud = Cloud(services=3)
    cloud.faults.append(fault)
    async with serving(cloud) as url:
        checked = await checking_target(url)
    assert checked.failure["step"] == "platform"
    assert found in checked.failure["found"]
    assert hint in checked.failure["fix"]
    assert "clock" not in checked.steps
    assert cloud.operations[LOGIN] == 0


async def test_a_platform_that_answers_without_credentials_is_a_warning() -> None:
    async def answer(_request: web.Request) -> web.Response:
        return web.json_response({"inventories": [], "total": 0, "inventory": {"uuid": "u"}})

    async with answering(answer) as url:
        checked = await checking_target(url, time_zone="UTC")
    assert checked.ready
    assert checked.outcomes["platform"] == "warn"
    assert checked.outcomes["clock"] == "pass"


async def test_no_model_services_is_a_warning_of_what_an_account_may_see() -> None:
    async with serving(Cloud(services=0)) as url:
        checked = await checking_target(url)
    assert checked.ready
    assert checked.outcomes["list"] == "warn"
    assert "sees only what it owns" in checked.steps["list"]["fix"]


async def test_records_that_cannot_be_read_are_a_warning_with_the_first_of_them() -> None:
    cloud = Cloud(services=30)
    cloud.faults.append(Fault.without_uuid())
    async with serving(cloud) as url:
        checked = await checking_target(url)
    assert checked.ready
    assert checked.outcomes["records"] == "warn"
    assert checked.steps["records"]["found"].startswith("1 cannot be read: Object missing")


async def test_fields_that_cannot_be_read_are_a_warning_with_their_number() -> None:
    cloud = Cloud(services=3)
    cloud.faults += [Fault.dialect("version"), Fault.dialect("requestCpu", "-1")]
    async with serving(cloud) as url:
        checked = await checking_target(url)
    assert checked.ready
    assert checked.outcomes["records"] == "warn"
    found = checked.steps["records"]["found"]
    assert found.endswith("whose field cannot be read: requestCpu in 3, version in 3")
    assert "upgrade the exporter" in checked.steps["records"]["fix"]
    assert "dates" not in checked.steps


async def test_fields_that_no_release_documents_are_named_and_all_is_well() -> None:
    cloud = Cloud(services=3)
    cloud.faults += [Fault.dialect("next\u202e"), Fault.dialect("costCenter", "7")]
    async with serving(cloud) as url:
        checked = await checking_target(url)
    assert checked.outcomes["records"] == "pass"
    assert checked.steps["records"]["found"].endswith("unknown fields: costCenter, next\ufffd")


async def test_dates_of_which_none_can_be_read_are_a_warning_with_one_of_them() -> None:
    cloud = Cloud(services=3)
    for field in ("createDate", "lastOpDate"):
        cloud.faults.append(Fault.dialect(field, '"2017/11/14 22:20:57\\u202e"'))
    async with serving(cloud) as url:
        checked = await checking_target(url)
    assert checked.ready
    assert checked.outcomes["dates"] == "warn"
    assert checked.steps["dates"]["found"] == "none can be read, such as 2017/11/14 22:20:57\\u202e"
    assert "createDate in 3" in checked.steps["records"]["found"]


async def test_dates_of_which_some_can_be_read_are_no_step_of_their_own() -> None:
    cloud = Cloud(services=3)
    cloud.faults.append(Fault.dialect("createDate", '"2017/11/14 22:20:57"'))
    async with serving(cloud) as url:
        checked = await checking_target(url)
    assert "createDate in 3" in checked.steps["records"]["found"]
    assert "dates" not in checked.steps


async def test_a_list_without_a_readable_uuid_fails() -> None:
    cloud = Cloud(services=3)
    cloud.faults.append(Fault.without_uuid(rows=3))
    async with serving(cloud) as url:
        checked = await checking_target(url)
    assert checked.failure["step"] == "list"
    assert "no record has a uuid" in checked.failure["found"]
    assert "release" in checked.failure["fix"]


@pytest.mark.parametrize(("services", "outcome"), [(0, "fail"), (3, "warn")])
async def test_uuids_that_no_label_can_hold_are_reported(services: int, outcome: str) -> None:
    cloud = Cloud(services=services)
    cloud.estate.add(ModelService(uuid="a\x01b"))
    async with serving(cloud) as url:
        checked = await checking_target(url)
    step = checked.steps["records"]
    assert step["outcome"] == outcome
    assert "uuid" in step["found"]
    assert "report" in step["fix"]


async def test_hostile_text_stays_on_one_line() -> None:
    cloud = Cloud(services=3)
    cloud.faults.append(Fault.error("SYS.1000", "a\n\x1b[31mb\u202ec" + "d" * 5000))
    async with serving(cloud) as url:
        checked = await checking_target(url)
    assert checked.failure["found"].isprintable()
    assert len(checked.failure["found"]) < 400


def key_of(cloud: Cloud, folder: Path) -> dict[str, str]:
    """The settings of the simulator's access key, with its secret in a file."""
    key = next(iter(cloud.access_keys.values()))
    secret = folder / "secret"
    secret.write_text(key.secret)
    secret.chmod(0o600)
    return {"access_key_id": key.id, "access_key_secret_file": str(secret)}


async def test_an_access_key_that_is_good(tmp_path: Path) -> None:
    cloud = Cloud(services=3)
    async with serving(cloud) as url:
        checked = await checking_target(url, **key_of(cloud, tmp_path))
    assert checked.ready
    assert "is accepted" in checked.steps["login"]["found"]
    assert cloud.operations[LOGIN] == 0


async def test_an_access_key_that_may_not_do_this(tmp_path: Path) -> None:
    cloud = Cloud(services=3)
    async with serving(cloud) as url:
        cloud.faults.append(Fault.error("ID.1002", operation=QUERY))
        checked = await checking_target(url, **key_of(cloud, tmp_path))
    assert checked.outcomes["login"] == "pass"
    assert checked.failure["step"] == "permission"


async def test_an_unknown_access_key(tmp_path: Path) -> None:
    cloud = Cloud(services=3)
    given = key_of(cloud, tmp_path) | {"access_key_id": "unknown"}
    async with serving(cloud) as url:
        failure = (await checking_target(url, **given)).failure
    assert failure["step"] == "login"
    assert "correct access_key_id" in failure["fix"]


async def test_a_session_that_another_client_opened(tmp_path: Path) -> None:
    cloud = Cloud(services=3)
    session = Session(cloud.accounts["admin"], created=0, expires=cloud.now() + 60)
    cloud.sessions[session.uuid] = session
    file = tmp_path / "session"
    file.write_text(session.uuid)
    async with serving(cloud) as url:
        checked = await checking_target(url, session_uuid_file=str(file))
        assert checked.ready
        assert "its owner" in checked.steps["login"]["found"]
        assert list(cloud.sessions) == [session.uuid]

        cloud.sessions.clear()
        checked = await checking_target(url, session_uuid_file=str(file))
        assert checked.failure["step"] == "login"
        assert checked.failure["code"] == "ID.1001"
        assert "open another session" in checked.failure["fix"]
    assert session.uuid not in str(checked.document)


async def test_a_wrong_zone_is_distinguished_from_a_wrong_clock(tmp_path: Path) -> None:
    cloud = Cloud(services=3)
    async with serving(cloud) as url:
        checked = await checking_target(url, time_zone="UTC", **key_of(cloud, tmp_path))
    assert checked.failure["step"] == "login"
    assert "requestTimeTooSkewed" in checked.failure["found"]
    assert "the clocks agree, so it is the zone" in checked.failure["fix"]


@asynccontextmanager
async def answering(answer: Callable[[web.Request], Awaitable[web.Response]]) -> AsyncIterator[str]:
    """A server that answers everything so."""
    application = web.Application()
    application.router.add_route("*", "/{path:.*}", answer)
    async with TestServer(application) as server:
        yield str(server.make_url("")).rstrip("/")


async def at_yesterday(request: web.Request) -> web.Response:
    """The answers of a platform whose clock is a day behind."""
    yesterday = datetime.now(UTC) - timedelta(days=1)
    headers = {"Date": format_datetime(yesterday, usegmt=True)}
    if "Authorization" in request.headers:
        return web.Response(status=403, text="requestTimeTooSkewed", headers=headers)
    return web.Response(status=400, text="missing header 'Authorization'", headers=headers)


async def test_a_clock_that_differs_is_a_warning_and_why_a_key_is_refused(tmp_path: Path) -> None:
    async with answering(at_yesterday) as url:
        checked = await checking_target(url, **key_of(Cloud(services=1), tmp_path))
    assert checked.outcomes["clock"] == "warn"
    assert re.fullmatch(r"the platform's is 864\d\d s behind ours", checked.steps["clock"]["found"])
    assert checked.failure["step"] == "login"
    assert checked.failure["fix"].startswith("set both clocks by NTP")


@pytest.mark.parametrize(
    "date",
    [
        "some day",
        "Mon, 01 Jan 99999999999999999999 00:00:00 GMT",
        "Thu, 01 Jan 2026 99999999999:00:00 GMT",
        "Thu, 01 Jan 2026 00:00:00 +99999999999999",
    ],
)
async def test_a_platform_without_a_valid_date_is_a_warning(date: str, tmp_path: Path) -> None:
    async def answer(request: web.Request) -> web.Response:
        response = await at_yesterday(request)
        response.headers["Date"] = date
        return response

    async with answering(answer) as url:
        checked = await checking_target(url, **key_of(Cloud(services=1), tmp_path))
    assert checked.outcomes["clock"] == "warn"
    assert checked.steps["clock"]["found"] == "the platform sends no valid date"
    assert "time_zone" in checked.failure["fix"]


@pytest.mark.parametrize(
    ("fault", "found"),
    [
        (Fault.error("SYS.1000", "who knows", operation=ZONE), "who knows"),
        (Fault.text(404, "no api mapping to /v1", operation=ZONE), "no API for it"),
        (Fault.hang(operation=ZONE), "no answer"),
    ],
    ids=["failing", "without the API", "hanging"],
)
async def test_an_unknown_zone_is_a_warning(
    fault: Fault, found: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("exporter.cli.check.services.ZONE_SECONDS", 0.5)
    cloud = Cloud(services=3)
    cloud.faults.append(fault)
    async with serving(cloud) as url:
        checked = await checking_target(url)
    assert checked.ready
    assert checked.outcomes["time zone"] == "warn"
    assert found in checked.steps["time zone"]["found"]
    assert "time_zone" in checked.steps["time zone"]["fix"]


async def test_more_series_than_one_would_want_are_a_warning(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("exporter.cli.check.polled.MANY_SERIES", 100)
    async with serving(Cloud(services=30)) as url:
        checked = await checking_target(url)
        assert checked.ready
        assert checked.outcomes["series"] == "warn"
        account = {"account": "admin", "password": "password"}
        fewer = await checking(target={"url": url} | account, metrics={"per_service": False})
    assert fewer.outcomes["series"] == "pass"


async def test_a_proxy_is_passed_through_with_its_password() -> None:
    async with serving(Cloud(services=3)) as url, proxying(login="user:hunter2") as proxy:
        checked = await checking_target(url, proxy=proxy.url.replace("//", "//user:hunter2@"))
    assert checked.ready
    assert "the proxy" in checked.steps["tcp"]["found"]
    assert "hunter2" not in str(checked.document)


async def test_several_targets_have_a_section_each() -> None:
    refusing = Cloud(services=3, accounts={"admin": Account("admin", "other")})
    async with serving(Cloud(services=3)) as one, serving(refusing) as two:
        account = {"account": "admin", "password": "password"}
        checked = await checking(
            targets={"east": {"url": one} | account, "west": {"url": two} | account}
        )
    ready = {target["target"]: target["ready"] for target in checked.document["targets"]}
    assert ready == {"east": True, "west": False}
    assert not checked.ready
