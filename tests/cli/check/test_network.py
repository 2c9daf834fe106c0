"""What the check finds on the way to the platform."""

import socket
import ssl
import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, contextmanager, suppress
from datetime import UTC, datetime, timedelta
from ipaddress import IPv4Address
from pathlib import Path

import pytest
import trustme
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import rsa

from exporter.simulator import Cloud, serving
from tests.support.certificates import presenting
from tests.support.checking import checking_target


@pytest.fixture(scope="module")
def authority() -> trustme.CA:
    return trustme.CA()


@pytest.fixture
def ca_file(authority: trustme.CA, tmp_path: Path) -> str:
    file = tmp_path / "ca.pem"
    authority.cert_pem.write_to_path(file)
    return str(file)


def unencrypted(key: rsa.RSAPrivateKey) -> bytes:
    return key.private_bytes(
        serialization.Encoding.PEM,
        serialization.PrivateFormat.PKCS8,
        serialization.NoEncryption(),
    )


def self_signed(key: rsa.RSAPrivateKey) -> bytes:
    """A certificate for 127.0.0.1, good for a day."""
    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "127.0.0.1")])
    begin = datetime.now(UTC) - timedelta(hours=1)
    names = x509.SubjectAlternativeName([x509.IPAddress(IPv4Address("127.0.0.1"))])
    made = (
        x509.CertificateBuilder(name, name, key.public_key(), x509.random_serial_number())
        .not_valid_before(begin)
        .not_valid_after(begin + timedelta(days=1))
        .add_extension(names, critical=False)
        .sign(key, hashes.SHA256())
    )
    return made.public_bytes(serialization.Encoding.PEM)


@pytest.fixture
def silent() -> Iterator[int]:
    """A port that accepts connections and never answers."""
    with socket.create_server(("127.0.0.1", 0)) as listening:
        yield listening.getsockname()[1]


async def test_a_name_that_does_not_resolve() -> None:
    failure = (await checking_target("http://nowhere.invalid:8080")).failure
    assert failure["step"] == "dns"
    assert "nowhere.invalid" in failure["found"]
    assert "the host in url" in failure["fix"]


async def test_a_host_that_is_no_name() -> None:
    failure = (await checking_target(f"http://{'a' * 70}.example:8080")).failure
    assert failure["step"] == "dns"


async def test_a_name_server_that_never_answers(monkeypatch: pytest.MonkeyPatch) -> None:
    answered = threading.Event()
    monkeypatch.setattr(socket, "getaddrinfo", lambda *_, **__: answered.wait())
    monkeypatch.setattr("exporter.cli.check.network.SECONDS", 0.3)
    try:
        failure = (await checking_target("http://zstack.example:8080")).failure
    finally:
        answered.set()
    assert (failure["step"], failure["found"]) == ("dns", "zstack.example: no answer within 0.3 s")
    assert "name server" in failure["fix"]


async def test_a_name_is_reported_with_its_addresses() -> None:
    async with serving(Cloud(services=3)) as url:
        checked = await checking_target(url.replace("127.0.0.1", "localhost"))
    assert checked.ready
    assert "127.0.0.1" in checked.steps["dns"]["found"]


async def test_a_port_that_answers_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("exporter.cli.check.network.SECONDS", 0.3)
    with socket.create_server(("127.0.0.1", 0), backlog=0) as full, ExitStack() as waiting:
        for _ in range(4):  # the system takes no further connection then
            one = waiting.enter_context(socket.socket())
            one.settimeout(0)
            one.connect_ex(full.getsockname())
        failure = (await checking_target(f"http://127.0.0.1:{full.getsockname()[1]}")).failure
    assert failure["step"] == "tcp"
    assert "nothing answers within 0.3 s" in failure["found"]
    assert "firewall" in failure["fix"]


async def test_a_host_without_a_route() -> None:
    failure = (await checking_target("http://255.255.255.255:8080")).failure
    assert failure["step"] == "tcp"
    assert failure["found"] == "255.255.255.255:8080: network is unreachable"
    assert "the host in url" in failure["fix"]


async def test_a_port_without_a_listener() -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
    checked = await checking_target(f"http://127.0.0.1:{port}")
    assert checked.failure["step"] == "tcp"
    assert checked.failure["found"] == f"127.0.0.1:{port}: connection refused"
    assert "8080" in checked.failure["fix"]
    assert checked.steps["the rest"]["found"] == "not tried, as tcp failed"


async def test_an_address_of_ipv6() -> None:
    with socket.create_server(("::1", 0), family=socket.AF_INET6) as taken:
        port = taken.getsockname()[1]
    checked = await checking_target(f"http://[::1]:{port}")
    assert checked.failure["found"] == f"[::1]:{port}: connection refused"


async def test_a_platform_that_never_answers(silent: int) -> None:
    checked = await checking_target(f"http://127.0.0.1:{silent}", timeout=0.3)
    assert checked.failure["step"] == "platform"
    assert "not done within 0.3 s" in checked.failure["found"]


async def test_a_good_certificate_is_reported_with_its_days(
    authority: trustme.CA, ca_file: str
) -> None:
    end = datetime.now(UTC) + timedelta(days=100, hours=1)
    tls = presenting(authority.issue_cert("127.0.0.1", not_after=end))
    async with serving(Cloud(services=3), ssl_context=tls) as url:
        checked = await checking_target(url, ca_file=ca_file)
    assert checked.ready
    assert checked.outcomes["certificates"] == "pass"
    assert checked.outcomes["tls"] == "pass"
    assert f"{end:%Y-%m-%d}, in 100 days" in checked.steps["tls"]["found"]


async def test_a_certificate_that_ends_soon_is_a_warning(
    authority: trustme.CA, ca_file: str
) -> None:
    end = datetime.now(UTC) + timedelta(days=1, hours=1)
    tls = presenting(authority.issue_cert("127.0.0.1", not_after=end))
    async with serving(Cloud(services=3), ssl_context=tls) as url:
        checked = await checking_target(url, ca_file=ca_file)
    assert checked.ready
    assert checked.outcomes["tls"] == "warn"
    assert checked.steps["tls"]["found"].endswith(f"{end:%Y-%m-%d}, in 1 day")
    assert checked.steps["tls"]["fix"] == "renew the platform's certificate"


async def test_a_certificate_that_has_expired(authority: trustme.CA, ca_file: str) -> None:
    end = datetime(2020, 1, 1, tzinfo=UTC)
    begin = end - timedelta(days=30)
    tls = presenting(authority.issue_cert("127.0.0.1", not_before=begin, not_after=end))
    async with serving(Cloud(services=3), ssl_context=tls) as url:
        failure = (await checking_target(url, ca_file=ca_file)).failure
    assert (failure["step"], failure["found"]) == ("tls", "the certificate has expired")


async def test_a_certificate_that_is_not_valid_yet(authority: trustme.CA, ca_file: str) -> None:
    begin = datetime.now(UTC) + timedelta(days=2)
    end = begin + timedelta(days=30)
    tls = presenting(authority.issue_cert("127.0.0.1", not_before=begin, not_after=end))
    async with serving(Cloud(services=3), ssl_context=tls) as url:
        failure = (await checking_target(url, ca_file=ca_file)).failure
    assert (failure["step"], failure["found"]) == ("tls", "the certificate is not valid yet")
    assert "clocks" in failure["fix"]


async def test_a_certificate_for_another_name(authority: trustme.CA, ca_file: str) -> None:
    tls = presenting(authority.issue_cert("elsewhere.example"))
    async with serving(Cloud(services=3), ssl_context=tls) as url:
        failure = (await checking_target(url, ca_file=ca_file)).failure
    assert (failure["step"], failure["found"]) == ("tls", "the certificate is not for 127.0.0.1")
    assert "the host in url" in failure["fix"]


async def test_a_certificate_of_an_authority_that_is_not_trusted(authority: trustme.CA) -> None:
    tls = presenting(authority.issue_cert("127.0.0.1"))
    async with serving(Cloud(services=3), ssl_context=tls) as url:
        failure = (await checking_target(url)).failure
    assert failure["step"] == "tls"
    assert "not trusted" in failure["found"]
    assert "ca_file" in failure["fix"]


async def test_a_chain_with_a_gap(authority: trustme.CA, ca_file: str) -> None:
    issued = authority.create_child_ca().issue_cert("127.0.0.1")
    tls = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    with issued.private_key_pem.tempfile() as key, issued.cert_chain_pems[0].tempfile() as alone:
        tls.load_cert_chain(alone, key)
    async with serving(Cloud(services=3), ssl_context=tls) as url:
        failure = (await checking_target(url, ca_file=ca_file)).failure
    assert failure["step"] == "tls"
    assert "not trusted" in failure["found"]
    assert "intermediate certificates" in failure["fix"]


async def test_a_key_that_is_too_weak(tmp_path: Path) -> None:
    key, certificate = tmp_path / "weak.key", tmp_path / "weak.pem"
    weak = rsa.generate_private_key(65537, 1024)
    key.write_bytes(unencrypted(weak))
    certificate.write_bytes(self_signed(weak))
    tls = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    tls.set_ciphers("DEFAULT@SECLEVEL=0")
    tls.load_cert_chain(certificate, key)
    async with serving(Cloud(services=3), ssl_context=tls) as url:
        failure = (await checking_target(url, ca_file=str(certificate))).failure
    assert failure["step"] == "tls"
    assert "too weak" in failure["found"]
    assert "issued anew" in failure["fix"]


async def test_a_certificate_that_is_not_verified_is_a_warning(authority: trustme.CA) -> None:
    tls = presenting(authority.issue_cert("elsewhere.example"))
    async with serving(Cloud(services=3), ssl_context=tls) as url:
        checked = await checking_target(url, insecure_skip_verify=True)
    assert checked.ready
    assert checked.outcomes["tls"] == "warn"
    assert "not verified" in checked.steps["tls"]["found"]


async def test_a_required_client_certificate(
    authority: trustme.CA, ca_file: str, tmp_path: Path
) -> None:
    tls = presenting(authority.issue_cert("127.0.0.1"))
    tls.verify_mode = ssl.CERT_REQUIRED
    authority.configure_trust(tls)
    async with serving(Cloud(services=3), ssl_context=tls) as url:
        failure = (await checking_target(url, ca_file=ca_file)).failure
        assert "client_cert_file" in failure["fix"]

        ours = tmp_path / "ours.pem"
        authority.issue_cert("exporter.example").private_key_and_cert_chain_pem.write_to_path(ours)
        assert (await checking_target(url, ca_file=ca_file, client_cert_file=str(ours))).ready


@contextmanager
def handshaking(tls: ssl.SSLContext) -> Iterator[str]:
    """The URL of a server that only agrees on TLS, and sends an alert where it does not.

    asyncio's own keeps the alert to itself and hangs up.
    """

    def agree() -> None:
        with suppress(OSError):  # the test is over
            while True:
                connection, _ = listening.accept()
                with suppress(OSError), connection:
                    tls.wrap_socket(connection, server_side=True).recv(1)

    with socket.create_server(("127.0.0.1", 0)) as listening, ThreadPoolExecutor(1) as thread:
        thread.submit(agree)
        yield f"https://127.0.0.1:{listening.getsockname()[1]}"
        listening.shutdown(socket.SHUT_RDWR)


@pytest.mark.parametrize("version", [ssl.TLSVersion.TLSv1_2, ssl.TLSVersion.TLSv1_3])
@pytest.mark.parametrize(
    ("ours", "found", "hint"),
    [
        (None, "", "client_cert_file"),
        ("another authority's", "does not take the exporter's certificate", "client_cert_file"),
        ("expired", "the exporter's certificate has expired", "renew"),
    ],
    ids=["none", "another authority's", "an expired one"],
)
async def test_a_refused_client_certificate(
    version: ssl.TLSVersion,
    ours: str | None,
    found: str,
    hint: str,
    authority: trustme.CA,
    ca_file: str,
    tmp_path: Path,
) -> None:
    tls = presenting(authority.issue_cert("127.0.0.1"))
    tls.minimum_version = tls.maximum_version = version
    tls.verify_mode = ssl.CERT_REQUIRED
    authority.configure_trust(tls)
    past = datetime(2020, 1, 1, tzinfo=UTC)
    certificates = {
        "another authority's": trustme.CA().issue_cert("exporter.example"),
        "expired": authority.issue_cert(
            "exporter.example", not_before=past, not_after=past + timedelta(days=1)
        ),
    }
    settings = {"ca_file": ca_file}
    if ours is not None:
        file = tmp_path / "ours.pem"
        certificates[ours].private_key_and_cert_chain_pem.write_to_path(file)
        settings["client_cert_file"] = str(file)
    with handshaking(tls) as url:
        failure = (await checking_target(url, **settings)).failure
    assert failure["step"] == "tls"
    assert found in failure["found"]
    assert hint in failure["fix"]


async def test_tls_that_the_two_do_not_share(authority: trustme.CA, ca_file: str) -> None:
    tls = presenting(authority.issue_cert("127.0.0.1"))
    tls.maximum_version = ssl.TLSVersion.TLSv1_2
    tls.set_ciphers("AES128-SHA")
    with handshaking(tls) as url:
        failure = (await checking_target(url, ca_file=ca_file)).failure
    assert failure["step"] == "tls"
    assert "alert handshake failure" in failure["found"]
    assert "1.2 or newer" in failure["fix"]


async def test_https_to_a_port_of_plain_http() -> None:
    async with serving(Cloud(services=3)) as url:
        failure = (await checking_target(url.replace("http:", "https:"))).failure
    assert failure["step"] == "tls"
    assert failure["fix"] == "write http:// in url, or correct the port"


async def test_plain_http_to_a_port_of_https(authority: trustme.CA) -> None:
    tls = presenting(authority.issue_cert("127.0.0.1"))
    async with serving(Cloud(services=3), ssl_context=tls) as url:
        failure = (await checking_target(url.replace("https:", "http:"))).failure
    assert failure["step"] == "platform"
    assert "https" in failure["found"] + failure["fix"]


async def test_a_silent_port_that_should_speak_tls(
    silent: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("exporter.cli.check.network.SECONDS", 0.3)
    failure = (await checking_target(f"https://127.0.0.1:{silent}")).failure
    assert failure["step"] == "tls"
    assert "no handshake" in failure["found"]


async def test_through_a_proxy_it_is_the_proxy_that_must_be_reached() -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
    async with serving(Cloud(services=3)) as url:
        proxy = f"http://user:hunter2@127.0.0.1:{port}"
        checked = await checking_target(url, proxy=proxy)
        assert checked.failure["step"] == "tcp"
        assert "in proxy" in checked.failure["fix"]
        assert "hunter2" not in str(checked.document)
