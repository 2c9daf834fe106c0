"""Two processes that live in one time: it passes when both have nothing to do.

The one that leads asks the other when it has nothing to do itself. The other answers when it has
nothing to do either, with the time of its next timer, and the leader moves their clock to the next
timer of the two. An answer is worth nothing when the leader has worked since it asked: what it sent
meanwhile may have woken the other.
"""

import selectors
import socket
import struct
from enum import Enum
from typing import Final

from typing_extensions import override

from .clock import Clock
from .loop import LONGEST_WORK_SECONDS, ON_ITS_WAY_SECONDS, Ready, Waiting
from .memory import Memory

_TIMER: Final = struct.Struct("d")
_LONGEST_MESSAGE: Final = 1 << 16


class _Asked(Enum):
    """What the leader wants to know or to be done."""

    IDLE = b"idle"
    WAKE = b"wake"
    MEMORY = b"memory"


def ends() -> tuple[socket.socket, socket.socket]:
    """The two ends of a channel of messages."""
    return socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)


class _Connected(Waiting):
    """Receives from the other end at once, beside all that the loop waits for."""

    _other: socket.socket | None = None

    @override
    def _ready(self, seconds: float | None) -> Ready:
        ready = super()._ready(seconds)
        own = [each for each in ready if each[0].fileobj is not self._other]
        if self._other is not None and len(own) < len(ready):
            self._receive(_received(self._other))
        return own

    def _connect(self, other: socket.socket) -> None:
        self._real.register(other, selectors.EVENT_READ)
        self._other = other

    def _receive(self, message: bytes) -> None:
        raise NotImplementedError


class Leading(_Connected):
    """Alone until another follows, and after that has gone."""

    def __init__(self, clock: Clock) -> None:
        super().__init__(clock)
        self._asked = False
        self._worked = False
        self._timer: float | None = None

    def lead(self, follower: socket.socket) -> None:
        """From now on, time passes for both."""
        self._connect(follower)

    def memory(self) -> Memory:
        """How much the other process has."""
        assert self._other is not None
        self._other.send(_Asked.MEMORY.value)
        while len(message := _received(self._other)) == _TIMER.size:
            self._receive(message)
        return Memory.from_message(message)

    @override
    def _ready(self, seconds: float | None) -> Ready:
        ready = super()._ready(seconds)
        if ready:
            self._worked, self._timer = self._asked, None
        return ready

    @override
    def _idle(self, timer: float) -> Ready:
        while self._is_followed():
            if ready := self._ready(LONGEST_WORK_SECONDS):
                return ready
            if self._timer is not None:
                self._pass_together(timer, self._timer)
                return []
            if self._quiet:
                raise RuntimeError("the one that follows has worked for too long")
        return super()._idle(timer)

    def _is_followed(self) -> bool:
        """Asks whether the other has nothing to do, unless it has been asked."""
        if self._other is not None and not self._asked:
            self._asked, self._worked = True, False
            try:
                self._other.send(_Asked.IDLE.value)
            except ConnectionError:
                self._receive(b"")
        return self._other is not None

    @override
    def _receive(self, message: bytes) -> None:
        self._asked = False
        if message:
            self._timer = None if self._worked else _TIMER.unpack(message)[0]
        elif self._other is not None:
            self._real.unregister(self._other)
            self._other = None

    def _pass_together(self, own: float, others: float) -> None:
        self._timer = None
        self._pass(min(own, others))
        if others <= own and self._other is not None:
            self._other.send(_Asked.WAKE.value)


class Following(_Connected):
    """Reports when it has nothing to do, and waits to be woken."""

    def __init__(self, clock: Clock, leader: socket.socket) -> None:
        super().__init__(clock)
        self._leader = leader
        self._connect(leader)
        self._owes = False
        self._woken = False

    @override
    def _idle(self, timer: float) -> Ready:
        self._woken = False
        while not self._woken:
            owed = self._owes
            if ready := self._ready(ON_ITS_WAY_SECONDS if owed else None):
                return ready
            if owed:
                self._owes = False
                self._leader.send(_TIMER.pack(timer))
        return []

    @override
    def _receive(self, message: bytes) -> None:
        match _Asked(message):
            case _Asked.IDLE:
                self._owes = True
            case _Asked.WAKE:
                self._woken = True
            case _Asked.MEMORY:
                self._leader.send(Memory.now().to_message())


def _received(end: socket.socket) -> bytes:
    """A message; an empty one if the other end has gone, maybe without having received all."""
    try:
        return end.recv(_LONGEST_MESSAGE)
    except ConnectionResetError:
        return b""
