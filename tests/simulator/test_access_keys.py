"""Signed requests: the algorithm, the clock, the refusals."""

import pytest

from exporter.simulator import AccessKey, Cloud, signature

from .client import KEY_ID, KEY_SECRET, NOON, SERVICES, Clock, connected, http_date


@pytest.mark.parametrize(
    ("date", "path", "expected"),
    [
        ("Thu, 05 Jun 2025 15:47:29 CST", "/v1/ai/model-services", "jk1ljKUib/vqsLXhGvVuOmngM88="),
        (
            "Thu, 05 Jun 2025 15:47:29 Asia/Shanghai",
            "/v1/ai/model-services",
            "a+UX9BUsuSWlhbTy1xT84cHGZYo=",
        ),
        ("Thu, 05 Jun 2025 07:47:29 GMT", "/v1/ai/model-services", "vjHt+wDRKwOV2R8uEmyylN+GtkE="),
        (
            "Thu, 05 Jun 2025 15:47:29 CST",
            "/v1/ai/model-services/instances/groups/",
            "BX1Y7djQjhvV28+kFzKJw50klHw=",
        ),
    ],
)
def test_the_signature_is_that_of_the_published_algorithm(
    date: str, path: str, expected: str
) -> None:
    assert signature(KEY_SECRET, "GET", date, path) == expected


async def test_a_signed_request_needs_no_session() -> None:
    cloud = Cloud(services=2, now=Clock())
    async with connected(cloud, logged_in=False) as client:
        reply = await client.signed("Thu, 05 Jun 2025 15:47:29 CST")

    assert len(reply.rows) == 2
    assert not cloud.sessions


@pytest.mark.parametrize(
    ("heeds_zone", "date", "accepted"),
    [
        # by default only the figures count, which are to be the server's local time
        (False, http_date(NOON, "Asia/Shanghai"), True),
        (False, http_date(NOON, "Asia/Shanghai", "GMT"), True),
        (False, http_date(NOON, "UTC"), False),
        (False, http_date(NOON + 899, "Asia/Shanghai"), True),
        (False, http_date(NOON - 901, "Asia/Shanghai"), False),
        # with rest.checkTimeZone it is the moment
        (True, http_date(NOON, "Asia/Shanghai"), True),
        (True, http_date(NOON, "Asia/Shanghai", "GMT+08:00"), True),
        (True, http_date(NOON, "Asia/Shanghai", "+08:00"), True),
        (True, http_date(NOON, "America/New_York", "-04:00"), True),
        (True, http_date(NOON, "UTC"), True),
        (True, http_date(NOON, "UTC", "Z"), True),
        (True, http_date(NOON, "Asia/Shanghai", "GMT"), False),
        (True, http_date(NOON, "Asia/Shanghai", "CST"), False),  # Chicago, to Java
        (True, http_date(NOON, "America/Chicago", "CST"), True),
        (True, http_date(NOON + 901, "UTC"), False),
    ],
)
async def test_the_clock_is_held_to_fifteen_minutes(
    *, heeds_zone: bool, date: str, accepted: bool
) -> None:
    cloud = Cloud(services=1, check_time_zone=heeds_zone, now=Clock())
    async with connected(cloud, logged_in=False) as client:
        reply = await client.signed(date)

    assert reply.status == (200 if accepted else 403)
    assert accepted or reply.text == "requestTimeTooSkewed"


@pytest.mark.parametrize(
    "date",
    [
        "Thu, 05 Jun 2025 15:47:29 +0800",
        "Thu, 5 Jun 2025 15:47:29 GMT",
        "Mon, 05 Jun 2025 15:47:29 GMT",
        "Thu, 35 Jun 2025 15:47:29 GMT",
        "Thu, 05 Jun 2025 15:47:29",
        "Thu, 05 Jun 2025 15:47:29 Mars/Phobos",
        "2025-06-05T15:47:29Z",
    ],
)
async def test_a_date_of_another_form_is_refused(date: str) -> None:
    async with connected(Cloud(services=1, now=Clock()), logged_in=False) as client:
        reply = await client.signed(date)

    assert reply.status == 400
    assert reply.text.startswith("'Date' format error")


async def test_a_signed_request_without_a_date_is_refused() -> None:
    async with connected(Cloud(services=1), logged_in=False) as client:
        headers = {"Authorization": f"ZStack {KEY_ID}:abc="}
        reply = await client.call("GET", SERVICES, headers=headers)

    assert (reply.status, reply.text) == (400, "'Date' must be incuded in request header")


@pytest.mark.parametrize(
    ("key_id", "secret", "text"),
    [
        ("unknown", KEY_SECRET, "access key id: unknown does not existed or disabled"),
        ("disabled", KEY_SECRET, "access key id: disabled does not existed or disabled"),
        (KEY_ID, "wrong", "wrong accessKey signature"),
    ],
)
async def test_a_wrong_key_is_403_in_plain_text(key_id: str, secret: str, text: str) -> None:
    cloud = Cloud(services=1, now=Clock())
    cloud.access_keys["disabled"] = AccessKey("disabled", KEY_SECRET, "admin", enabled=False)
    async with connected(cloud, logged_in=False) as client:
        reply = await client.signed(http_date(NOON, "Asia/Shanghai"), key_id=key_id, secret=secret)

    assert (reply.status, reply.text) == (403, text)


async def test_the_last_slash_is_signed() -> None:
    async with connected(Cloud(services=1, now=Clock()), logged_in=False) as client:
        path = f"{SERVICES}/instances/groups/"
        reply = await client.signed("Thu, 05 Jun 2025 15:47:29 CST", path=path)

    assert reply.rows == []
