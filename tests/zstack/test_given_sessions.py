"""A session that somebody else opened: used while it lasts, and left to them."""

import pytest

from exporter.simulator import Cloud
from exporter.zstack import GivenSession, SessionAuth
from exporter.zstack.errors import CredentialsError, SessionError

from .asking import ADMIN, LOG_IN, LOG_OUT, QUERY, Secret, asking, by_account


async def _session(cloud: Cloud) -> str:
    """A session as somebody opens it."""
    async with asking(cloud, by_account(Secret(ADMIN))) as somebody:
        await somebody.services()
    cloud.operations.clear()
    return next(iter(cloud.sessions))


async def test_given_session_is_used_and_not_logged_out() -> None:
    cloud = Cloud(services=3)
    secret = Secret(GivenSession(await _session(cloud)))
    async with asking(cloud, lambda _: SessionAuth(secret)) as asked:
        assert len((await asked.services()).services) == 3
        await asked.client.close()

    assert len(cloud.sessions) == 1
    assert cloud.operations == {QUERY: 1}


async def test_ended_session_is_not_shown_again_until_it_changes() -> None:
    cloud = Cloud(services=3)
    secret = Secret(GivenSession(await _session(cloud)))
    async with asking(cloud, lambda _: SessionAuth(secret)) as asked:
        cloud.sessions.clear()
        for _ in range(4):
            error = await asked.failure()
            assert (type(error), error.code) == (SessionError, "ID.1001")
        assert cloud.operations == {QUERY: 1}

        secret.value = GivenSession(await _session(cloud))
        assert len((await asked.services()).services) == 3

    assert cloud.operations[LOG_IN] == cloud.operations[LOG_OUT] == 0


@pytest.mark.parametrize("uuid", ["0123\n4567", "0123 4567", "\ud800"])
async def test_session_that_no_header_can_carry_is_refused_without_a_request(uuid: str) -> None:
    async def read() -> GivenSession:
        return GivenSession(uuid)

    cloud = Cloud(services=3)
    async with asking(cloud, lambda _: SessionAuth(read)) as asked:
        error = await asked.failure()

    assert isinstance(error, CredentialsError)
    assert "uuid" in str(error)
    assert uuid not in str(error)
    assert not cloud.requests
