"""One thread at a time for a platform, also for abandoned work."""

import asyncio
import gc
import threading
from concurrent.futures import ThreadPoolExecutor

import pytest

from exporter.zstack import Worker


class Slow:
    """Blocks until it is released; counts how many run at once."""

    def __init__(self) -> None:
        self.released = threading.Event()
        self.begun = asyncio.Event()
        self.running = self.most = self.calls = 0
        self._loop = asyncio.get_running_loop()

    def __call__(self) -> str:
        self.calls += 1
        self.running += 1
        self.most = max(self.most, self.running)
        self._loop.call_soon_threadsafe(self.begun.set)
        self.released.wait(30)
        self.running -= 1
        return "late"


async def abandoned(worker: Worker, slow: Slow) -> None:
    """An abandoned call that is still under way."""
    slow.begun.clear()
    waiting = asyncio.create_task(worker.run(slow))
    await slow.begun.wait()
    waiting.cancel()
    with pytest.raises(asyncio.CancelledError):
        await waiting


async def test_it_returns_what_the_function_returns() -> None:
    def add(first: int, *, second: int) -> int:
        return first + second

    assert await Worker().run(add, 1, second=2) == 3


async def test_it_raises_what_the_function_raises_and_goes_on() -> None:
    worker = Worker()
    with pytest.raises(ValueError, match="invalid literal"):
        await worker.run(int, "none")
    assert await worker.run(int, "1") == 1


async def test_the_next_call_waits_for_one_that_was_abandoned() -> None:
    worker, slow = Worker(), Slow()
    await abandoned(worker, slow)
    waiting = asyncio.create_task(worker.run(slow))
    await asyncio.sleep(0)
    assert slow.calls == 1
    slow.released.set()
    assert await waiting == "late"
    assert (slow.calls, slow.most) == (2, 1)


async def test_calls_that_wait_at_once_come_one_after_the_other() -> None:
    worker, slow = Worker(), Slow()
    waiting = [asyncio.create_task(worker.run(slow)) for _ in range(5)]
    await slow.begun.wait()
    slow.released.set()
    assert await asyncio.gather(*waiting) == ["late"] * 5
    assert (slow.calls, slow.most) == (5, 1)


async def test_a_call_that_is_abandoned_before_its_turn_never_begins() -> None:
    worker, slow, other = Worker(), Slow(), Slow()
    first = asyncio.create_task(worker.run(slow))
    await slow.begun.wait()
    second = asyncio.create_task(worker.run(other))
    await asyncio.sleep(0)
    second.cancel()
    slow.released.set()
    assert await first == "late"
    assert await worker.run(int, "1") == 1
    assert other.calls == 0


async def test_a_call_that_is_abandoned_before_there_is_a_thread_never_begins() -> None:
    asyncio.get_running_loop().set_default_executor(ThreadPoolExecutor(1))
    worker, busy, slow, other = Worker(), Worker(), Slow(), Slow()
    first = asyncio.create_task(busy.run(slow))
    await slow.begun.wait()
    second = asyncio.create_task(worker.run(other))
    await asyncio.sleep(0)
    second.cancel()
    await asyncio.wait({second})
    slow.released.set()
    assert await first == "late"
    assert await worker.run(int, "1") == 1
    assert other.calls == 0


async def test_the_error_of_an_abandoned_call_is_not_reported() -> None:
    errors: list[object] = []
    asyncio.get_running_loop().set_exception_handler(lambda _, error: errors.append(error))
    worker, slow = Worker(), Slow()

    def fail() -> None:
        slow()
        raise ValueError("late")

    waiting = asyncio.create_task(worker.run(fail))
    await slow.begun.wait()
    waiting.cancel()
    await asyncio.wait({waiting})
    slow.released.set()
    del waiting
    assert await worker.run(int, "1") == 1
    gc.collect()  # asyncio reports an error that was never retrieved when its future goes
    assert not errors


def test_a_thread_that_outlives_its_event_loop_is_quiet(capfd: pytest.CaptureFixture[str]) -> None:
    released, ended = threading.Event(), threading.Event()

    def slow() -> None:
        released.wait(30)
        ended.set()

    async def leave() -> None:
        with Worker() as worker:
            waiting = asyncio.create_task(worker.run(slow))
            await asyncio.sleep(0)
            waiting.cancel()
            await asyncio.wait({waiting})
        threading.Timer(0.1, released.set).start()

    asyncio.run(leave())
    assert ended.wait(30)
    assert capfd.readouterr().err == ""
