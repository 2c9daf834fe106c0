"""The checks of what a flag of the simulator is given."""

import argparse
import math
import re
from pathlib import Path
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

_ADDRESS = re.compile(r"(?P<host>\[[0-9A-Fa-f:.%\w]+\]|[^\s\[\]:/@]*):(?P<port>[0-9]{1,5})")
_PORTS = 1 << 16


def whole(text: str) -> int:
    """A whole number."""
    try:
        return int(text)
    except ValueError as error:
        raise argparse.ArgumentTypeError(f"must be a whole number, not {text!r}") from error


def count(text: str) -> int:
    """A whole number of 0 or more."""
    given = whole(text)
    if given < 0:
        raise argparse.ArgumentTypeError("must not be negative")
    return given


def number(text: str) -> float:
    """A number of 0 or more."""
    try:
        given = float(text)
    except ValueError:
        given = math.nan
    if not math.isfinite(given):
        raise argparse.ArgumentTypeError(f"must be a number, not {text!r}")
    if given < 0:
        raise argparse.ArgumentTypeError("must not be negative")
    return given


def seconds(text: str) -> float:
    """A number of seconds, more than 0."""
    given = number(text)
    if not given:
        raise argparse.ArgumentTypeError("must be more than 0")
    return given


def zone(name: str) -> str:
    """An IANA time zone."""
    try:
        ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError, OSError) as error:
        raise argparse.ArgumentTypeError(f"{name} is no IANA time zone") from error
    return name


def address(text: str) -> tuple[str, int]:
    """Host and port: `127.0.0.1:8080`, `[::1]:8080`, `:8080`."""
    match = _ADDRESS.fullmatch(text)
    if match is None or int(match["port"]) >= _PORTS:
        raise argparse.ArgumentTypeError("write it like 127.0.0.1:8080")
    return match["host"].strip("[]") or "127.0.0.1", int(match["port"])


def password(file: str) -> str:
    """The password that the file holds, without the end of its line."""
    try:
        return Path(file).read_text(encoding="utf-8").rstrip("\r\n")
    except OSError as error:
        raise argparse.ArgumentTypeError(f"{file}: {error.strerror}") from error
    except ValueError as error:  # a byte that is none of UTF-8, a null in the name
        raise argparse.ArgumentTypeError(f"{file}: not a file of UTF-8") from error
