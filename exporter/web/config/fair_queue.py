"""A fair queue in front of a worker that does one thing at a time.

Many connections of one client could keep a worker busy for minutes. So next is a peer that has had
the fewest turns, of that peer the connection that has had the fewest, and of those the newest
request. A request of another peer waits for the current turn, and not for the queue.
"""

import asyncio
import ipaddress
import itertools
from collections import Counter
from collections.abc import Hashable
from dataclasses import dataclass, field
from typing import Any, Final

MOST_WAITING: Final = 1000
"""Requests, half of the connections that clients may have; beyond it the last in order is refused.

Up to here a request waits: a client that is refused at once retries at once, and a thousand of
those are more work than the passwords.
"""

MOST_COUNTED: Final = 2000
"""Peers and connections whose turns are counted at once."""

_IPV6_NETWORK_BITS: Final = 64
"""Prefix length: a host chooses the rest of its address itself (RFC 4291, 2.5.1)."""


class OverloadedError(Exception):
    """A request gets no turn: too many wait, or its client seems to have gone."""


@dataclass(frozen=True, slots=True)
class Caller:
    """The peer and the connection of a request."""

    peer: Hashable
    connection: Hashable

    @classmethod
    def from_peername(cls, peername: Any) -> "Caller":
        """Takes the transport's peername; an empty one, as of a Unix socket, is one peer."""
        host, *rest = peername if isinstance(peername, tuple) else (str(peername),)
        return cls(_network(str(host)), (host, *rest))


class FairQueue:
    """Gives one turn at a time. The answer to a request is for all that wait with the same key.

    Turns are counted while requests wait; an empty queue forgets them.
    """

    def __init__(self, most_waiting: int = MOST_WAITING) -> None:
        self._most_waiting = most_waiting
        self._waiting: list[_Request] = []
        self._turns: Counter[Hashable] = Counter()
        self._busy = False

    @property
    def has_waiting(self) -> bool:
        """Whether requests wait."""
        return bool(self._waiting)

    async def wait(self, caller: Caller, key: bytes) -> bool | None:
        """Return None at the caller's turn, or the answer that another caller with the key got.

        The caller that gets the turn must call `finish`. Raises OverloadedError.
        """
        if not self._busy:
            self._take(caller)
            return None
        request = _Request(caller, key)
        self._waiting.append(request)
        if len(self._waiting) > self._most_waiting:
            self._refuse_one()
        try:
            return await request.answer
        except asyncio.CancelledError:
            self._leave(request)
            raise

    def finish(self, key: bytes, *, answer: bool | None) -> None:
        """End the turn; an answer is for all that wait with this key, None is for none of them."""
        if answer is not None:
            for request in [each for each in self._waiting if each.key == key]:
                self._waiting.remove(request)
                request.answer.set_result(answer)
        self._busy = False
        if self._waiting:
            request = min(self._waiting, key=self._place)
            self._waiting.remove(request)
            self._take(request.caller)
            request.answer.set_result(None)
        else:
            self._turns.clear()

    def _take(self, caller: Caller) -> None:
        self._busy = True
        if len(self._turns) >= MOST_COUNTED:
            self._turns.clear()
        self._turns.update((caller.peer, caller.connection))

    def _place(self, request: "_Request") -> tuple[int, int, int]:
        """The sort key in the queue; the smallest is next."""
        caller = request.caller
        return self._turns[caller.peer], self._turns[caller.connection], -request.number

    def _refuse_one(self) -> None:
        """Refuse the last request of the peer that has the most in the queue."""
        waiting = Counter(request.caller.peer for request in self._waiting)
        last = max(self._waiting, key=lambda each: (waiting[each.caller.peer], self._place(each)))
        self._waiting.remove(last)
        last.answer.set_exception(OverloadedError)

    def _leave(self, request: "_Request") -> None:
        """Remove a cancelled request; if it has just got the turn, pass it on."""
        if request in self._waiting:
            self._waiting.remove(request)
        elif request.has_turn:
            self.finish(request.key, answer=None)


@dataclass(eq=False, slots=True)
class _Request:
    caller: Caller
    key: bytes
    number: int = field(default_factory=itertools.count().__next__)
    answer: "asyncio.Future[bool | None]" = field(
        default_factory=lambda: asyncio.get_running_loop().create_future()
    )

    @property
    def has_turn(self) -> bool:
        done = self.answer.done() and not self.answer.cancelled()
        return done and self.answer.exception() is None and self.answer.result() is None


def _network(host: str) -> Hashable:
    """An IPv4 address, also one written as IPv6, or the network of an IPv6 address."""
    try:
        address = ipaddress.ip_address(host.partition("%")[0])
    except ValueError:  # of a Unix socket
        return host
    if isinstance(address, ipaddress.IPv6Address):
        return address.ipv4_mapped or int(address) >> _IPV6_NETWORK_BITS
    return address
