"""What is tried again within a call, how often, and how long it waits in between."""

import asyncio
from collections.abc import Callable

import pytest

from exporter.simulator import Cloud, Fault
from exporter.zstack import MODEL_SERVICES, Client
from exporter.zstack.client import BACK_OFF_SECONDS, TRIES
from exporter.zstack.errors import (
    DeniedError,
    NotReadyError,
    RateLimitedError,
    RejectedError,
    TooLargeError,
    UnsupportedError,
)
from tests.support.client_fixture import QUERY, by_key, client_at, client_for, page, reply, replying

PASSING: dict[str, Callable[..., Fault]] = {
    "reset": Fault.reset_midway,
    "html": Fault.html,
    "rate limit": Fault.rate_limited,
    "starting": Fault.not_ready,
    "truncated": Fault.truncated,
}


@pytest.mark.parametrize("times", [1, TRIES - 1])
@pytest.mark.parametrize("trouble", PASSING)
async def test_failure_that_passes_is_not_seen_by_the_caller(trouble: str, times: int) -> None:
    fault = PASSING[trouble](operation=QUERY, times=times)
    cloud = Cloud(services=3, faults=[fault])
    async with client_for(cloud) as fixture:
        assert len((await fixture.services()).services) == 3

    assert cloud.operations == {QUERY: times + 1}
    assert len(fixture.waits) == times
    assert len(fixture.exchanges) == times + 1


@pytest.mark.parametrize("trouble", PASSING)
async def test_failure_that_stays_is_tried_three_times(trouble: str) -> None:
    fault = PASSING[trouble](operation=QUERY)
    cloud = Cloud(services=3, faults=[fault])
    async with client_for(cloud) as fixture:
        assert (await fixture.failure()).transient

    assert cloud.operations == {QUERY: 3}
    assert len(fixture.waits) == 2


async def test_lost_connection_is_asked_for_again_from_the_page_that_was_lost() -> None:
    cloud = Cloud(services=30, faults=[Fault.reset_midway(page=2)])
    async with client_for(cloud, page_size=10) as fixture:
        assert len((await fixture.services()).services) == 30

    starts = [request.query.split("&")[1] for request in cloud.requests]
    assert starts == ["start=0", "start=9", "start=9", "start=19", "start=29"]


@pytest.mark.parametrize(
    ("trouble", "expected"),
    [
        (Fault.error("SYS.1000", "not having field[x]"), RejectedError),
        (Fault.error("SYS.1007"), RejectedError),
        (Fault.error("ID.1002"), DeniedError),
        (Fault.error("LICENSE.1000"), DeniedError),
        (Fault.unsupported(), UnsupportedError),
        (Fault.text(400, "missing header"), RejectedError),
        (Fault.oversize(2 << 20), TooLargeError),
    ],
    ids=lambda value: getattr(value, "__name__", ""),
)
async def test_failure_that_stays_is_not_repeated(
    trouble: Fault, expected: type[Exception]
) -> None:
    cloud = Cloud(services=3, faults=[trouble])
    async with client_for(cloud, max_response_bytes=1 << 20) as fixture:
        assert type(await fixture.failure()) is expected

    assert cloud.operations == {QUERY: 1}
    assert fixture.waits == []


async def test_a_wait_longer_than_a_poll_is_left_to_the_next_poll() -> None:
    limited = reply(b"slowly", "429 Too Many Requests", Retry_After="3600")
    async with replying(limited, reply(page("a"))) as server, client_at(server.url) as fixture:
        assert isinstance(await fixture.failure(), RateLimitedError)
        assert fixture.waits == []


@pytest.mark.parametrize("seconds", [0, 7, 10])
async def test_rate_limit_is_waited_for_as_long_as_it_asks(seconds: int) -> None:
    limited = reply(b"slowly", "429 Too Many Requests", Retry_After=str(seconds))
    async with replying(limited, reply(page("a"))) as server, client_at(server.url) as fixture:
        await fixture.services()

    (waited,) = fixture.waits
    assert waited >= seconds


@pytest.mark.parametrize("value", ["soon", "-5", "1.5", "٣", "Wed, 21 Oct 2026 07:28:00 GMT", ""])
async def test_rate_limit_that_names_no_seconds_is_waited_for_as_any_failure(value: str) -> None:
    text = value.encode().decode("latin-1")
    limited = reply(b"slowly", "429 Too Many Requests", Retry_After=text)
    async with replying(limited, reply(page("a"))) as server, client_at(server.url) as fixture:
        await fixture.services()

    (waited,) = fixture.waits
    assert 0 <= waited <= BACK_OFF_SECONDS


async def test_rate_limit_that_stays_is_the_error() -> None:
    limited = reply(b"", "429 Too Many Requests", Retry_After="7")
    async with replying(limited) as server, client_at(server.url) as fixture:
        error = await fixture.failure()

    assert isinstance(error, RateLimitedError)
    assert error.retry_after == 7


async def test_waits_are_of_random_length_and_the_second_may_be_twice_as_long() -> None:
    async with client_for(Cloud(faults=[Fault.not_ready()])) as fixture:
        for _ in range(20):
            assert isinstance(await fixture.failure(), NotReadyError)
        first, second = fixture.waits[::2], fixture.waits[1::2]

    assert len(set(first + second)) == 40
    # The probability that twenty random waits all stay below this share is negligible.
    assert 0.52 * BACK_OFF_SECONDS < max(first) <= BACK_OFF_SECONDS
    assert 0.52 * 2 * BACK_OFF_SECONDS < max(second) <= 2 * BACK_OFF_SECONDS


async def test_poll_can_be_given_up_while_it_waits() -> None:
    waiting = asyncio.Event()

    async def sleep(_seconds: float) -> None:
        waiting.set()
        await asyncio.Event().wait()

    async with client_for(Cloud(faults=[Fault.not_ready()])) as fixture:
        way = fixture.transport()
        client = Client(way, by_key()(way), page_size=1000, projection=False, sleep=sleep)
        async with asyncio.TaskGroup() as tasks:
            poll = tasks.create_task(client.list(MODEL_SERVICES, fixture.make))
            await waiting.wait()
            poll.cancel()

    assert poll.cancelled()
