"""A day of the exporter's life in seconds, and the clock that makes it possible."""

import asyncio
import socket
import subprocess
import sys
import time
from contextlib import suppress
from dataclasses import replace
from functools import partial
from pathlib import Path
from threading import Thread

import pytest

from . import virtual_time
from .clock import Clock
from .invariants import Invariants
from .loop import Loop
from .memory import Memory
from .virtual_time import Following

ROOT = Path(__file__).parents[3]

CLOCKS_GO_FORWARD = "2026-03-07T18:00"
CLOCKS_GO_BACK = "2026-10-31T18:00"


@pytest.mark.small_sample(0)
@pytest.mark.timeout(600)
@pytest.mark.parametrize("begin", [CLOCKS_GO_FORWARD, CLOCKS_GO_BACK])
def test_a_day_of_troubles_breaks_no_promise(begin: str) -> None:
    command = (sys.executable, "-m", "tests.robustness.soak", "--days", "1", "--begin", begin)
    lived = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    assert lived.returncode == 0, lived.stdout + lived.stderr
    assert "every invariant held" in lived.stdout
    assert not lived.stderr


@pytest.fixture
def clock() -> Clock:
    return Clock(began=1_790_000_000.0)


@pytest.fixture
def runner(clock: Clock) -> asyncio.Runner:
    return asyncio.Runner(loop_factory=partial(Loop, clock))


def test_a_month_of_sleep_takes_no_time(clock: Clock, runner: asyncio.Runner) -> None:
    with runner:
        runner.run(asyncio.sleep(30 * 86_400))
    assert clock.elapsed == 30 * 86_400
    assert clock.true() == 1_790_000_000 + 30 * 86_400


def test_time_stands_still_while_a_thread_works(clock: Clock, runner: asyncio.Runner) -> None:
    async def work() -> float:
        async with asyncio.timeout(0.01):
            await asyncio.to_thread(time.sleep, 0.1)  # real work, far longer than the time-out
        return clock.elapsed

    with runner:
        assert runner.run(work()) == 0


def test_the_end_waits_for_work_that_was_given_up(clock: Clock, runner: asyncio.Runner) -> None:
    async def give_up() -> None:
        with suppress(TimeoutError):
            async with asyncio.timeout(0):
                await asyncio.to_thread(time.sleep, 0.1)

    with runner:
        runner.run(give_up())
    assert clock.elapsed == 0


def test_time_stands_still_while_data_is_on_its_way(clock: Clock, runner: asyncio.Runner) -> None:
    async def answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(await reader.readexactly(1_000_000))
        writer.close()

    async def ask() -> float:
        server = await asyncio.start_server(answer, "127.0.0.1", 0)
        async with server, asyncio.timeout(60):
            reader, writer = await asyncio.open_connection(*server.sockets[0].getsockname())
            writer.write(bytes(1_000_000))
            assert len(await reader.read(-1)) == 1_000_000
            writer.close()
        return clock.elapsed

    with runner:
        assert runner.run(ask()) == 0


def test_two_processes_live_in_one_time(clock: Clock) -> None:
    """Threads stand for them here; soak's own are processes."""
    seen: list[tuple[str, float]] = []

    async def work_and_sleep() -> None:
        await asyncio.sleep(5)
        seen.append(("follows", clock.elapsed))
        await asyncio.to_thread(time.sleep, 0.1)
        seen.append(("has worked", clock.elapsed))
        await asyncio.sleep(2)
        seen.append(("follows", clock.elapsed))

    def follow(leader: socket.socket) -> None:
        making = partial(Loop, clock, Following(clock, leader))
        with leader, asyncio.Runner(loop_factory=making) as runner:
            runner.run(work_and_sleep())

    async def lead() -> None:
        for _ in range(3):
            await asyncio.sleep(3)
            seen.append(("leads", clock.elapsed))

    ours, others = virtual_time.ends()
    waiting = virtual_time.Leading(clock)
    waiting.lead(ours)
    follower = Thread(target=follow, args=[others])
    follower.start()
    with ours, asyncio.Runner(loop_factory=partial(Loop, clock, waiting)) as runner:
        runner.run(lead())
    follower.join()
    assert seen == [
        ("leads", 3),
        ("follows", 5),
        ("has worked", 5),
        ("leads", 6),
        ("follows", 7),
        ("leads", 9),
    ]


def test_nothing_to_wait_for_is_an_error(runner: asyncio.Runner) -> None:
    async def wait_for_nothing() -> None:
        await asyncio.get_running_loop().create_future()

    with runner, pytest.raises(RuntimeError, match="no timer"):
        runner.run(wait_for_nothing())


def test_a_stepped_clock_leaves_the_monotonic_one_alone(clock: Clock) -> None:
    before = clock.monotonic()
    clock.error = -3600.0
    assert clock.wall() == clock.true() - 3600
    assert clock.monotonic() == before


PAGE = """# HELP a_total A.
# TYPE a_total counter
a_total{x="1"} %s
# HELP g G.
# TYPE g gauge
g 1
"""


@pytest.mark.parametrize("then", [PAGE % 4, "# HELP g G.\n# TYPE g gauge\ng 1\n"])
def test_a_counter_that_falls_or_vanishes_is_seen(clock: Clock, then: str) -> None:
    invariants = Invariants((), clock)
    invariants.look(PAGE % 5, "text/plain")
    invariants.look(PAGE % 5, "text/plain")
    assert not invariants.broken
    invariants.look(then, "text/plain")
    assert len(invariants.broken) == 1


@pytest.mark.parametrize(
    ("kind", "leak"),
    [("resident", 1 << 17), ("held", 1 << 14), ("blocks", 400), ("traced", 1 << 15)],
)
def test_a_small_leak_is_seen(clock: Clock, kind: str, leak: int) -> None:
    """So much a day, in thirty days that else are as they were lived."""
    level = Memory(
        resident=69 << 20, held=16 << 20, blocks=277_000, traced=(33 << 20) * (kind == "traced")
    )
    flat, leaking = Invariants((), clock), Invariants((), clock)
    flat.steady_memory([level] * 30)
    assert not flat.broken
    days = [replace(level, **{kind: getattr(level, kind) + day * leak}) for day in range(30)]
    leaking.steady_memory(days)
    [broken] = leaking.broken
    assert kind in broken
