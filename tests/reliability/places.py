"""Where in the exporter's dealings with a platform something goes wrong, and for whom."""

import os
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from enum import Enum
from typing import Final, TypeVar

from typing_extensions import override

from exporter.simulator.faults import Rule

T = TypeVar("T")

WHOLE: Final = os.environ.get("ZSTACK_TEST_RELIABILITY") == "whole"
"""Whether to try everything, as `make reliability` does; else a part of it, for every run."""

SERVICES: Final = 12
PAGE_SIZE: Final = 5
"""Three pages: rows 1 to 5, 5 to 10 and 10 to 12, as each begins with the last row before it."""


class Phase(Enum):
    LOGIN = "login"
    FIRST = "first page"
    MIDDLE = "middle page"
    LAST = "last page"
    EVERY = "every page"
    ZONE = "zone look-up"
    LOG_OUT = "log-out"

    @property
    def rule(self) -> Rule:
        """Which requests of the exporter are of this phase."""
        return _RULES[self]

    @property
    def lists(self) -> bool:
        return self.rule["operation"] == _QUERY


_QUERY: Final = "QueryModelService"
_RULES: Final[dict[Phase, Rule]] = {
    Phase.LOGIN: {"operation": "LogInByAccount"},
    Phase.FIRST: {"operation": _QUERY, "start": 0},
    Phase.MIDDLE: {"operation": _QUERY, "start": PAGE_SIZE - 1},
    Phase.LAST: {"operation": _QUERY, "start": 2 * PAGE_SIZE - 1},
    Phase.EVERY: {"operation": _QUERY},
    Phase.ZONE: {"operation": "GetPlatformTimeZone"},
    Phase.LOG_OUT: {"operation": "LogOut"},
}


class Identity(Enum):
    ACCOUNT = "account"
    ACCESS_KEY = "access key"


class Lasting(Enum):
    ONCE = "once"
    LASTING = "lasting"


@dataclass(frozen=True)
class Place:
    """One place of the matrix, whatever goes wrong there."""

    phase: Phase
    identity: Identity
    lasting: Lasting

    @override
    def __str__(self) -> str:
        return f"{self.phase.value}, {self.identity.value}, {self.lasting.value}"

    @property
    def is_reached(self) -> bool:
        """Whether the exporter ever gets there: an access key opens no session, and ends none."""
        sessions = self.phase in {Phase.LOGIN, Phase.LOG_OUT}
        return self.identity is Identity.ACCOUNT or not sessions

    @property
    def rule(self) -> Rule:
        return (
            self.phase.rule if self.lasting is Lasting.LASTING else {**self.phase.rule, "times": 1}
        )


PLACES: Final = tuple(
    Place(phase, identity, lasting)
    for phase in Phase
    for identity in Identity
    for lasting in Lasting
)


def places(number: int) -> Sequence[Place]:
    """All places, or the part of them that falls to the kind of trouble with this number.

    That is login, zone look-up, log-out and half of the pages, each for one identity and once or
    lasting; over eight numbers it comes to all of them.
    """
    return PLACES if WHOLE else tuple(_part(number))


def together(kinds: Iterable[T], in_part: int = 2) -> Sequence[tuple[T, ...]]:
    """Which kinds of trouble share an exporter: it has time for more if each is tried in part."""
    every, number = tuple(kinds), 1 if WHOLE else in_part
    return [every[first : first + number] for first in range(0, len(every), number)]


def named(kinds: Sequence[object]) -> str:
    """Of those that share an exporter."""
    return " and ".join(map(str, kinds))


def _part(number: int) -> Iterator[Place]:
    ways = len(Identity) * len(Lasting)
    for position, phase in enumerate(Phase):
        if not phase.lists or position % 2 == number // ways % 2:
            yield PLACES[ways * position + (number + position) % ways]
