"""A machine that was suspended: old data is not fresh, and a poll comes at once."""

import asyncio
import signal
import time
from asyncio.subprocess import Process
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from functools import partial

import pytest

from exporter.daemon import event_loop
from exporter.daemon.event_loop import EventLoop
from exporter.simulator import Cloud, Fault, serving
from exporter.zstack import clock
from tests.support.commands import page_of, started
from tests.support.exporting import PATIENCE, Samples, until_seen

from .suspended import SLEEP_SECONDS

SERVICES = "zstack_model_services_reported"
QUERY = "QueryModelService"


async def first_page(exporter: str, holds: Callable[[Samples], object]) -> Samples:
    """The first page on which something holds; asks again until then."""
    return await until_seen(partial(page_of, exporter), holds)


@asynccontextmanager
async def polled_once(cloud: Cloud) -> AsyncIterator[tuple[Process, str]]:
    """A process that has polled once, and would poll again in an hour."""
    async with serving(cloud) as url:
        flags = (
            *("--target.url", url, "--target.account", "admin", "--target.interval", "1h"),
            *("--web.listen-address", "127.0.0.1:0"),
        )
        password = {"ZSTACK_EXPORTER_TARGET__PASSWORD": "password"}
        sleeping = started(*flags, module="tests.robustness.suspended", **password)
        async with sleeping as (process, exporter):
            await first_page(exporter, lambda page: SERVICES in page.names)
            yield process, exporter


async def test_data_of_before_the_suspend_is_stale_after_it() -> None:
    cloud = Cloud(services=3)
    async with polled_once(cloud) as (process, exporter):
        cloud.faults.append(Fault.hang())
        process.send_signal(signal.SIGUSR1)
        await first_page(exporter, lambda page: SERVICES not in page.names)


async def test_a_poll_comes_at_once_after_the_suspend() -> None:
    async with polled_once(Cloud(services=3)) as (process, exporter):
        process.send_signal(signal.SIGUSR1)
        polled = {"name": "zstack_polls_total", "outcome": "success"}
        page = await first_page(  # soon: the next tick was an hour away
            exporter, lambda page: page.total(**polled) == 2 and page.value(SERVICES) == 3
        )
        # The first poll took the place of the tick that was nearest, before or after it.
        skipped = page.total("zstack_polls_total", outcome="skipped")
        assert SLEEP_SECONDS // 3600 - 2 <= skipped <= SLEEP_SECONDS // 3600 - 1


def test_the_clock_is_the_one_that_goes_on_in_a_suspend() -> None:
    before = time.clock_gettime(time.CLOCK_BOOTTIME)
    now = clock.now()
    assert before <= now <= time.clock_gettime(time.CLOCK_BOOTTIME)


def test_a_timer_that_fell_due_in_a_suspend_fires_soon(monkeypatch: pytest.MonkeyPatch) -> None:
    """The kernel waits for a while longer: it has slept, too."""
    gettime, slept = time.clock_gettime, [0.0]
    monkeypatch.setattr(time, "clock_gettime", lambda of: gettime(of) + slept[0])
    monkeypatch.setattr(event_loop, "LONGEST_WAIT_SECONDS", 0.5)

    async def sleep() -> float:
        loop = asyncio.get_running_loop()
        signal.signal(signal.SIGALRM, lambda *_: slept.append(slept.pop() + 3600))
        signal.setitimer(signal.ITIMER_REAL, 0.2)
        began = time.monotonic()
        await asyncio.sleep(1800)
        assert loop.time() > 1800
        return time.monotonic() - began

    with asyncio.Runner(loop_factory=EventLoop) as runner:
        assert runner.run(sleep()) < PATIENCE
