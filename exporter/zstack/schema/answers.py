"""The answers that are no list: sessions, and the platform's time zone."""

from dataclasses import dataclass
from typing import Annotated, Final

import msgspec

UNKNOWN_FIELD: Final = "SYS.1000"
"""The code, among other meanings, of a query that names a field the platform does not have."""


class _Session(msgspec.Struct, frozen=True, rename="camel"):
    uuid: Annotated[
        str, msgspec.Meta(pattern=r"^[A-Za-z0-9_-]+\Z")
    ]  # it goes into a header and a path
    create_date: object = None
    expired_date: object = None


class _Login(msgspec.Struct, frozen=True):
    inventory: _Session


@dataclass(frozen=True, slots=True)
class Session:
    """The session that a login opened. Its dates are text in the platform's local time."""

    uuid: str
    create_date: str | float | None = None
    expired_date: str | float | None = None


class TimeZone(msgspec.Struct, frozen=True):
    """GetPlatformTimeZone: `{"timezone": "Asia/Shanghai", "offset": "+08:00"}`."""

    timezone: str | None = None
    offset: str | None = None


_LOGIN: Final = msgspec.json.Decoder(_Login)
_TIME_ZONE: Final = msgspec.json.Decoder(TimeZone)


def session(body: bytes) -> Session:
    """The session that a login opened. Raises msgspec.DecodeError."""
    opened = _LOGIN.decode(_text(body)).inventory
    return Session(opened.uuid, _date(opened.create_date), _date(opened.expired_date))


def _date(value: object) -> str | float | None:
    """No login fails for the sake of a date."""
    try:
        return msgspec.convert(value, str | float | None)
    except msgspec.ValidationError:
        return None


def ignored(body: bytes) -> bool:  # noqa: ARG001 - a decoder
    """For answers whose body does not matter."""
    return True


def time_zone(body: bytes) -> TimeZone:
    """The zone of the platform's dates. Raises msgspec.DecodeError."""
    return _TIME_ZONE.decode(_text(body))


def _text(body: bytes) -> str:
    return body.decode("utf-8", "replace")
