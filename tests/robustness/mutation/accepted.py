"""The mutants that may live, each with the reason why no test should notice it."""

import re
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


@dataclass(frozen=True)
class Accepted:
    """The mutants that may live: one by one, and those that differ in nothing but some text."""

    changes: frozenset[Change]
    alike_without: tuple[re.Pattern[str], ...]

    def __contains__(self, change: Change) -> bool:
        return change in self.changes or any(
            _without(text, change, "-") == _without(text, change, "+")
            for text in self.alike_without
        )


@cache
def accepted() -> Accepted:
    """All of them; a change is written in the file as a run prints it."""
    reasons = tomllib.loads(ACCEPTED.read_text())["because"]
    texts = [text for reason in reasons for text in reason.get("changes", ())]
    return Accepted(
        frozenset(map(_change, texts)),
        tuple(
            re.compile(reason["alike_without"]) for reason in reasons if "alike_without" in reason
        ),
    )


def _change(text: str) -> Change:
    place, *lines = text.strip().splitlines()
    module, _, function = place.partition(": ")
    return Change(module, function, tuple(lines))


def _without(text: re.Pattern[str], change: Change, sign: str) -> list[str]:
    return [text.sub("", line[1:]) for line in change.lines if line.startswith(sign)]
