"""TLS as a server speaks it, and which clients it lets in."""

import ipaddress
import ssl
from collections.abc import Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass, replace
from typing import Any, Final

from exporter.settings import Fault

from .certificate import ends_at
from .document import Value
from .files import Files, in_memory
from .tls_terms import KEYS, TlsTerms, asks_for_tls, given_as, read_allowed_sans, read_terms, says


@dataclass(frozen=True)
class TlsServer:
    """How connections are secured; `digest` tells whether another context would differ.

    `ends_at` is when its certificate does (Unix time), None if that can't be told.
    """

    context: ssl.SSLContext
    digest: str
    requires_certificate: bool
    allowed_sans: frozenset[str] | None
    ends_at: float | None

    def admits(self, certificate: Mapping[str, Any] | None) -> bool:
        """Whether a client may come in by its verified certificate, which may be None.

        The certificate has the form of `ssl.SSLSocket.getpeercert`.
        """
        if not certificate:
            return not self.requires_certificate
        return self.allowed_sans is None or any(
            name in self.allowed_sans for name in _sans(certificate)
        )


def read_tls(value: Value, files: Files) -> TlsServer | None:
    """Read the section; None where it says nothing, or something wrong, which is noted."""
    faults: list[Fault] = []
    server = _server(replace(value, note=faults.append), files, faults)
    for fault in faults:
        value.note(fault)
    return None if faults else server


def _server(value: Value, files: Files, faults: list[Fault]) -> TlsServer | None:
    keys = value.section(*KEYS)
    terms = read_terms(keys, files)
    if not asks_for_tls(keys):
        return None
    sans = read_allowed_sans(keys["client_allowed_sans"], terms.policy)
    for name, what in (("cert", "certificate"), ("key", "private key")):
        if not says(given_as(keys, name)):
            fix = f"set {name}_file; for plain HTTP, remove the section"
            value.wrong(f"has no {what}", fix)
    if faults:
        return None
    context = _context(terms, keys)
    requires_certificate = terms.policy is ssl.CERT_REQUIRED
    ends = ends_at(terms.certificate)
    return TlsServer(context, terms.digest, requires_certificate, sans, ends)


def _context(terms: TlsTerms, keys: Mapping[str, Value]) -> ssl.SSLContext:
    """Make what the terms say; what OpenSSL does not take is noted."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.minimum_version = terms.oldest
    context.maximum_version = terms.newest
    context.set_alpn_protocols(["http/1.1"])
    if not terms.prefers_own_ciphers:
        context.options &= ~ssl.OP_CIPHER_SERVER_PREFERENCE
    if terms.ciphers:
        _choose(context, terms.ciphers, keys["cipher_suites"])
    if terms.curve:
        _set_curve(context, terms.curve, keys["curve_preferences"])
    _load_certificate(context, terms, keys)
    if terms.client_ca is not None:
        _load_authorities(context, terms.client_ca, given_as(keys, "client_ca"))
    context.verify_mode = terms.policy
    return context


def _choose(context: ssl.SSLContext, ciphers: tuple[str, ...], value: Value) -> None:
    try:
        context.set_ciphers(":".join(ciphers))
    except ssl.SSLError:
        value.wrong("has no suite that this OpenSSL offers", "remove it for OpenSSL's choice")
        return
    if not {suite["name"] for suite in context.get_ciphers()}.issuperset(ciphers):
        value.wrong("has a suite that this OpenSSL does not offer", "keep those with GCM in them")


def _set_curve(context: ssl.SSLContext, curve: str, value: Value) -> None:
    try:
        context.set_ecdh_curve(curve)
    except (ValueError, OSError):  # as where only approved ones may be used
        value.wrong("has a curve that this OpenSSL does not offer", "write CurveP256")


def _load_certificate(context: ssl.SSLContext, terms: TlsTerms, keys: Mapping[str, Value]) -> None:
    try:
        with in_memory(terms.certificate) as certificate, in_memory(terms.key) as key:
            # An empty password, or a key that is encrypted after all would ask the terminal.
            context.load_cert_chain(certificate, key, password="")
    except OSError as error:  # ssl.SSLError is one
        if getattr(error, "reason", "") == "KEY_VALUES_MISMATCH":
            fix = "name the key that the certificate was made for"
            given_as(keys, "key").wrong("does not belong to the certificate", fix)
        else:
            what = f"does not load with its key: {_words(error)}"
            given_as(keys, "cert").wrong(what, "see that both are whole, PEM and up to date")


def _load_authorities(context: ssl.SSLContext, authorities: bytes, value: Value) -> None:
    # As in Go, each certificate is trusted for itself, whoever signed it.
    context.verify_flags |= ssl.VERIFY_X509_PARTIAL_CHAIN
    try:
        with in_memory(authorities) as path:
            context.load_verify_locations(path)
    except OSError as error:
        value.wrong(f"does not load: {_words(error)}", "see that it is whole and PEM")


def _words(error: OSError) -> str:
    """OpenSSL's own, which quote nothing: `EE_KEY_TOO_SMALL`; or the system's."""
    reason = getattr(error, "reason", None) or error.strerror or "unknown reason"
    return str(reason).replace("_", " ").lower()


_TEXTS: Final = frozenset({"DNS", "email", "URI"})


def _sans(certificate: Mapping[str, Any]) -> Iterator[str]:
    """Names of the four kinds that the toolkit compares, addresses as Go spells them."""
    for kind, name in certificate.get("subjectAltName", ()):
        if kind in _TEXTS:
            yield name
        elif kind == "IP Address":
            with suppress(ValueError):  # one that OpenSSL calls <invalid>
                yield str(ipaddress.ip_address(name.strip()))
