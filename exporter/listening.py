"""Sockets that listen, and the application that answers on them, with TLS or without.

aiohttp's own sites hold one TLS context for as long as they live. Here each connection gets that of
its moment, so a certificate can be renewed, and TLS turned on or off, without a port that refuses
anybody.
"""

import asyncio
import errno
import logging
import os
import socket
import ssl
from collections.abc import AsyncIterator, Callable, Iterable, Sequence
from contextlib import ExitStack, asynccontextmanager
from dataclasses import dataclass
from functools import partial
from typing import Final, cast

import structlog
from aiohttp import ClientConnectionResetError, web

from .clients import KEEP_ALIVE_SECONDS, Clients, most_connections
from .refusing import Connection, unambiguous

log = structlog.get_logger(__name__)

BACKLOG: Final = 4096
"""Connections that may wait to be accepted, if the system grants as many; beyond it they stall."""

HANDSHAKE_SECONDS: Final = 10.0
"""For a client to finish its TLS handshake; whoever is slower is dropped."""

SHUTDOWN_SECONDS: Final = 1.0
"""For answers under way when serving ends."""

UNREAD_SECONDS: Final = 60.0
"""After which the system drops a client that takes nothing of what it was sent."""

UNSENT_BYTES: Final = 128 * 1024
"""Of an answer that the system holds beyond what is on its way; left alone it holds megabytes."""

RETRY_SECONDS: Final = 1.0
"""Until the next try to accept, when the system had no room for another connection."""

_PORT_ATTEMPTS: Final = 10

_OF_CLIENTS: Final = (web.RequestPayloadError, ClientConnectionResetError)

_NO_SUCH_FAMILY: Final = {errno.EAFNOSUPPORT, errno.EADDRNOTAVAIL}

Tls = Callable[[], ssl.SSLContext | None]
"""The context that a connection which comes now is to get; None for plain HTTP."""

Served = Callable[[], Connection]
"""Makes what answers on one more connection."""

_Address = tuple[object, ...]  # host, port; with IPv6 also flow and scope
_Sockets = list[socket.socket]


def bind(addresses: Iterable[tuple[str, int]]) -> list[socket.socket]:
    """Listen on every address: a host, empty for every interface, and a port, 0 for any free one.

    A name listens on each address that it stands for, with the same port; looking it up may take a
    while. Raises OSError, with the address as its file name, where one can't be bound; none is open
    then.
    """
    with ExitStack() as closing:
        sockets = [
            closing.enter_context(bound) for host, port in addresses for bound in _bound(host, port)
        ]
        closing.pop_all()
    return sockets


def _bound(host: str, port: int) -> list[socket.socket]:
    try:
        return [_everywhere(host, port)] if host in {"", "::"} else _each(_resolved(host), port)
    except UnicodeError:  # of a label that is empty or too long
        raise OSError(errno.EINVAL, "not a host", _shown(host, port)) from None
    except OSError as error:
        looked_up = isinstance(error, socket.gaierror)
        reason = error.strerror if looked_up else os.strerror(error.errno or errno.EINVAL)
        raise OSError(error.errno, str(reason).lower(), _shown(host, port)) from error


def _everywhere(host: str, port: int) -> socket.socket:
    """One socket for both families; for IPv4 alone where the system has no other."""
    try:
        return _listening(socket.AF_INET6, ("::", port), both=True)
    except OSError as error:
        if host or error.errno not in _NO_SUCH_FAMILY:
            raise
        return _listening(socket.AF_INET, ("", port))


def _resolved(host: str) -> list[tuple[socket.AddressFamily, _Address]]:
    found = socket.getaddrinfo(host, None, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE)
    return list(dict.fromkeys((family, address) for family, _, _, _, address in found))


def _each(addresses: Sequence[tuple[socket.AddressFamily, _Address]], port: int) -> _Sockets:
    """A socket for each, with one port; a free port of one may be taken on another, so try on."""
    attempts = 1 if port else _PORT_ATTEMPTS
    while True:
        attempts -= 1
        try:
            return _together(addresses, port)
        except OSError as error:
            if error.errno != errno.EADDRINUSE or not attempts:
                raise


def _together(addresses: Sequence[tuple[socket.AddressFamily, _Address]], port: int) -> _Sockets:
    missing: OSError | None = None
    sockets: _Sockets = []
    with ExitStack() as closing:
        for family, address in addresses:
            try:
                bound = _listening(family, (str(address[0]), port, *address[2:]))
            except OSError as error:
                # /etc/hosts says ::1 also where the system has no IPv6
                if error.errno not in _NO_SUCH_FAMILY:
                    raise
                missing = error
            else:
                sockets.append(closing.enter_context(bound))
                port = bound.getsockname()[1]
        if missing and not sockets:
            raise missing
        closing.pop_all()
    return sockets


def _listening(
    family: socket.AddressFamily, address: _Address, *, both: bool = False
) -> socket.socket:
    if both and not socket.has_dualstack_ipv6():
        raise OSError(errno.EAFNOSUPPORT, os.strerror(errno.EAFNOSUPPORT))
    made = socket.create_server(address, family=family, backlog=BACKLOG, dualstack_ipv6=both)
    made.settimeout(0)  # non-blocking
    return made


@dataclass(frozen=True, slots=True)
class Listening:
    """What is being served on."""

    sockets: tuple[socket.socket, ...]
    tls: Tls
    handshake_seconds: float
    unread_seconds: float
    clients: Clients

    @property
    def urls(self) -> tuple[str, ...]:
        """One for each socket, with the scheme of this moment."""
        scheme = "http" if self.tls() is None else "https"
        return tuple(f"{scheme}://{_shown(*each.getsockname()[:2])}" for each in self.sockets)


@asynccontextmanager
async def serving(
    application: web.Application,
    sockets: Iterable[socket.socket],
    tls: Tls = lambda: None,
    *,
    handshake_seconds: float = HANDSHAKE_SECONDS,
    unread_seconds: float = UNREAD_SECONDS,
    keep_alive_seconds: float = KEEP_ALIVE_SECONDS,
    clients: Clients | None = None,
) -> AsyncIterator[Listening]:
    """Serve on these sockets until the block ends, and close them.

    `tls` is asked at each connection, so it must be quick; those that are open stay as they are.
    """
    logging.getLogger("aiohttp.server").addFilter(_is_our_concern)
    clients = clients or Clients(most=most_connections())
    application.middlewares[:0] = [clients.middleware, unambiguous]
    runner = web.AppRunner(application, shutdown_timeout=SHUTDOWN_SECONDS)
    try:
        with ExitStack() as closing:
            held = tuple(map(closing.enter_context, sockets))
            listening = Listening(held, tls, handshake_seconds, unread_seconds, clients)
            await runner.setup()
            connection = partial(
                Connection,
                cast("web.Server", runner.server),  # there is one from `setup` on
                loop=asyncio.get_running_loop(),
                keepalive_timeout=keep_alive_seconds,
                access_log=None,
                auto_decompress=False,  # nobody reads what a client sends
            )
            async with asyncio.TaskGroup() as tasks:
                accepting = tasks.create_task(_accept_all(listening, connection))
                yield listening
                accepting.cancel()
    finally:
        await runner.cleanup()
        clients.part()


def _is_our_concern(record: logging.LogRecord) -> bool:
    """Not what a client did: a body that is none, hanging up early. Anybody could fill the log."""
    error = record.exc_info[1] if record.exc_info else None
    return not isinstance(error, _OF_CLIENTS)


async def _accept_all(listening: Listening, served: Served) -> None:
    async with asyncio.TaskGroup() as tasks:
        for each in listening.sockets:
            tasks.create_task(_accept(each, listening, served, tasks))


async def _accept(
    on: socket.socket, listening: Listening, served: Served, tasks: asyncio.TaskGroup
) -> None:
    while True:
        connection = await _next(on)
        tasks.create_task(_hand_over(connection, listening, served))
        await asyncio.sleep(0)  # a flood of connections leaves the others their turn


async def _next(on: socket.socket) -> socket.socket:
    """The next connection, however long it takes until one can be accepted."""
    told = False
    while True:
        try:
            connection, _ = await asyncio.get_running_loop().sock_accept(on)
        except ConnectionAbortedError:
            continue  # it hung up while it waited
        except OSError as error:  # of the system, such as too many open files
            if not told:
                log.error("connections have to wait", error=error.strerror)  # noqa: TRY400 - no bug
            told = True
            await asyncio.sleep(RETRY_SECONDS)
        else:
            return connection


async def _hand_over(connection: socket.socket, listening: Listening, served: Served) -> None:
    """Let the server have the connection, once TLS is agreed on."""
    _limit(connection, listening.unread_seconds)
    try:
        with listening.clients.arriving():
            transport = await _agreed(connection, listening, served)
    except OSError as error:
        # Not worth more: it hung up, or speaks no TLS, or has no certificate that is accepted.
        log.debug("connection dropped", error=error.strerror or str(error))
    else:
        listening.clients.admit(transport)


def _limit(connection: socket.socket, unread_seconds: float) -> None:
    """What a client that does not read may cost, as far as the system lets that be said."""
    options = {"TCP_USER_TIMEOUT": round(unread_seconds * 1000), "TCP_NOTSENT_LOWAT": UNSENT_BYTES}
    for name, value in options.items():
        if hasattr(socket, name):  # Linux has both
            connection.setsockopt(socket.IPPROTO_TCP, getattr(socket, name), value)


async def _agreed(
    connection: socket.socket, listening: Listening, served: Served
) -> asyncio.Transport:
    """The connection as the server has it."""
    loop = asyncio.get_running_loop()
    context = listening.tls()
    if context is None:
        transport, _ = await loop.connect_accepted_socket(served, connection)
    else:
        transport, _ = await loop.connect_accepted_socket(
            served,
            connection,
            ssl=context,
            ssl_handshake_timeout=listening.handshake_seconds,
            ssl_shutdown_timeout=SHUTDOWN_SECONDS,
        )
    return transport


def _shown(host: str, port: int) -> str:
    return f"[{host}]:{port}" if ":" in host else f"{host}:{port}"
