"""ZStack's dates, which name no zone, as Unix time.

The API prints a date with the Java runtime's default format in the server's local time:
`Nov 14, 2017 10:20:57 PM` (JDK 8), a comma after the year (JDK 9), a narrow no-break space before
the AM or PM (JDK 20). A server with a Chinese locale prints `2017-11-14 22:20:57` (JDK 8) or
`2017年11月14日 下午10:20:57` (JDK 9 and later). Other clients of ZStack have also met 24-hour and
RFC 3339 forms.
"""

import re
from collections.abc import Iterable
from datetime import UTC, datetime, timedelta, timezone, tzinfo
from functools import lru_cache
from typing import Final
from zoneinfo import ZoneInfo

_MONTHS: Final = {
    name: number
    for number, name in enumerate(
        ("jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec"), 1
    )
}
_GSON: Final = re.compile(
    r"\s*([A-Za-z]{3}[a-z]{0,6} [0-9]{1,2}, [0-9]{4}),?"  # September is the longest month
    r" ([01]?[0-9]|2[0-3]):([0-5][0-9]):([0-5][0-9])(?: ([AaPp])[Mm])?\s*\Z"
)
_CHINESE: Final = re.compile(
    r"\s*([0-9]{4})年([0-9]{1,2})月([0-9]{1,2})日\s*(?:([上下])午)?\s*"
    r"([01]?[0-9]|2[0-3]):([0-5][0-9]):([0-5][0-9])\s*\Z"
)
_LONGEST: Final = 64
"""Characters; the longest known form has 31. No longer text is searched or cached."""
_OFFSET: Final = re.compile(r"(?:UTC|GMT)?([+-])(\d{1,2})(?::?([0-5]\d))?")
_EPOCH: Final = re.compile(r"[0-9]{9,13}")
_HALF_A_DAY: Final = 12
_HOURS: Final = {
    half: {
        written: (hour % _HALF_A_DAY + first) * 3600
        for hour in range(1, _HALF_A_DAY + 1)
        for written in (f"{hour}", f"{hour:02d}")
    }
    for half, first in (("AM", 0), ("PM", _HALF_A_DAY))
}
_MINUTES: Final = {f"{minute:02d}": minute * 60 for minute in range(60)}
_SECONDS: Final = {f"{second:02d}": second for second in range(60)}
"""Seconds by how they are written: looking them up is faster than counting."""
_DAY: Final = timedelta(days=1)
_MILLISECONDS: Final = 10**11
"""A number above this is no date in seconds (year 5138): it counts milliseconds."""
_LAST: Final = datetime.max.replace(tzinfo=UTC).timestamp()
"""The end of the year 9999, the last that `datetime` knows."""


def timestamp(value: str | float | None, zone: tzinfo | None) -> float | None:
    """Unix time of a date as ZStack sends it; None where it cannot be relied on.

    A date without a zone needs `zone`: a wrong time is worse than none.
    """
    if value is None:
        return None
    if isinstance(value, str):
        return _of_text(value, zone)
    return _of_number(value)


def timestamps(values: Iterable[str | float | None], zone: tzinfo | None) -> list[float | None]:
    """`timestamp` of each; in half the time for dates in the form that Java writes in English."""
    if zone is None:
        return [timestamp(value, zone) for value in values]
    midnights = _midnights(zone)
    found: list[float | None] = []
    for value in values:
        if value is None:
            found.append(None)
            continue
        try:
            day, clock, half = value.rsplit(" ", 2)  # type: ignore[union-attr]
            hour, minute, second = clock.split(":")
            seconds = _HOURS[half][hour] + _MINUTES[minute] + _SECONDS[second]
            found.append(midnights[day] + seconds)
        except (AttributeError, ValueError, KeyError, OverflowError):
            found.append(timestamp(value, zone))
    return found


def zone_named(name: str | None, offset: str | None) -> tzinfo | None:
    """The zone that a platform names, by its IANA name or else by its offset (`+08:00`)."""
    return _iana(name or "") or fixed_offset(offset or "") or fixed_offset(name or "")


def fixed_offset(text: str) -> tzinfo | None:
    """`+08:00`, `+0800`, `-3`, `GMT+08:00`; None for anything else."""
    found = _OFFSET.fullmatch(text.strip())
    if not found:
        return None
    offset = timedelta(hours=int(found[2]), minutes=int(found[3] or 0))
    if offset >= timedelta(days=1):
        return None
    return timezone(-offset if found[1] == "-" else offset)


def _iana(name: str) -> tzinfo | None:
    try:
        return ZoneInfo(name)
    except (ValueError, KeyError, OSError):  # of what is no name, no zone, or a folder of zones
        return None


def _of_number(value: float) -> float | None:
    seconds = value / 1000 if abs(value) > _MILLISECONDS else value + 0.0  # never -0.0
    return seconds if abs(seconds) < _LAST else None


def _of_text(text: str, zone: tzinfo | None) -> float | None:
    if len(text) > _LONGEST:
        return None
    plain = text if text.isascii() else text.replace("\u202f", " ").replace("\xa0", " ")
    found = _GSON.match(plain)
    try:
        if found:
            return None if zone is None else _of_gson(found, zone)
        if found := _CHINESE.match(plain):
            return _in_zone(_of_chinese(found), zone)
        plain = plain.strip()
        if _EPOCH.fullmatch(plain):  # which some ISO 8601 forms would fit as well
            return _of_number(float(plain))
        return _in_zone(datetime.fromisoformat(plain), zone)
    except (ValueError, OverflowError):
        return None


def _in_zone(date: datetime, zone: tzinfo | None) -> float | None:
    if date.tzinfo is not None:
        return date.timestamp()
    if zone is None:
        return None
    return date.replace(tzinfo=zone).timestamp()


def _of_gson(found: re.Match[str], zone: tzinfo) -> float | None:
    day, hours, minutes, seconds, half = found.groups()
    hour, minute, second = _hour(hours, half, "Pp"), int(minutes), int(seconds)
    date, midnight = _day(day, zone)
    if midnight is not None:
        return midnight + hour * 3600 + minute * 60 + second
    return date.replace(hour=hour, minute=minute, second=second).timestamp()


def _of_chinese(found: re.Match[str]) -> datetime:
    """Raises ValueError for a day or an hour that there is not."""
    year, month, day, half, hours, minutes, seconds = found.groups()
    hour = _hour(hours, half, "下")
    return datetime(int(year), int(month), int(day), hour, int(minutes), int(seconds))  # noqa: DTZ001 - the caller adds the zone


def _hour(hours: str, half: str | None, afternoon: str) -> int:
    """The hour of the day; on a 12-hour clock 12 comes before 1. Raises ValueError for 13 PM."""
    hour = int(hours)
    if not half:
        return hour
    if hour > _HALF_A_DAY:
        raise ValueError(f"{hour} is no hour of half a day")
    return hour % _HALF_A_DAY + (_HALF_A_DAY if half in afternoon else 0)


@lru_cache(maxsize=16_384)
def _day(text: str, zone: tzinfo) -> tuple[datetime, float | None]:
    """Where the day begins; also in Unix time if no clock is put forward or back on it.

    To work that out for each date would cost more than all else that is read of a service.
    """
    name, number, year = text.split()
    month = _MONTHS.get(name[:3].lower(), 0)  # no such month is as wrong as no such day
    date = datetime(int(year), month, int(number.rstrip(",")), tzinfo=zone)
    even = date.utcoffset() == (date + _DAY).utcoffset()
    return date, date.timestamp() if even else None


class _Midnights(dict[str, float]):
    """When days begin in one zone, for those on which no clock is put forward or back.

    It caches at most `_LIMIT` days, each in at most `_LONGEST` characters: 1 MiB.
    """

    _LIMIT: Final = 4_000

    def __init__(self, zone: tzinfo) -> None:
        super().__init__()
        self._zone = zone

    def __missing__(self, text: str) -> float:
        if len(text) > _LONGEST:
            raise KeyError(text)
        found = _GSON.match(f"{text} 00:00:00")
        _, midnight = _day(found[1], self._zone) if found else (None, None)
        if midnight is None:
            raise KeyError(text)
        if len(self) >= self._LIMIT:
            self.clear()
        self[text] = midnight
        return midnight


_midnights: Final = lru_cache(maxsize=32)(_Midnights)


def http_date(now: float, zone: tzinfo | None) -> str:
    """`Thu, 05 Jun 2025 15:47:29 GMT+08:00`, a form that every release parses; None: local time.

    English whatever the locale, the day in two digits, the zone by offset: Java reads `CST` as
    US Central and refuses `+0800`.
    """
    moment = datetime.fromtimestamp(now, UTC).astimezone(zone or _local_zone())
    day = ("Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun")[moment.weekday()]
    month = tuple(_MONTHS)[moment.month - 1].capitalize()
    return f"{day}, {moment:%d} {month} {moment:%Y %H:%M:%S} {_offset_name(moment)}"


def _local_zone() -> tzinfo:
    """The zone that this machine is set to; UTC where that is nonsense."""
    try:
        return datetime.now(UTC).astimezone().tzinfo or UTC
    except ValueError:
        return UTC


def _offset_name(moment: datetime) -> str:
    offset = moment.utcoffset() or timedelta()
    if not offset:
        return "GMT"
    sign = "-" if offset < timedelta() else "+"
    minutes = round(abs(offset).total_seconds() / 60)
    return f"GMT{sign}{minutes // 60:02d}:{minutes % 60:02d}"
