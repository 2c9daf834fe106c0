"""Blocking work for one platform, in one thread at a time.

A thread cannot be stopped. When a poll passes its deadline, or its target is reloaded or removed,
the thread goes on with work whose result is no longer awaited. Two rules keep that harmless:

* A function gets all that it needs as arguments and returns all that it makes. The result reaches
  the exporter only through the `await` of the poll that began the work; once that poll is over,
  it is dropped.
* The next work for the platform waits until the thread is free. So a platform whose work hangs
  holds one thread, however often it is polled, and no two threads work for it at once.
"""

import asyncio
from collections.abc import Callable
from functools import partial
from typing import Any, Generic, ParamSpec, Self, TypeVar

P = ParamSpec("P")
T = TypeVar("T")


class _AbandonedError(Exception):
    """The work was cancelled before it began."""


class _Work(Generic[T]):
    """One call; `abandoned` is set when its result is no longer awaited."""

    def __init__(self, call: "partial[T]") -> None:
        self.__wrapped__ = call
        self.abandoned = False

    def __call__(self) -> T:
        if self.abandoned:
            raise _AbandonedError
        return self.__wrapped__()


class Worker:
    """Runs functions in threads of the event loop's default pool, one after the other."""

    def __init__(self) -> None:
        self._running: asyncio.Future[Any] | None = None

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        """Cancel the future of a running thread, so that it does not report to a closed loop."""
        if self._running is not None:
            self._running.cancel()

    async def run(self, function: Callable[P, T], *args: P.args, **kwargs: P.kwargs) -> T:
        """What the function returns or raises; it begins once earlier work has ended."""
        while self._running is not None:
            await asyncio.wait({self._running})
        work = _Work(partial(function, *args, **kwargs))
        running = asyncio.get_running_loop().run_in_executor(None, work)
        self._running = running
        running.add_done_callback(self._ended)
        try:
            return await asyncio.shield(running)
        except asyncio.CancelledError:
            work.abandoned = True
            raise
        finally:
            del running  # which holds an error, which holds this frame, and so all it was given

    def _ended(self, running: "asyncio.Future[Any]") -> None:
        self._running = None
        if not running.cancelled():
            running.exception()  # retrieved, or asyncio would log it
