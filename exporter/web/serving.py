"""Serves the application on listening sockets, with TLS or without.

aiohttp's own sites hold one TLS context for as long as they live. Here each connection gets the
context that is current when it arrives, so a certificate can be renewed, and TLS turned on or off,
without a refused connection.
"""

import asyncio
import logging
import socket
import ssl
from collections.abc import AsyncIterator, Callable, Iterable
from contextlib import ExitStack, asynccontextmanager
from dataclasses import dataclass, field
from functools import partial
from typing import Final, cast

import structlog
from aiohttp import ClientConnectionResetError, web

from exporter.settings import Address

from .connections import KEEP_ALIVE_SECONDS, ConnectionLimiter
from .hardening import HALF_CLOSED_SECONDS, Connection, reject_ambiguous, set_server_header
from .plain_http import PlainHttp, wait_readable

log = structlog.get_logger(__name__)

HANDSHAKE_SECONDS: Final = 10.0
"""For a client to finish its TLS handshake; a slower one is dropped."""

SHUTDOWN_SECONDS: Final = 1.0
"""For answers under way when serving ends."""

UNREAD_SECONDS: Final = 60.0
"""After which the system drops a client that acknowledges nothing of what it was sent."""

UNSENT_BYTES: Final = 128 * 1024
"""Of an answer that the system buffers beyond what is in flight; by default megabytes."""

RETRY_SECONDS: Final = 1.0
"""Until the next try to accept, when the system had no room for another connection."""

_LEAST_SECONDS: Final = 0.001
"""asyncio takes no time-out of zero."""

_CLIENT_ERRORS: Final = (web.RequestPayloadError, ClientConnectionResetError)

Tls = Callable[[], ssl.SSLContext | None]
"""Returns the context for a new connection; None for plain HTTP."""

ConnectionFactory = Callable[[], Connection]


@dataclass(frozen=True, slots=True)
class Listener:
    """The listening sockets and how connections on them are handled."""

    sockets: tuple[socket.socket, ...]
    tls: Tls
    handshake_seconds: float
    unread_seconds: float
    limiter: ConnectionLimiter
    plain_http: PlainHttp = field(default_factory=PlainHttp)
    accepted: set[socket.socket] = field(default_factory=set)
    """Connections that no transport owns yet: a task may be cancelled before it begins."""

    @property
    def urls(self) -> tuple[str, ...]:
        """One for each socket, with the current scheme."""
        scheme = "http" if self.tls() is None else "https"
        return tuple(f"{scheme}://{Address(*each.getsockname()[:2])}" for each in self.sockets)


@asynccontextmanager
async def serving(
    application: web.Application,
    sockets: Iterable[socket.socket],
    tls: Tls = lambda: None,
    *,
    handshake_seconds: float = HANDSHAKE_SECONDS,
    unread_seconds: float = UNREAD_SECONDS,
    keep_alive_seconds: float = KEEP_ALIVE_SECONDS,
    half_closed_seconds: float = HALF_CLOSED_SECONDS,
    limiter: ConnectionLimiter | None = None,
) -> AsyncIterator[Listener]:
    """Serve on these sockets until the block ends, and close them.

    `tls` is called for each connection, so it must be quick; open connections keep their context.
    """
    logging.getLogger("aiohttp.server").addFilter(_is_server_error)
    limiter = limiter or ConnectionLimiter()
    application.middlewares[:0] = [limiter.middleware, reject_ambiguous]
    application.on_response_prepare.append(set_server_header)
    runner = web.AppRunner(application, shutdown_timeout=SHUTDOWN_SECONDS)
    try:
        with ExitStack() as closing:
            held = tuple(map(closing.enter_context, sockets))
            listener = Listener(held, tls, handshake_seconds, unread_seconds, limiter)
            await runner.setup()
            factory = partial(
                Connection,
                cast("web.Server", runner.server),  # there is one from `setup` on
                loop=asyncio.get_running_loop(),
                keepalive_timeout=keep_alive_seconds,
                half_closed_seconds=half_closed_seconds,
                access_log=None,
                auto_decompress=False,  # no handler reads a request body
            )
            async with asyncio.TaskGroup() as tasks:
                accepting = tasks.create_task(_accept_all(listener, factory))
                yield listener
                accepting.cancel()
    finally:
        await runner.cleanup()
        limiter.close_all()


def _is_server_error(record: logging.LogRecord) -> bool:
    """Drop errors that a client causes, as by a bad body or an early close: it could fill the log.

    A filter of the logger: True keeps the record.
    """
    error = record.exc_info[1] if record.exc_info else None
    return not isinstance(error, _CLIENT_ERRORS)


async def _accept_all(listener: Listener, factory: ConnectionFactory) -> None:
    try:
        async with asyncio.TaskGroup() as tasks:
            for each in listener.sockets:
                tasks.create_task(_accept(each, listener, factory, tasks))
    finally:
        for connection in listener.accepted:
            connection.close()


async def _accept(
    on: socket.socket, listener: Listener, factory: ConnectionFactory, tasks: asyncio.TaskGroup
) -> None:
    while True:
        connection = await _accept_next(on)
        listener.accepted.add(connection)
        tasks.create_task(_hand_over(connection, listener, factory))
        await asyncio.sleep(0)  # a flood of connections must not starve the other tasks


async def _accept_next(on: socket.socket) -> socket.socket:
    """The next connection, however long it takes until one can be accepted."""
    is_logged = False
    while True:
        try:
            connection, _ = on.accept()
        except BlockingIOError:
            await wait_readable(on)
        except ConnectionAbortedError:
            continue  # the client closed it while it waited
        except OSError as error:  # of the system, such as too many open files
            if not is_logged:
                log.error("connections have to wait", error=error.strerror)  # noqa: TRY400 - no bug
            is_logged = True
            await asyncio.sleep(RETRY_SECONDS)
        else:
            return connection


async def _hand_over(
    connection: socket.socket, listener: Listener, factory: ConnectionFactory
) -> None:
    """Pass the connection to the server, after the TLS handshake if there is one."""
    listener.accepted.discard(connection)
    _limit_buffers(connection, listener.unread_seconds)
    try:
        with listener.limiter.arriving():
            transport = await _transport(connection, listener, factory)
    except OSError as error:
        # DEBUG is enough: the client closed it, speaks no TLS or has no accepted certificate.
        log.debug("connection dropped", error=error.strerror or str(error))
    else:
        if transport is not None:
            listener.limiter.admit(transport)


def _limit_buffers(connection: socket.socket, unread_seconds: float) -> None:
    """Limit what a client that does not read costs, as far as the system has options for it."""
    options = {"TCP_USER_TIMEOUT": round(unread_seconds * 1000), "TCP_NOTSENT_LOWAT": UNSENT_BYTES}
    for name, value in options.items():
        if hasattr(socket, name):  # Linux has both
            connection.setsockopt(socket.IPPROTO_TCP, getattr(socket, name), value)


async def _transport(
    connection: socket.socket, listener: Listener, factory: ConnectionFactory
) -> asyncio.Transport | None:
    """None where the client spoke plain HTTP to a port with TLS, and was answered so."""
    loop = asyncio.get_running_loop()
    context = listener.tls()
    if context is None:
        transport, _ = await loop.connect_accepted_socket(factory, connection)
        return transport
    deadline = loop.time() + listener.handshake_seconds
    with ExitStack() as closing:
        closing.enter_context(connection)
        async with asyncio.timeout_at(deadline):
            is_plain = await listener.plain_http.is_spoken(connection)
        closing.pop_all()
    if is_plain:
        await listener.plain_http.refuse(connection)
        return None
    transport, _ = await loop.connect_accepted_socket(
        factory,
        connection,
        ssl=context,
        ssl_handshake_timeout=max(deadline - loop.time(), _LEAST_SECONDS),
        ssl_shutdown_timeout=SHUTDOWN_SECONDS,
    )
    return transport
