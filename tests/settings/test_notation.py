"""Time zones."""

from datetime import UTC, datetime, timedelta, timezone
from zoneinfo import ZoneInfo, available_timezones

import pytest
from hypothesis import given
from hypothesis import strategies as st

from exporter.settings.notation import read_zone
from exporter.zstack.dates import fixed_offset, zone_named
from tests.settings.loading import complaint_of_target, target


@pytest.mark.parametrize("name", ["Asia/Shanghai", "UTC", "PRC", "Etc/GMT-8", " Asia/Shanghai "])
def test_a_time_zone_is_a_name(name: str) -> None:
    assert target(time_zone=name).zone == ZoneInfo(name.strip())


def test_a_time_zone_that_is_not_set_is_for_the_platform_to_report() -> None:
    assert target().zone is None
    assert target(time_zone="auto").zone is None


@pytest.mark.parametrize(
    ("written", "minutes"),
    [
        ("+08:00", 480), ("+0800", 480), ("+8", 480), ("+08", 480), ("+8:00", 480), ("+800", 480),
        ("-03:30", -210), ("-0330", -210), ("-3:30", -210), ("+05:45", 345), ("+00:00", 0),
        ("GMT+08:00", 480), ("GMT+8", 480), ("GMT+0800", 480), ("GMT-3:30", -210),
        ("UTC+8", 480), ("UTC+08:00", 480), ("UTC-0330", -210), (" +08:00 ", 480),
        ("+14:00", 840), ("-12:00", -720), ("+15:00", 900), ("+23:59", 1439),
    ],
)  # fmt: skip
def test_a_time_zone_is_an_offset_in_every_form(written: str, minutes: int) -> None:
    assert target(time_zone=written).zone == timezone(timedelta(minutes=minutes))


@given(
    st.sampled_from(["", "GMT", "UTC"]),
    st.sampled_from("+-"),
    st.integers(0, 23).flatmap(lambda hours: st.sampled_from([f"{hours}", f"{hours:02d}"])),
    st.none() | st.integers(0, 59),
    st.sampled_from(["", ":"]),
)
def test_an_offset_that_a_platform_reports_is_the_same_zone_as_a_setting(
    prefix: str, sign: str, hours: str, minutes: int | None, colon: str
) -> None:
    offset = f"{prefix}{sign}{hours}" + ("" if minutes is None else f"{colon}{minutes:02d}")
    assert read_zone(offset) == fixed_offset(offset) is not None


@given(st.sampled_from(sorted(available_timezones())))
def test_a_name_that_a_platform_reports_is_the_same_zone_as_a_setting(name: str) -> None:
    now = datetime(2025, 6, 5, tzinfo=UTC)
    set_here, reported = read_zone(name), zone_named(name, None)
    assert set_here is not None
    assert reported is not None
    assert now.astimezone(set_here).utcoffset() == now.astimezone(reported).utcoffset()


@pytest.mark.parametrize(
    "written",
    [
        "Asia", "Asia/Nowhere", "../etc/passwd", "/etc/passwd", "", "a\0b", "8", "08:00", "+",
        "+24:00", "+80", "+08:60", "+08:", "+08:0", "GMT 8", "CST+8",
    ],
)  # fmt: skip
def test_what_is_no_time_zone_is_reported_with_an_example(written: str) -> None:
    assert "is not a time zone; write auto, a name like" in complaint_of_target(time_zone=written)
