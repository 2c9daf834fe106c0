"""The connection to a target's platform: HTTP, credentials, and a client."""

import asyncio
import ssl
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from functools import partial
from ipaddress import ip_address
from math import inf
from typing import Final, TypeVar

import aiohttp
from yarl import URL

from exporter import NAME
from exporter.build import VERSION
from exporter.settings import TargetSettings
from exporter.zstack import (
    AccessKey,
    AccessKeyAuth,
    Account,
    AccountAuth,
    Auth,
    Client,
    Connections,
    Cookies,
    Exchange,
    GivenSession,
    Read,
    Redactor,
    SessionAuth,
    Transport,
    Worker,
)

from .secret_files import SECRET_SECONDS, read_secret

USER_AGENT: Final = f"{NAME}/{VERSION}"

OLDEST_SECONDS: Final = 60.0
"""Of a connection to a name: then the name is looked up again."""

IDLE_SECONDS: Final = 90.0
"""For which a connection to an address stays open: a poll a minute needs no other one."""

C = TypeVar("C", AccessKey, Account, GivenSession)


@asynccontextmanager
async def transport_to(
    target: TargetSettings,
    tls: ssl.SSLContext,
    observe: Callable[[Exchange], None],
    *,
    on_illegal_cookie: Callable[[], None] = lambda: None,
) -> AsyncIterator[Transport]:
    """The transport to a platform, without credentials."""
    cookies = Cookies(on_illegal_cookie)
    async with _http(target, cookies) as http:
        with Worker() as worker:
            yield Transport(
                http,
                target.url,
                max_response_bytes=target.max_response_bytes,
                tls=tls,
                proxy=_proxy(target),
                observe=observe,
                worker=worker,
            )


@asynccontextmanager
async def client_over(transport: Transport, target: TargetSettings) -> AsyncIterator[Client]:
    """A client with the target's credentials; its session is closed at the end."""
    with Worker() as reading:
        client = Client(
            transport,
            _auth(target, transport, reading),
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
            finally:  # also if this task is cancelled meanwhile
                await asyncio.wait({closing})


def _http(target: TargetSettings, cookies: Cookies) -> aiohttp.ClientSession:
    return aiohttp.ClientSession(
        # The platform opens a servlet session for every client without its cookie.
        cookie_jar=cookies,
        connector=_connections(URL(_proxy(target) or target.url), target.url),
        headers={"User-Agent": USER_AGENT},
        # A poll has one deadline for all it asks. Connecting has less, so that an address where
        # nothing answers counts as unreachable before that, after all its tries.
        timeout=aiohttp.ClientTimeout(total=None, sock_connect=min(10.0, target.timeout / 4)),
    )


def _connections(way: URL, url: str) -> Connections:
    """One connection for many polls where that costs nothing: no name that may move, no TLS.

    asyncio holds a quarter of a MiB for each connection with TLS, a target's share of memory three
    times over. (docs/decisions/0025-fleet.md)
    """
    has_tls = "https" in {way.scheme, URL(url).scheme}
    if has_tls or not _is_address(way.host or ""):
        return Connections(oldest_seconds=OLDEST_SECONDS)
    return Connections(oldest_seconds=inf, keepalive_timeout=IDLE_SECONDS)


def _is_address(host: str) -> bool:
    try:
        ip_address(host)
    except ValueError:
        return False
    return True


def _proxy(target: TargetSettings) -> str | None:
    return target.proxy.get_secret_value() if target.proxy else None


def _auth(target: TargetSettings, transport: Transport, reading: Worker) -> Auth:
    given = target.credentials
    who = given.identity or ""
    secret = partial(read_secret, given, reading, min(SECRET_SECONDS, target.timeout / 2))
    reader = partial(_reader, secret, transport.redactor)
    match given.kind:
        case "access_key":
            key = reader(lambda secret: AccessKey(who, secret))
            return AccessKeyAuth(key, zone=target.zone)
        case "account":
            account = reader(lambda secret: Account(who, secret))
            # A login that outlasts its poll is one that the next poll may still wait for.
            return AccountAuth(transport, account, log_in_seconds=2 * target.timeout)
        case "session":
            return SessionAuth(reader(GivenSession))


def _reader(
    secret: Callable[[], Awaitable[str]], redactor: Redactor, make: Callable[[str], C]
) -> Read[C]:
    """The credentials as they are at each call.

    No secret is used before `redactor` knows it.
    """

    async def read() -> C:
        text = await secret()
        redactor.conceal(text)
        return make(text)

    return read
