"""JSON as ZStack's two Gsons print it, and dates as its Java does."""

import json
from collections.abc import Iterator
from datetime import datetime
from functools import lru_cache
from typing import Literal, get_args
from zoneinfo import ZoneInfo

from .inventory import Json

DateStyle = Literal["jdk8", "jdk9", "jdk20"]
DATE_STYLES: tuple[DateStyle, ...] = get_args(DateStyle)

_MONTHS = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")
_HTML = {
    "<": r"\u003c",
    ">": r"\u003e",
    "&": r"\u0026",
    "=": r"\u003d",
    "'": r"\u0027",
}
"""None of these is part of JSON's own syntax, so the whole text can be escaped at once."""

_LINES = {"\u2028": r"\u2028", "\u2029": r"\u2029"}
_LONG = 256
_encode = json.JSONEncoder(ensure_ascii=False, separators=(",", ":")).encode


def plain_json(value: Json) -> bytes:
    """As errors are written: not escaped for HTML."""
    return _utf8(_text(value))


def html_safe_json(value: Json) -> bytes:
    """As successes are written: Gson's default escapes what HTML could mistake."""
    text = _text(value)
    for character, escape in _HTML.items():
        text = text.replace(character, escape)
    return _utf8(text)


def _text(value: Json) -> str:
    text = _encode(value)
    for character, escape in _LINES.items():
        text = text.replace(character, escape)
    return text


def _utf8(text: str) -> bytes:
    # A lone surrogate has no UTF-8; as \\udxxx it is what JSON allows and decoders dislike.
    return text.encode("utf-8", "backslashreplace")


def record_json(record: dict[str, Json]) -> tuple[bytes, ...]:
    """The record in pieces: those of long texts, which many records share, are stored once."""
    return tuple(_pieces(record))


def _pieces(record: dict[str, Json]) -> Iterator[bytes]:
    short: dict[str, Json] = {}
    long: dict[str, Json] = {}
    for name, value in record.items():
        (long if _is_long(value) else short)[name] = value
    if not short:
        yield html_safe_json(record)
        return
    yield html_safe_json(short)[:-1]
    for name, value in long.items():
        if isinstance(value, str):
            yield _member(name, value)
        elif isinstance(value, list):
            yield from _nested(name, value)
    yield b"}"


def _is_long(value: Json) -> bool:
    """Whether it is a long text, or a list of objects of which one holds such a text."""
    if isinstance(value, list):
        objects = [each for each in value if isinstance(each, dict)]
        return len(objects) == len(value) and any(
            _is_long(member) for each in objects for member in each.values()
        )
    return isinstance(value, str) and len(value) > _LONG


def _nested(name: str, records: list[Json]) -> Iterator[bytes]:
    yield b"," + html_safe_json({name: []})[1:-2]
    for number, record in enumerate(records):
        yield b"," if number else b""
        if isinstance(record, dict):
            yield from _pieces(record)
    yield b"]"


@lru_cache(maxsize=4096)
def _member(name: str, text: str) -> bytes:
    return b"," + html_safe_json({name: text})[1:-1]


def local_time(seconds: float, time_zone: str) -> str:
    """`2025-06-05 15:47:29`, as the database compares dates."""
    return f"{datetime.fromtimestamp(seconds, ZoneInfo(time_zone)):%Y-%m-%d %H:%M:%S}"


@lru_cache(maxsize=4096)
def java_date(seconds: float, time_zone: str, style: DateStyle = "jdk8") -> str:
    """`Jun 5, 2025 3:47:29 PM`: no zone, the server's local time.

    JDK 9 puts a comma behind the year, JDK 20 a narrow no-break space before AM and PM.
    """
    moment = datetime.fromtimestamp(seconds, ZoneInfo(time_zone))
    comma = "" if style == "jdk8" else ","
    space = "\u202f" if style == "jdk20" else " "
    half = "AM" if moment.hour < 12 else "PM"  # noqa: PLR2004 - a day has two twelves
    return (
        f"{_MONTHS[moment.month - 1]} {moment.day}, {moment.year}{comma} "
        f"{moment.hour % 12 or 12}:{moment.minute:02}:{moment.second:02}{space}{half}"
    )
