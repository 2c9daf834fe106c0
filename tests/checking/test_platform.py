"""What the check finds at the platform."""

import re
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from pathlib import Path

import pytest
from aiohttp import web
from aiohttp.test_utils import TestServer

from exporter.simulator import Account, Cloud, Fault, serving
from tests.zstack.proxy import proxying

from .trying import checking, checking_target

QUERY = "QueryModelService"
LOGIN = "LogInByAccount"


async def test_all_is_well() -> None:
    cloud = Cloud(services=30)
    async with serving(cloud) as url:
        told = await checking_target(url)
        for step, outcome in told.outcomes.items():
            assert outcome == "pass", told.steps[step]
    assert told.ready
    assert "30 model services" in told.steps["list"]["found"]
    assert told.steps["time zone"]["found"] == "Asia/Shanghai, as the platform says"
    assert cloud.operations[LOGIN] == 1
    assert not cloud.sessions


@pytest.mark.parametrize(
    ("fault", "step", "found", "mend", "code"),
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
        (Fault.hang(operation=LOGIN), "login", "not done within", "timeout", ""),
    ],
    ids=["wrong password", "locked", "second factor", "too many sessions", "hanging"],
)
async def test_a_login_that_fails_is_tried_once(
    fault: Fault, step: str, found: str, mend: str, code: str
) -> None:
    cloud = Cloud(services=3)
    cloud.faults.append(fault)
    async with serving(cloud) as url:
        told = await checking_target(url, timeout=2)
    assert told.broken["step"] == step
    assert found in told.broken["found"]
    assert mend in told.broken["mend"]
    assert told.broken["code"] == code
    assert told.steps["the rest"]["found"] == "not tried, as login failed"
    assert cloud.operations[LOGIN] == 1


@pytest.mark.parametrize(
    ("fault", "step", "found", "mend"),
    [
        (
            Fault.error("SYS.1006", "QueryModelService is denied by default", operation=QUERY),
            "permission",
            "is denied",
            "grant the account",
        ),
        (Fault.error("ID.1002", operation=QUERY), "permission", "ID.1002", "grant"),
        (Fault.error("LICENSE.1000", operation=QUERY), "permission", "LICENSE", "licence"),
        (Fault.error("SYS.1000", operation=QUERY), "list", "SYS.1000", "management-server.log"),
        (Fault.truncated(operation=QUERY), "list", "does not decode", "proxy"),
        (Fault.oversize(2 << 20, operation=QUERY, page=2), "list", "1048576 bytes", "page_size"),
        (Fault.wrong_total(), "list", "the platform counts 31", "raise page_size"),
        (Fault.hang(operation=QUERY, page=2), "list", "not done within 2 s", "raise timeout"),
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
async def test_a_list_that_fails_is_told_after_the_login_that_succeeded(
    fault: Fault, step: str, found: str, mend: str
) -> None:
    cloud = Cloud(services=30)
    async with serving(cloud) as url:
        cloud.faults.append(fault)
        told = await checking_target(url, timeout=2, max_response_bytes=1 << 20)
    assert told.broken["step"] == step
    assert found in told.broken["found"]
    assert mend in told.broken["mend"]
    assert told.outcomes["login"] == "pass"
    assert cloud.operations[LOGIN] == 1
    assert not cloud.sessions


async def test_a_platform_without_aios() -> None:
    cloud = Cloud(services=3)
    cloud.faults.append(Fault.unsupported())
    async with serving(cloud) as url:
        told = await checking_target(url)
    assert (told.broken["step"], told.broken["found"]) == ("platform", "ZStack without AIOS")
    assert cloud.operations[LOGIN] == 0


@pytest.mark.parametrize("status", [200, 502])
async def test_a_web_page_in_the_platforms_place_gets_no_password(status: int) -> None:
    cloud = Cloud(services=3)
    cloud.faults.append(Fault.html(status))
    async with serving(cloud) as url:
        told = await checking_target(url)
    assert told.broken["step"] == "platform"
    assert "a web page" in told.broken["found"]
    assert cloud.operations[LOGIN] == 0


async def test_no_model_services_is_a_warning_of_what_an_account_may_see() -> None:
    async with serving(Cloud(services=0)) as url:
        told = await checking_target(url)
    assert told.ready
    assert told.outcomes["list"] == "warn"
    assert "sees only what it may" in told.steps["list"]["mend"]


async def test_records_that_cannot_be_read_are_a_warning_with_the_first_of_them() -> None:
    cloud = Cloud(services=30)
    cloud.faults.append(Fault.without_uuid())
    async with serving(cloud) as url:
        told = await checking_target(url)
    assert told.ready
    assert told.outcomes["records"] == "warn"
    assert "cannot be read" in told.steps["records"]["found"]


async def test_hostile_text_stays_on_one_line() -> None:
    cloud = Cloud(services=3)
    cloud.faults.append(Fault.error("SYS.1000", "a\n\x1b[31mb\u202ec" + "d" * 5000))
    async with serving(cloud) as url:
        told = await checking_target(url)
    assert told.broken["found"].isprintable()
    assert len(told.broken["found"]) < 400


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
        told = await checking_target(url, **key_of(cloud, tmp_path))
    assert told.ready
    assert "is accepted" in told.steps["login"]["found"]
    assert cloud.operations[LOGIN] == 0


async def test_an_access_key_that_nobody_knows(tmp_path: Path) -> None:
    cloud = Cloud(services=3)
    given = key_of(cloud, tmp_path) | {"access_key_id": "nobody"}
    async with serving(cloud) as url:
        told = (await checking_target(url, **given)).broken
    assert told["step"] == "login"


async def test_another_zone_than_the_platforms_is_told_from_another_clock(tmp_path: Path) -> None:
    cloud = Cloud(services=3)
    async with serving(cloud) as url:
        told = await checking_target(url, time_zone="UTC", **key_of(cloud, tmp_path))
    assert told.broken["step"] == "login"
    assert "requestTimeTooSkewed" in told.broken["found"]
    assert "the clocks agree, so it is the zone" in told.broken["mend"]


async def test_a_clock_that_differs_is_a_warning() -> None:
    async def answer(_request: web.Request) -> web.Response:
        yesterday = datetime.now(UTC) - timedelta(days=1)
        headers = {"Date": format_datetime(yesterday, usegmt=True)}
        return web.Response(status=400, text="missing header 'Authorization'", headers=headers)

    application = web.Application()
    application.router.add_route("*", "/{path:.*}", answer)
    async with TestServer(application) as server:
        told = await checking_target(str(server.make_url("")).rstrip("/"))
    assert told.outcomes["clock"] == "warn"
    assert re.fullmatch(r"the platform's is 864\d\d s behind ours", told.steps["clock"]["found"])


async def test_a_proxy_is_passed_through_with_its_password() -> None:
    async with serving(Cloud(services=3)) as url, proxying(login="user:hunter2") as proxy:
        told = await checking_target(url, proxy=proxy.url.replace("//", "//user:hunter2@"))
    assert told.ready
    assert "the proxy" in told.steps["tcp"]["found"]
    assert "hunter2" not in str(told.document)


async def test_several_targets_are_told_apart() -> None:
    refusing = Cloud(services=3, accounts={"admin": Account("admin", "other")})
    async with serving(Cloud(services=3)) as one, serving(refusing) as two:
        account = {"account": "admin", "password": "password"}
        told = await checking(
            targets={"east": {"url": one} | account, "west": {"url": two} | account}
        )
    ready = {target["target"]: target["ready"] for target in told.document["targets"]}
    assert ready == {"east": True, "west": False}
    assert not told.ready
