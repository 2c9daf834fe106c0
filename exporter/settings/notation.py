"""The notation of texts, lists, names, secrets and time zones, and errors about it."""

import re
from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta, timezone, tzinfo
from typing import Annotated, Any, Final, Literal, NoReturn
from zoneinfo import ZoneInfo, available_timezones

from pydantic import (
    AfterValidator,
    BeforeValidator,
    SecretStr,
    ValidationError,
    ValidatorFunctionWrapHandler,
    WrapValidator,
)
from pydantic_core import PydanticCustomError

from .nearest import did_you_mean, nearest


def wrong(what: str, fix: str, kind: str = "notation") -> PydanticCustomError:
    """Make an error for a validator to raise; neither text may hold what the operator wrote."""
    return PydanticCustomError(kind, "{what}", {"what": what, "fix": fix})


QUOTED = wrong(
    "is written with quotes",
    "remove the quotes: docker's --env-file, among others, keeps them as a part of the value",
)

_SHORTEST_QUOTED = 2


def is_quoted(text: str) -> bool:
    """Whether the text begins and ends with the same quote."""
    return len(text) >= _SHORTEST_QUOTED and text[0] == text[-1] and text[0] in "\"'"


def unquoted(text: str) -> str:
    """The text without quotes around it, if there are any."""
    return text[1:-1] if is_quoted(text) else text


@dataclass(frozen=True)
class Shown:
    """How a value of the type is shown: its placeholder, and a default as operators write it."""

    metavar: str
    write: Callable[[float], str] = "{:g}".format


def read_choice(value: object) -> object:
    """Text for what YAML reads as a flag: `true` may be one of several choices."""
    return str(value).lower() if isinstance(value, bool) else value


def check_choice(value: Any, handler: ValidatorFunctionWrapHandler) -> Any:
    """Name the choice that was meant, which pydantic does not."""
    try:
        return handler(value)
    except ValidationError as error:
        expected = str(error.errors(include_input=False)[0].get("ctx", {}).get("expected", ""))
        choices = re.findall("'([^']*)'", expected)
        fix = did_you_mean(str(value), choices) or "write one of them"
        raise wrong(f"must be {expected}", fix) from None


Choice: Final = WrapValidator(check_choice)
"""Marks a setting that is one of several words."""


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
        _unknown_zone(name)


_SHANGHAI: Final = "Asia/Shanghai"
_CITIES: Final = {
    **dict.fromkeys(("beijing", "peking", "china", "chinastandardtime"), _SHANGHAI),
    "india": "Asia/Kolkata",
    "uk": "Europe/London",
}
"""Zones by what is none of their names, without punctuation and case."""

_AMBIGUOUS: Final = {
    "CST": f"China is {_SHANGHAI}, the US America/Chicago, Cuba America/Havana",
    "IST": "India is Asia/Kolkata, Israel Asia/Jerusalem, Ireland Europe/Dublin",
    "BST": "Britain is Europe/London, Bangladesh Asia/Dhaka",
    "AST": "the Atlantic is America/Halifax, Arabia Asia/Riyadh",
    "PST": "the Pacific is America/Los_Angeles, the Philippines Asia/Manila",
    "EDT": "the eastern US is America/New_York, eastern Australia Australia/Sydney",
}
_OTHER_ZONES: Final = f"write auto, a name like {_SHANGHAI} or an offset like +08:00"


def _unknown_zone(name: str) -> NoReturn:
    """Say which zone was meant, as far as that can be known."""
    if meanings := _AMBIGUOUS.get(name.upper()):
        what = f"is not a time zone: {name.upper()} is ambiguous"
        raise wrong(what, f"{meanings}: write one of these names, or an offset like +08:00")
    letters = re.sub("[^a-z]", "", name.casefold().removeprefix("asia/"))
    meant = _CITIES.get(letters)
    if meant is None and not re.search("[0-9]", name):  # which may be meant as an offset
        meant = nearest(name, available_timezones(), likeness=0.75)
    fix = f"did you mean {meant}?" if meant else _OTHER_ZONES
    raise wrong("is not a time zone", fix) from None


def check_zone(text: str) -> str:
    """Check that the text is a time zone."""
    read_zone(text)
    return text


_NAME_LENGTH = 64
_LIKE_A_URL = re.compile(r"[/@]|^[a-z]+:|:\d+$", re.IGNORECASE)


def is_target_name(name: str) -> bool:
    """Whether the name is valid for a target (and may therefore be shown)."""
    return (
        0 < len(name) <= _NAME_LENGTH
        and name.isprintable()
        and name == name.strip()
        and not _LIKE_A_URL.search(name)
    )


def check_target_name(name: str) -> str:
    """Check that the name fits a label, a line of the log and a query of /probe."""
    if not is_target_name(name):
        raise wrong(
            "is not a name that a target can have",
            f"use 1 to {_NAME_LENGTH} printable characters without / or @, "
            "and neither a URL nor host:port",
        )
    return name


def check_not_empty(text: str) -> str:
    """Check that the text is not blank."""
    if not text.strip():
        raise wrong("is empty", "give it a value or remove it")
    return text


def check_secret(secret: SecretStr) -> SecretStr:
    """Check that the secret is not blank."""
    check_not_empty(secret.get_secret_value())
    return secret


def check_glob(glob: str) -> str:
    """Check that the text can be a pattern of file names."""
    check_not_empty(glob)
    if "\0" in glob:
        raise wrong("has a character that no file name has", "name files, such as targets/*.yaml")
    return glob


Zone = Annotated[str, AfterValidator(check_zone), Shown("ZONE")]
TargetName = Annotated[str, AfterValidator(check_target_name)]
Text = Annotated[str, AfterValidator(check_not_empty), Shown("TEXT")]
Globs = Annotated[
    tuple[Annotated[str, AfterValidator(check_glob)], ...],
    BeforeValidator(read_list),
    Shown("GLOB"),
]
Secret = Annotated[SecretStr, AfterValidator(check_secret), Shown("SECRET")]

Demand = Annotated[Literal["auto", "true", "false"], Choice, BeforeValidator(read_choice)]
