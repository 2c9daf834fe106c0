"""Accounts: one login, kept as long as it lasts; what is refused is not tried again."""

import asyncio
import errno
import gc
import json
import time
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from pathlib import Path

import msgspec
import pytest

from exporter.simulator import Account as Known
from exporter.simulator import Cloud, Fault
from exporter.simulator.answers import Answer
from exporter.simulator.effects import Exchange
from exporter.zstack import QUERY_MODEL_SERVICE, Account, AccountAuth
from exporter.zstack.errors import (
    CredentialsError,
    DeniedError,
    LockedError,
    NotReadyError,
    RejectedError,
    SessionError,
    UnauthorizedError,
    UnreachableError,
)
from exporter.zstack.schema import session
from tests.support.client_fixture import (
    ADMIN,
    LOG_IN,
    LOG_OUT,
    QUERY,
    ClientFixture,
    Secret,
    by_account,
    client_for,
)
from tests.support.exporting import PATIENCE, until_seen

WRONG = Account("admin", "wrong")


async def test_password_goes_out_as_its_sha_512() -> None:
    # the platform of the tests accepts nothing else
    cloud = Cloud(services=3, accounts={"björn": Known("björn", "pässwörd 密码")})
    async with client_for(cloud, by_account(Secret(Account("björn", "pässwörd 密码")))) as fixture:
        assert len((await fixture.services()).services) == 3


async def test_one_login_serves_many_polls() -> None:
    cloud = Cloud(services=3)
    async with client_for(cloud, by_account()) as fixture:
        for _ in range(5):
            await fixture.services()

    assert cloud.operations == {LOG_IN: 1, QUERY: 5}


async def test_calls_at_the_same_time_log_in_once() -> None:
    cloud = Cloud(services=3)
    async with client_for(cloud, by_account()) as fixture:
        await asyncio.gather(*(fixture.services() for _ in range(20)))

    assert cloud.operations == {LOG_IN: 1, QUERY: 20}


async def test_ended_session_is_renewed_once() -> None:
    cloud = Cloud(services=3)
    async with client_for(cloud, by_account()) as fixture:
        await fixture.services()
        cloud.sessions.clear()
        assert len((await fixture.services()).services) == 3

    assert cloud.operations == {LOG_IN: 2, QUERY: 3}
    assert fixture.waits == []


async def test_session_that_ends_between_two_pages_costs_no_row() -> None:
    cloud = Cloud(services=10, faults=[Fault.expired(operation=QUERY, page=2)])
    async with client_for(cloud, by_account(), page_size=4) as fixture:
        assert len((await fixture.services()).services) == 10

    assert cloud.operations[LOG_IN] == 2


async def test_calls_that_meet_an_ended_session_together_renew_it_once() -> None:
    cloud = Cloud(services=3)
    async with client_for(cloud, by_account()) as fixture:
        await fixture.services()
        cloud.sessions.clear()
        await asyncio.gather(*(fixture.services() for _ in range(20)))

    assert cloud.operations[LOG_IN] == 2


async def test_session_refused_again_after_a_renewal_is_an_error_that_passes() -> None:
    cloud = Cloud(services=3, faults=[Fault.expired(operation=QUERY, times=2)])
    async with client_for(cloud, by_account()) as fixture:
        error = await fixture.failure()
        assert isinstance(error, SessionError)
        assert error.code == "ID.1001"
        assert cloud.operations == {LOG_IN: 2, QUERY: 2}

        assert len((await fixture.services()).services) == 3


async def test_session_error_at_a_login_is_not_blamed_on_the_account() -> None:
    cloud = Cloud(services=3, faults=[Fault.error("ID.1001", operation=LOG_IN, times=1)])
    async with client_for(cloud, by_account()) as fixture:
        assert isinstance(await fixture.failure(), SessionError)
        assert len((await fixture.services()).services) == 3


@pytest.mark.parametrize("polls", [1, 2, 10])
async def test_wrong_password_is_sent_once_ever(polls: int) -> None:
    cloud = Cloud(services=3)
    async with client_for(cloud, by_account(Secret(WRONG))) as fixture:
        errors = [await fixture.failure() for _ in range(polls)]

    assert cloud.operations == {LOG_IN: 1}
    assert {(type(error), error.code) for error in errors} == {(UnauthorizedError, "ID.1000")}


async def test_wrong_password_is_sent_once_by_calls_at_the_same_time() -> None:
    cloud = Cloud(services=3)
    async with client_for(cloud, by_account(Secret(WRONG))) as fixture:
        await asyncio.gather(*(fixture.failure() for _ in range(20)))

    assert cloud.operations == {LOG_IN: 1}


async def test_changed_password_is_tried_once_more() -> None:
    cloud = Cloud(services=3)
    secret = Secret(WRONG)
    async with client_for(cloud, by_account(secret)) as fixture:
        await fixture.failure()
        secret.value = Account("admin", "wrong again")
        await fixture.failure()
        await fixture.failure()
        assert cloud.operations == {LOG_IN: 2}

        secret.value = ADMIN
        assert len((await fixture.services()).services) == 3

    assert cloud.operations == {LOG_IN: 3, QUERY: 1}


async def test_password_changed_on_the_platform_is_noticed_when_the_session_ends() -> None:
    cloud = Cloud(services=3)
    async with client_for(cloud, by_account()) as fixture:
        await fixture.services()
        cloud.accounts["admin"] = Known("admin", "another")
        cloud.sessions.clear()
        for _ in range(3):
            assert (await fixture.failure()).code == "ID.1000"

    assert cloud.operations[LOG_IN] == 2


async def test_login_is_never_repeated_within_a_poll() -> None:
    troubles = [
        Fault.reset(operation=LOG_IN, times=1),
        Fault.text(500, operation=LOG_IN, times=1),
        Fault.html(502, operation=LOG_IN, times=1),
        Fault.rate_limited(operation=LOG_IN, times=1),
        Fault.not_ready(operation=LOG_IN, times=1),
        Fault.text(200, "{", operation=LOG_IN, times=1),
    ]
    for number, trouble in enumerate(troubles):
        cloud = Cloud(services=3, faults=[trouble])
        async with client_for(cloud, by_account()) as fixture:
            await fixture.failure()
            assert cloud.operations == {LOG_IN: 1}, number
            assert len((await fixture.services()).services) == 3


async def test_login_on_a_connection_that_was_open_is_not_repeated_either() -> None:
    cloud = Cloud(services=3)
    async with client_for(cloud, by_account()) as fixture:
        await fixture.services()
        cloud.sessions.clear()
        cloud.faults.append(Fault.reset(operation=LOG_IN))
        assert isinstance(await fixture.failure(), UnreachableError)

    assert cloud.operations[LOG_IN] == 2


async def test_missing_file_is_an_error_that_names_it(tmp_path: Path) -> None:
    secret = tmp_path / "password"

    async def read() -> Account:
        return Account("admin", await asyncio.to_thread(secret.read_text))

    cloud = Cloud(services=3)
    async with client_for(cloud, by_account(read)) as fixture:
        error = await fixture.failure()
        assert isinstance(error, CredentialsError)
        assert str(secret) in str(error)
        assert not cloud.requests

        await asyncio.to_thread(secret.write_text, "password")
        assert len((await fixture.services()).services) == 3


async def test_unreadable_credentials_leave_the_session_open() -> None:
    cloud = Cloud(services=3)
    secret = Secret(ADMIN)
    async with client_for(cloud, by_account(secret)) as fixture:
        await fixture.services()
        secret.trouble = OSError(errno.EACCES, "Permission denied", "/run/secrets/zstack")
        assert "/run/secrets/zstack: Permission denied" in str(await fixture.failure())
        secret.trouble = None
        await fixture.services()

    assert cloud.operations == {LOG_IN: 1, QUERY: 2}


async def test_locked_account_is_left_alone_until_its_seconds_are_over(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    cloud = Cloud(services=3, lock_after=1, lock_seconds=42)
    secret = Secret(WRONG)
    async with client_for(cloud, by_account(secret)) as fixture:
        await fixture.failure()
        secret.value = ADMIN
        error = await fixture.failure()
        assert isinstance(error, LockedError)
        assert error.code == "LOGIN_CONTROL.1002"
        assert 40 < error.seconds <= 42

        for _ in range(3):
            assert isinstance(await fixture.failure(), LockedError)
        assert cloud.operations == {LOG_IN: 2}

        elapsed, now = time.clock_gettime, time.time
        monkeypatch.setattr(time, "clock_gettime", lambda clock: elapsed(clock) + 43)
        cloud.now = lambda: now() + 43
        assert len((await fixture.services()).services) == 3

    assert cloud.operations == {LOG_IN: 3, QUERY: 1}


@pytest.mark.parametrize(
    ("details", "seconds"),
    [
        ("the identity[admin] is locked, remaining time: 42 seconds", 42),
        ("the identity[host2s] is locked, remaining time: 42 seconds", 42),
        ("账户[admin7]已被锁定 剩余时间 42 秒", 42),
        ("account admin is locked: 42", 42),
        ("the identity is locked", 600),
        (None, 600),
    ],
)
async def test_seconds_of_a_lock_are_found_in_any_words(
    details: str | None, seconds: float
) -> None:
    cloud = Cloud(faults=[Fault.error("LOGIN_CONTROL.1002", details, operation=LOG_IN)])
    async with client_for(cloud, by_account()) as fixture:
        error = await fixture.failure()

    assert isinstance(error, LockedError)
    assert error.seconds == seconds


async def test_lock_of_no_time_is_over_at_the_next_poll() -> None:
    lock = Fault.error("LOGIN_CONTROL.1002", "remaining time: 0 s", operation=LOG_IN, times=1)
    cloud = Cloud(services=3, faults=[lock])
    async with client_for(cloud, by_account()) as fixture:
        assert isinstance(await fixture.failure(), LockedError)
        assert len((await fixture.services()).services) == 3


async def test_too_many_sessions_may_pass_by_themselves() -> None:
    cloud = Cloud(services=3, max_sessions=0)
    async with client_for(cloud, by_account()) as fixture:
        error = await fixture.failure()
        assert (type(error), error.code) == (RejectedError, "ID.1006")
        assert cloud.operations == {LOG_IN: 1}

        cloud.max_sessions = 1
        assert len((await fixture.services()).services) == 3


@pytest.mark.parametrize(
    ("make_cloud", "code"),
    [
        (lambda: Cloud(two_factor=True), "ID.2001"),
        (lambda: Cloud(captcha=("uuid", "code")), "LOGIN_CONTROL.1005"),
        (lambda: Cloud(faults=[Fault.error("LOGIN_CONTROL.1000")]), "LOGIN_CONTROL.1000"),
        (lambda: Cloud(faults=[Fault.error("ID.1005")]), "ID.1005"),
        (lambda: Cloud(faults=[Fault.refused_address()]), "LOGIN_CONTROL.1004"),
    ],
    ids=["second factor", "captcha", "new password", "first password", "address"],
)
async def test_login_that_takes_a_person_is_tried_once(
    make_cloud: Callable[[], Cloud], code: str
) -> None:
    cloud = make_cloud()
    async with client_for(cloud, by_account()) as fixture:
        for _ in range(3):
            error = await fixture.failure()
            assert isinstance(error, UnauthorizedError)
            assert error.code == code

    assert cloud.operations == {LOG_IN: 1}


async def test_demand_for_a_new_password_keeps_the_session_and_costs_no_login() -> None:
    cloud = Cloud(services=3)
    async with client_for(cloud, by_account()) as fixture:
        await fixture.services()
        sessions = dict(cloud.sessions)
        cloud.faults.append(Fault.error("LOGIN_CONTROL.1000", operation=QUERY))
        for _ in range(3):
            error = await fixture.failure()
            assert isinstance(error, UnauthorizedError)
            assert error.code == "LOGIN_CONTROL.1000"
        cloud.faults.clear()  # it has been given one
        await fixture.services()
        assert cloud.sessions == sessions

    assert cloud.operations[LOG_IN] == 1


async def test_denial_keeps_the_session() -> None:
    cloud = Cloud(services=3, faults=[Fault.error("ID.1002", operation=QUERY, times=1)])
    async with client_for(cloud, by_account()) as fixture:
        assert isinstance(await fixture.failure(), DeniedError)
        await fixture.services()

    assert cloud.operations[LOG_IN] == 1


async def test_close_logs_out() -> None:
    cloud = Cloud(services=3)
    async with client_for(cloud, by_account()) as fixture:
        await fixture.services()
        assert len(cloud.sessions) == 1
        await fixture.client.close()
        await fixture.client.close()

    assert not cloud.sessions
    assert cloud.operations[LOG_OUT] == 1
    assert cloud.requests[-1].status == 200


async def test_session_whose_log_out_was_given_up_is_closed_at_the_end() -> None:
    cloud = Cloud(services=3)
    async with client_for(cloud, by_account()) as fixture:
        await fixture.services()
        hang = Fault.hang(operation=LOG_OUT, times=1)
        cloud.faults.append(hang)
        closing = asyncio.create_task(fixture.client.close())
        while not hang.struck:  # noqa: ASYNC110 - the platform makes it so
            await asyncio.sleep(0.001)
        closing.cancel()
        await asyncio.wait({closing})
        assert len(cloud.sessions) == 1
        await fixture.client.close()

    assert not cloud.sessions
    assert cloud.operations[LOG_OUT] == 2


async def test_close_without_a_session_asks_nothing() -> None:
    cloud = Cloud(services=3)
    async with client_for(cloud, by_account()) as fixture:
        await fixture.client.close()

    assert not cloud.requests


async def test_changed_credentials_are_used_after_the_old_session_is_logged_out() -> None:
    cloud = Cloud(services=3)
    cloud.accounts["other"] = Known("other", "secret", uuid="f" * 32)
    secret = Secret(ADMIN)
    async with client_for(cloud, by_account(secret)) as fixture:
        await fixture.services()
        secret.value = Account("other", "secret")
        await fixture.services()

    assert [request.operation for request in cloud.requests] == [
        LOG_IN, QUERY, LOG_OUT, LOG_IN, QUERY,
    ]  # fmt: skip
    assert [session.account.name for session in cloud.sessions.values()] == ["other"]


@pytest.mark.parametrize(
    "trouble",
    [Fault.hang, Fault.reset, Fault.not_ready, Fault.rate_limited, Fault.html],
    ids=lambda trouble: trouble.__name__,
)
async def test_log_out_that_fails_is_given_up_soon(trouble: type[Fault]) -> None:
    cloud = Cloud(services=3)
    async with client_for(cloud, by_account(log_out_seconds=0.05)) as fixture:
        await fixture.services()
        cloud.faults.append(trouble(operation=LOG_OUT))  # type: ignore[call-arg]
        async with asyncio.timeout(PATIENCE):  # which the hanging one outlasts
            await fixture.client.close()

    assert cloud.operations[LOG_OUT] == 1


async def test_poll_that_is_cancelled_can_still_log_out() -> None:
    cloud = Cloud(services=3)
    async with client_for(cloud, by_account()) as fixture:
        await fixture.services()
        arrived = asyncio.Event()
        cloud.faults += [Fault.changing(lambda _: arrived.set()), Fault.hang(operation=QUERY)]
        async with asyncio.TaskGroup() as tasks:
            poll = tasks.create_task(_poll_and_close(fixture))
            await arrived.wait()
            poll.cancel()

    assert not cloud.sessions


async def _poll_and_close(fixture: ClientFixture) -> None:
    try:
        await fixture.services()
    finally:
        await fixture.client.close()


async def test_accounts_that_exclude_each_other_each_get_their_list() -> None:
    cloud = Cloud(services=3, unique_session=True)
    async with client_for(cloud, by_account()) as one:
        other = AccountAuth(one.transport(), Secret(ADMIN))
        await other.refresh(QUERY_MODEL_SERVICE)
        await one.services()
        await other.headers(QUERY_MODEL_SERVICE)
        assert len((await one.services()).services) == 3

    assert cloud.operations[LOG_IN] == 3


async def test_login_that_may_pass_is_tried_at_the_next_poll() -> None:
    cloud = Cloud(services=3, ready=False)
    async with client_for(cloud, by_account()) as fixture:
        assert isinstance(await fixture.failure(), NotReadyError)
        cloud.ready = True
        assert len((await fixture.services()).services) == 3


def late_login(done: asyncio.Event, released: asyncio.Event) -> Fault:
    """The platform opens the session at once, and answers when `released` is set."""

    async def effect(exchange: Exchange) -> Answer:
        answer = await exchange.proceed()
        done.set()
        await released.wait()
        return answer

    return Fault("late", effect, operation=LOG_IN)


@asynccontextmanager
async def given_up_in_login() -> AsyncIterator[tuple[Cloud, ClientFixture, asyncio.Event]]:
    """A platform that opened a session for a poll that did not wait for it."""
    done, released = asyncio.Event(), asyncio.Event()
    cloud = Cloud(services=3, faults=[late_login(done, released)])
    async with client_for(
        cloud, lambda t: AccountAuth(t, Secret(ADMIN), log_out_seconds=0.2)
    ) as fixture:
        poll = asyncio.create_task(fixture.services())
        await done.wait()
        poll.cancel()
        with pytest.raises(asyncio.CancelledError):
            await poll
        assert len(cloud.sessions) == 1
        yield cloud, fixture, released


async def test_login_that_a_poll_gave_up_serves_the_next_poll() -> None:
    async with given_up_in_login() as (cloud, fixture, released):
        released.set()
        assert len((await fixture.services()).services) == 3
        assert cloud.operations[LOG_IN] == 1
        await fixture.client.close()
        assert not cloud.sessions


async def test_login_that_a_poll_gave_up_is_logged_out_at_the_end() -> None:
    async with given_up_in_login() as (cloud, fixture, released):
        closing = asyncio.create_task(fixture.client.close())
        released.set()
        await closing
        assert not cloud.sessions


async def test_login_that_never_answers_does_not_keep_the_end_waiting() -> None:
    async with given_up_in_login() as (cloud, fixture, _):
        await fixture.client.close()
        assert len(cloud.sessions) == 1


async def test_login_that_is_never_answered_is_given_up_and_tried_anew() -> None:
    cloud = Cloud(services=3, faults=[Fault.hang(operation=LOG_IN, times=1)])
    async with client_for(
        cloud, lambda t: AccountAuth(t, Secret(ADMIN), log_in_seconds=1.0)
    ) as fixture:
        error = await fixture.failure()
        assert (error.reason, error.operation.name) == ("timeout", LOG_IN)
        assert "the login was not answered within 1 seconds" in str(error)
        assert len((await fixture.services()).services) == 3


async def test_a_login_that_fails_between_two_polls_does_not_fail_the_next_one() -> None:
    cloud = Cloud(services=3, faults=[Fault.hang(operation=LOG_IN, times=1)])
    async with client_for(
        cloud, lambda t: AccountAuth(t, Secret(ADMIN), log_in_seconds=1.0)
    ) as fixture:

        async def ended() -> list[str]:
            return [exchange.operation.name for exchange in fixture.exchanges]

        async def received() -> int:
            return cloud.operations[LOG_IN]

        unretrieved: list[object] = []
        asyncio.get_running_loop().set_exception_handler(lambda _, what: unretrieved.append(what))
        poll = asyncio.create_task(fixture.services())
        await until_seen(received, bool)
        poll.cancel()  # as its deadline does
        await asyncio.gather(poll, return_exceptions=True)
        await until_seen(ended, bool)
        assert len((await fixture.services()).services) == 3
        del poll  # whose traceback holds the login
        gc.collect()
    assert unretrieved == []
    assert cloud.operations == {LOG_IN: 2, QUERY: 1}


async def test_a_refused_session_has_no_effect_on_the_next_login() -> None:
    cloud = Cloud(services=3)
    async with client_for(cloud, by_account()) as fixture:
        await fixture.services()
        cloud.faults.append(Fault.error("ID.2001", operation=QUERY, times=1))
        assert (await fixture.failure()).reason == "unauthorized"
        cloud.sessions.clear()
        assert len((await fixture.services()).services) == 3


@pytest.mark.parametrize("password", ["ab\udcff", "\ud800"])
def test_password_that_is_no_text_is_refused_and_not_quoted(password: str) -> None:
    with pytest.raises(ValueError, match="the password is not UTF-8 text") as caught:
        Account("admin", password)
    assert password not in repr(caught.value)
    assert caught.value.__cause__ is None


@pytest.mark.parametrize("uuid", ["a\nb", "a\x00", "a b", "../x", "", "ü"])
def test_session_that_no_header_can_carry_is_malformed(uuid: str) -> None:
    body = json.dumps({"inventory": {"uuid": uuid}}).encode()
    with pytest.raises(msgspec.ValidationError):
        session(body)
