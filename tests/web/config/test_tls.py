"""TLS: versions, suites and curves, and which client certificates are accepted."""

import asyncio
import ssl
from datetime import UTC, datetime, timedelta
from pathlib import Path

import aiohttp
import pytest
import trustme
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec

from exporter.settings import SettingsError
from exporter.web.config.reading import read
from tests.support.material import Material, inline

from .guarded_server import OPEN, Guarded, guarded, trusting

TLS = "tls_server_config:\n  cert_file: c.pem\n  key_file: k.pem\n"
CLIENTS = TLS + "  client_ca_file: ca.pem\n  client_auth_type: RequireAndVerifyClientCert\n"
OPTIONAL = CLIENTS.replace("RequireAndVerifyClientCert", "VerifyClientCertIfGiven")


async def handshake(server: Guarded, tls: ssl.SSLContext) -> ssl.SSLObject:
    """The agreed connection. Raises OSError, which SSLError is, if the handshake fails."""
    _, writer = await asyncio.open_connection("127.0.0.1", server.port, ssl=tls)
    agreed = writer.get_extra_info("ssl_object")
    writer.close()
    await writer.wait_closed()
    assert isinstance(agreed, ssl.SSLObject)
    return agreed


async def refuses(server: Guarded, tls: ssl.SSLContext) -> bool:
    """Whether this client can send no request; with TLS 1.3 it gets the error late."""
    try:
        await server.ask(tls=tls)
    except (aiohttp.ClientError, OSError):
        return True
    return False


async def test_requests_are_answered_over_tls_and_not_without(material: Material) -> None:
    async with guarded(material.write(TLS)) as server:
        assert (await server.ask(tls=trusting(material))).text == "fine\n"
        refused = await server.ask()
        assert refused.status == 400
        assert "https://" in refused.text


@pytest.mark.parametrize("certificate", ["inline", "both"])
async def test_the_certificate_may_be_inline_or_with_its_key(
    material: Material, certificate: str
) -> None:
    text = {
        "inline": "tls_server_config:\n"
        + inline("cert", material.text("c.pem"))
        + inline("key", material.text("k.pem")),
        "both": "tls_server_config: {cert_file: both.pem, key_file: both.pem}\n",
    }[certificate]
    async with guarded(material.write(text)) as server:
        assert (await server.ask(tls=trusting(material))).status == 200


async def test_paths_begin_at_the_files_folder(
    material: Material, monkeypatch: pytest.MonkeyPatch
) -> None:
    material.write(TLS)
    monkeypatch.chdir(material.folder.parent)
    web = await asyncio.to_thread(read, Path(material.folder.name) / "web.yml")
    assert web.tls is not None


@pytest.mark.parametrize(
    ("key", "version", "spoken"),
    [
        ("min_version", "TLS13", "TLSv1.3"),
        ("max_version", "TLS12", "TLSv1.2"),
        ("min_version", "TLS12", "TLSv1.3"),
    ],
)
async def test_versions(material: Material, key: str, version: str, spoken: str) -> None:
    async with guarded(material.write(f"{TLS}  {key}: {version}\n")) as server:
        assert (await handshake(server, trusting(material))).version() == spoken


async def test_a_client_with_too_old_a_version_is_refused(material: Material) -> None:
    client = trusting(material)
    client.maximum_version = ssl.TLSVersion.TLSv1_2
    async with guarded(material.write(TLS + "  min_version: TLS13\n")) as server:
        assert await refuses(server, client)


async def test_cipher_suites_of_tls_1_2(material: Material) -> None:
    client = trusting(material)
    client.maximum_version = ssl.TLSVersion.TLSv1_2
    client.set_ciphers("ECDHE-ECDSA-AES128-SHA:ECDHE-ECDSA-AES256-GCM-SHA384")
    suites = "TLS_ECDHE_ECDSA_WITH_AES_128_CBC_SHA, TLS_AES_128_GCM_SHA256"
    async with guarded(material.write(f"{TLS}  cipher_suites: [{suites}]\n")) as server:
        agreed = (await handshake(server, client)).cipher()
        assert agreed
        assert agreed[0] == "ECDHE-ECDSA-AES128-SHA"
        client.set_ciphers("ECDHE-ECDSA-AES256-GCM-SHA384")
        assert await refuses(server, client)
        assert (await handshake(server, trusting(material))).version() == "TLSv1.3"


async def test_suites_of_tls_1_3_alone_leave_no_other_version(material: Material) -> None:
    client = trusting(material)
    client.maximum_version = ssl.TLSVersion.TLSv1_2
    text = TLS + "  cipher_suites: [TLS_AES_128_GCM_SHA256]\n"
    async with guarded(material.write(text)) as server:
        assert await refuses(server, client)
        assert not await refuses(server, trusting(material))


@pytest.mark.parametrize(
    ("prefers", "agreed"),
    [
        ("true", "ECDHE-ECDSA-AES256-GCM-SHA384"),
        ("false", "ECDHE-ECDSA-AES128-GCM-SHA256"),
    ],
)
async def test_the_preferred_order_of_suites_is_a_setting(
    material: Material, prefers: str, agreed: str
) -> None:
    client = trusting(material)
    client.maximum_version = ssl.TLSVersion.TLSv1_2
    client.set_ciphers("ECDHE-ECDSA-AES128-GCM-SHA256:ECDHE-ECDSA-AES256-GCM-SHA384")
    ours = "TLS_ECDHE_ECDSA_WITH_AES_256_GCM_SHA384, TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256"
    text = f"{TLS}  cipher_suites: [{ours}]\n  prefer_server_cipher_suites: {prefers}\n"
    async with guarded(material.write(text)) as server:
        cipher = (await handshake(server, client)).cipher()
        assert cipher
        assert cipher[0] == agreed


async def test_the_curve_is_the_only_one(material: Material) -> None:
    async with guarded(material.write(TLS + "  curve_preferences: [CurveP384]\n")) as server:
        client = trusting(material)
        client.set_ecdh_curve("secp384r1")
        assert not await refuses(server, client)
        client.set_ecdh_curve("prime256v1")
        assert await refuses(server, client)


async def test_http_1_1_is_negotiated(material: Material) -> None:
    client = trusting(material)
    client.set_alpn_protocols(["h2", "http/1.1"])
    async with guarded(material.write(TLS)) as server:
        assert (await handshake(server, client)).selected_alpn_protocol() == "http/1.1"


async def test_required_clients(material: Material) -> None:
    ours = material.authority.issue_cert("prometheus.example")
    foreign = trustme.CA().issue_cert("prometheus.example")
    async with guarded(material.write(CLIENTS)) as server:
        assert not await refuses(server, trusting(material, ours))
        assert await refuses(server, trusting(material))
        assert await refuses(server, trusting(material, foreign))


async def test_clients_verified_if_they_have_a_certificate(material: Material) -> None:
    ours = material.authority.issue_cert("prometheus.example")
    foreign = trustme.CA().issue_cert("prometheus.example")
    async with guarded(material.write(OPTIONAL)) as server:
        assert not await refuses(server, trusting(material, ours))
        assert not await refuses(server, trusting(material))
        assert await refuses(server, trusting(material, foreign))


async def test_an_expired_client_is_refused(material: Material) -> None:
    expired = material.authority.issue_cert(
        "prometheus.example",
        not_before=datetime(2019, 1, 1, tzinfo=UTC),
        not_after=datetime(2020, 1, 1, tzinfo=UTC),
    )
    async with guarded(material.write(CLIENTS)) as server:
        assert await refuses(server, trusting(material, expired))


async def test_an_authority_below_another_is_trusted_alone(material: Material) -> None:
    below = material.authority.create_child_ca()
    (material.folder / "ca.pem").write_bytes(below.cert_pem.bytes())
    async with guarded(material.write(CLIENTS)) as server:
        assert not await refuses(server, trusting(material, below.issue_cert("a.example")))
        sibling = material.authority.create_child_ca()
        assert await refuses(server, trusting(material, sibling.issue_cert("a.example")))
        assert await refuses(server, trusting(material, material.authority.issue_cert("a.example")))


def with_uri(material: Material, uri: str) -> trustme.LeafCert:
    """A certificate with a URI, which trustme does not make."""
    key = ec.generate_private_key(ec.SECP256R1())
    authority = x509.load_pem_x509_certificate(material.authority.cert_pem.bytes())
    signing = serialization.load_pem_private_key(material.authority.private_key_pem.bytes(), None)
    assert isinstance(signing, ec.EllipticCurvePrivateKey)
    now = datetime.now(UTC)
    certificate = (
        x509.CertificateBuilder()
        .subject_name(x509.Name([]))
        .issuer_name(authority.subject)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - timedelta(days=1))
        .not_valid_after(now + timedelta(days=1))
        .add_extension(
            x509.SubjectAlternativeName([x509.UniformResourceIdentifier(uri)]), critical=True
        )
        .sign(signing, hashes.SHA256())
    )
    pem = serialization.Encoding.PEM
    return trustme.LeafCert(
        key.private_bytes(pem, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()),
        certificate.public_bytes(pem),
        [],
    )


@pytest.mark.parametrize(
    "name",
    ["prometheus.example", "10.1.2.3", "2001:db8::1", "ops@example.org", "spiffe://lab/prometheus"],
)
async def test_clients_are_admitted_by_any_kind_of_name(material: Material, name: str) -> None:
    listed = CLIENTS + f"  client_allowed_sans: [other.example, '{name}']\n"
    certificate = with_uri(material, name) if "//" in name else material.authority.issue_cert(name)
    async with guarded(material.write(listed)) as server:
        assert (await server.ask(tls=trusting(material, certificate))).status == 200


@pytest.mark.parametrize("path", ["/", "/stream", "/nowhere", OPEN])
async def test_a_client_of_another_name_gets_403_everywhere(material: Material, path: str) -> None:
    listed = CLIENTS + "  client_allowed_sans: [prometheus.example]\n"
    for name in ("other.example", "prometheus.example.org", "sub.prometheus.example"):
        certificate = material.authority.issue_cert(name)
        async with guarded(material.write(listed)) as server:
            answer = await server.ask(path, tls=trusting(material, certificate))
            assert answer.status == 403
            assert answer.closes
            assert answer.text == "Forbidden\n"


async def test_a_common_name_does_not_count(material: Material) -> None:
    listed = CLIENTS + "  client_allowed_sans: [prometheus]\n"
    certificate = material.authority.issue_cert("other.example", common_name="prometheus")
    async with guarded(material.write(listed)) as server:
        assert (await server.ask(tls=trusting(material, certificate))).status == 403


async def test_an_empty_list_of_names_admits_no_client(material: Material) -> None:
    certificate = material.authority.issue_cert("prometheus.example")
    async with guarded(material.write(CLIENTS + "  client_allowed_sans: []\n")) as server:
        assert (await server.ask(tls=trusting(material, certificate))).status == 403


async def test_an_encrypted_key_is_refused(material: Material) -> None:
    with pytest.raises(SettingsError, match=r"key_file: is encrypted") as refusal:
        await asyncio.to_thread(read, material.write(TLS.replace("k.pem", "enc.pem")))
    assert len(refusal.value.faults) == 1


def test_every_fault_has_its_place_and_quotes_nothing(material: Material) -> None:
    secret = "hunter2-is-not-to-be-seen"
    text = f"""\
{secret} word: x
tls_server_config:
  cert_file: c.pem
  key: {secret}
  min_version: {secret}
http_server_config:
  http2: {secret}
  headers: {{X-Frame-Options: {secret}}}
rate_limit: {{interval: {secret}}}
basic_auth_users:
  prometheus: {secret}
"""
    file = material.write(text)
    with pytest.raises(SettingsError) as refusal:
        read(file)
    assert secret not in str(refusal.value)
    assert secret not in repr(refusal.value.faults)
    places = [fault.where.removeprefix(f"{file}, ") for fault in refusal.value.faults]
    assert sorted(places) == [
        "line 1, (a key not shown here)",
        "line 11, basic_auth_users.prometheus",
        "line 4, tls_server_config.key",
        "line 5, tls_server_config.min_version",
        "line 7, http_server_config.http2",
        "line 8, http_server_config.headers.X-Frame-Options",
        "line 9, rate_limit.interval",
    ]
