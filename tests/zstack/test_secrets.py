"""No secret is in anything that an error could show."""

import hashlib

import pytest
import trustme

from exporter.simulator import Cloud, Fault
from exporter.zstack import AccessKey, Account, GivenSession, SessionAuth
from exporter.zstack.errors import ZStackError
from tests.support.certificates import trusting
from tests.support.client_fixture import (
    ClientFixture,
    MakeAuth,
    Secret,
    by_account,
    by_key,
    client_at,
    client_for,
    error_texts,
    replying,
)
from tests.support.proxy import proxying

PASSWORD = "c0rrect-horse"
DIGEST = hashlib.sha512(PASSWORD.encode()).hexdigest()
KEY_SECRET = "k3y-secret-that-signs"
SESSION = "5e551015e551015e551015e551015e55"
PROXY_LOGIN = "user:pr0xy-pass"

SECRETS = (PASSWORD, DIGEST, KEY_SECRET, SESSION, "pr0xy-pass", "OAuth", "Authorization")

WAYS: dict[str, MakeAuth] = {
    "account": by_account(Secret(Account("admin", PASSWORD))),
    "access key": by_key(AccessKey("1234567890abcdedfhij", KEY_SECRET)),
    "session": lambda _transport: SessionAuth(Secret(GivenSession(SESSION))),
}

TROUBLES = [
    Fault.reset(), Fault.reset_midway(0.1), Fault.truncated(), Fault.html(502), Fault.html(200),
    Fault.text(500), Fault.text(400, "bad"), Fault.error("ID.1000"), Fault.error("ID.1001"),
    Fault.error("LOGIN_CONTROL.1002"), Fault.text(403, "wrong accessKey signature"),
    Fault.text(403, "requestTimeTooSkewed"), Fault.rate_limited(), Fault.unsupported(),
    Fault.text(302), Fault.text(407), Fault.oversize(2 << 20), Fault.wrong_total(),
]  # fmt: skip


def assert_no_secret(error: ZStackError, fixture: ClientFixture) -> None:
    texts = error_texts(error) + repr(fixture.exchanges)
    for secret in (*SECRETS, *_sessions(fixture)):
        assert secret not in texts


def _sessions(fixture: ClientFixture) -> list[str]:
    return [cookie.value for cookie in fixture.http.cookie_jar]


@pytest.mark.parametrize("way", WAYS)
@pytest.mark.parametrize("trouble", TROUBLES, ids=lambda trouble: trouble.kind)
async def test_error_of_the_platform_holds_no_secret(trouble: Fault, way: str) -> None:
    cloud = Cloud(services=5, faults=[trouble])
    async with client_for(cloud, WAYS[way], max_response_bytes=1 << 20) as fixture:
        assert_no_secret(await fixture.failure(), fixture)


async def test_error_in_a_session_does_not_hold_it() -> None:
    cloud = Cloud(services=50)
    async with client_for(cloud, by_account()) as fixture:
        await fixture.services()
        (session,) = cloud.sessions
        cloud.faults.append(Fault.reset_midway())
        error = await fixture.failure()
        cloud.faults[:] = [Fault.reset(operation="LogOut")]
        await fixture.client.close()

    assert session not in error_texts(error)
    assert fixture.exchanges[-1].error is not None
    for exchange in fixture.exchanges:
        assert session not in repr(exchange)
        assert session not in (error_texts(exchange.error) if exchange.error else "")


@pytest.mark.parametrize("way", WAYS)
@pytest.mark.parametrize(
    "raw",
    [b"nonsense\r\n\r\n", b"HTTP/1.1 200 OK\r\nContent-Length: x\r\n\r\n", b""],
    ids=["no http", "no length", "nothing"],
)
async def test_error_about_the_connection_holds_no_secret(raw: bytes, way: str) -> None:
    async with replying(raw) as server, client_at(server.url, WAYS[way]) as fixture:
        assert_no_secret(await fixture.failure(), fixture)


@pytest.mark.parametrize("way", WAYS)
@pytest.mark.parametrize("url", ["http://127.0.0.1:1", "http://nowhere.invalid"])
async def test_error_about_the_route_holds_no_secret(url: str, way: str) -> None:
    async with client_at(url, WAYS[way]) as fixture:
        assert_no_secret(await fixture.failure(), fixture)


@pytest.mark.parametrize("scheme", ["http", "https"])
async def test_error_about_the_proxy_does_not_hold_its_password(
    scheme: str, authority: trustme.CA
) -> None:
    async with proxying(login="somebody:else") as proxy:
        through = proxy.url.replace("//", f"//{PROXY_LOGIN}@")
        async with client_at(
            f"{scheme}://127.0.0.1:1", WAYS["session"], proxy=through, tls=trusting(authority)
        ) as fixture:
            refused = await fixture.failure()
            assert_no_secret(refused, fixture)
    async with client_at("http://127.0.0.1:1", WAYS["session"], proxy=through) as fixture:
        gone = await fixture.failure()
        assert_no_secret(gone, fixture)

    assert (refused.reason, gone.reason) == ("unreachable", "unreachable")


@pytest.mark.parametrize(
    "credentials",
    [Account("admin", PASSWORD), AccessKey("id", KEY_SECRET), GivenSession(SESSION)],
    ids=lambda credentials: type(credentials).__name__,
)
def test_credentials_do_not_show_themselves(
    credentials: Account | AccessKey | GivenSession,
) -> None:
    assert not any(secret in repr(credentials) for secret in SECRETS)


def test_session_that_cannot_be_sent_is_not_quoted() -> None:
    with pytest.raises(ValueError, match="uuid") as caught:
        GivenSession(f"{SESSION}\n{SESSION}")

    assert SESSION not in error_texts(caught.value)


async def test_credentials_follow_no_redirect() -> None:
    moved = b"HTTP/1.1 307 Moved\r\nLocation: %b/zstack/v1/x\r\nContent-Length: 0\r\n\r\n"
    async with (
        replying(b"") as elsewhere,
        replying(moved % elsewhere.url.encode()) as server,
        client_at(server.url, by_account(Secret(Account("admin", PASSWORD)))) as fixture,
    ):
        assert_no_secret(await fixture.failure(), fixture)

    assert elsewhere.heads == []
