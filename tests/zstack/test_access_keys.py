"""Signed requests: the signature, the date it covers, and the zone of that date."""

import asyncio
import time
from collections.abc import Callable
from datetime import UTC, datetime, timedelta, timezone, tzinfo
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from exporter.simulator import Cloud, Fault
from exporter.zstack import QUERY_MODEL_SERVICE, AccessKey, AccessKeyAuth
from exporter.zstack.auth import signature
from exporter.zstack.dates import fixed_offset, http_date
from exporter.zstack.errors import ClockSkewError, CredentialsError, SessionError, UnauthorizedError
from tests.support.client_fixture import (
    KEY,
    KEY_ID,
    KEY_SECRET,
    QUERY,
    SHANGHAI,
    Secret,
    by_key,
    client_for,
)

# 2025-06-05 15:47:29 in Shanghai
MOMENT = 1_749_109_649.0


@pytest.mark.parametrize(
    ("date", "path", "expected"),
    [
        (
            "Thu, 05 Jun 2025 15:47:29 CST",
            "/v1/ai/model-services",
            "jk1ljKUib/vqsLXhGvVuOmngM88=",
        ),
        (
            "Thu, 05 Jun 2025 15:47:29 Asia/Shanghai",
            "/v1/ai/model-services",
            "a+UX9BUsuSWlhbTy1xT84cHGZYo=",
        ),
        (
            "Thu, 05 Jun 2025 07:47:29 GMT",
            "/v1/ai/model-services",
            "vjHt+wDRKwOV2R8uEmyylN+GtkE=",
        ),
        (
            "Thu, 05 Jun 2025 15:47:29 CST",
            "/v1/ai/model-services/instances/groups/",
            "BX1Y7djQjhvV28+kFzKJw50klHw=",
        ),
    ],
)
def test_signature_is_that_of_the_test_vectors(date: str, path: str, expected: str) -> None:
    assert signature(KEY_SECRET, "GET", date, path) == expected


@pytest.mark.parametrize(
    ("zone", "expected"),
    [
        (SHANGHAI, "Thu, 05 Jun 2025 15:47:29 GMT+08:00"),
        (UTC, "Thu, 05 Jun 2025 07:47:29 GMT"),
        (ZoneInfo("America/St_Johns"), "Thu, 05 Jun 2025 05:17:29 GMT-02:30"),
        (ZoneInfo("Asia/Kathmandu"), "Thu, 05 Jun 2025 13:32:29 GMT+05:45"),
    ],
)
def test_date_is_local_time_with_its_offset(zone: tzinfo, expected: str) -> None:
    assert http_date(MOMENT, zone) == expected


@given(
    moment=st.datetimes(datetime(1980, 1, 1), datetime(2100, 1, 1)),  # noqa: DTZ001 - in UTC below
    minutes=st.integers(-18 * 60, 18 * 60),
)
def test_date_reads_back_as_the_moment_it_was_made_of(moment: datetime, minutes: int) -> None:
    seconds = float(int(moment.replace(tzinfo=UTC).timestamp()))
    date = http_date(seconds, timezone(timedelta(minutes=minutes)))
    day, _, zone = date.rpartition(" ")
    read = datetime.strptime(day, "%a, %d %b %Y %H:%M:%S").replace(tzinfo=fixed_offset(zone) or UTC)
    assert read.timestamp() == seconds
    assert f"{read:%a}" == date[:3]
    assert len(day) == len("Thu, 05 Jun 2025 15:47:29")


@pytest.mark.parametrize("check_time_zone", [False, True])
@pytest.mark.parametrize(
    "zone", ["Asia/Shanghai", "UTC", "America/St_Johns", "Asia/Kathmandu", "America/New_York"]
)
async def test_platform_takes_the_date_in_its_own_zone(zone: str, *, check_time_zone: bool) -> None:
    cloud = Cloud(services=3, time_zone=zone, check_time_zone=check_time_zone)
    async with client_for(cloud, by_key(zone=ZoneInfo(zone))) as fixture:
        assert len((await fixture.services()).services) == 3


async def test_any_zone_is_accepted_where_the_platform_reads_zones() -> None:
    cloud = Cloud(services=3, check_time_zone=True)
    async with client_for(cloud, by_key(zone=ZoneInfo("America/New_York"))) as fixture:
        assert len((await fixture.services()).services) == 3


async def test_platform_in_this_machines_zone_accepts_the_first_request(
    local_zone: Callable[[str], None],
) -> None:
    local_zone("America/New_York")
    cloud = Cloud(services=3, time_zone="America/New_York")
    async with client_for(cloud, by_key(zone=None)) as fixture:
        await fixture.services()

    assert cloud.statuses == {200: 1}


async def test_platform_in_shanghai_is_found_after_one_refusal(
    local_zone: Callable[[str], None],
) -> None:
    local_zone("UTC")
    cloud = Cloud(services=3, time_zone="Asia/Shanghai")
    async with client_for(cloud, by_key(zone=None)) as fixture:
        await fixture.services()
        await fixture.services()

    assert [request.status for request in cloud.requests] == [403, 200, 200]
    assert fixture.waits == []


async def test_requests_at_the_same_time_find_the_zone_together(
    local_zone: Callable[[str], None],
) -> None:
    local_zone("UTC")
    cloud = Cloud(services=3, time_zone="Asia/Shanghai")
    async with client_for(cloud, by_key(zone=None)) as fixture:
        await asyncio.gather(*(fixture.services() for _ in range(20)))

    assert cloud.statuses[200] == 20


@pytest.mark.parametrize(
    "zone", [None, fixed_offset("+08:00")], ids=["unset", "set by the operator"]
)
async def test_zone_that_fits_nowhere_is_a_clock_skew(
    zone: tzinfo | None, local_zone: Callable[[str], None]
) -> None:
    local_zone("UTC")
    cloud = Cloud(services=3, time_zone="America/New_York")
    async with client_for(cloud, by_key(zone=zone)) as fixture:
        error = await fixture.failure()

    assert isinstance(error, ClockSkewError)
    assert cloud.statuses == {403: 1 if zone else 2}


async def test_clock_skew_is_no_refusal_of_the_key() -> None:
    cloud = Cloud(services=3, now=lambda: time.time() + 3600)
    async with client_for(cloud) as fixture:
        assert isinstance(await fixture.failure(), ClockSkewError)
        cloud.now = time.time
        assert len((await fixture.services()).services) == 3


@pytest.mark.parametrize(
    "key", [AccessKey("nobodysaccesskeyid00", KEY_SECRET), AccessKey(KEY_ID, "wrong")]
)
async def test_refused_key_is_sent_once_and_no_more(key: AccessKey) -> None:
    cloud = Cloud(services=3)
    async with client_for(cloud, by_key(key)) as fixture:
        for _ in range(5):
            assert isinstance(await fixture.failure(), UnauthorizedError)

    assert cloud.statuses == {403: 1}


async def test_changed_key_is_tried() -> None:
    cloud = Cloud(services=3)
    secret = Secret(AccessKey(KEY_ID, "wrong"))
    async with client_for(cloud, lambda _: AccessKeyAuth(secret, zone=SHANGHAI)) as fixture:
        await fixture.failure()
        secret.value = KEY
        assert len((await fixture.services()).services) == 3

    assert cloud.statuses == {403: 1, 200: 1}


async def test_session_error_is_not_blamed_on_the_key() -> None:
    cloud = Cloud(services=3, faults=[Fault.error("ID.1001", operation=QUERY, times=1)])
    async with client_for(cloud) as fixture:
        assert isinstance(await fixture.failure(), SessionError)
        assert len((await fixture.services()).services) == 3


async def test_key_leaves_nothing_open() -> None:
    cloud = Cloud(services=3)
    async with client_for(cloud) as fixture:
        await fixture.services()
        await fixture.client.close()

    assert cloud.operations == {QUERY: 1}


@pytest.mark.parametrize("key_id", ["two\nlines", "two words", "schlüssel", "null\x00"])
async def test_key_id_that_no_header_can_carry_is_refused_without_a_request(key_id: str) -> None:
    async def read() -> AccessKey:
        return AccessKey(key_id, KEY_SECRET)

    cloud = Cloud(services=3)
    async with client_for(cloud, lambda _: AccessKeyAuth(read)) as fixture:
        error = await fixture.failure()

    assert isinstance(error, CredentialsError)
    assert key_id not in str(error)
    assert not cloud.requests


async def test_key_is_read_before_it_is_used() -> None:
    with pytest.raises(LookupError):
        await AccessKeyAuth(Secret(KEY)).headers(QUERY_MODEL_SERVICE)
