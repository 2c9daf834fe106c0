"""ZStack's dates as Unix time, and the zone that they do not name."""

from collections.abc import Callable
from datetime import UTC, datetime, tzinfo
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from exporter.simulator import DATE_STYLES, Cloud, DateStyle, Fault
from exporter.zstack import AccessKeyAuth, timestamp, timestamps
from exporter.zstack.dates import fixed_offset, http_date, zone_named
from exporter.zstack.errors import CredentialsError, DeniedError, MalformedError
from tests.support.client_fixture import (
    KEY,
    SHANGHAI,
    Secret,
    client_at,
    client_for,
    reply,
    replying,
)

NEW_YORK = ZoneInfo("America/New_York")


def at(*moment: int, zone: tzinfo = UTC) -> float:
    return datetime(*moment, tzinfo=zone).timestamp()  # type: ignore[arg-type,misc]


@pytest.mark.parametrize(
    "text",
    [
        "Nov 14, 2017 10:20:57 PM",
        "Nov 14, 2017, 10:20:57 PM",
        "Nov 14, 2017, 10:20:57\u202fPM",
        "Nov 14, 2017 10:20:57\xa0pm",
        "Nov 14, 2017 22:20:57",
        "November 14, 2017 22:20:57",
        "2017年11月14日 下午10:20:57",
        "2017年11月14日 22:20:57",
        "2017年11月14日\u3000下午10:20:57",
        "2017年11月14日\u202f下午\xa010:20:57 ",
        " 2017-11-14 22:20:57 ",
        "2017-11-14T22:20:57",
        "2017-11-14T22:20:57.000+08:00",
        "2017-11-14T14:20:57Z",
        "1510669257",
        "1510669257000",
        1_510_669_257,
        1_510_669_257_000,
        1_510_669_257.0,
    ],
)
def test_date_is_read_in_every_form_that_was_met(text: str | float) -> None:
    assert timestamp(text, SHANGHAI) == at(2017, 11, 14, 14, 20, 57)


@pytest.mark.parametrize("style", DATE_STYLES)
@pytest.mark.parametrize("zone", ["Asia/Shanghai", "America/New_York", "Asia/Kathmandu", "UTC"])
async def test_dates_of_a_platform_are_the_moments_they_were_made_of(
    style: DateStyle, zone: str
) -> None:
    cloud = Cloud(services=50, date_style=style, time_zone=zone, check_time_zone=True)
    async with client_for(cloud) as fixture:
        listing = await fixture.services()
        platform = await fixture.client.time_zone()

    for service in listing.services:
        created = cloud.estate[service.uuid].created
        assert created is not None
        assert timestamp(service.create_date, platform) == int(created)


@pytest.mark.parametrize(
    ("text", "hour"),
    [
        ("Jan 1, 2025 12:00:00 AM", 0),
        ("Jan 1, 2025 12:59:59 AM", 0),
        ("Jan 1, 2025 1:00:00 AM", 1),
        ("Jan 1, 2025 12:00:00 PM", 12),
        ("Jan 1, 2025 11:00:00 PM", 23),
        ("2025年1月1日 上午12:30:00", 0),
        ("2025年1月1日 上午1:00:00", 1),
        ("2025年1月1日 下午12:30:00", 12),
        ("2025年01月01日 下午11:00:00", 23),
        ("2025年1月1日 0:00:00", 0),
    ],
)
def test_twelve_comes_before_one(text: str, hour: int) -> None:
    moment = timestamp(text, UTC)
    assert moment is not None
    assert datetime.fromtimestamp(moment, UTC).hour == hour


@pytest.mark.parametrize(
    ("text", "offset"),
    [
        ("Jan 15, 2025 12:00:00 PM", -5),
        ("Jul 15, 2025 12:00:00 PM", -4),
        ("Mar 9, 2025 1:59:59 AM", -5),
        ("Mar 9, 2025 3:00:00 AM", -4),
    ],
)
def test_summer_time_counts(text: str, offset: int) -> None:
    there, utc = timestamp(text, NEW_YORK), timestamp(text, UTC)
    assert there is not None
    assert utc is not None
    assert there - utc == -offset * 3600


@pytest.mark.parametrize(
    "text",
    [
        "", " ", "yesterday", "null", "Foo 14, 2017 10:20:57 PM", "Nov 31, 2017 10:20:57 PM",
        "Nov 14, 2017 13:20:57 PM", "Nov 14, 2017 25:20:57 PM", "Nov 14, 2017 24:00:00",
        "Nov 14, 0000 1:00:00 AM", "99999999999999999999", "1712", "\ud800", "Jan 1, 2025",
        "2025-13-01 00:00:00", "NaN", "-1", float("nan"), float("inf"), float("-inf"), None,
        1e300, -1e300, 253_402_300_800_000, "2017/11/14 22:20:57", "2017年11月14日 下午13:20:57",
        "2017年11月31日 下午1:20:57", "2017年13月1日 1:20:57", "2017年11月14日",
        "0000年1月1日 1:00:00", f"Nov{'a' * 99} 14, 2017 10:20:57 PM",
        f"{'0' * 99}2017年11月14日 1:00:00", " " * 99 + "1510669257",
    ],
)  # fmt: skip
def test_nonsense_is_no_date(text: str | float | None) -> None:
    assert timestamp(text, SHANGHAI) is None


@pytest.mark.parametrize(
    ("number", "expected"),
    [(10**11, "100000000000.0"), (10**11 + 1000, "100000001.0"), (-0.0, "0.0")],
)
def test_number_of_an_implausible_year_counts_milliseconds(number: float, expected: str) -> None:
    assert str(timestamp(number, None)) == expected


@pytest.mark.parametrize(
    "text", ["Nov 14, 2017 10:20:57 PM", "2017-11-14 22:20:57", "2017年11月14日 下午10:20:57"]
)
def test_date_without_any_zone_is_none(text: str) -> None:
    assert timestamp(text, None) is None


def test_date_that_names_its_zone_needs_no_other() -> None:
    assert timestamp("2017-11-14T22:20:57+08:00", None) == at(2017, 11, 14, 14, 20, 57)


_ALMOST = st.from_regex(
    r"[A-Z][a-z]{2} \d{1,2}, \d{4},? \d{1,2}:\d{2}:\d{2}( [AP]M)?", fullmatch=True
)


@given(
    text=st.text() | st.floats() | _ALMOST | st.datetimes().map(str) | st.text("0123456789-:T+Z "),
    zone=st.sampled_from([None, UTC, SHANGHAI, NEW_YORK, fixed_offset("-23:59")]),
)
def test_any_text_gives_a_finite_time_or_none(text: str | float, zone: tzinfo | None) -> None:
    moment = timestamp(text, zone)
    assert moment is None or abs(moment) < float("inf")


@given(
    st.datetimes(datetime(1980, 1, 1), datetime(2100, 1, 1)),  # noqa: DTZ001 - in UTC below
    st.booleans(),
)
def test_date_of_java_reads_back(moment: datetime, comma: bool) -> None:  # noqa: FBT001
    text = f"{moment:%b} {moment.day}, {moment.year}{',' * comma} {moment:%I:%M:%S %p}"
    assert timestamp(text, UTC) == int(moment.replace(tzinfo=UTC).timestamp())


@pytest.mark.parametrize(
    ("text", "minutes"),
    [
        ("+08:00", 480), ("+0800", 480), ("-3", -180), ("GMT+08:00", 480), ("UTC-02:30", -150),
        (" +5:45 ", 345), ("+00:00", 0),
    ],
)  # fmt: skip
def test_offset_is_read(text: str, minutes: int) -> None:
    zone = fixed_offset(text)
    assert zone is not None
    offset = zone.utcoffset(None)
    assert offset is not None
    assert offset.total_seconds() == minutes * 60


@pytest.mark.parametrize("text", ["", "8", "+24:00", "+99:99", "CST", "+8:0", "+08:00:00"])
def test_anything_else_is_no_offset(text: str) -> None:
    assert fixed_offset(text) is None


@pytest.mark.parametrize(
    ("name", "offset", "expected"),
    [
        ("Asia/Shanghai", "+08:00", SHANGHAI),
        ("Asia/Shanghai", None, SHANGHAI),
        ("CST?", "+08:00", fixed_offset("+8")),
        (None, "+08:00", fixed_offset("+8")),
        ("GMT+08:00", None, fixed_offset("+8")),
        ("", "", None),
        (None, None, None),
        ("../../etc/passwd", "no", None),
        ("/etc/passwd", None, None),
        ("Asia", None, None),
        ("\x00", "\ud800", None),
        ("x" * 5000, None, None),
    ],
)
def test_zone_is_that_of_the_name_or_else_of_the_offset(
    name: str | None, offset: str | None, expected: tzinfo | None
) -> None:
    assert zone_named(name, offset) == expected


@pytest.mark.parametrize("zone", ["Asia/Shanghai", "America/New_York", "UTC"])
async def test_platform_is_asked_for_its_zone(zone: str) -> None:
    async with client_for(Cloud(time_zone=zone, check_time_zone=True)) as fixture:
        assert await fixture.client.time_zone() == ZoneInfo(zone)


async def test_platform_without_that_api_has_no_zone() -> None:
    nothing_there = Fault.text(404, "no api mapping to /v1/management-nodes/platform-timezone")
    async with client_for(Cloud(faults=[nothing_there])) as fixture:
        assert await fixture.client.time_zone() is None


@pytest.mark.parametrize(
    "body", [b"{}", b'{"timezone":"Nowhere","offset":"none"}', b'{"x":"\xff"}']
)
async def test_platform_that_names_no_zone_has_none(body: bytes) -> None:
    async with replying(reply(body)) as server, client_at(server.url) as fixture:
        assert await fixture.client.time_zone() is None


async def test_offset_that_the_platform_names_is_used() -> None:
    body = b'{"timezone":"Nowhere","offset":"+05:45"}'
    async with replying(reply(body)) as server, client_at(server.url) as fixture:
        assert await fixture.client.time_zone() == fixed_offset("+05:45")


async def test_other_failures_to_read_the_zone_are_errors() -> None:
    async with client_for(Cloud(faults=[Fault.error("ID.1002")])) as fixture:
        with pytest.raises(DeniedError):
            await fixture.client.time_zone()
    async with replying(reply(b"[]")) as server, client_at(server.url) as fixture:
        with pytest.raises(MalformedError):
            await fixture.client.time_zone()


async def test_zone_that_no_credentials_can_ask_for_has_its_own_error() -> None:
    secret = Secret(KEY)
    secret.trouble = OSError(2, "gone", "secret")
    async with client_for(Cloud(), lambda _: AccessKeyAuth(secret)) as fixture:
        with pytest.raises(CredentialsError) as caught:
            await fixture.client.time_zone()
        assert caught.value.operation.name == "GetPlatformTimeZone"
        assert (await fixture.failure()).operation.name == "QueryModelService"


@pytest.mark.parametrize("nonsense", ["XYZ-25:00", "Nowhere/Land", ":::"])
def test_machine_in_a_zone_of_nonsense_signs_at_some_time(
    nonsense: str, local_zone: Callable[[str], None]
) -> None:
    local_zone(nonsense)
    assert http_date(1749109649, None) == "Thu, 05 Jun 2025 07:47:29 GMT"


FORMS = st.sampled_from(
    [
        "%b %-d, %Y %-I:%M:%S %p",
        "%b %-d, %Y, %I:%M:%S %p",
        "%B %d, %Y %H:%M:%S",
        "%Y-%m-%d %H:%M:%S",
        "%b %-d, %Y %H:%M:%S %p",
        "%b %-d, %Y %-I:%M:%S\u202f%p",
        "%b %-d, %Y  %-I:%M:%S %p",
        "%b %-d, %Y %-I:%M:%S %p ",
        "%Y年%-m月%-d日 下午%-I:%M:%S",
        "%Y年%m月%d日 %H:%M:%S",
    ]
)
MOMENTS = st.datetimes(datetime(1, 1, 1), datetime(9999, 12, 31))  # noqa: DTZ001
ZONES = st.sampled_from([SHANGHAI, NEW_YORK, UTC, None])


@given(
    st.lists(
        st.builds(lambda moment, form: moment.strftime(form), MOMENTS, FORMS)
        | st.text()
        | st.floats()
        | st.none()
    ),
    ZONES,
)
def test_dates_are_the_same_one_by_one_and_many_at_once(
    values: list[str | float | None], zone: tzinfo | None
) -> None:
    assert timestamps(values, zone) == [timestamp(value, zone) for value in values]


def test_many_dates_of_the_days_when_clocks_change_are_each_the_right_moment() -> None:
    texts = ["Mar 9, 2025 1:59:59 AM", "Mar 9, 2025 3:00:00 AM", "Mar 9, 2025 11:59:59 PM"]
    moments = [at(2025, 3, 9, 6, 59, 59), at(2025, 3, 9, 7), at(2025, 3, 10, 3, 59, 59)]
    assert timestamps(texts, NEW_YORK) == moments


@pytest.mark.parametrize("zone", [UTC, SHANGHAI, NEW_YORK])
def test_the_calendars_first_and_last_day_are_times_or_none_among_many(zone: tzinfo) -> None:
    texts = ["Jan 1, 0001 12:00:00 AM", "Dec 31, 9999 11:59:59 PM", "Jan 1, 2025 12:00:00 AM"]
    assert timestamps(texts, zone) == [timestamp(text, zone) for text in texts]
