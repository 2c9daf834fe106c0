"""How an operator writes texts, lists, names, secrets and time zones, and how errors say so."""

import re
from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta, timezone, tzinfo
from typing import Annotated, NoReturn
from zoneinfo import ZoneInfo

from pydantic import AfterValidator, SecretStr
from pydantic_core import PydanticCustomError


def wrong(what: str, mend: str, kind: str = "notation") -> PydanticCustomError:
    """Make an error for a validator to raise; neither text may hold what the operator wrote."""
    return PydanticCustomError(kind, "{what}", {"what": what, "mend": mend})


@dataclass(frozen=True)
class Shown:
    """How a value of the type is shown: its place-holder, and a default as one would write it."""

    metavar: str
    write: Callable[[float], str] = "{:g}".format


def read_list(value: object) -> object:
    """Split text at its commas; anything that is no text is left for the next check."""
    if not isinstance(value, str):
        return value
    return [piece for raw in value.split(",") if (piece := raw.strip())]


_OFFSET = re.compile(r"(?P<sign>[+-])(?P<hours>0\d|1[0-4]):(?P<minutes>[0-5]\d)")


def read_zone(text: str) -> tzinfo | None:
    """Return the zone of an IANA name or an offset; None is `auto`, the platform's own."""
    if text == "auto":
        return None
    if match := _OFFSET.fullmatch(text):
        offset = timedelta(hours=int(match["hours"]), minutes=int(match["minutes"]))
        return timezone(-offset if match["sign"] == "-" else offset)
    try:
        return ZoneInfo(text)
    except (ValueError, KeyError, OSError):  # a path, an unknown name, a directory such as Asia
        _unknown_zone()


def _unknown_zone() -> NoReturn:
    raise wrong(
        "is not a time zone", "write auto, a name like Asia/Shanghai, or an offset like +08:00"
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
            "holds a name that no target can have",
            f"use 1 to {_NAME_LENGTH} printable characters without / and @, "
            "not a URL and no host:port",
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
