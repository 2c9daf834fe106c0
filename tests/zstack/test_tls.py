"""TLS: which servers the client trusts, and how it reports the others."""

import asyncio
import ssl
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime

import pytest
import trustme

from exporter.simulator import Cloud, serving
from exporter.state.hints import hint_for
from exporter.zstack.errors import UnreachableError
from tests.support.certificates import presenting, trusting
from tests.support.checking import checking_target
from tests.support.client_fixture import ClientFixture, client_at


@asynccontextmanager
async def client_over_tls(
    server: ssl.SSLContext, client: ssl.SSLContext
) -> AsyncIterator[ClientFixture]:
    async with (
        serving(Cloud(services=3), ssl_context=server) as url,
        client_at(url, tls=client) as fixture,
    ):
        yield fixture


async def test_certificate_of_a_private_authority_is_trusted(authority: trustme.CA) -> None:
    server = presenting(authority.issue_cert("127.0.0.1"))
    async with client_over_tls(server, trusting(authority)) as fixture:
        assert len((await fixture.services()).services) == 3


@pytest.mark.parametrize(
    ("hosts", "not_after", "words"),
    [
        (("127.0.0.1",), datetime(2020, 1, 1, tzinfo=UTC), "expired"),
        (("elsewhere.example",), None, "127.0.0.1"),
    ],
    ids=["expired", "wrong name"],
)
async def test_bad_certificate_is_reported(
    authority: trustme.CA, hosts: tuple[str, ...], not_after: datetime | None, words: str
) -> None:
    certificate = authority.issue_cert(
        *hosts, not_before=datetime(2019, 1, 1, tzinfo=UTC), not_after=not_after
    )
    async with client_over_tls(presenting(certificate), trusting(authority)) as fixture:
        error = await fixture.failure()

    assert isinstance(error, UnreachableError)
    assert str(error).startswith("TLS: ")
    assert words in str(error)
    assert str(error).isprintable()


async def test_unknown_authority_is_reported(authority: trustme.CA) -> None:
    server = presenting(authority.issue_cert("127.0.0.1"))
    async with client_over_tls(server, trusting(trustme.CA())) as fixture:
        error = await fixture.failure()

    assert isinstance(error, UnreachableError)
    assert str(error).startswith("TLS: ")
    assert "certificate" in str(error)


async def test_any_certificate_is_accepted_where_none_is_verified(authority: trustme.CA) -> None:
    unverified = ssl.create_default_context()
    unverified.check_hostname = False
    unverified.verify_mode = ssl.CERT_NONE
    server = presenting(authority.issue_cert("elsewhere.example"))
    async with client_over_tls(server, unverified) as fixture:
        assert len((await fixture.services()).services) == 3


async def test_clients_certificate_is_sent(authority: trustme.CA) -> None:
    server = presenting(authority.issue_cert("127.0.0.1"))
    authority.configure_trust(server)
    server.verify_mode = ssl.CERT_REQUIRED
    client = trusting(authority)
    authority.issue_cert("exporter.example").configure_cert(client)
    async with client_over_tls(server, client) as fixture:
        assert len((await fixture.services()).services) == 3


@pytest.mark.parametrize("newest", [ssl.TLSVersion.TLSv1_2, ssl.TLSVersion.TLSv1_3])
async def test_missing_clients_certificate_is_unreachable(
    authority: trustme.CA, newest: ssl.TLSVersion
) -> None:
    server = presenting(authority.issue_cert("127.0.0.1"))
    authority.configure_trust(server)
    server.verify_mode = ssl.CERT_REQUIRED
    server.maximum_version = newest
    async with client_over_tls(server, trusting(authority)) as fixture:
        error = await fixture.failure()

    assert isinstance(error, UnreachableError)
    assert str(error).isprintable()


async def test_plain_http_where_tls_is_expected_is_unreachable(authority: trustme.CA) -> None:
    async with (
        serving(Cloud()) as url,
        client_at(url.replace("http:", "https:"), tls=trusting(authority)) as fixture,
    ):
        error = await fixture.failure()

    assert isinstance(error, UnreachableError)
    assert str(error).isprintable()


async def test_tls_where_plain_http_is_expected_is_an_error(authority: trustme.CA) -> None:
    server = presenting(authority.issue_cert("127.0.0.1"))
    async with (
        serving(Cloud(), ssl_context=server) as url,
        client_at(url.replace("https:", "http:")) as fixture,
    ):
        error = await fixture.failure()

    assert error.reason in {"unreachable", "malformed"}


async def test_tls_to_a_port_of_plain_http_is_reported() -> None:
    async with serving(Cloud(services=3)) as url:
        secure = url.replace("http://", "https://")
        async with client_at(secure, tls=ssl.create_default_context()) as fixture:
            error = await fixture.failure()

    assert type(error) is UnreachableError
    assert str(error) == "TLS: the port does not speak TLS"
    assert "write http:// in url" in hint_for(error).fix


async def test_plain_http_to_a_port_of_tls_is_reported(authority: trustme.CA) -> None:
    server = presenting(authority.issue_cert("127.0.0.1"))
    async with (
        serving(Cloud(services=3), ssl_context=server) as url,
        client_at(url.replace("https://", "http://")) as fixture,
    ):
        error = await fixture.failure()

    assert type(error) is UnreachableError
    assert str(error) == "the server hung up without an answer"
    assert "https:// in url" in hint_for(error).fix


@asynccontextmanager
async def hanging_up(words: bytes, *, reads: bool = True) -> AsyncIterator[str]:
    """A server that ends each connection after these bytes, and after it received something."""

    async def hang_up(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        if reads:
            await reader.read(1 << 14)
        writer.write(words)
        writer.close()

    async with await asyncio.start_server(hang_up, "127.0.0.1", 0) as server:
        yield f"https://127.0.0.1:{server.sockets[0].getsockname()[1]}"


HANG_UPS = {
    "at once": (b"", False),
    "after the client's hello": (b"", True),
    "after half a record": (bytes.fromhex("160303004a0200"), True),
}


@pytest.mark.parametrize(("words", "reads"), HANG_UPS.values(), ids=HANG_UPS)
async def test_server_that_hangs_up_during_the_handshake_is_reported(
    words: bytes, *, reads: bool
) -> None:
    async with hanging_up(words, reads=reads) as url:
        async with client_at(url) as fixture:
            error = await fixture.failure()
        found = (await checking_target(url)).failure

    assert str(error) == "TLS: the server hung up during the TLS handshake"
    assert (found["step"], found["found"]) == ("tls", "the server hung up during the TLS handshake")
    for hint in (hint_for(error).fix, found["fix"]):
        assert "1.2 or newer" in hint
        assert "behind the balancer" in hint


async def test_no_version_of_tls_in_common_is_reported() -> None:
    alert = bytes.fromhex("15030100020246")  # fatal, protocol_version (RFC 8446, 6)
    async with hanging_up(alert) as url:
        async with client_at(url) as fixture:
            error = await fixture.failure()
        found = (await checking_target(url)).failure

    assert str(error) == "TLS: the two sides have no version of TLS in common"
    assert found["found"] == "the two sides have no version of TLS in common"
    for hint in (hint_for(error).fix, found["fix"]):
        assert "enable TLS 1.2 or newer" in hint
