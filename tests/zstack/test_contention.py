"""Platforms that allow an account one session: the exporter does not end others' over and over."""

import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass

import pytest

from exporter.simulator import Account as Known
from exporter.simulator import Cloud, Fault, serving
from exporter.zstack import QUERY_MODEL_SERVICE, Account
from exporter.zstack.contention import CALM_SECONDS, EARLY_ENDS, LONGEST_BACKOFF_SECONDS, Contention
from exporter.zstack.errors import ContendedError, SessionError
from tests.support.client_fixture import (
    ADMIN,
    LOG_IN,
    QUERY,
    ClientFixture,
    Secret,
    by_account,
    client_at,
    client_for,
)

MINUTE = 60


class Clock:
    """The clocks of the exporter and of the platform, put forward together."""

    def __init__(self) -> None:
        self.ahead = 0.0

    def forward(self, seconds: float) -> None:
        self.ahead += seconds

    def now(self) -> float:
        return time.time() + self.ahead


@pytest.fixture
def clock() -> Clock:
    return Clock()


@dataclass(frozen=True)
class Two:
    """Two pollers with one account at a platform that allows it one session."""

    cloud: Cloud
    one: ClientFixture
    other: ClientFixture

    async def polls_in_turn(self, clock: Clock, *, every: float = MINUTE) -> ContendedError:
        """The error of the first one, after enough polls of both that it backs off."""
        for _ in range(EARLY_ENDS):
            await self.one.services()
            await self.other.services()
            clock.forward(every)
        error = await self.one.failure()
        assert isinstance(error, ContendedError)
        return error

    @property
    def logins(self) -> int:
        return self.cloud.operations[LOG_IN]


@asynccontextmanager
async def two(clock: Clock) -> AsyncIterator[Two]:
    cloud = Cloud(services=3, unique_session=True, now=clock.now)
    async with (
        serving(cloud) as url,
        client_at(url, by_account(clock=clock.now)) as one,
        client_at(url, by_account(clock=clock.now)) as other,
    ):
        yield Two(cloud, one, other)


async def test_account_that_is_thrown_out_again_and_again_is_reported(clock: Clock) -> None:
    async with two(clock) as both:
        error = await both.polls_in_turn(clock)

    assert (error.reason, error.code, error.operation.name) == ("unauthorized", "ID.1001", QUERY)
    assert str(error) == (
        "ID.1001: somebody else logs in with this account and so ends its sessions, 3 in a row;"
        " no login for 10 minutes"
    )


async def test_account_that_is_thrown_out_again_and_again_backs_off(clock: Clock) -> None:
    async with two(clock) as both:
        await both.polls_in_turn(clock)
        logins = both.logins
        for _ in range(9):
            await both.other.services()
            assert isinstance(await both.one.failure(), ContendedError)
            clock.forward(MINUTE)

        assert both.logins == logins


async def test_the_session_that_stayed_is_not_ended_by_the_next_try(clock: Clock) -> None:
    async with two(clock) as both:
        await both.polls_in_turn(clock)
        clock.forward(CALM_SECONDS)
        for _ in range(5):
            await both.one.services()  # logs in, which ends the other session
            for _ in range(3):
                await both.other.services()
                assert isinstance(await both.one.failure(), ContendedError)
                clock.forward(MINUTE)
            clock.forward(LONGEST_BACKOFF_SECONDS)


async def test_backoff_grows_up_to_an_hour(clock: Clock) -> None:
    rests = []
    async with two(clock) as both:
        error = await both.polls_in_turn(clock)
        for _ in range(5):
            rests.append(str(error).rpartition("no login for ")[2])
            clock.forward(LONGEST_BACKOFF_SECONDS)
            await both.one.services()
            await both.other.services()
            failure = await both.one.failure()
            assert isinstance(failure, ContendedError)
            error = failure

    assert rests == ["10 minutes", "20 minutes", "40 minutes", "60 minutes", "60 minutes"]


async def test_the_count_is_reset_once_a_session_has_lasted(clock: Clock) -> None:
    async with two(clock) as both:
        await both.polls_in_turn(clock)
        clock.forward(CALM_SECONDS)
        await both.one.services()
        clock.forward(CALM_SECONDS)
        await both.other.services()
        await both.one.services()
        for _ in range(EARLY_ENDS - 1):
            await both.other.services()
            await both.one.services()


async def test_polls_resume_when_the_other_client_has_gone(clock: Clock) -> None:
    async with two(clock) as both:
        await both.polls_in_turn(clock)
        await both.other.client.close()
        clock.forward(CALM_SECONDS)
        logins = both.logins
        for _ in range(20):
            assert len((await both.one.services()).services) == 3
            clock.forward(MINUTE)

        assert both.logins == logins + 1


async def test_account_that_is_seldom_thrown_out_logs_in_again(clock: Clock) -> None:
    async with two(clock) as both:
        for _ in range(10):
            await both.one.services()
            await both.other.services()
            clock.forward(CALM_SECONDS)


async def test_sessions_that_expire_between_polls_do_not_count(clock: Clock) -> None:
    cloud = Cloud(services=3, session_timeout=30, now=clock.now)
    async with client_for(cloud, by_account(clock=clock.now)) as fixture:
        for _ in range(10):
            await fixture.services()
            await fixture.services()
            clock.forward(MINUTE)

    assert cloud.operations[LOG_IN] == 10


async def test_sessions_that_were_never_valid_do_not_count(clock: Clock) -> None:
    cloud = Cloud(services=3, faults=[Fault.expired(operation=QUERY)], now=clock.now)
    async with client_for(cloud, by_account(clock=clock.now)) as fixture:
        for _ in range(10):
            assert type(await fixture.failure()) is SessionError


async def test_other_credentials_may_log_in_at_once(clock: Clock) -> None:
    cloud = Cloud(services=3, unique_session=True, now=clock.now)
    cloud.accounts["exporter"] = Known("exporter", "secret", uuid="e" * 32)
    secret = Secret(ADMIN)
    async with (
        serving(cloud) as url,
        client_at(url, by_account(secret, clock=clock.now)) as one,
        client_at(url, by_account(clock=clock.now)) as other,
    ):
        await Two(cloud, one, other).polls_in_turn(clock)
        secret.value = Account("exporter", "secret")
        for _ in range(5):
            assert len((await one.services()).services) == 3
            assert len((await other.services()).services) == 3


ENDED = SessionError("ended", QUERY_MODEL_SERVICE, code="ID.1001")


def contended(now: list[float]) -> Contention:
    """Sessions ended early just often enough, at this time."""
    contention = Contention(lambda: now[0])
    for _ in range(EARLY_ENDS):
        contention.check()
        contention.ended(ENDED, lived=CALM_SECONDS - 1, lifetime=CALM_SECONDS)
    return contention


def test_a_login_may_be_tried_as_soon_as_the_backoff_ends() -> None:
    now = [1000.0]
    contention = contended(now)
    now[0] = 1000.0 + CALM_SECONDS - 0.5
    with pytest.raises(ContendedError) as caught:
        contention.check()
    assert caught.value.withheld_until == 1000.0 + CALM_SECONDS
    now[0] = 1000.0 + CALM_SECONDS
    contention.check()


@pytest.mark.parametrize(
    ("lived", "lifetime"), [(CALM_SECONDS, 2 * CALM_SECONDS), (30, 30), (0, 0)]
)
def test_a_session_that_lasted_as_long_as_it_should_begins_the_count_anew(
    lived: float, lifetime: float
) -> None:
    contention = Contention(lambda: 0.0)
    for _ in range(2):
        for _ in range(EARLY_ENDS - 1):
            contention.ended(ENDED, lived=CALM_SECONDS - 1, lifetime=CALM_SECONDS)
        contention.ended(ENDED, lived=lived, lifetime=lifetime)
    contention.check()


def test_backoff_grows_no_further_however_often_sessions_are_ended() -> None:
    now = [0.0]
    contention = contended(now)
    for _ in range(2000):
        contention.ended(ENDED, lived=0, lifetime=CALM_SECONDS)
    now[0] = LONGEST_BACKOFF_SECONDS
    contention.check()
