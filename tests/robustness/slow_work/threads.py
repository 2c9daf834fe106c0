"""A pool of threads in which a chosen piece of the exporter's own work can be held up."""

import asyncio
import threading
from collections import Counter
from collections.abc import Callable
from functools import partial
from typing import TYPE_CHECKING, Any, Final, ParamSpec, TypeVar

from typing_extensions import override

from exporter.daemon.threads import Threads

if TYPE_CHECKING:
    from concurrent.futures import Future

P = ParamSpec("P")
T = TypeVar("T")

LONGEST_HOLD_SECONDS: Final = 60.0


class Hold:
    """Holds up the n-th call of one function, counted from `arm` on, until `release`.

    The call runs in full, only late: what it changes, it changes after it was released.
    """

    def __init__(self, work: str, occurrence: int = 1) -> None:
        self.work = work
        self._left = occurrence
        self._armed = False
        self._loop = asyncio.get_running_loop()
        self._released = threading.Event()
        self.struck = asyncio.Event()
        """Set when the call has begun to wait."""
        self.ended = asyncio.Event()
        """Set when the call has run, however late."""

    def arm(self) -> None:
        self._armed = True

    def release(self) -> None:
        self._released.set()

    def strikes(self, work: str, *args: Any) -> bool:
        """Whether this is the call; work that names another target than `a` is not."""
        if not self._armed or work != self.work or self._released.is_set():
            return False
        if any(_target(each) != "a" for each in args):
            return False
        self._left -= 1
        return self._left == 0

    def wait(self) -> None:
        """In the thread."""
        self._loop.call_soon_threadsafe(self.struck.set)
        self._released.wait(LONGEST_HOLD_SECONDS)

    def has_run(self) -> None:
        """In the thread, whose event loop may have been closed meanwhile."""
        if not self._loop.is_closed():
            self._loop.call_soon_threadsafe(self.ended.set)


class HeldThreads(Threads):
    """The exporter's own pool, but for the call that is held up; counts calls by function."""

    def __init__(self, most: int, hold: Hold | None = None) -> None:
        super().__init__(most)
        self._hold = hold
        self.calls: Counter[str] = Counter()

    @override
    def submit(self, fn: Callable[P, T], /, *args: P.args, **kwargs: P.kwargs) -> "Future[T]":
        work = name_of(fn, *args)
        self.calls[work] += 1
        if self._hold is None or not self._hold.strikes(work, *args, *_bound(fn)):
            return super().submit(fn, *args, **kwargs)
        return super().submit(partial(_held, self._hold, partial(fn, *args, **kwargs)))


def _target(argument: Any) -> str:
    """The target that an argument names, as a snapshot does; `a` if it names none."""
    target = getattr(argument, "target", "a")
    return target if isinstance(target, str) else "a"


def _held(hold: Hold, call: Callable[[], T]) -> T:
    hold.wait()
    try:
        return call()
    finally:
        hold.has_run()


def _bound(function: Any) -> tuple[Any, ...]:
    """The arguments that a call carries with it."""
    return function.args if isinstance(function, partial) else ()


def name_of(function: Any, *args: Any) -> str:
    """The function that a call is about in the end: `exporter.polling.secret_files.secret_text`."""
    while True:
        if isinstance(function, partial):
            function, args = function.func, (*function.args, *args)
        elif getattr(function, "__name__", "") == "run" and args and callable(args[0]):
            function, *rest = args  # contextvars.Context.run, of asyncio.to_thread
            args = tuple(rest)
        elif hasattr(function, "__wrapped__"):
            function = function.__wrapped__
        else:
            return f"{function.__module__}.{function.__qualname__}"
