"""The connection to the platform: DNS, TCP, TLS."""

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

from exporter.settings import Address, TargetSettings
from exporter.state.hints import SYMPTOMS
from exporter.zstack import handshake
from exporter.zstack.errors import Symptom

from .expiry import CertificateExpiry
from .finding import Finding, Outcome, failed, passed, warned

SECONDS: Final = 5.0
"""For each of the three; a platform that is near answers in thousandths of that."""

ALERT_SECONDS: Final = 0.5

_SHOWN_ADDRESSES: Final = 4

_NO_ROUTE: Final = frozenset({errno.ENETUNREACH, errno.EHOSTUNREACH})


class _Peer(NamedTuple):
    """The host of the first connection, and the setting that names it."""

    host: str
    port: int
    setting: str


async def network(target: TargetSettings, tls: ssl.SSLContext) -> AsyncIterator[Finding]:
    """Look up, connect, do the TLS handshake; with a proxy, only as far as the proxy."""
    peer = _peer(target)
    reached = True
    async for finding in _dns_and_tcp(peer):
        yield finding
        reached = finding.outcome is not Outcome.FAIL
    if reached and target.url.startswith("https:") and target.proxy is None:
        yield await _tls(peer, target, tls)


def _peer(target: TargetSettings) -> _Peer:
    setting = "url" if target.proxy is None else "proxy"
    url = URL(target.url if target.proxy is None else target.proxy.get_secret_value())
    return _Peer(url.host or "", url.port or 0, setting)


async def _dns_and_tcp(peer: _Peer) -> AsyncIterator[Finding]:
    try:
        async with asyncio.timeout(SECONDS):
            found = await asyncio.get_running_loop().getaddrinfo(
                peer.host, peer.port, type=socket.SOCK_STREAM
            )
    except TimeoutError:
        hint = "find out why the name server does not answer"
        yield failed("dns", f"{peer.host}: no answer within {SECONDS:g} s", hint)
        return
    except (OSError, UnicodeError) as error:
        why = getattr(error, "strerror", None) or "no host name"
        hint = f"correct the host in {peer.setting}, or the name servers of this machine"
        yield failed("dns", f"{peer.host}: {why}", hint)
        return
    addresses = list(dict.fromkeys(str(address[0]) for *_, address in found))
    if addresses != [peer.host]:
        yield passed("dns", f"{peer.host} is {', '.join(addresses[:_SHOWN_ADDRESSES])}")
    yield await _tcp(peer)


async def _tcp(peer: _Peer) -> Finding:
    shown = Address(peer.host, peer.port)
    began = time.perf_counter()
    try:
        async with asyncio.timeout(SECONDS):
            _, writer = await asyncio.open_connection(peer.host, peer.port)
    except TimeoutError:
        hint = f"look for a firewall on the way, and check the host and port in {peer.setting}"
        return failed("tcp", f"{shown}: nothing answers within {SECONDS:g} s", hint)
    except OSError as error:
        hint = f"check the port in {peer.setting} (ZStack's API is on 8080 by default)"
        if error.errno in _NO_ROUTE:
            hint = f"check the host in {peer.setting}, and this machine's route to it"
        return failed("tcp", f"{shown}: {_os_error(error).lower()}", hint)
    address = writer.get_extra_info("peername")[0]
    writer.close()
    milliseconds = (time.perf_counter() - began) * 1000
    through = "the proxy, " if peer.setting == "proxy" else ""
    return passed("tcp", f"{through}{address} port {peer.port}, in {milliseconds:.1f} ms")


def _os_error(error: OSError) -> str:
    """The system's text: asyncio's own lists every address that it tried."""
    if error.errno and error.errno > 0:
        return os.strerror(error.errno)
    return error.strerror or "no connection"


async def _tls(peer: _Peer, target: TargetSettings, context: ssl.SSLContext) -> Finding:
    try:
        async with asyncio.timeout(SECONDS):
            reader, writer = await asyncio.open_connection(
                peer.host, peer.port, ssl=context, server_hostname=peer.host.partition("%")[0]
            )
    except ssl.SSLCertVerificationError as error:
        return _handshake_failed(handshake.unverified(error, peer.host))
    except TimeoutError:
        hint = "if the port speaks plain HTTP, write http:// in url"
        return failed("tls", f"no handshake within {SECONDS:g} s", hint)
    except OSError as error:
        return _handshake_failed(handshake.broken(error))
    try:
        await _await_alert(reader)
    except ConnectionResetError:
        found = "the platform hung up after the handshake; it may want a client certificate"
        return failed("tls", found, SYMPTOMS[Symptom.CLIENT_CERTIFICATE_REFUSED].fix)
    except OSError as error:
        return _handshake_failed(handshake.broken(error))
    finally:
        writer.transport.abort()
    return _handshake_ok(target, writer)


async def _await_alert(reader: asyncio.StreamReader) -> None:
    """Wait a moment for the alert of a server that rejects our certificate. Raises OSError then.

    With TLS 1.3 the alert, or a closed connection, comes after the handshake (RFC 8446, 4.4.2.4).
    """
    with suppress(TimeoutError):
        async with asyncio.timeout(ALERT_SECONDS):
            if not await reader.read(1):
                raise ConnectionResetError


def _handshake_ok(target: TargetSettings, writer: asyncio.StreamWriter) -> Finding:
    version = writer.get_extra_info("ssl_object").version()
    if target.insecure_skip_verify:
        hint = "set ca_file to the platform's authority, and remove insecure_skip_verify"
        return warned("tls", f"{version}, and the certificate is not verified", hint)
    certificate = writer.get_extra_info("peercert")
    return _certificate(version, ssl.cert_time_to_seconds(certificate["notAfter"]))


def _certificate(version: str, end: float) -> Finding:
    expiry = CertificateExpiry.at(end)
    found = f"{version}, its certificate {expiry}"
    if expiry.is_near:
        return warned("tls", found, "renew the platform's certificate")
    return passed("tls", found)


def _handshake_failed(failure: handshake.Failure) -> Finding:
    return failed("tls", failure.what, SYMPTOMS[failure.symptom].fix)
