"""The connections of clients: how many there may be, and how long one may stay without asking.

A server that lets everybody stay can be kept from its work by a thousand connections that say
nothing: they take every file descriptor there is, and no platform can be polled then either.
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

HEAD_SECONDS: Final = 10.0
"""For a client to send the head of its first request."""

KEEP_ALIVE_SECONDS: Final = 330
"""For which a connection stays that asks nothing more; Prometheus keeps one for five minutes."""

FILES: Final = 8192
"""That the exporter would have open at most: connections of clients, and its own to platforms."""


class Clients:
    """Who is connected, and who has to go where there are too many.

    First the one that has been idle for longest, then the one that has been agreeing on TLS for
    longest, at last the one that has been answered for longest.
    """

    def __init__(self, *, most: int = MOST_CONNECTIONS, head_seconds: float = HEAD_SECONDS) -> None:
        self._most = most
        self._head_seconds = head_seconds
        self._arriving: dict[asyncio.Task[object], None] = {}
        self._idle: WeakKeyDictionary[asyncio.WriteTransport, None] = WeakKeyDictionary()
        self._answered: WeakKeyDictionary[asyncio.WriteTransport, None] = WeakKeyDictionary()
        self._silent: WeakSet[asyncio.WriteTransport] = WeakSet()

    @contextmanager
    def arriving(self) -> Iterator[None]:
        """While the task that this is called in makes a connection ready; it may be cancelled."""
        task = cast("asyncio.Task[object]", asyncio.current_task())
        self._make_room()
        self._arriving[task] = None
        try:
            yield
        finally:
            self._arriving.pop(task, None)

    def admit(self, transport: asyncio.WriteTransport) -> None:
        """A new connection, which has yet to ask for something."""
        self._idle[transport] = None
        self._silent.add(transport)
        loop = asyncio.get_running_loop()
        loop.call_later(self._head_seconds, self._give_up, ref(transport))

    @web.middleware
    async def middleware(self, request: web.Request, handler: Handler) -> web.StreamResponse:
        """While a request is answered its connection is not idle."""
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

    def part(self) -> None:
        """End every connection that is still open: whoever has not read by now will not."""
        for transport in filter(_has_file, (*self._idle, *self._answered)):
            transport.abort()  # which may not be done to one that is closed

    def _make_room(self) -> None:
        if len(self._idle) + len(self._arriving) + len(self._answered) < self._most:
            return
        leave: list[Callable[[], object]] = [
            *(each.abort for each in self._idle if _has_file(each)),
            *(each.cancel for each in self._arriving if not each.cancelling()),
            *(each.abort for each in self._answered if _has_file(each)),
        ]
        too_many = len(leave) + 1 - self._most
        for end in leave[: max(0, too_many)]:
            end()

    def _give_up(self, seen: "ref[asyncio.WriteTransport]") -> None:
        transport = seen()
        if transport is not None and transport in self._silent and _has_file(transport):
            transport.abort()


def _has_file(transport: asyncio.WriteTransport) -> bool:
    """Also where it is closing: until its client has taken what was sent, it holds a file."""
    connection = transport.get_extra_info("socket")
    return connection is not None and connection.fileno() >= 0


def most_connections() -> int:
    """As many as leave half of all file descriptors for the exporter's own work."""
    soft, _ = resource.getrlimit(resource.RLIMIT_NOFILE)
    return MOST_CONNECTIONS if soft == resource.RLIM_INFINITY else min(MOST_CONNECTIONS, soft // 2)


def raise_file_limit() -> None:
    """Many systems grant a thousand files, and more to whoever asks."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    wanted = FILES if hard == resource.RLIM_INFINITY else min(FILES, hard)
    if soft != resource.RLIM_INFINITY and soft < wanted:
        resource.setrlimit(resource.RLIMIT_NOFILE, (wanted, hard))
