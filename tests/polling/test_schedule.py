"""When targets are polled: spread over the interval, and the first polls a few at a time."""

import asyncio
from collections import Counter
from contextlib import AsyncExitStack
from math import inf

import pytest
from hypothesis import given
from hypothesis import strategies as st

from exporter.polling import schedule as module
from exporter.polling.schedule import FIRST_POLLS, Ramp, Schedule
from exporter.zstack import clock


def spread(name: str, interval: float = 10.0) -> Schedule:
    return Schedule.spread(name, interval, timeout=5, stale_after=30)


def test_a_thousand_targets_are_spread_evenly_over_the_interval() -> None:
    seconds = Counter(int(spread(f"platform-{number}").offset) for number in range(1000))
    assert sorted(seconds) == [*range(10)]
    assert max(seconds.values()) < 1.5 * 100


def test_the_offset_of_a_name_is_the_same_in_every_process_and_release() -> None:
    assert spread("lab", 60.0).offset == pytest.approx(LAB_OF_60)
    assert spread("上海", 60.0).offset == pytest.approx(SHANGHAI_OF_60)


def test_a_schedule_keeps_the_times_that_it_was_given() -> None:
    made = Schedule.spread("lab", 60.0, timeout=5.0, stale_after=30.0)
    assert (made.interval, made.timeout, made.stale_after) == (60.0, 5.0, 30.0)


LAB_OF_60 = 29.145889628
SHANGHAI_OF_60 = 57.192629752

intervals = st.floats(1, 86_400)
instants = st.floats(0, 1e8)


@given(st.text(min_size=1, max_size=20), intervals, instants, st.floats(0, 1e5))
def test_the_next_tick_is_after_now_and_at_most_an_interval_and_a_half_after_the_first_poll(
    name: str, interval: float, begun: float, took: float
) -> None:
    schedule = spread(name, interval)
    tick, now = schedule.nearest_tick(begun), begun + took
    assert abs(tick - begun) <= interval / 2 + 1e-6
    later = schedule.next_tick(tick, now)
    assert later > now
    assert later - tick >= interval - 1e-6
    assert later <= max(now, begun + interval / 2) + interval + 1e-6
    between = schedule.ticks_between(tick, later)
    assert later - tick == pytest.approx((between + 1) * interval)


async def test_a_few_first_polls_are_under_way_at_once() -> None:
    ramp = Ramp()
    async with AsyncExitStack() as held:
        for _ in range(FIRST_POLLS):
            await held.enter_async_context(ramp.place(until=inf))
        waiting = asyncio.create_task(_enter(ramp, until=clock.now() + 60))
        await asyncio.sleep(0)
        assert not waiting.done()
    await waiting


async def test_a_target_that_finds_no_place_is_polled_on_its_own_tick() -> None:
    ramp = Ramp()
    async with AsyncExitStack() as held:
        for _ in range(FIRST_POLLS):
            await held.enter_async_context(ramp.place(until=inf))
        tick = clock.now() + 0.05
        await _enter(ramp, until=tick)
        assert clock.now() >= tick - 0.001
        await _enter(ramp, until=tick)


async def test_a_place_is_kept_for_a_moment_so_that_many_quick_polls_are_no_herd() -> None:
    ramp = Ramp()
    began = clock.now()
    for _ in range(3):
        async with asyncio.TaskGroup() as tasks:
            for _ in range(FIRST_POLLS):
                tasks.create_task(_enter(ramp, until=inf))
    assert clock.now() - began >= 0.99


async def test_a_poll_that_took_longer_than_that_gives_its_place_back_at_once(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(module, "FIRST_POLL_SECONDS", 0.0)
    ramp = Ramp()
    async with AsyncExitStack() as held:
        for _ in range(FIRST_POLLS):
            await held.enter_async_context(ramp.place(until=inf))
    waiting = asyncio.create_task(_enter(ramp, until=inf))
    for _ in range(10):  # steps of the event loop, in which no time passes
        await asyncio.sleep(0)
    assert waiting.done()


async def _enter(ramp: Ramp, *, until: float) -> None:
    async with ramp.place(until=until):
        pass
