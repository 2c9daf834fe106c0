"""Certificates as private authorities issue them, each with the one fault that a test is about."""

import ssl
from datetime import UTC, datetime, timedelta
from ipaddress import IPv4Address
from pathlib import Path
from typing import Final, NamedTuple

import trustme
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding

_DAY: Final = timedelta(days=1)
_SEQUENCE: Final = 0x30
_VERSION_3: Final = bytes.fromhex("a003020102")
_ECDSA_SHA256: Final = bytes.fromhex("300a06082a8648ce3d040302")


class Issued(NamedTuple):
    """A certificate, its key, and the certificates that a server sends after its own."""

    certificate: x509.Certificate
    key: ec.EllipticCurvePrivateKey
    chain: tuple[x509.Certificate, ...] = ()

    @property
    def pem(self) -> bytes:
        return self.certificate.public_bytes(Encoding.PEM)

    def write(self, folder: Path, name: str) -> Path:
        """The certificate alone, as ca_file wants it."""
        file = folder / name
        file.write_bytes(self.pem)
        return file

    def presented(self, folder: Path) -> ssl.SSLContext:
        """How a server shows it."""
        file = folder / "server.pem"
        key = self.key.private_bytes(
            Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
        )
        chain = b"".join(each.public_bytes(Encoding.PEM) for each in self.chain)
        file.write_bytes(key + self.pem + chain)
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(file)
        return context


def authority(
    issuer: Issued | None = None, *, critical: bool = True, ca: bool = True, name: str = "Root"
) -> Issued:
    """An authority, its own issuer where there is no other."""
    constraints = x509.BasicConstraints(ca=ca, path_length=None)
    return _issue(name, issuer, [(constraints, critical)])


def version_1_authority() -> Issued:
    """An authority of the first version of X.509, which has no extensions."""
    made = _issue("Old root", None, [], identifiers=False)
    to_sign = _wrapped(_content(made.certificate.tbs_certificate_bytes).removeprefix(_VERSION_3))
    signed = made.key.sign(to_sign, ec.ECDSA(hashes.SHA256()))
    bits = bytes([0x03, *_length(len(signed) + 1), 0]) + signed
    return made._replace(
        certificate=x509.load_der_x509_certificate(_wrapped(to_sign + _ECDSA_SHA256 + bits))
    )


def server(issuer: Issued, *, identifiers: bool = True) -> Issued:
    """A certificate for 127.0.0.1, with or without an Authority Key Identifier."""
    names = x509.SubjectAlternativeName([x509.IPAddress(IPv4Address("127.0.0.1"))])
    return _issue("127.0.0.1", issuer, [(names, False)], identifiers=identifiers)


def presenting(certificate: trustme.LeafCert) -> ssl.SSLContext:
    """A server's context that presents this certificate."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    certificate.configure_cert(context)
    return context


def trusting(authority: trustme.CA) -> ssl.SSLContext:
    """A client's context that trusts this authority."""
    context = ssl.create_default_context()
    authority.configure_trust(context)
    return context


def _issue(
    name: str,
    issuer: Issued | None,
    extensions: list[tuple[x509.ExtensionType, bool]],
    *,
    identifiers: bool = True,
) -> Issued:
    key = ec.generate_private_key(ec.SECP256R1())
    signer = key if issuer is None else issuer.key
    subject = _name(name)
    begin = datetime.now(UTC) - _DAY
    builder = x509.CertificateBuilder(
        subject if issuer is None else issuer.certificate.subject,
        subject,
        key.public_key(),
        x509.random_serial_number(),
        begin,
        begin + 2 * _DAY,
    )
    if identifiers:
        own = x509.SubjectKeyIdentifier.from_public_key(key.public_key())
        signers = x509.AuthorityKeyIdentifier.from_issuer_public_key(signer.public_key())
        extensions = [*extensions, (own, False), (signers, False)]
    for extension, critical in extensions:
        builder = builder.add_extension(extension, critical=critical)
    return Issued(builder.sign(signer, hashes.SHA256()), key)


def _name(name: str) -> x509.Name:
    return x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, name)])


def _length(number: int) -> bytes:
    """DER's own notation (X.690, 8.1.3)."""
    if number < 1 << 7:
        return bytes([number])
    octets = number.to_bytes((number.bit_length() + 7) // 8, "big")
    return bytes([1 << 7 | len(octets), *octets])


def _wrapped(content: bytes) -> bytes:
    return bytes([_SEQUENCE, *_length(len(content))]) + content


def _content(sequence: bytes) -> bytes:
    octets = sequence[1] & 0x7F if sequence[1] & 0x80 else 0
    return sequence[2 + octets :]
