"""A session that was opened elsewhere: used while it lasts, and never logged out."""

import pytest

from exporter.simulator import Cloud
from exporter.zstack import GivenSession, SessionAuth
from exporter.zstack.errors import CredentialsError, SessionError
from tests.support.client_fixture import (
    ADMIN,
    LOG_IN,
    LOG_OUT,
    QUERY,
    Secret,
    by_account,
    client_for,
)


async def _session(cloud: Cloud) -> str:
    """The uuid of a session that another client opened."""
    async with client_for(cloud, by_account(Secret(ADMIN))) as fixture:
        await fixture.services()
    cloud.operations.clear()
    return next(iter(cloud.sessions))


async def test_given_session_is_used_and_not_logged_out() -> None:
    cloud = Cloud(services=3)
    secret = Secret(GivenSession(await _session(cloud)))
    async with client_for(cloud, lambda _: SessionAuth(secret)) as fixture:
        assert len((await fixture.services()).services) == 3
        await fixture.client.close()

    assert len(cloud.sessions) == 1
    assert cloud.operations == {QUERY: 1}


async def test_ended_session_is_not_sent_again_until_it_changes() -> None:
    cloud = Cloud(services=3)
    secret = Secret(GivenSession(await _session(cloud)))
    async with client_for(cloud, lambda _: SessionAuth(secret)) as fixture:
        cloud.sessions.clear()
        for _ in range(4):
            error = await fixture.failure()
            assert (type(error), error.code) == (SessionError, "ID.1001")
        assert cloud.operations == {QUERY: 1}

        secret.value = GivenSession(await _session(cloud))
        assert len((await fixture.services()).services) == 3

    assert cloud.operations[LOG_IN] == cloud.operations[LOG_OUT] == 0


@pytest.mark.parametrize("uuid", ["0123\n4567", "0123 4567", "\ud800"])
async def test_session_that_no_header_can_carry_is_refused_without_a_request(uuid: str) -> None:
    async def read() -> GivenSession:
        return GivenSession(uuid)

    cloud = Cloud(services=3)
    async with client_for(cloud, lambda _: SessionAuth(read)) as fixture:
        error = await fixture.failure()

    assert isinstance(error, CredentialsError)
    assert "uuid" in str(error)
    assert uuid not in str(error)
    assert not cloud.requests


async def test_a_text_that_the_platform_wrote_is_shown_without_the_session() -> None:
    cloud = Cloud(services=3)
    session = await _session(cloud)
    async with client_for(cloud, lambda _: SessionAuth(Secret(GivenSession(session)))) as fixture:
        await fixture.services()
        assert fixture.client.redact(f"2017/11/14 {session}") == "2017/11/14 ***"
