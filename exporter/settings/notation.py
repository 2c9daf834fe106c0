"""How an operator writes texts, lists, names, secrets and time zones, and how errors say so."""

import re
from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta, timezone, tzinfo
from typing import Annotated, NoReturn
from zoneinfo import ZoneInfo

from pydantic import AfterValidator, SecretStr
from pydantic_core import PydanticCustomError


def wrong(what: str, fix: str, kind: str = "notation") -> PydanticCustomError:
    """Make an error for a validator to raise; neither text may hold what the operator wrote."""
    return PydanticCustomError(kind, "{what}", {"what": what, "fix": fix})


@dataclass(frozen=True)
class Shown:
    """How a value of the type is shown: its placeholder, and a default as operators write it."""

    metavar: str
    write: Callable[[float], str] = "{:g}".format


def read_list(value: object) -> object:
    """Split text at its commas; leave anything but text to the next check."""
    if not isinstance(value, str):
        return value
    return [piece for raw in value.split(",") if (piece := raw.strip())]


_OFFSET = re.compile(
    r"(?:UTC|GMT)?(?P<sign>[+-])(?P<hours>[01]?[0-9]|2[0-3])(?::?(?P<minutes>[0-5][0-9]))?"
)


def read_zone(text: str) -> tzinfo | None:
    """Return the zone of an IANA name or an offset; None is `auto`, the platform's own.

    An offset has every form in which a platform reports one: `+8`, `+0800`, `GMT+08:00`.
    """
    name = text.strip()
    if name == "auto":
        return None
    if match := _OFFSET.fullmatch(name):
        offset = timedelta(hours=int(match["hours"]), minutes=int(match["minutes"] or 0))
        return timezone(-offset if match["sign"] == "-" else offset)
    try:
        return ZoneInfo(name)
    except (ValueError, KeyError, OSError):  # a path, an unknown name, a directory such as Asia
        _unknown_zone()


def _unknown_zone() -> NoReturn:
    raise wrong(
        "is not a time zone", "write auto, a name like Asia/Shanghai or an offset like +08:00"
    ) from None


def check_zone(text: str) -> str:
    """Hold the text to the form of a zone."""
    read_zone(text)
    return text


_NAME_LENGTH = 64
_LIKE_A_URL = re.compile(r"[/@]|^[a-z]+:|:\d+$", re.IGNORECASE)


def is_target_name(name: str) -> bool:
    """Whether a target may be called so (and the name may therefore be shown)."""
    return (
        0 < len(name) <= _NAME_LENGTH
        and name.isprintable()
        and name == name.strip()
        and not _LIKE_A_URL.search(name)
    )


def check_target_name(name: str) -> str:
    """Hold a target's name to what fits a label, a line of a log and a query of /probe."""
    if not is_target_name(name):
        raise wrong(
            "contains a name that no target can have",
            f"use 1 to {_NAME_LENGTH} printable characters without / or @, "
            "and neither a URL nor host:port",
        )
    return name


def check_not_empty(text: str) -> str:
    """Hold the text to something rather than nothing."""
    if not text.strip():
        raise wrong("is empty", "give it a value or remove it")
    return text


def check_secret(secret: SecretStr) -> SecretStr:
    """Hold the secret to something rather than nothing."""
    check_not_empty(secret.get_secret_value())
    return secret


Zone = Annotated[str, AfterValidator(check_zone), Shown("ZONE")]
TargetName = Annotated[str, AfterValidator(check_target_name)]
Text = Annotated[str, AfterValidator(check_not_empty), Shown("TEXT")]
Secret = Annotated[SecretStr, AfterValidator(check_secret), Shown("SECRET")]
