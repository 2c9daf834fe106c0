"""The composition root: here, and only here, objects meet."""

import asyncio
import errno
import ssl
from collections.abc import AsyncIterator, Callable, Iterable, Iterator, Mapping
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from functools import partial
from importlib.metadata import version
from pathlib import Path
from typing import Final, TypeVar

import aiohttp
import structlog

from .exposition import Exposition, Format, OnStale, Page
from .poller import Poller, Schedule
from .server import Server, serving
from .settings import Credentials, Fault, Settings, SettingsError, TargetSettings
from .source import Source
from .telemetry import DISTRIBUTION, TargetTelemetry, Telemetry
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

log = structlog.get_logger(__name__)

USER_AGENT: Final = f"{DISTRIBUTION}/{version(DISTRIBUTION)}"

C = TypeVar("C", AccessKey, Account, GivenSession)


async def run(
    settings: Settings,
    stop: asyncio.Event,
    listening: Callable[[tuple[str, ...]], None] = lambda _urls: None,
) -> None:
    """Poll and serve until `stop` is set; a bug in any task ends the process.

    `listening` is told the URLs once they answer. Raises SettingsError for certificates that do
    not load, OSError for an address that cannot be bound.
    """
    contexts = await asyncio.to_thread(_tls_contexts, settings)
    telemetry = Telemetry(process=not settings.web.disable_exporter_metrics)
    telemetry.configured()
    exposition = _exposition(settings)
    server = Server(
        exposition,
        telemetry,
        telemetry_path=settings.web.telemetry_path,
        max_requests=settings.web.max_requests,
    )
    async with (
        serving(server.application(), settings.web.addresses) as urls,
        asyncio.TaskGroup() as tasks,
    ):
        for url in urls:
            log.info("listening", url=url)
        listening(urls)
        watching = [
            tasks.create_task(_watch(poller))
            for poller in _pollers(settings, contexts, exposition, telemetry)
        ]
        await stop.wait()
        log.info("stopping")
        for task in watching:
            task.cancel()


async def once(settings: Settings, stop: asyncio.Event) -> tuple[bool, Page]:
    """Poll every target once, or until `stop`; whether all succeeded, and the page as text."""
    contexts = await asyncio.to_thread(_tls_contexts, settings)
    telemetry = Telemetry(process=False)
    telemetry.configured()
    exposition = _exposition(settings)
    async with asyncio.TaskGroup() as tasks:
        polls = [
            tasks.create_task(_poll(poller))
            for poller in _pollers(settings, contexts, exposition, telemetry)
        ]
        stopping = tasks.create_task(_cancel_on(stop, polls))
        await asyncio.wait(polls)
        stopping.cancel()
    page = exposition.page(Format.TEXT, telemetry.registry, exposition.targets)
    succeeded = {snapshot.target for snapshot in exposition.snapshots if snapshot.up}
    return succeeded == set(settings.named_targets), page


async def _cancel_on(stop: asyncio.Event, tasks: Iterable[asyncio.Task[None]]) -> None:
    await stop.wait()
    for task in tasks:
        task.cancel()


async def _watch(connecting: AbstractAsyncContextManager[Poller]) -> None:
    async with connecting as poller:
        await poller.run()


async def _poll(connecting: AbstractAsyncContextManager[Poller]) -> None:
    async with connecting as poller:
        await poller.poll()


def _pollers(
    settings: Settings,
    contexts: Mapping[str, ssl.SSLContext],
    exposition: Exposition,
    telemetry: Telemetry,
) -> Iterator[AbstractAsyncContextManager[Poller]]:
    """One for each target, which connects when it is entered."""
    for name, target in settings.named_targets.items():
        yield _poller(name, target, contexts[name], exposition, telemetry)


@asynccontextmanager
async def _poller(
    name: str,
    target: TargetSettings,
    tls: ssl.SSLContext,
    exposition: Exposition,
    telemetry: Telemetry,
) -> AsyncIterator[Poller]:
    """One target, connected; what it has open on the platform is closed at the end."""
    counts = TargetTelemetry(telemetry, name)
    async with _http() as http:
        transport = Transport(
            http,
            target.url,
            max_response_bytes=target.max_response_bytes,
            tls=tls,
            proxy=target.proxy.get_secret_value() if target.proxy else None,
            observe=partial(_observe, counts),
        )
        client = Client(
            transport,
            _auth(target, transport),
            conditions=target.conditions,
            page_size=target.page_size,
        )
        source = Source(name, client, memory_unit=target.memory_unit, zone=target.zone)
        schedule = Schedule(target.interval, target.timeout, target.effective_stale_after)
        try:
            yield Poller(
                name, source.inventory, exposition.publish, schedule=schedule, telemetry=counts
            )
        finally:
            await client.close()


def _exposition(settings: Settings) -> Exposition:
    policies = {name: OnStale(target.on_stale) for name, target in settings.named_targets.items()}
    return Exposition(policies, per_service=settings.metrics.per_service)


def _http() -> aiohttp.ClientSession:
    return aiohttp.ClientSession(
        # The platform opens a servlet session for every client without its cookie, and it is
        # seldom reached by a name.
        cookie_jar=aiohttp.CookieJar(unsafe=True),
        headers={"User-Agent": USER_AGENT},
        timeout=aiohttp.ClientTimeout(total=None),  # a poll has one deadline for all it asks
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
            return AccountAuth(transport, _reader(given, lambda secret: Account(who, secret)))
        case "session":
            return SessionAuth(_reader(given, GivenSession))


def _reader(given: Credentials, make: Callable[[str], C]) -> Read[C]:
    """The credentials as they are at each call: a secret's file is read again every time."""

    async def read() -> C:
        if given.secret_file is not None:
            return make(await asyncio.to_thread(_secret, given.secret_file))
        return make(given.secret.get_secret_value() if given.secret else "")

    return read


def _secret(file: Path) -> str:
    """The text of a secret's file without the line end that editors add. Raises OSError."""
    try:
        secret = file.read_text("utf-8").rstrip("\r\n")
    except UnicodeDecodeError:  # which quotes the secret
        raise OSError(errno.EILSEQ, "is not UTF-8 text", str(file)) from None
    if not secret:
        raise OSError(errno.ENODATA, "is empty", str(file))
    return secret


def _tls_contexts(settings: Settings) -> dict[str, ssl.SSLContext]:
    """How each target's certificate is verified. Raises SettingsError for files that don't load."""
    contexts: dict[str, ssl.SSLContext] = {}
    faults: list[Fault] = []
    for name, target in settings.named_targets.items():
        try:
            contexts[name] = _tls_context(target)
        except OSError as error:  # ssl.SSLError is one
            files = (target.ca_file, target.client_cert_file, target.client_key_file)
            named = ", ".join(str(file) for file in files if file)
            unusable = "not a usable PEM file" if isinstance(error, ssl.SSLError) else None
            what = f"{named}: {unusable or error.strerror}"
            faults.append(Fault(f"target {name}", what, "see ca_file and client_cert_file"))
    if faults:
        raise SettingsError(faults)
    return contexts


def _tls_context(target: TargetSettings) -> ssl.SSLContext:
    context = ssl.create_default_context(cafile=target.ca_file)
    if target.insecure_skip_verify:
        context.check_hostname = False
        context.verify_mode = ssl.CERT_NONE
    if target.client_cert_file:
        context.load_cert_chain(target.client_cert_file, target.client_key_file, password="")
    return context
