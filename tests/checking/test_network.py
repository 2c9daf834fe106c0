"""What the check finds on the way to the platform."""

import socket
import ssl
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
import trustme

from exporter.simulator import Cloud, serving

from .trying import checking_target


@pytest.fixture(scope="module")
def authority() -> trustme.CA:
    return trustme.CA()


@pytest.fixture
def ca_file(authority: trustme.CA, tmp_path: Path) -> str:
    file = tmp_path / "ca.pem"
    authority.cert_pem.write_to_path(file)
    return str(file)


def presenting(certificate: trustme.LeafCert) -> ssl.SSLContext:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    certificate.configure_cert(context)
    return context


@pytest.fixture
def silent() -> Iterator[int]:
    """A port that takes connections and never says a word."""
    with socket.create_server(("127.0.0.1", 0)) as listening:
        yield listening.getsockname()[1]


async def test_a_name_that_nobody_knows() -> None:
    told = (await checking_target("http://nowhere.invalid:8080")).broken
    assert told["step"] == "dns"
    assert "nowhere.invalid" in told["found"]
    assert "the host in url" in told["mend"]


async def test_a_host_that_is_no_name() -> None:
    told = (await checking_target(f"http://{'a' * 70}.example:8080")).broken
    assert told["step"] == "dns"


async def test_a_port_where_nobody_listens() -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
    told = await checking_target(f"http://127.0.0.1:{port}")
    assert told.broken["step"] == "tcp"
    assert told.broken["found"] == f"127.0.0.1:{port}: connection refused"
    assert "8080" in told.broken["mend"]
    assert told.steps["the rest"]["found"] == "not tried, as tcp failed"


async def test_an_address_of_ipv6() -> None:
    with socket.create_server(("::1", 0), family=socket.AF_INET6) as taken:
        port = taken.getsockname()[1]
    told = await checking_target(f"http://[::1]:{port}")
    assert told.broken["found"] == f"[::1]:{port}: connection refused"


async def test_a_platform_that_never_answers(silent: int) -> None:
    told = await checking_target(f"http://127.0.0.1:{silent}", timeout=0.3)
    assert told.broken["step"] == "platform"
    assert "not done within 0.3 s" in told.broken["found"]


async def test_a_certificate_that_is_good_is_told_with_its_days(
    authority: trustme.CA, ca_file: str
) -> None:
    end = datetime.now(UTC) + timedelta(days=100, hours=1)
    tls = presenting(authority.issue_cert("127.0.0.1", not_after=end))
    async with serving(Cloud(services=3), ssl_context=tls) as url:
        told = await checking_target(url, ca_file=ca_file)
    assert told.ready
    assert told.outcomes["certificates"] == "pass"
    assert told.outcomes["tls"] == "pass"
    assert f"{end:%Y-%m-%d}, in 100 days" in told.steps["tls"]["found"]


async def test_a_certificate_that_ends_soon_is_a_warning(
    authority: trustme.CA, ca_file: str
) -> None:
    end = datetime.now(UTC) + timedelta(days=5, hours=1)
    tls = presenting(authority.issue_cert("127.0.0.1", not_after=end))
    async with serving(Cloud(services=3), ssl_context=tls) as url:
        told = await checking_target(url, ca_file=ca_file)
    assert told.ready
    assert told.outcomes["tls"] == "warn"
    assert told.steps["tls"]["mend"] == "renew the platform's certificate"


async def test_a_certificate_that_has_expired(authority: trustme.CA, ca_file: str) -> None:
    end = datetime(2020, 1, 1, tzinfo=UTC)
    begin = end - timedelta(days=30)
    tls = presenting(authority.issue_cert("127.0.0.1", not_before=begin, not_after=end))
    async with serving(Cloud(services=3), ssl_context=tls) as url:
        told = (await checking_target(url, ca_file=ca_file)).broken
    assert (told["step"], told["found"]) == ("tls", "the certificate has expired")


async def test_a_certificate_that_is_not_valid_yet(authority: trustme.CA, ca_file: str) -> None:
    begin = datetime.now(UTC) + timedelta(days=2)
    end = begin + timedelta(days=30)
    tls = presenting(authority.issue_cert("127.0.0.1", not_before=begin, not_after=end))
    async with serving(Cloud(services=3), ssl_context=tls) as url:
        told = (await checking_target(url, ca_file=ca_file)).broken
    assert (told["step"], told["found"]) == ("tls", "the certificate is not valid yet")
    assert "clocks" in told["mend"]


async def test_a_certificate_for_another_name(authority: trustme.CA, ca_file: str) -> None:
    tls = presenting(authority.issue_cert("elsewhere.example"))
    async with serving(Cloud(services=3), ssl_context=tls) as url:
        told = (await checking_target(url, ca_file=ca_file)).broken
    assert (told["step"], told["found"]) == ("tls", "the certificate is not for 127.0.0.1")
    assert "the host in url" in told["mend"]


async def test_a_certificate_of_an_authority_that_is_not_trusted(authority: trustme.CA) -> None:
    tls = presenting(authority.issue_cert("127.0.0.1"))
    async with serving(Cloud(services=3), ssl_context=tls) as url:
        told = (await checking_target(url)).broken
    assert told["step"] == "tls"
    assert "not trusted" in told["found"]
    assert "ca_file" in told["mend"]


async def test_a_certificate_that_nobody_verifies_is_a_warning(authority: trustme.CA) -> None:
    tls = presenting(authority.issue_cert("elsewhere.example"))
    async with serving(Cloud(services=3), ssl_context=tls) as url:
        told = await checking_target(url, insecure_skip_verify=True)
    assert told.ready
    assert told.outcomes["tls"] == "warn"
    assert "not verified" in told.steps["tls"]["found"]


async def test_a_certificate_that_is_asked_of_us(
    authority: trustme.CA, ca_file: str, tmp_path: Path
) -> None:
    tls = presenting(authority.issue_cert("127.0.0.1"))
    tls.verify_mode = ssl.CERT_REQUIRED
    authority.configure_trust(tls)
    async with serving(Cloud(services=3), ssl_context=tls) as url:
        told = (await checking_target(url, ca_file=ca_file)).broken
        assert "client_cert_file" in told["mend"]

        ours = tmp_path / "ours.pem"
        authority.issue_cert("exporter.example").private_key_and_cert_chain_pem.write_to_path(ours)
        assert (await checking_target(url, ca_file=ca_file, client_cert_file=str(ours))).ready


async def test_https_to_a_port_of_plain_http() -> None:
    async with serving(Cloud(services=3)) as url:
        told = (await checking_target(url.replace("http:", "https:"))).broken
    assert told["step"] == "tls"
    assert told["mend"] == "write http:// in url"


async def test_plain_http_to_a_port_of_https(authority: trustme.CA) -> None:
    tls = presenting(authority.issue_cert("127.0.0.1"))
    async with serving(Cloud(services=3), ssl_context=tls) as url:
        told = (await checking_target(url.replace("https:", "http:"))).broken
    assert told["step"] == "platform"
    assert "https" in told["found"] + told["mend"]


async def test_a_silent_port_that_should_speak_tls(
    silent: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("exporter.checking.network.SECONDS", 0.3)
    told = (await checking_target(f"https://127.0.0.1:{silent}")).broken
    assert told["step"] == "tls"
    assert "no handshake" in told["found"]


async def test_through_a_proxy_it_is_the_proxy_that_must_be_reached() -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
    async with serving(Cloud(services=3)) as url:
        proxy = f"http://user:hunter2@127.0.0.1:{port}"
        told = await checking_target(url, proxy=proxy)
        assert told.broken["step"] == "tcp"
        assert "in proxy" in told.broken["mend"]
        assert "hunter2" not in str(told.document)
