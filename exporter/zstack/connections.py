"""A connection pool that closes old connections, so that DNS changes take effect."""

from collections.abc import Callable
from typing import TYPE_CHECKING, Any
from weakref import WeakKeyDictionary

import aiohttp
from aiohttp.connector import Connection
from typing_extensions import override

from .clock import now

if TYPE_CHECKING:
    from aiohttp.client_proto import ResponseHandler


class Connections(aiohttp.TCPConnector):
    """Replaces a connection, and resolves its host again, once it has reached an age.

    A platform's name may lead to another address after a failover, while the old one still
    answers. Polls that follow each other closely would keep the connection to it for ever.
    """

    def __init__(
        self,
        *,
        oldest_seconds: float,
        clock: Callable[[], float] = now,
        **options: Any,
    ) -> None:
        super().__init__(use_dns_cache=False, **options)
        self._oldest_seconds = oldest_seconds
        self._clock = clock
        self._opened: WeakKeyDictionary[ResponseHandler, float] = WeakKeyDictionary()

    @override
    async def connect(self, *given: Any, **named: Any) -> Connection:
        while True:
            connection = await super().connect(*given, **named)
            if not self._is_old(connection):
                return connection
            connection.close()

    def _is_old(self, connection: Connection) -> bool:
        now, protocol = self._clock(), connection.protocol
        if protocol is None:
            return False
        return now - self._opened.setdefault(protocol, now) > self._oldest_seconds
