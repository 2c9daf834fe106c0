"""The simulator's command line: a flag for each knob of `Cloud`, and what is wrong with a value."""

import argparse
import inspect
import math
import re
from collections.abc import Callable, Mapping
from pathlib import Path
from textwrap import fill
from typing import Any, get_type_hints
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from .accounts import EXAMPLE_KEY_ID
from .faults import Fault, Rule
from .inventory import PROFILES
from .wire import DATE_STYLES

PASSWORD = "password"  # noqa: S105 - a simulator has nothing to hide
"""ZStack's own first password."""

_FAULTS: Mapping[str, Callable[..., Fault]] = {
    name: constructor
    for name, constructor in inspect.getmembers(Fault, inspect.ismethod)
    if name != "changing"
}
"""Those that a flag can describe: `changing` takes a function."""

_ADDRESS = re.compile(r"(?P<host>\[[0-9A-Fa-f:.%\w]+\]|[^\s\[\]:/@]*):(?P<port>[0-9]{1,5})")
_PORTS = 1 << 16
_WIDTH = 100


class _Help(argparse.RawDescriptionHelpFormatter):
    def __init__(self, prog: str) -> None:
        super().__init__(prog, max_help_position=30, width=_WIDTH)


def parser() -> argparse.ArgumentParser:
    """The parser of the simulator's command line."""
    made = argparse.ArgumentParser(
        prog="zstack-aios-exporter simulate",
        description="A ZStack AIOS API for trying things out. Its credentials are no secret.",
        epilog=_fault_kinds(),
        formatter_class=_Help,
    )
    _add_platform(made.add_argument_group("platform"))
    _add_accounts(made.add_argument_group("accounts and sessions"))
    _add_troubles(made.add_argument_group("life and trouble"))
    return made


def _add_platform(group: argparse._ArgumentGroup) -> None:
    flag = group.add_argument
    flag(
        "--listen",
        type=_address,
        default="127.0.0.1:8080",
        metavar="HOST:PORT",
        help="where to serve; port 0 is any free one (default: %(default)s)",
    )
    flag(
        "--services",
        type=_count,
        default=300,
        metavar="N",
        help="model services, up to 100000 (default: %(default)s)",
    )
    flag(
        "--seed",
        type=_whole,
        default=1,
        metavar="N",
        help="the same seed, the same services (default: %(default)s)",
    )
    flag(
        "--profile",
        choices=PROFILES,
        default="5.5",
        help="the release to imitate (default: %(default)s)",
    )
    flag(
        "--time-zone",
        type=_zone,
        default="Asia/Shanghai",
        metavar="ZONE",
        help="the server's, an IANA name (default: %(default)s)",
    )
    flag(
        "--date-style",
        choices=DATE_STYLES,
        default="jdk8",
        help="the Java that prints dates (default: %(default)s)",
    )


def _add_accounts(group: argparse._ArgumentGroup) -> None:
    flag = group.add_argument
    flag("--account", default="admin", metavar="NAME", help="who may log in (default: %(default)s)")
    flag(
        "--password-file",
        dest="password",
        type=_password,
        metavar="FILE",
        help=f"holds the account's password (default: none, the password is {PASSWORD!r})",
    )
    flag(
        "--access-key-id",
        default=EXAMPLE_KEY_ID,
        metavar="ID",
        help="of the account's access key (default: %(default)s)",
    )
    flag(
        "--session-timeout",
        type=_seconds,
        default=7200.0,
        metavar="SECONDS",
        help="a session's life after its last call (default: 7200)",
    )
    flag(
        "--max-sessions",
        type=_count,
        default=500,
        metavar="N",
        help="sessions per account (default: %(default)s)",
    )
    flag(
        "--unique-session",
        action="store_true",
        help="a login ends the account's other sessions (default: off)",
    )
    flag(
        "--lock-after",
        type=_count,
        metavar="N",
        help="failed logins that lock the account (default: never)",
    )
    flag(
        "--check-time-zone",
        action="store_true",
        help="heed the zone in the Date of access keys (default: off)",
    )


def _add_troubles(group: argparse._ArgumentGroup) -> None:
    flag = group.add_argument
    flag(
        "--fault",
        type=fault,
        action="append",
        default=[],
        metavar="KIND[:KEY=VALUE,...]",
        help="of a kind listed below; may be repeated (default: none)",
    )
    flag(
        "--evolve",
        type=_seconds,
        metavar="SECONDS",
        help="services change every so often (default: never)",
    )
    flag(
        "--trouble",
        type=_seconds,
        metavar="SECONDS",
        help="something goes wrong every so often (default: never)",
    )


def _fault_kinds() -> str:
    """A line for each kind with what it can't do without, then what else there is to set."""
    kinds = {
        ",".join([kind, *(f"{key}=" for key in _needed(kind))]).replace(",", ":", 1): constructor
        for kind, constructor in _FAULTS.items()
    }
    width = max(map(len, kinds))
    lines = [f"  {kind:{width}}  {inspect.getdoc(made)}" for kind, made in kinds.items()]
    optional = [
        f"{kind}:{key}={parameter.default or ''}"
        for kind in _FAULTS
        for key, parameter in _own(kind).items()
        if key not in _needed(kind)
    ]
    more = fill(
        f"Some take more: {', '.join(optional)}. All take operation=, path=, start=, "
        "page=, times=, lasting= (seconds), to say when: "
        "slow:seconds=5,operation=QueryModelService,times=3",
        _WIDTH,
        break_on_hyphens=False,
    )
    return "\n".join(["kinds of fault:", *lines, "", more])


def fault(text: str) -> Fault:
    """The fault that a flag describes, such as `error:code=ID.1002,operation=QueryModelService`."""
    kind, _, described = text.partition(":")
    if kind not in _FAULTS:
        raise argparse.ArgumentTypeError(f"unknown fault {kind!r}, try {', '.join(_FAULTS)}")
    types = {key: each.annotation for key, each in _own(kind).items()} | get_type_hints(Rule)
    values: dict[str, Any] = {}
    for key, _, value in (pair.partition("=") for pair in described.split(",") if pair):
        if key not in types:
            raise argparse.ArgumentTypeError(
                f"{kind} has no {key!r}, it takes {', '.join(types)}: KEY=VALUE with commas between"
            )
        values[key] = _value(f"{kind}: {key}", types[key], value)
    if missing := [key for key in _needed(kind) if key not in values]:
        raise argparse.ArgumentTypeError(f"{kind} needs {missing[0]}: {kind}:{missing[0]}=...")
    try:
        return _FAULTS[kind](**values)
    except ValueError as error:
        raise argparse.ArgumentTypeError(f"{text}: {error}") from error


def _own(kind: str) -> Mapping[str, inspect.Parameter]:
    """The parameters of a kind beside its rule."""
    parameters = inspect.signature(_FAULTS[kind]).parameters
    return {key: each for key, each in parameters.items() if each.kind is not each.VAR_KEYWORD}


def _needed(kind: str) -> list[str]:
    return [key for key, each in _own(kind).items() if each.default is each.empty]


def _value(what: str, kind: object, text: str) -> str | float:
    try:
        if kind is int:
            return _whole(text)
        return _number(text) if kind is float else text
    except argparse.ArgumentTypeError as error:
        raise argparse.ArgumentTypeError(f"{what} {error}") from error


def _whole(text: str) -> int:
    try:
        return int(text)
    except ValueError as error:
        raise argparse.ArgumentTypeError(f"must be a whole number, not {text!r}") from error


def _count(text: str) -> int:
    number = _whole(text)
    if number < 0:
        raise argparse.ArgumentTypeError("must not be negative")
    return number


def _number(text: str) -> float:
    try:
        number = float(text)
    except ValueError:
        number = math.nan
    if not math.isfinite(number):
        raise argparse.ArgumentTypeError(f"must be a number, not {text!r}")
    if number < 0:
        raise argparse.ArgumentTypeError("must not be negative")
    return number


def _seconds(text: str) -> float:
    number = _number(text)
    if not number:
        raise argparse.ArgumentTypeError("must be more than 0")
    return number


def _zone(name: str) -> str:
    try:
        ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError, OSError) as error:
        raise argparse.ArgumentTypeError(f"{name} is no IANA time zone") from error
    return name


def _address(text: str) -> tuple[str, int]:
    match = _ADDRESS.fullmatch(text)
    if match is None or int(match["port"]) >= _PORTS:
        raise argparse.ArgumentTypeError("write it like 127.0.0.1:8080")
    return match["host"].strip("[]") or "127.0.0.1", int(match["port"])


def _password(file: str) -> str:
    try:
        return Path(file).read_text(encoding="utf-8").rstrip("\r\n")
    except OSError as error:
        raise argparse.ArgumentTypeError(f"{file}: {error.strerror}") from error
    except ValueError as error:  # a byte that is none of UTF-8, a null in the name
        raise argparse.ArgumentTypeError(f"{file}: not a file of UTF-8") from error
