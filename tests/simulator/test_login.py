"""Sessions, and the reasons for which a login fails."""

import json

import pytest

from exporter.simulator import Account, Cloud

from .client import LOGIN, SERVICES, Clock, connected

SESSIONS = "/zstack/v1/accounts/sessions"


async def test_a_login_opens_a_session() -> None:
    cloud = Cloud(services=1, now=Clock())
    async with connected(cloud, logged_in=False) as client:
        reply = await client.log_in()
        inventory = reply.members["inventory"]

        assert (await client.services()).status == 200
    assert inventory["expiredDate"] == "Jun 5, 2025 5:47:29 PM"
    assert inventory["createDate"] == "Jun 5, 2025 3:47:29 PM"
    assert inventory["noSessionEvaluation"] is False
    assert {*cloud.sessions} == {inventory["uuid"]}


@pytest.mark.parametrize("account", ["admin", "nobody"])
async def test_a_wrong_password_or_account_is_an_authentication_error(account: str) -> None:
    async with connected(Cloud(services=1), logged_in=False) as client:
        reply = await client.log_in(account, "wrong")

    assert (reply.status, reply.error["code"]) == (503, "ID.1000")
    assert reply.error["details"] == "wrong account name or password"


async def test_a_password_in_plain_text_is_wrong() -> None:
    async with connected(Cloud(services=1), logged_in=False) as client:
        body = {"logInByAccount": {"accountName": "admin", "password": "password"}}
        reply = await client.call("PUT", LOGIN, json=body)

    assert reply.error["code"] == "ID.1000"


@pytest.mark.parametrize(
    "body",
    [
        {"logIn": {"accountName": "admin", "password": "x"}},
        {"logInByAccount": {"accountName": "admin"}},
        {"logInByAccount": "admin"},
        [],
    ],
)
async def test_a_malformed_login_is_an_invalid_argument(body: object) -> None:
    cloud = Cloud(services=1, lock_after=1)
    async with connected(cloud, logged_in=False) as client:
        reply = await client.call("PUT", LOGIN, json=body)

    assert (reply.status, reply.error["code"]) == (503, "SYS.1007")
    assert not cloud.locked_until


async def test_a_session_slides_with_every_call() -> None:
    clock = Clock()
    cloud = Cloud(services=1, session_timeout=100, now=clock)
    async with connected(cloud) as client:
        for _ in range(3):
            clock.now += 99
            assert (await client.services()).status == 200
        clock.now += 100
        reply = await client.services()

    assert (reply.status, reply.error["code"]) == (503, "ID.1001")
    assert not cloud.sessions


async def test_a_cleared_session_table_ends_every_session() -> None:
    cloud = Cloud(services=1)
    async with connected(cloud) as client:
        cloud.sessions.clear()
        assert (await client.services()).error["code"] == "ID.1001"
        await client.log_in()
        assert (await client.services()).status == 200

    assert cloud.operations["LogInByAccount"] == 2


async def test_the_login_above_the_limit_fails_until_one_logs_out_or_expires() -> None:
    clock = Clock()
    cloud = Cloud(services=1, max_sessions=2, session_timeout=100, now=clock)
    cloud.accounts["other"] = Account("other", "password", uuid="8")
    async with connected(cloud) as client:
        first = client.session
        await client.log_in()
        assert (await client.log_in()).error["code"] == "ID.1006"
        assert (await client.log_in("other")).status == 200
        await client.call("DELETE", f"{SESSIONS}/{first}")
        assert (await client.log_in()).status == 200
        clock.now += 100
        assert (await client.log_in()).status == 200


async def test_in_unique_session_mode_a_login_ends_the_others() -> None:
    cloud = Cloud(services=1, unique_session=True)
    async with connected(cloud) as client:
        first = client.session
        await client.log_in()
        assert (await client.services()).status == 200
        client.session = first
        assert (await client.services()).error["code"] == "ID.1001"


async def test_logging_out_needs_no_header_and_may_be_repeated() -> None:
    cloud = Cloud(services=1)
    async with connected(cloud) as client:
        path = f"{SESSIONS}/{client.session}"
        for _ in range(2):
            reply = await client.call("DELETE", path, headers={})
            assert (reply.status, reply.text) == (200, "{}")

    assert not cloud.sessions
    assert cloud.operations["LogOut"] == 2


async def test_asking_whether_a_session_lives_does_not_prolong_it() -> None:
    clock = Clock()
    async with connected(Cloud(services=1, session_timeout=100, now=clock)) as client:
        path = f"{SESSIONS}/{client.session}/valid"
        clock.now += 99
        assert (await client.call("GET", path, headers={})).members == {"valid": True}
        clock.now += 1
        assert (await client.call("GET", path, headers={})).members == {"valid": False}
        assert (await client.get(f"{SESSIONS}/unknown/valid")).members == {"valid": False}


async def test_renewing_a_session_is_a_job() -> None:
    clock = Clock()
    cloud = Cloud(services=1, now=clock)
    async with connected(cloud) as client:
        renew = f"{SESSIONS}/{client.session}/renew"
        accepted = await client.call("PUT", renew, json={"renewSession": {"duration": 86_400}})
        location = accepted.members["location"]
        job = f"/zstack/v1/api-jobs/{location.rpartition('/')[2]}"
        running, done = await client.get(job), await client.get(job)
        posted = await client.call("POST", job)
        gone = await client.get("/zstack/v1/api-jobs/unknown")
        again = await client.call("PUT", renew, json={})

    # the host is the one that the platform has configured for itself
    assert location.startswith("http://172.20.0.11:8080/zstack/v1/api-jobs/")
    assert (accepted.status, running.status, done.status, again.status) == (202, 202, 200, 202)
    assert done.members["inventory"]["expiredDate"] == "Jun 6, 2025 3:47:29 PM"
    assert (posted.status, gone.status) == (405, 404)
    assert gone.text == "the job has been expired"


async def test_failures_in_a_row_lock_the_account_for_a_while() -> None:
    clock = Clock()
    cloud = Cloud(services=1, lock_after=2, lock_seconds=600, now=clock)
    async with connected(cloud, logged_in=False) as client:
        for _ in range(2):
            assert (await client.log_in(password="wrong")).error["code"] == "ID.1000"
        clock.now += 580
        locked = await client.log_in()
        clock.now += 20  # trying has not prolonged it
        unlocked = await client.log_in()

    assert locked.error["code"] == "LOGIN_CONTROL.1002"
    assert "remaining time: 20 seconds" in locked.error["details"]
    assert unlocked.status == 200


async def test_a_success_forgets_earlier_failures() -> None:
    cloud = Cloud(services=1, lock_after=2)
    async with connected(cloud, logged_in=False) as client:
        for password in ("wrong", "password", "wrong"):
            await client.log_in(password=password)
        assert (await client.log_in()).status == 200


async def test_a_captcha_may_be_asked_for_after_failures() -> None:
    cloud = Cloud(services=1, captcha=("c1", "4711"), captcha_after=1)
    async with connected(cloud, logged_in=False) as client:
        await client.log_in(password="wrong")
        missing = await client.log_in()
        wrong = await client.log_in(captchaUuid="c1", verifyCode="0")
        right = await client.log_in(captchaUuid="c1", verifyCode="4711")

    assert missing.error["code"] == "LOGIN_CONTROL.1005"
    assert wrong.error["code"] == "LOGIN_CONTROL.1003"
    assert right.status == 200


async def test_a_second_factor_is_asked_for_in_json_within_the_details() -> None:
    async with connected(Cloud(services=1, two_factor=True), logged_in=False) as client:
        reply = await client.log_in()

    assert reply.error["code"] == "ID.2001"
    assert json.loads(reply.error["details"])["authentications"] == ["TwoFactor"]


async def test_the_word_oauth_needs_no_space_behind_it() -> None:
    async with connected(Cloud(services=1)) as client:
        headers = {"Authorization": f"OAuth{client.session}"}
        assert (await client.call("GET", SERVICES, headers=headers)).status == 200
