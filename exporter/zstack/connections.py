"""A connection pool that closes old connections, so that DNS changes take effect."""

import socket
from collections.abc import Callable
from typing import TYPE_CHECKING, Any, Final
from weakref import WeakKeyDictionary

import aiohttp
from aiohttp.connector import Connection
from typing_extensions import override

from .clock import now

PROBE_SECONDS: Final = 15
"""After which the kernel probes an idle connection, so that no firewall on the way forgets it."""

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
        super().__init__(use_dns_cache=False, socket_factory=_probed, **options)
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


def _probed(address: aiohttp.AddrInfoType) -> socket.socket:
    family, kind, protocol, *_ = address
    opened = socket.socket(family, kind, protocol)
    opened.setsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE, 1)
    if hasattr(socket, "TCP_KEEPIDLE"):  # not on every system
        opened.setsockopt(socket.IPPROTO_TCP, socket.TCP_KEEPIDLE, PROBE_SECONDS)
    return opened
