"""`tls_server_config` as it is written: names turned into OpenSSL's, files into what they hold."""

import hashlib
import re
import ssl
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Final

from .document import Value
from .files import Files

KEYS: Final = (
    *("cert", "cert_file", "key", "key_file", "client_ca", "client_ca_file"),
    *("client_auth_type", "client_allowed_sans", "min_version", "max_version"),
    *("cipher_suites", "curve_preferences", "prefer_server_cipher_suites"),
)
VERSIONS: Final = {"TLS12": ssl.TLSVersion.TLSv1_2, "TLS13": ssl.TLSVersion.TLSv1_3}
OLD_VERSIONS: Final = frozenset({"TLS10", "TLS11"})

# Go's names (tls.CipherSuites) of the suites for TLS 1.2, and OpenSSL's.
CIPHERS: Final = {
    "TLS_ECDHE_ECDSA_WITH_AES_128_CBC_SHA": "ECDHE-ECDSA-AES128-SHA",
    "TLS_ECDHE_ECDSA_WITH_AES_256_CBC_SHA": "ECDHE-ECDSA-AES256-SHA",
    "TLS_ECDHE_RSA_WITH_AES_128_CBC_SHA": "ECDHE-RSA-AES128-SHA",
    "TLS_ECDHE_RSA_WITH_AES_256_CBC_SHA": "ECDHE-RSA-AES256-SHA",
    "TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256": "ECDHE-ECDSA-AES128-GCM-SHA256",
    "TLS_ECDHE_ECDSA_WITH_AES_256_GCM_SHA384": "ECDHE-ECDSA-AES256-GCM-SHA384",
    "TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256": "ECDHE-RSA-AES128-GCM-SHA256",
    "TLS_ECDHE_RSA_WITH_AES_256_GCM_SHA384": "ECDHE-RSA-AES256-GCM-SHA384",
    "TLS_ECDHE_ECDSA_WITH_CHACHA20_POLY1305_SHA256": "ECDHE-ECDSA-CHACHA20-POLY1305",
    "TLS_ECDHE_RSA_WITH_CHACHA20_POLY1305_SHA256": "ECDHE-RSA-CHACHA20-POLY1305",
}
CIPHERS_OF_TLS13: Final = frozenset(
    {"TLS_AES_128_GCM_SHA256", "TLS_AES_256_GCM_SHA384", "TLS_CHACHA20_POLY1305_SHA256"}
)
CURVES: Final = {
    "CurveP256": "prime256v1",
    "CurveP384": "secp384r1",
    "CurveP521": "secp521r1",
    "X25519": "X25519",
}
POLICIES: Final = {
    "NoClientCert": ssl.CERT_NONE,
    "VerifyClientCertIfGiven": ssl.CERT_OPTIONAL,
    "RequireAndVerifyClientCert": ssl.CERT_REQUIRED,
}
UNVERIFIED_POLICIES: Final = frozenset(
    {"RequestClientCert", "RequireAnyClientCert", "RequireClientCert"}
)


@dataclass(frozen=True)
class TlsTerms:
    """All that an SSL context is made from.

    `ciphers` and `curve` are OpenSSL's names, None for OpenSSL's choice. No suites at all are none
    for TLS 1.2: those of 1.3 are not chosen from, in Go or here.
    """

    certificate: bytes
    key: bytes = field(repr=False)
    client_ca: bytes | None
    policy: ssl.VerifyMode
    oldest: ssl.TLSVersion
    newest: ssl.TLSVersion
    ciphers: tuple[str, ...] | None
    curve: str | None
    prefers_own_ciphers: bool

    @property
    def digest(self) -> str:
        """What differs for other terms."""
        whole = repr((self, hashlib.sha256(self.key).digest()))
        return hashlib.sha256(whole.encode()).hexdigest()


def asks_for_tls(keys: Mapping[str, Value]) -> bool:
    """Whether the section says anything; a file without a name and an empty list are nothing."""
    return any(map(says, keys.values())) or keys["client_allowed_sans"].given


def says(value: Value) -> bool:
    """Whether anything stands there that is not empty."""
    return value.given and bool(getattr(value.node, "value", None))


def given_as(keys: Mapping[str, Value], name: str) -> Value:
    """Where PEM text comes from: a file, or else what stands inline."""
    file = keys[f"{name}_file"]
    return file if says(file) else keys[name]


def read_terms(keys: Mapping[str, Value], files: Files) -> TlsTerms:
    """Read the terms; they are whole only if nothing was noted."""
    ciphers = _ciphers(keys["cipher_suites"])
    newest = _version(keys["max_version"], "TLS13")
    oldest = _version(keys["min_version"], "TLS12")
    if ciphers == ():
        oldest = ssl.TLSVersion.TLSv1_3
    if oldest > newest:
        keys["max_version"].wrong("leaves no version of TLS to speak", "raise it or remove it")
    return TlsTerms(
        certificate=_pem(keys, "cert", files, _CERTIFICATE) or b"",
        key=_key(keys, files),
        client_ca=_pem(keys, "client_ca", files, _CERTIFICATE),
        policy=_policy(keys),
        oldest=oldest,
        newest=newest,
        ciphers=ciphers,
        curve=_curve(keys["curve_preferences"]),
        prefers_own_ciphers=keys["prefer_server_cipher_suites"].switch(default=True),
    )


def read_allowed_sans(value: Value, policy: ssl.VerifyMode) -> frozenset[str] | None:
    """The names of which a client's certificate must have one; None for any certificate."""
    if not value.given:
        return None
    if policy is not ssl.CERT_REQUIRED:
        what = "has no effect on clients that come without a certificate"
        value.wrong(what, "set client_auth_type: RequireAndVerifyClientCert")
    items = value.items()
    for item in items:
        if not item.text():
            item.wrong("is empty", "give it a name or remove it")
    return frozenset(item.text() for item in items)


_Kind = tuple[re.Pattern[bytes], str]

_CERTIFICATE: Final[_Kind] = (re.compile(rb"-----BEGIN CERTIFICATE-----"), "certificate")
_KEY: Final[_Kind] = (re.compile(rb"-----BEGIN ([A-Z0-9]+ )*PRIVATE KEY-----"), "private key")
_ENCRYPTED: Final = re.compile(rb"BEGIN ENCRYPTED|,ENCRYPTED")


def _key(keys: Mapping[str, Value], files: Files) -> bytes:
    key = _pem(keys, "key", files, _KEY) or b""
    if _ENCRYPTED.search(key):
        fix = "write it anew without a password (openssl pkey -in KEY -out NEW), mode 0600"
        given_as(keys, "key").wrong(
            "is encrypted, and there is nobody to ask for its password", fix
        )
    return key


def _pem(keys: Mapping[str, Value], name: str, files: Files, kind: _Kind) -> bytes | None:
    """The text that is given inline or as a file; None for neither and where it is wrong."""
    value = given_as(keys, name)
    if not says(value):
        return None
    if value is not keys[name] and says(keys[name]):
        value.wrong(f"is given beside {name}", "keep one of them")
        return None
    inline = value is keys[name]
    content = value.text().encode(errors="replace") if inline else _content(value, files)
    form, what = kind
    if content is not None and not form.search(content):
        value.wrong(f"holds no {what} in PEM", "docs/web-config.md shows how to make one")
        return None
    return content


def _content(value: Value, files: Files) -> bytes | None:
    name = value.text()
    if not name:  # no text, which is noted already
        return None
    try:
        return files.content(name)
    except OSError as error:
        reason = (error.strerror or "unreadable").lower()
        fix = "name a file that the exporter can read; a relative name begins at this file's folder"
        value.wrong(f"cannot be read: {reason}", fix)
        return None


def _policy(keys: Mapping[str, Value]) -> ssl.VerifyMode:
    """How clients are verified; as strictly as can be where that is wrong."""
    value = keys["client_auth_type"]
    name = value.text() or "NoClientCert"
    policy = POLICIES.get(name, ssl.CERT_REQUIRED)
    authority = given_as(keys, "client_ca")
    if name in UNVERIFIED_POLICIES:
        what = "leaves the client's certificate unverified, which Python's ssl cannot"
        value.wrong(what, "write RequireAndVerifyClientCert and set client_ca_file")
    elif name not in POLICIES:
        value.wrong("is not a client_auth_type", f"write one of {', '.join(POLICIES)}")
    elif policy is ssl.CERT_NONE and says(authority):
        authority.wrong("needs a client_auth_type", "write RequireAndVerifyClientCert")
    elif policy is not ssl.CERT_NONE and not says(authority):
        value.wrong("needs a client_ca_file: public authorities sign for anyone", "set it")
    return policy


def _version(value: Value, default: str) -> ssl.TLSVersion:
    name = value.text() if value.given else default
    if name in OLD_VERSIONS:
        value.wrong("is a version that OpenSSL no longer speaks (RFC 8996)", "write TLS12 or TLS13")
    elif name not in VERSIONS:
        value.wrong("is not a version of TLS", f"write one of {', '.join(VERSIONS)}")
    return VERSIONS.get(name, VERSIONS[default])


def _ciphers(value: Value) -> tuple[str, ...] | None:
    items = value.items()
    for item in items:
        if item.text() not in CIPHERS.keys() | CIPHERS_OF_TLS13:
            item.wrong("is not a cipher suite that is offered", "docs/web-config.md lists them")
    if not items:
        return None
    return tuple(CIPHERS[item.text()] for item in items if item.text() in CIPHERS)


def _curve(value: Value) -> str | None:
    items = value.items()
    for item in items:
        if item.text() not in CURVES:
            item.wrong("is not a curve", f"write one of {', '.join(CURVES)}")
    names = {CURVES[item.text()] for item in items if item.text() in CURVES}
    if len(names) > 1:
        fix = "keep one of them, or remove the key for OpenSSL's choice"
        value.wrong("has several curves, and Python's ssl takes one", fix)
    return min(names, default=None)
