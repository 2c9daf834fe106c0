"""The answers that are no list: sessions, and the platform's time zone."""

from dataclasses import dataclass
from typing import Annotated, Final, TypeVar

import msgspec

T = TypeVar("T")

UNKNOWN_FIELD: Final = "SYS.1000"
"""The code, among other meanings, of a query that names a field the platform does not have."""


_NULL: Final = msgspec.Raw(b"null")


class _Session(msgspec.Struct, frozen=True, rename="camel"):
    uuid: Annotated[
        str, msgspec.Meta(pattern=r"^[A-Za-z0-9_-]+\Z")
    ]  # it goes into a header and a path
    create_date: msgspec.Raw = _NULL
    expired_date: msgspec.Raw = _NULL


class _Login(msgspec.Struct, frozen=True):
    inventory: _Session


@dataclass(frozen=True, slots=True)
class Session:
    """The session that a login opened. Its dates are text in the platform's local time."""

    uuid: str
    create_date: str | float | None = None
    expired_date: str | float | None = None


@dataclass(frozen=True, slots=True)
class TimeZone:
    """GetPlatformTimeZone: `{"timezone": "Asia/Shanghai", "offset": "+08:00"}`."""

    timezone: str | None = None
    offset: str | None = None


class _Zone(msgspec.Struct, frozen=True):
    timezone: msgspec.Raw = _NULL
    offset: msgspec.Raw = _NULL


_LOGIN: Final = msgspec.json.Decoder(_Login)
_ZONE: Final = msgspec.json.Decoder(_Zone)
_DATE: Final = msgspec.json.Decoder(str | float | None)
_NAME: Final = msgspec.json.Decoder(str | None)


def session(body: bytes) -> Session:
    """The session that a login opened. Raises msgspec.DecodeError."""
    opened = _LOGIN.decode(_text(body)).inventory
    return Session(
        opened.uuid, _readable(_DATE, opened.create_date), _readable(_DATE, opened.expired_date)
    )


def _readable(decoder: msgspec.json.Decoder[T | None], raw: msgspec.Raw) -> T | None:
    """None where it is something else: no answer fails for the sake of one field."""
    try:
        return decoder.decode(raw)
    except msgspec.DecodeError:
        return None


def ignored(body: bytes) -> bool:  # noqa: ARG001 - a decoder
    """For answers whose body does not matter."""
    return True


def time_zone(body: bytes) -> TimeZone:
    """The zone of the platform's dates. Raises msgspec.DecodeError."""
    named = _ZONE.decode(_text(body))
    return TimeZone(_readable(_NAME, named.timezone), _readable(_NAME, named.offset))


def _text(body: bytes) -> str:
    return body.decode("utf-8", "replace")
