"""One target, from its settings to a platform that can be asked."""

import asyncio
import errno
import ssl
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import asynccontextmanager
from functools import cache, partial
from pathlib import Path
from typing import Final, TypeVar

import aiohttp

from . import NAME
from .build import VERSION
from .inventory import Lines
from .services import Services
from .settings import CredentialSettings, Fault, SettingsError, TargetSettings
from .source import Source
from .telemetry import TargetTelemetry
from .zstack import (
    LOG_IN,
    AccessKey,
    AccessKeyAuth,
    Account,
    AccountAuth,
    Auth,
    Client,
    Exchange,
    GivenSession,
    Read,
    SessionAuth,
    Transport,
)

USER_AGENT: Final = f"{NAME}/{VERSION}"

C = TypeVar("C", AccessKey, Account, GivenSession)


@asynccontextmanager
async def connected(
    name: str,
    target: TargetSettings,
    tls: ssl.SSLContext,
    counts: TargetTelemetry,
    write: Callable[[Services], Lines],
) -> AsyncIterator[Source]:
    """A platform to ask; what is open on it is closed at the end. `write` is as in Source."""
    async with (
        transport_to(target, tls, partial(_observe, counts)) as transport,
        client_over(transport, target) as client,
    ):
        yield Source(name, client, write, memory_unit=target.memory_unit, zone=target.zone)


@asynccontextmanager
async def transport_to(
    target: TargetSettings, tls: ssl.SSLContext, observe: Callable[[Exchange], None]
) -> AsyncIterator[Transport]:
    """The way to a platform, without credentials."""
    async with _http(connect_seconds=min(10.0, target.timeout / 4)) as http:
        yield Transport(
            http,
            target.url,
            max_response_bytes=target.max_response_bytes,
            tls=tls,
            proxy=target.proxy.get_secret_value() if target.proxy else None,
            observe=observe,
        )


@asynccontextmanager
async def client_over(transport: Transport, target: TargetSettings) -> AsyncIterator[Client]:
    """A client with the target's credentials; its session is closed at the end."""
    client = Client(
        transport,
        _auth(target, transport),
        conditions=target.conditions,
        page_size=target.page_size,
        projection=target.projection,
    )
    try:
        yield client
    finally:
        closing = asyncio.create_task(client.close())
        try:
            await asyncio.shield(closing)
        finally:  # also for whoever is told meanwhile to end
            await asyncio.wait({closing})


def tls_contexts(targets: Mapping[str, TargetSettings]) -> dict[str, ssl.SSLContext]:
    """How each target's certificate is verified, by name; reads files.

    Raises SettingsError for those that do not load.
    """
    contexts: dict[str, ssl.SSLContext] = {}
    faults: list[Fault] = []
    context = cache(_tls_context)  # one costs most of a megabyte, and many targets share it
    for name, target in targets.items():
        try:
            contexts[name] = context(
                target.ca_file,
                target.client_cert_file,
                target.client_key_file,
                verify=not target.insecure_skip_verify,
            )
        except OSError as error:  # ssl.SSLError is one
            files = (target.ca_file, target.client_cert_file, target.client_key_file)
            named = ", ".join(str(file) for file in files if file)
            unusable = "not a usable PEM file" if isinstance(error, ssl.SSLError) else None
            what = f"{named}: {unusable or error.strerror}"
            faults.append(Fault(f"target {name}", what, "see ca_file and client_cert_file"))
    if faults:
        raise SettingsError(faults)
    return contexts


def check_secrets(targets: Mapping[str, TargetSettings]) -> None:
    """Read each target's secret. Raises SettingsError for those that cannot be read."""
    faults: list[Fault] = []
    for name, target in targets.items():
        file = target.credentials.secret_file
        try:
            if file is not None:
                secret_text(file)
        except OSError as error:
            what = f"{error.filename}: {error.strerror}"
            faults.append(Fault(f"target {name}", what, "name a file that holds the secret"))
    if faults:
        raise SettingsError(faults)


def _tls_context(
    ca_file: Path | None, cert_file: Path | None, key_file: Path | None, *, verify: bool
) -> ssl.SSLContext:
    context = ssl.create_default_context(cafile=ca_file)
    if not verify:
        context.check_hostname = False
        context.verify_mode = ssl.CERT_NONE
    if cert_file:
        # An empty password, or an encrypted key would ask for one on the terminal.
        context.load_cert_chain(cert_file, key_file, password="")
    return context


def _http(*, connect_seconds: float) -> aiohttp.ClientSession:
    return aiohttp.ClientSession(
        # The platform opens a servlet session for every client without its cookie, and it is
        # seldom reached by a name.
        cookie_jar=aiohttp.CookieJar(unsafe=True),
        headers={"User-Agent": USER_AGENT},
        # A poll has one deadline for all it asks. Connecting has less, so that an address where
        # nothing answers is told as unreachable before that, after all its tries.
        timeout=aiohttp.ClientTimeout(total=None, sock_connect=connect_seconds),
    )


def _observe(counts: TargetTelemetry, exchange: Exchange) -> None:
    counts.requested(exchange.operation.name, exchange.status, exchange.seconds)
    if exchange.error is not None:
        error = exchange.error
        counts.failed(error.operation.name, error.reason, error.code)
    if exchange.operation is LOG_IN:
        counts.logged_in(success=exchange.succeeded)


def _auth(target: TargetSettings, transport: Transport) -> Auth:
    given = target.credentials
    who = given.identity or ""
    match given.kind:
        case "access_key":
            key = _reader(given, lambda secret: AccessKey(who, secret))
            return AccessKeyAuth(key, zone=target.zone)
        case "account":
            account = _reader(given, lambda secret: Account(who, secret))
            # A login that outlasts its poll is one that the next poll may still wait for.
            return AccountAuth(transport, account, log_in_seconds=2 * target.timeout)
        case "session":
            return SessionAuth(_reader(given, GivenSession))


def _reader(given: CredentialSettings, make: Callable[[str], C]) -> Read[C]:
    """The credentials as they are at each call: a secret's file is read again every time."""

    async def read() -> C:
        if given.secret_file is not None:
            return make(await asyncio.to_thread(secret_text, given.secret_file))
        return make(given.secret.get_secret_value() if given.secret else "")

    return read


def secret_text(file: Path) -> str:
    """The text of a secret's file without the line end that editors add. Raises OSError."""
    try:
        secret = file.read_text("utf-8-sig").rstrip("\r\n")
    except UnicodeDecodeError:  # which quotes the secret
        raise OSError(errno.EILSEQ, "is not UTF-8 text", str(file)) from None
    if not secret:
        raise OSError(errno.ENODATA, "is empty", str(file))
    return secret
