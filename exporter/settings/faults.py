"""Faults of settings, explained so that an operator can fix them, never quoting the input.

A text is built from a fault's place and from words of ours or pydantic's, never from the input:
the input may be a password, or a mapping that holds one.
"""

import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass

from pydantic import ValidationError
from pydantic_core import ErrorDetails
from typing_extensions import override

from .names import Setting
from .nearest import did_you_mean
from .notation import is_target_name

Place = tuple[int | str, ...]

# The kind of error that a check raises for something missing; pydantic uses the same name.
MISSING = "missing"


@dataclass(frozen=True)
class Fault:
    """One wrong setting: where it stands, what is wrong with it, how to fix it."""

    where: str
    what: str
    fix: str = ""

    @override
    def __str__(self) -> str:
        fault = f"{self.where}: {self.what}" if self.where else self.what
        return f"{fault}; {self.fix}" if self.fix else fault


class SettingsError(Exception):
    """The settings cannot be used; `faults` holds every reason."""

    def __init__(self, faults: Iterable[Fault]) -> None:
        self.faults = tuple(faults)
        super().__init__("\n".join(map(str, self.faults)))


@dataclass(frozen=True)
class Explainer:
    """Turns pydantic's errors into faults, knowing every setting and the source of each."""

    settings: tuple[Setting, ...]
    sections: tuple[str, ...]
    origin: Callable[[Place], str]
    within: str = ""
    """What every key begins with that the file itself does not spell out."""

    def faults(self, error: ValidationError, *, ignoring: frozenset[str]) -> tuple[Fault, ...]:
        """Every fault except those of the kinds in `ignoring`."""
        return tuple(
            self._fault(detail)
            for detail in error.errors(include_url=False, include_input=False)
            if detail["type"] not in ignoring and not _in_unnamed(detail["loc"])
        )

    def _fault(self, detail: ErrorDetails) -> Fault:
        place = detail["loc"]
        if detail["type"] == "extra_forbidden":
            return Fault(self.where(place), "is not a setting", self._suggestion(place))
        if detail["type"] == "model_type" and self._is_setting_of_target(place):
            fix = "write target: for one platform, or a name above the settings of each"
            return Fault(self.where(place), "is a setting where a target's name belongs", fix)
        what, fix = _message(detail), _fix(detail)
        if detail["type"] == MISSING and not fix:
            fix = f"set {self._ways(place)}"
        return Fault(self.where(place), what, fix)

    def where(self, place: Place) -> str:
        """The key, and the source that has it: `target.url (in exporter.yaml, line 2)`."""
        origin = self.origin(place)
        return f"{self._key(place)} ({origin})" if origin else self._key(place)

    def _key(self, place: Place) -> str:
        return key_of(place).removeprefix(self.within)

    def _ways(self, place: Place) -> str:
        known = {setting.key: setting.ways for setting in self.settings}
        return known.get(key_of(place), f"{self._key(place)} in the file")

    def _suggestion(self, place: Place) -> str:
        """Name the nearest setting of the same section, or the same name in another one."""
        *parents, name = map(str, place)
        # A named target's settings are those of the one target.
        section = ".".join(["target"] if parents[:1] == ["targets"] else parents)
        siblings = self._children(section)
        letters = re.sub("[_-]", "", name.casefold())
        if advice := _ADVICE.get(letters):
            return advice
        if (meant := _MEANT.get(letters)) in siblings:
            return f"did you mean {meant}?"
        if hint := did_you_mean(name.replace("-", "_"), siblings):
            return hint
        if elsewhere := [s.key for s in self.settings if name in {s.path[-1], s.key}]:
            return f"did you mean {name.rsplit('.')[-1]} under {elsewhere[0].rsplit('.')[0]}?"
        return f"known here: {', '.join(siblings)}"

    def _is_setting_of_target(self, place: Place) -> bool:
        return len(place) > 1 and place[0] == "targets" and place[-1] in self._children("target")

    def _children(self, section: str) -> tuple[str, ...]:
        if not section:
            return self.sections
        return tuple(s.path[-1] for s in self.settings if ".".join(s.path[:-1]) == section)


_PLAIN = re.compile(r"[A-Za-z_][A-Za-z0-9_.-]{0,39}")


def key_of(place: Place) -> str:
    """Write the place as the file would spell it; a key that may be a misplaced secret is hidden.

    YAML reads `{password:hunter2}` as a key, so only what looks like a name is shown.
    """
    parts = [*map(_part, place)]
    if _unnamed(place):
        return f"targets.{_odd_name(str(place[1]))}"
    if place[:1] == ("targets",) and len(place) > 1:
        parts[1] = f".{place[1]}"
    return "".join(part for part in parts if part != ".[key]").removeprefix(".")


def _unnamed(place: Place) -> bool:
    """Whether the place is in a target whose name no target can have."""
    return place[:1] == ("targets",) and len(place) > 1 and not is_target_name(str(place[1]))


def _odd_name(name: str) -> str:
    """The name in quotes; hidden where it may be a URL, `key:secret` or a secret itself."""
    if len(name) > _LONGEST_SHOWN or re.search("[:@]", name):
        return "(a name not shown here)"
    return f'"{repr(name)[1:-1]}"'


def _in_unnamed(place: Place) -> bool:
    """Whether the fault is of such a target's settings, which only its name distinguishes."""
    return _unnamed(place) and place[2:] != ("[key]",)


def _part(part: int | str) -> str:
    if isinstance(part, int):
        return f"[{part}]"
    if part == "[key]":
        return ".[key]"
    return f".{part}" if _PLAIN.fullmatch(part) else ".(a key not shown here)"


_LONGEST_SHOWN = 64

_ADVICE: Mapping[str, str] = {
    **dict.fromkeys(
        ("tlsserverconfig", "httpserverconfig", "basicauthusers", "ratelimit"),
        "write it into the file that web.config_file names",
    ),
    **dict.fromkeys(
        ("verify", "verifyssl", "sslverify", "tlsverify", "verifytls"),
        "remove it: certificates are verified; insecure_skip_verify turns that off",
    ),
}
"""What to do about keys of other programs, without punctuation and case."""
_MEANT: Mapping[str, str] = {
    **dict.fromkeys(("user", "username", "login", "accountname"), "account"),
    **dict.fromkeys(("address", "baseurl", "endpoint", "host", "server"), "url"),
    **dict.fromkeys(("keyid", "accesskey", "ak"), "access_key_id"),
    **dict.fromkeys(("secretkey", "secretaccesskey", "keysecret", "sk"), "access_key_secret"),
    **dict.fromkeys(("token", "session", "sessionid"), "session_uuid"),
    **dict.fromkeys(("ca", "cacert", "cafile", "tlsca"), "ca_file"),
    **dict.fromkeys(
        ("insecure", "tlsinsecure", "tlsskipverify", "skipverify"), "insecure_skip_verify"
    ),
    **dict.fromkeys(("zone", "tz"), "time_zone"),
}
"""Settings by what other programs call them, likewise."""

_WHOLE_NUMBER = ("must be a whole number", "write digits alone, such as 1000")
_SWITCH = ("must be true or false", "write true or false")
_NAME_A_LIST = "write it like [one, two], or each after a hyphen on a line of its own"
_EXPLAINED: Mapping[str, tuple[str, str]] = {
    "model_type": (
        "must be a mapping of settings",
        "write them below it, one a line and indented, like name: value",
    ),
    "dict_type": (
        "must be a mapping of names to targets",
        "write targets: {{NAME: {{url: http://10.0.0.5:8080, …}}}}, with a name for each",
    ),
    "tuple_type": ("must be a list", _NAME_A_LIST),
    "string_type": ("must be text", "write one value, in quotes if it begins with [ or {{"),
    "path_type": ("must be a file path", "write one path, such as /run/secrets/zstack"),
    "too_short": ("must not be empty", "write at least one below it, or remove it"),
    "int_parsing": _WHOLE_NUMBER,
    "int_from_float": _WHOLE_NUMBER,
    "int_type": _WHOLE_NUMBER,
    "int_parsing_size": _WHOLE_NUMBER,
    "bool_parsing": _SWITCH,
    "bool_type": _SWITCH,
    "greater_than_equal": ("must be greater than or equal to {ge}", "write a number from {ge} on"),
    "less_than_equal": ("must be less than or equal to {le}", "write a number up to {le}"),
}
"""By pydantic's kind: what is wrong, and how to fix it; formatted with the limits of a number."""


def _message(detail: ErrorDetails) -> str:
    if detail["type"] in _EXPLAINED:
        return _EXPLAINED[detail["type"]][0].format(**detail.get("ctx", {}))
    return (
        detail["msg"].replace("Input should be", "must be").replace("Field required", "is missing")
    )


def _fix(detail: ErrorDetails) -> str:
    context = detail.get("ctx", {})
    if detail["type"] in _EXPLAINED:
        return _EXPLAINED[detail["type"]][1].format(**context)
    return str(context.get("fix", ""))
