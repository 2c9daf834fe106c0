"""Limits the connections of clients: how many there are, and how long one may stay silent.

Without a limit a thousand silent connections could take every file descriptor there is, and no
platform could be polled then either.
"""

import asyncio
import resource
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Final, cast
from weakref import WeakKeyDictionary, WeakSet, ref

from aiohttp import web
from aiohttp.typedefs import Handler

MOST_CONNECTIONS: Final = 2000
"""At once; one more ends the one that has been idle for longest."""

CONNECTIONS_PER_TARGET: Final = 4
"""With many targets there may be so many instead: a vmagent keeps one for each that it scrapes.

With fewer than they need, the one that is closed is always the one that is needed next.
"""

HEAD_SECONDS: Final = 10.0
"""For a client to send the head of its first request."""

KEEP_ALIVE_SECONDS: Final = 330
"""For which an idle connection stays open; Prometheus keeps one for five minutes."""

FILES: Final = 32_768
"""That the exporter would have open at most: connections of clients, and its own to platforms."""


def most_connections(targets: int = 0) -> int:
    """As many as so many targets need, but leave half of all files for the exporter's own work."""
    wanted = max(MOST_CONNECTIONS, CONNECTIONS_PER_TARGET * targets)
    soft, _ = resource.getrlimit(resource.RLIMIT_NOFILE)
    return wanted if soft == resource.RLIM_INFINITY else min(wanted, soft // 2)


class ConnectionLimiter:
    """Tracks open connections, and closes some when there are too many.

    First the one that has been idle for longest, then the one whose TLS handshake has taken
    longest, last the one whose request has been answered for longest.
    """

    def __init__(
        self, most: Callable[[], int] = most_connections, *, head_seconds: float = HEAD_SECONDS
    ) -> None:
        self._most = most
        self._head_seconds = head_seconds
        self._arriving: dict[asyncio.Task[object], None] = {}
        self._idle: WeakKeyDictionary[asyncio.WriteTransport, None] = WeakKeyDictionary()
        self._answered: WeakKeyDictionary[asyncio.WriteTransport, None] = WeakKeyDictionary()
        self._silent: WeakSet[asyncio.WriteTransport] = WeakSet()

    @contextmanager
    def arriving(self) -> Iterator[None]:
        """Count the connection that the current task makes ready; the task may be cancelled."""
        task = cast("asyncio.Task[object]", asyncio.current_task())
        self._make_room()
        self._arriving[task] = None
        try:
            yield
        finally:
            self._arriving.pop(task, None)

    def admit(self, transport: asyncio.WriteTransport) -> None:
        """Count a new connection, which has yet to send its first request."""
        self._idle[transport] = None
        self._silent.add(transport)
        loop = asyncio.get_running_loop()
        loop.call_later(self._head_seconds, self._abort_if_silent, ref(transport))

    @web.middleware
    async def middleware(self, request: web.Request, handler: Handler) -> web.StreamResponse:
        """Count the connection as busy while its request is answered."""
        transport = cast("asyncio.WriteTransport | None", request.transport)
        if transport is None:
            return await handler(request)
        self._silent.discard(transport)
        self._idle.pop(transport, None)
        self._answered[transport] = None
        try:
            return await handler(request)
        finally:
            self._answered.pop(transport, None)
            self._idle[transport] = None

    def close_all(self) -> None:
        """Abort every open connection, with what its client has not read by now."""
        for transport in filter(_has_descriptor, (*self._idle, *self._answered)):
            transport.abort()  # which may not be done to one that is closed

    def _make_room(self) -> None:
        most = self._most()
        if len(self._idle) + len(self._arriving) + len(self._answered) < most:
            return
        ends: list[Callable[[], object]] = [
            *(each.abort for each in self._idle if _has_descriptor(each)),
            *(each.cancel for each in self._arriving if not each.cancelling()),
            *(each.abort for each in self._answered if _has_descriptor(each)),
        ]
        too_many = len(ends) + 1 - most
        for end in ends[: max(0, too_many)]:
            end()

    def _abort_if_silent(self, seen: "ref[asyncio.WriteTransport]") -> None:
        transport = seen()
        if transport is not None and transport in self._silent and _has_descriptor(transport):
            transport.abort()


def _has_descriptor(transport: asyncio.WriteTransport) -> bool:
    """Whether it holds a file descriptor; a closing one does until its client has read the rest."""
    connection = transport.get_extra_info("socket")
    return connection is not None and connection.fileno() >= 0


def raise_file_limit() -> None:
    """Raise the soft limit of open files: many systems grant a thousand, and more on request."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    wanted = FILES if hard == resource.RLIM_INFINITY else min(FILES, hard)
    if soft != resource.RLIM_INFINITY and soft < wanted:
        resource.setrlimit(resource.RLIMIT_NOFILE, (wanted, hard))
