"""The mutants that may live, each with the reason why no test should notice it."""

import tomllib
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Final

from typing_extensions import override

ACCEPTED: Final = Path(__file__).with_name("accepted.toml")


@dataclass(frozen=True)
class Change:
    """A mutant as people see it: the lines of a function that went, and those that came."""

    module: str
    function: str
    lines: tuple[str, ...]

    @override
    def __str__(self) -> str:
        return "\n".join([f"{self.module}: {self.function}", *self.lines])


@cache
def accepted() -> frozenset[Change]:
    """All of them; written in the file as a run tells them."""
    told = tomllib.loads(ACCEPTED.read_text())
    return frozenset(_change(text) for reason in told["because"] for text in reason["changes"])


def _change(text: str) -> Change:
    place, *lines = text.strip().splitlines()
    module, _, function = place.partition(": ")
    return Change(module, function, tuple(lines))
