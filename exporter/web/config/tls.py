"""TLS as the server speaks it, and which client certificates it accepts."""

import ipaddress
import ssl
from collections.abc import Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass, replace
from typing import Any, Final

from exporter.settings import Fault
from exporter.settings.pem import in_memory

from .certificate import ends_at
from .files import Files
from .tls_options import KEYS, TlsOptions, pem_source, read_allowed_sans, read_options
from .yaml_value import YamlValue


@dataclass(frozen=True)
class TlsServer:
    """How connections are secured: equal `options` give an equal `context`."""

    context: ssl.SSLContext
    options: TlsOptions
    allowed_sans: frozenset[str] | None
    """The names of which a client's certificate must have one; None for any certificate."""

    @property
    def certificate_ends_at(self) -> float | None:
        """Unix time; None if it cannot be read."""
        return ends_at(self.options.certificate)

    def admits(self, certificate: Mapping[str, Any] | None) -> bool:
        """Whether a client with this verified certificate, or with none, may connect.

        The certificate has the form of `ssl.SSLSocket.getpeercert`.
        """
        if not certificate:
            return self.options.policy is not ssl.CERT_REQUIRED
        return self.allowed_sans is None or any(
            name in self.allowed_sans for name in _sans(certificate)
        )


def read_tls(value: YamlValue, files: Files) -> TlsServer | None:
    """Read the section; None if it is empty, and if it has a fault, which is reported."""
    faults: list[Fault] = []
    server = _server(replace(value, on_error=faults.append), files, faults)
    for fault in faults:
        value.on_error(fault)
    return None if faults else server


def _server(value: YamlValue, files: Files, faults: list[Fault]) -> TlsServer | None:
    keys = value.section(*KEYS)
    options = read_options(keys, files)
    sans = keys["client_allowed_sans"]
    # An empty file name and an empty list set nothing, but for an empty list of allowed clients.
    if not any(key.has_content for key in keys.values()) and not sans.is_set:
        return None
    allowed_sans = read_allowed_sans(sans, options.policy)
    for name, what in (("cert", "certificate"), ("key", "private key")):
        if not pem_source(keys, name).has_content:
            fix = f"set {name}_file; for plain HTTP, remove the section"
            value.report(f"has no {what}", fix)
    if faults:
        return None
    return TlsServer(_context(options, keys), options, allowed_sans)


def _context(options: TlsOptions, keys: Mapping[str, YamlValue]) -> ssl.SSLContext:
    """Make the context; what OpenSSL rejects is reported."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.minimum_version = options.oldest
    context.maximum_version = options.newest
    context.set_alpn_protocols(["http/1.1"])
    if not options.prefers_own_ciphers:
        context.options &= ~ssl.OP_CIPHER_SERVER_PREFERENCE
    if options.ciphers:
        _set_ciphers(context, options.ciphers, keys["cipher_suites"])
    if options.curve:
        _set_curve(context, options.curve, keys["curve_preferences"])
    _load_certificate(context, options, keys)
    if options.client_ca is not None:
        _load_authorities(context, options.client_ca, pem_source(keys, "client_ca"))
    context.verify_mode = options.policy
    return context


def _set_ciphers(context: ssl.SSLContext, ciphers: tuple[str, ...], value: YamlValue) -> None:
    try:
        context.set_ciphers(":".join(ciphers))
    except ssl.SSLError:
        value.report("has no suite that this OpenSSL offers", "remove it for OpenSSL's choice")
        return
    if not {suite["name"] for suite in context.get_ciphers()}.issuperset(ciphers):
        value.report("has a suite that this OpenSSL does not offer", "keep those with GCM in them")


def _set_curve(context: ssl.SSLContext, curve: str, value: YamlValue) -> None:
    try:
        context.set_ecdh_curve(curve)
    except (ValueError, OSError):  # as on a system that allows approved curves only
        value.report("has a curve that this OpenSSL does not offer", "write CurveP256")


def _load_certificate(
    context: ssl.SSLContext, options: TlsOptions, keys: Mapping[str, YamlValue]
) -> None:
    try:
        with in_memory(options.certificate) as certificate, in_memory(options.key) as key:
            # An empty password, or OpenSSL would ask the terminal for one of an encrypted key.
            context.load_cert_chain(certificate, key, password="")
    except ssl.SSLError as error:
        if error.reason == "KEY_VALUES_MISMATCH":
            fix = "name the key that the certificate was made for"
            pem_source(keys, "key").report("does not belong to the certificate", fix)
        else:
            what = f"does not load with its key: {_words(error)}"
            pem_source(keys, "cert").report(what, "see that both are whole, PEM and up to date")
    except OSError as error:
        _report_no_memory_file(error, pem_source(keys, "cert"))


def _load_authorities(context: ssl.SSLContext, authorities: bytes, value: YamlValue) -> None:
    # As in Go, each certificate is trusted for itself, even one that another authority signed.
    context.verify_flags |= ssl.VERIFY_X509_PARTIAL_CHAIN
    try:
        with in_memory(authorities) as path:
            context.load_verify_locations(path)
    except ssl.SSLError as error:
        value.report(f"does not load: {_words(error)}", "see that it is whole and PEM")
    except OSError as error:
        _report_no_memory_file(error, value)


def _report_no_memory_file(error: OSError, value: YamlValue) -> None:
    value.report(f"does not load: {error.strerror}", "mount /proc, as container runtimes do")


def _words(error: ssl.SSLError) -> str:
    """OpenSSL's own, which quote nothing: `EE_KEY_TOO_SMALL`."""
    return str(error.reason or error.strerror or "unknown reason").replace("_", " ").lower()


_TEXTS: Final = frozenset({"DNS", "email", "URI"})


def _sans(certificate: Mapping[str, Any]) -> Iterator[str]:
    """Names of the four kinds that the toolkit compares, addresses as Go spells them."""
    for kind, name in certificate.get("subjectAltName", ()):
        if kind in _TEXTS:
            yield name
        elif kind == "IP Address":
            with suppress(ValueError):  # one that OpenSSL calls <invalid>
                yield str(ipaddress.ip_address(name.strip()))
