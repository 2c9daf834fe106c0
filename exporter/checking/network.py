"""The way to the platform: name, connection, TLS."""

import asyncio
import errno
import os
import socket
import ssl
import time
from collections.abc import AsyncIterator
from contextlib import suppress
from typing import Final, NamedTuple

from yarl import URL

from exporter.settings import TargetSettings

from .finding import Finding, Outcome, failed, passed, warned
from .lasting import Lasting

SECONDS: Final = 5.0
"""For each of the three; a platform that is near answers in thousandths of that."""

ALERT_SECONDS: Final = 0.5

_SHOWN_ADDRESSES: Final = 4

_NO_ROUTE: Final = frozenset({errno.ENETUNREACH, errno.EHOSTUNREACH})

_OURS: Final = "set client_cert_file and client_key_file to a certificate that it trusts"

# OpenSSL's X509_V_ERR_… numbers, from its x509_vfy.h
_NOT_YET: Final = 9
_EXPIRED: Final = 10
_SELF_SIGNED: Final = frozenset({18, 19})
_NO_ISSUER: Final = frozenset({2, 20, 21})
_WRONG_NAME: Final = frozenset({62, 64})


class _Place(NamedTuple):
    """Where the first connection goes, and the setting that says so."""

    host: str
    port: int
    setting: str


async def network(target: TargetSettings, tls: ssl.SSLContext) -> AsyncIterator[Finding]:
    """Look up, connect, shake hands; with a proxy only as far as that, for it does the rest."""
    place = _place(target)
    reached = True
    async for finding in _connected(place):
        yield finding
        reached = finding.outcome is not Outcome.FAIL
    if reached and target.url.startswith("https:") and target.proxy is None:
        yield await _tls(place, target, tls)


def _place(target: TargetSettings) -> _Place:
    setting = "url" if target.proxy is None else "proxy"
    url = URL(target.url if target.proxy is None else target.proxy.get_secret_value())
    return _Place(url.host or "", url.port or 0, setting)


async def _connected(place: _Place) -> AsyncIterator[Finding]:
    try:
        async with asyncio.timeout(SECONDS):
            found = await asyncio.get_running_loop().getaddrinfo(
                place.host, place.port, type=socket.SOCK_STREAM
            )
    except TimeoutError:
        mend = "find out why the name server does not answer"
        yield failed("dns", f"{place.host}: no answer within {SECONDS:g} s", mend)
        return
    except (OSError, UnicodeError) as error:
        why = getattr(error, "strerror", None) or "no host name"
        mend = f"correct the host in {place.setting}, or the name servers of this machine"
        yield failed("dns", f"{place.host}: {why}", mend)
        return
    addresses = list(dict.fromkeys(str(address[0]) for *_, address in found))
    if addresses != [place.host]:
        yield passed("dns", f"{place.host} is {', '.join(addresses[:_SHOWN_ADDRESSES])}")
    yield await _tcp(place)


async def _tcp(place: _Place) -> Finding:
    host = f"[{place.host}]" if ":" in place.host else place.host
    shown = f"{host}:{place.port}"
    began = time.perf_counter()
    try:
        async with asyncio.timeout(SECONDS):
            _, writer = await asyncio.open_connection(place.host, place.port)
    except TimeoutError:
        mend = f"look for a firewall on the way, and check the host and port in {place.setting}"
        return failed("tcp", f"{shown}: nothing answers within {SECONDS:g} s", mend)
    except OSError as error:
        mend = f"check the port in {place.setting} (ZStack's API is on 8080 unless it was moved)"
        if error.errno in _NO_ROUTE:
            mend = f"check the host in {place.setting}, and this machine's route to it"
        return failed("tcp", f"{shown}: {_reason(error).lower()}", mend)
    peer = writer.get_extra_info("peername")[0]
    writer.close()
    milliseconds = (time.perf_counter() - began) * 1000
    through = "the proxy, " if place.setting == "proxy" else ""
    return passed("tcp", f"{through}{peer} port {place.port}, in {milliseconds:.1f} ms")


def _reason(error: OSError) -> str:
    """In plain words: asyncio's own name every address that it tried."""
    if error.errno and error.errno > 0:
        return os.strerror(error.errno)
    return error.strerror or "no connection"


async def _tls(place: _Place, target: TargetSettings, context: ssl.SSLContext) -> Finding:
    try:
        async with asyncio.timeout(SECONDS):
            version, certificate = await _handshake(place, context)
    except ssl.SSLCertVerificationError as error:
        return _unverified(place, error)
    except TimeoutError:
        mend = "if the port speaks plain HTTP, write http:// in url"
        return failed("tls", f"no handshake within {SECONDS:g} s", mend)
    except OSError as error:
        return _no_handshake(error)
    if target.insecure_skip_verify:
        mend = "set ca_file to the platform's authority, and remove insecure_skip_verify"
        return warned("tls", f"{version}, and the certificate is not verified", mend)
    return _lasting(version, ssl.cert_time_to_seconds(certificate["notAfter"]))


async def _handshake(place: _Place, context: ssl.SSLContext) -> tuple[str, dict[str, str]]:
    """The version of TLS that was agreed on, and the certificate that was shown. Raises OSError."""
    reader, writer = await asyncio.open_connection(
        place.host, place.port, ssl=context, server_hostname=place.host
    )
    try:
        await _alert(reader)
        return writer.get_extra_info("ssl_object").version(), writer.get_extra_info("peercert")
    finally:
        writer.transport.abort()


async def _alert(reader: asyncio.StreamReader) -> None:
    """Wait a moment for a server that wants another certificate from us to say so, or to hang up.

    With TLS 1.3 it can only do so after the handshake (RFC 8446, 4.4.2.4). Raises OSError then.
    """
    with suppress(TimeoutError):
        async with asyncio.timeout(ALERT_SECONDS):
            if not await reader.read(1):
                raise ConnectionResetError


def _lasting(version: str, end: float) -> Finding:
    lasting = Lasting.until(end)
    found = f"{version}, its certificate {lasting}"
    if lasting.ends_soon:
        return warned("tls", found, "renew the platform's certificate")
    return passed("tls", found)


def _unverified(place: _Place, error: ssl.SSLCertVerificationError) -> Finding:
    code = error.verify_code
    if code in _WRONG_NAME:
        mend = "write the host in url as the certificate names it, or have it issued anew"
        return failed("tls", f"the certificate is not for {place.host}", mend)
    if code == _EXPIRED:
        return failed("tls", "the certificate has expired", "renew the platform's certificate")
    if code == _NOT_YET:
        mend = "compare the clocks, or have the certificate issued anew"
        return failed("tls", "the certificate is not valid yet", mend)
    if code in _SELF_SIGNED | _NO_ISSUER:
        mend = "set ca_file to the PEM file of the authority that issued the certificate"
        if code in _NO_ISSUER:  # a chain with a gap looks like one of a stranger
            mend += "; or have the platform send those between the two as well"
        return failed("tls", "the certificate is from an authority that is not trusted", mend)
    mend = "have the certificate issued anew; if it is the authority's, see ca_file"
    return failed("tls", f"the certificate is not accepted: {error.verify_message}", mend)


def _no_handshake(error: OSError) -> Finding:
    reason = getattr(error, "reason", None) or _reason(error)
    if reason in {"WRONG_VERSION_NUMBER", "HTTP_REQUEST", "RECORD_LAYER_FAILURE"}:
        return failed("tls", "the port does not speak TLS", "write http:// in url")
    if "CERTIFICATE_EXPIRED" in reason:
        found = "the exporter's certificate has expired, says the platform"
        return failed("tls", found, "renew the certificate of client_cert_file")
    if "ALERT" in reason and ("CERTIFICATE" in reason or "UNKNOWN_CA" in reason):
        return failed("tls", "the platform does not take the exporter's certificate", _OURS)
    if isinstance(error, ConnectionResetError):
        found = "the platform hung up after the handshake; it may want a certificate of ours"
        return failed("tls", found, _OURS)
    mend = "ask what TLS the platform, or the proxy before it, takes: 1.2 or newer is spoken here"
    if "HANDSHAKE_FAILURE" in reason:
        mend += f"; if it wants a certificate of ours, {_OURS}"
    return failed("tls", reason.replace("_", " ").lower(), mend)
