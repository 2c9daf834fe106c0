"""The options in `tls_server_config`: Go's names become OpenSSL's, files become their content."""

import re
import ssl
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Final

from exporter.settings import NAME_A_READABLE_FILE, read_failure

from .files import Files
from .yaml_value import YamlValue

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
class TlsOptions:
    """Everything an SSL context is made from.

    `ciphers` and `curve` are OpenSSL's names, None for OpenSSL's choice. `ciphers` are those for
    TLS 1.2: those of 1.3 cannot be chosen, in Go or here.
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


def pem_source(keys: Mapping[str, YamlValue], name: str) -> YamlValue:
    """The value that gives PEM text: the name of a file if there is one, else the inline text."""
    file = keys[f"{name}_file"]
    return file if file.has_content else keys[name]


def read_options(keys: Mapping[str, YamlValue], files: Files) -> TlsOptions:
    """Read the options; they are usable only if no fault was reported."""
    ciphers = _ciphers(keys["cipher_suites"])
    newest = _version(keys["max_version"], "TLS13")
    oldest = _version(keys["min_version"], "TLS12")
    if ciphers == ():
        oldest = ssl.TLSVersion.TLSv1_3
    if oldest > newest:
        keys["max_version"].report("leaves no version of TLS to speak", "raise it or remove it")
    return TlsOptions(
        certificate=_pem(keys, "cert", files, _CERTIFICATE) or b"",
        key=_key(keys, files),
        client_ca=_pem(keys, "client_ca", files, _CERTIFICATE),
        policy=_policy(keys),
        oldest=oldest,
        newest=newest,
        ciphers=ciphers,
        curve=_curve(keys["curve_preferences"]),
        prefers_own_ciphers=keys["prefer_server_cipher_suites"].as_bool(default=True),
    )


def read_allowed_sans(value: YamlValue, policy: ssl.VerifyMode) -> frozenset[str] | None:
    """The names of which a client's certificate must have one; None for any certificate."""
    if not value.is_set:
        return None
    if policy is not ssl.CERT_REQUIRED:
        what = "has no effect on clients that come without a certificate"
        value.report(what, "set client_auth_type: RequireAndVerifyClientCert")
    items = value.items()
    for item in items:
        if not item.as_text():
            item.report("is empty", "give it a name or remove it")
    return frozenset(item.as_text() for item in items)


_Kind = tuple[re.Pattern[bytes], str]

_CERTIFICATE: Final[_Kind] = (re.compile(rb"-----BEGIN CERTIFICATE-----"), "certificate")
_KEY: Final[_Kind] = (re.compile(rb"-----BEGIN ([A-Z0-9]+ )*PRIVATE KEY-----"), "private key")
_ENCRYPTED: Final = re.compile(rb"BEGIN ENCRYPTED|,ENCRYPTED")


def _key(keys: Mapping[str, YamlValue], files: Files) -> bytes:
    key = _pem(keys, "key", files, _KEY) or b""
    if _ENCRYPTED.search(key):
        fix = "write it anew without a password (openssl pkey -in KEY -out NEW), mode 0600"
        pem_source(keys, "key").report(
            "is encrypted, and the exporter cannot ask for its password", fix
        )
    return key


def _pem(keys: Mapping[str, YamlValue], name: str, files: Files, kind: _Kind) -> bytes | None:
    """The text, inline or from a file; None if there is none, and if it has a fault."""
    value = pem_source(keys, name)
    if not value.has_content:
        return None
    if value is not keys[name] and keys[name].has_content:
        value.report(f"is given beside {name}", "keep one of them")
        return None
    inline = value is keys[name]
    content = value.as_text().encode(errors="replace") if inline else _content(value, files)
    form, what = kind
    if content is not None and not form.search(content):
        value.report(f"holds no {what} in PEM", "docs/web-config.md shows how to make one")
        return None
    return content


def _content(value: YamlValue, files: Files) -> bytes | None:
    name = value.as_text()
    if not name:  # no text, which is reported already
        return None
    try:
        return files.content(name)
    except OSError as error:
        fix = f"{NAME_A_READABLE_FILE}; a relative name begins at this file's folder"
        value.report(read_failure(error), fix)
        return None


def _policy(keys: Mapping[str, YamlValue]) -> ssl.VerifyMode:
    """How clients are verified; as strictly as possible if the value has a fault."""
    value = keys["client_auth_type"]
    name = value.as_text() or "NoClientCert"
    policy = POLICIES.get(name, ssl.CERT_REQUIRED)
    authority = pem_source(keys, "client_ca")
    if name in UNVERIFIED_POLICIES:
        what = "leaves the client's certificate unverified, which Python's ssl cannot"
        value.report(what, "write RequireAndVerifyClientCert and set client_ca_file")
    elif name not in POLICIES:
        value.report("is not a client_auth_type", f"write one of {', '.join(POLICIES)}")
    elif policy is ssl.CERT_NONE and authority.has_content:
        authority.report("needs a client_auth_type", "write RequireAndVerifyClientCert")
    elif policy is not ssl.CERT_NONE and not authority.has_content:
        value.report("needs a client_ca_file: public authorities sign for anyone", "set it")
    return policy


def _version(value: YamlValue, default: str) -> ssl.TLSVersion:
    name = value.as_text() if value.is_set else default
    if name in OLD_VERSIONS:
        value.report(
            "is a version that OpenSSL no longer speaks (RFC 8996)", "write TLS12 or TLS13"
        )
    elif name not in VERSIONS:
        value.report("is not a version of TLS", f"write one of {', '.join(VERSIONS)}")
    return VERSIONS.get(name, VERSIONS[default])


def _ciphers(value: YamlValue) -> tuple[str, ...] | None:
    items = value.items()
    for item in items:
        if item.as_text() not in CIPHERS.keys() | CIPHERS_OF_TLS13:
            item.report("is not a cipher suite that is offered", "docs/web-config.md lists them")
    if not items:
        return None
    return tuple(CIPHERS[item.as_text()] for item in items if item.as_text() in CIPHERS)


def _curve(value: YamlValue) -> str | None:
    items = value.items()
    for item in items:
        if item.as_text() not in CURVES:
            item.report("is not a curve", f"write one of {', '.join(CURVES)}")
    names = {CURVES[item.as_text()] for item in items if item.as_text() in CURVES}
    if len(names) > 1:
        fix = "keep one of them, or remove the key for OpenSSL's choice"
        value.report("has several curves, and Python's ssl takes one", fix)
    return min(names, default=None)
