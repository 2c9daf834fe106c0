"""An event loop whose time jumps to the next timer when there is nothing else to wait for."""

import asyncio
import selectors
from collections.abc import Callable, Mapping
from concurrent.futures import Executor
from typing import Any, Final, TypeAlias, TypeVar

from typing_extensions import TypeVarTuple, override

from .clock import Clock

T = TypeVar("T")
Ts = TypeVarTuple("Ts")

Ready: TypeAlias = list[tuple[selectors.SelectorKey, int]]

ON_ITS_WAY_SECONDS: Final = 0.001
"""Real time, in which the kernel hands on what one socket has sent to another."""

LONGEST_WAY_SECONDS: Final = 2.0
"""The same on a machine with too much to do; only waited for where nothing else can come."""

LONGEST_WORK_SECONDS: Final = 60.0


class Loop(asyncio.SelectorEventLoop):
    """Its time is the clock's. It stands still while threads work and while sockets have data."""

    def __init__(self, clock: Clock, waiting: "Waiting | None" = None) -> None:
        self._clock = clock
        self._waiting = waiting or Waiting(clock)
        super().__init__(self._waiting)

    @override
    def time(self) -> float:
        return self._clock.monotonic()

    @override
    def run_in_executor(
        self, executor: Executor | None, func: Callable[[*Ts], T], *args: *Ts
    ) -> asyncio.Future[T]:
        working = super().run_in_executor(executor, func, *args)
        self._waiting.threads += 1
        working.add_done_callback(self._waiting.one_less)
        return working

    @override
    async def shutdown_default_executor(self, timeout: float | None = None) -> None:
        """A thread that waits for the others, which no executor knows of."""
        self._waiting.threads += 1
        try:
            await super().shutdown_default_executor()  # they end, or `_work` raises
        finally:
            self._waiting.threads -= 1


class Waiting(selectors.BaseSelector):
    """A selector that never waits for a timer: it moves the clock there."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._real = selectors.DefaultSelector()
        self._quiet = False
        self.threads = 0

    def one_less(self, _done: asyncio.Future[Any]) -> None:
        self.threads -= 1

    @override
    def select(self, timeout: float | None = None) -> Ready:
        ready = self._ready(0)
        if ready or timeout == 0:
            return ready
        if self.threads:
            return self._work()
        return self._idle(self._clock.elapsed + (float("inf") if timeout is None else timeout))

    def _ready(self, seconds: float | None) -> Ready:
        """What there is to read or write, after so much real time at most."""
        ready = self._real.select(seconds)
        self._quiet = not ready
        return ready

    def _work(self) -> Ready:
        ready = self._ready(LONGEST_WORK_SECONDS)
        if self._quiet:
            raise RuntimeError("a thread has worked for too long")
        return ready

    def _idle(self, timer: float) -> Ready:
        """There is nothing to do before the clock has reached the next timer."""
        endless = timer == float("inf")
        ready = self._ready(LONGEST_WAY_SECONDS if endless else ON_ITS_WAY_SECONDS)
        if not ready:
            self._pass(timer)
        return ready

    def _pass(self, until: float) -> None:
        if until == float("inf"):
            raise RuntimeError("nothing is under way, and there is no timer to wait for")
        self._clock.elapsed = until

    @override
    def register(self, fileobj: Any, events: int, data: Any = None) -> selectors.SelectorKey:
        return self._real.register(fileobj, events, data)

    @override
    def unregister(self, fileobj: Any) -> selectors.SelectorKey:
        return self._real.unregister(fileobj)

    @override
    def modify(self, fileobj: Any, events: int, data: Any = None) -> selectors.SelectorKey:
        return self._real.modify(fileobj, events, data)

    @override
    def get_map(self) -> Mapping[Any, selectors.SelectorKey]:
        return self._real.get_map()

    @override
    def get_key(self, fileobj: Any) -> selectors.SelectorKey:
        return self._real.get_key(fileobj)

    @override
    def close(self) -> None:
        self._real.close()
