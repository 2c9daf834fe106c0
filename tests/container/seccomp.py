"""What a unit of systemd forbids, as a profile that an engine for containers applies."""

import re
import subprocess
from collections.abc import Iterable, Iterator
from typing import Any, Final

_FAMILIES: Final = {"AF_UNIX": 1, "AF_INET": 2, "AF_INET6": 10}
_WRITE: Final = 2
_EXECUTE: Final = 4
_ENGINES_OWN: Final = {"capset"}
"""What the engine does between its filter and the program; systemd filters later than that."""


def profile(unit: str) -> dict[str, Any]:
    """Of SystemCallFilter=, RestrictAddressFamilies= and MemoryDenyWriteExecute=.

    Stricter than systemd's: all that is not allowed kills the process.
    """
    families = " ".join(_values(unit, "RestrictAddressFamilies")).split()
    assert _values(unit, "MemoryDenyWriteExecute") == ["yes"]
    judged = {"socket", "mmap", "mprotect", "pkey_mprotect"}
    return {
        "defaultAction": "SCMP_ACT_KILL_PROCESS",
        "syscalls": [
            _allowed(_calls(unit) - judged | _ENGINES_OWN),
            *(_allowed({"socket"}, _equal(0, _FAMILIES[family])) for family in families),
            *(
                _allowed({"mmap"}, _masked(2, _WRITE | _EXECUTE, protection))
                for protection in (0, _WRITE, _EXECUTE)
            ),
            _allowed({"mprotect", "pkey_mprotect"}, _masked(2, _EXECUTE, 0)),
        ],
    }


def _values(unit: str, name: str) -> list[str]:
    return re.findall(rf"^{name}=(.*)$", unit, re.MULTILINE)


def _calls(unit: str) -> set[str]:
    """Those that the filter of the unit leaves, line by line, as systemd reads it."""
    left = set(_members("@default"))
    for value in _values(unit, "SystemCallFilter"):
        named = {call for each in value.lstrip("~").split() for call in _members(each)}
        left = left - named if value.startswith("~") else left | named
    return left


def _members(name: str) -> Iterator[str]:
    """The calls of a set, and those of the sets in it."""
    if not name.startswith("@"):
        yield name
        return
    command = ("systemd-analyze", "syscall-filter", name)
    printed = subprocess.run(command, capture_output=True, text=True, check=True).stdout
    for line in printed.splitlines()[1:]:
        if not line.strip().startswith("#"):
            yield from _members(line.strip())


def _allowed(names: Iterable[str], *arguments: dict[str, Any]) -> dict[str, Any]:
    return {"names": sorted(names), "action": "SCMP_ACT_ALLOW", "args": list(arguments)}


def _equal(index: int, value: int) -> dict[str, Any]:
    return {"index": index, "value": value, "op": "SCMP_CMP_EQ"}


def _masked(index: int, mask: int, value: int) -> dict[str, Any]:
    return {"index": index, "value": mask, "valueTwo": value, "op": "SCMP_CMP_MASKED_EQ"}
