"""TLS: whom the client believes, and how it says whom not."""

import ssl
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime

import pytest
import trustme

from exporter.simulator import Cloud, serving
from exporter.zstack.errors import UnreachableError

from .asking import Asked, asking_at


def presenting(certificate: trustme.LeafCert) -> ssl.SSLContext:
    """How a server shows this certificate."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    certificate.configure_cert(context)
    return context


def trusting(authority: trustme.CA) -> ssl.SSLContext:
    """How a client believes what this authority signs."""
    context = ssl.create_default_context()
    authority.configure_trust(context)
    return context


@asynccontextmanager
async def asking_securely(server: ssl.SSLContext, client: ssl.SSLContext) -> AsyncIterator[Asked]:
    async with (
        serving(Cloud(services=3), ssl_context=server) as url,
        asking_at(url, tls=client) as asked,
    ):
        yield asked


async def test_certificate_of_a_private_authority_is_believed(authority: trustme.CA) -> None:
    server = presenting(authority.issue_cert("127.0.0.1"))
    async with asking_securely(server, trusting(authority)) as asked:
        assert len((await asked.services()).services) == 3


@pytest.mark.parametrize(
    ("hosts", "not_after", "words"),
    [
        (("127.0.0.1",), datetime(2020, 1, 1, tzinfo=UTC), "expired"),
        (("elsewhere.example",), None, "127.0.0.1"),
    ],
    ids=["expired", "wrong name"],
)
async def test_certificate_that_is_not_good_is_told(
    authority: trustme.CA, hosts: tuple[str, ...], not_after: datetime | None, words: str
) -> None:
    certificate = authority.issue_cert(
        *hosts, not_before=datetime(2019, 1, 1, tzinfo=UTC), not_after=not_after
    )
    async with asking_securely(presenting(certificate), trusting(authority)) as asked:
        error = await asked.failure()

    assert isinstance(error, UnreachableError)
    assert str(error).startswith("TLS: ")
    assert words in str(error)
    assert str(error).isprintable()


async def test_unknown_authority_is_told(authority: trustme.CA) -> None:
    server = presenting(authority.issue_cert("127.0.0.1"))
    async with asking_securely(server, trusting(trustme.CA())) as asked:
        error = await asked.failure()

    assert isinstance(error, UnreachableError)
    assert str(error).startswith("TLS: ")
    assert "certificate" in str(error)


async def test_any_certificate_will_do_where_none_is_verified(authority: trustme.CA) -> None:
    unverified = ssl.create_default_context()
    unverified.check_hostname = False
    unverified.verify_mode = ssl.CERT_NONE
    server = presenting(authority.issue_cert("elsewhere.example"))
    async with asking_securely(server, unverified) as asked:
        assert len((await asked.services()).services) == 3


async def test_clients_certificate_is_shown(authority: trustme.CA) -> None:
    server = presenting(authority.issue_cert("127.0.0.1"))
    authority.configure_trust(server)
    server.verify_mode = ssl.CERT_REQUIRED
    client = trusting(authority)
    authority.issue_cert("exporter.example").configure_cert(client)
    async with asking_securely(server, client) as asked:
        assert len((await asked.services()).services) == 3


@pytest.mark.parametrize("newest", [ssl.TLSVersion.TLSv1_2, ssl.TLSVersion.TLSv1_3])
async def test_missing_clients_certificate_is_unreachable(
    authority: trustme.CA, newest: ssl.TLSVersion
) -> None:
    server = presenting(authority.issue_cert("127.0.0.1"))
    authority.configure_trust(server)
    server.verify_mode = ssl.CERT_REQUIRED
    server.maximum_version = newest
    async with asking_securely(server, trusting(authority)) as asked:
        error = await asked.failure()

    assert isinstance(error, UnreachableError)
    assert str(error).isprintable()


async def test_plain_http_where_tls_is_expected_is_unreachable(authority: trustme.CA) -> None:
    async with (
        serving(Cloud()) as url,
        asking_at(url.replace("http:", "https:"), tls=trusting(authority)) as asked,
    ):
        error = await asked.failure()

    assert isinstance(error, UnreachableError)
    assert str(error).isprintable()


async def test_tls_where_plain_http_is_expected_is_an_error(authority: trustme.CA) -> None:
    server = presenting(authority.issue_cert("127.0.0.1"))
    async with (
        serving(Cloud(), ssl_context=server) as url,
        asking_at(url.replace("https:", "http:")) as asked,
    ):
        error = await asked.failure()

    assert error.reason in {"unreachable", "malformed"}


async def test_tls_to_a_port_of_plain_http_is_told_as_such() -> None:
    async with serving(Cloud(services=3)) as url:
        secure = url.replace("http://", "https://")
        async with asking_at(secure, tls=ssl.create_default_context()) as asked:
            error = await asked.failure()

    assert type(error) is UnreachableError
    assert str(error) == "TLS: the port does not speak TLS; is it plain http?"


async def test_plain_http_to_a_port_of_tls_is_told_as_such(authority: trustme.CA) -> None:
    server = presenting(authority.issue_cert("127.0.0.1"))
    async with (
        serving(Cloud(services=3), ssl_context=server) as url,
        asking_at(url.replace("https://", "http://")) as asked,
    ):
        error = await asked.failure()

    assert type(error) is UnreachableError
    assert "does it speak TLS" in str(error)
