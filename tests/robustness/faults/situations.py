"""In which phase of a poll something goes wrong, with which credentials, and for how long."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from enum import Enum
from typing import Final, TypeVar

from typing_extensions import override

from exporter.simulator.faults import Rule
from tests.support.sample import sized

T = TypeVar("T")

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
class Situation:
    """One column of the matrix, for any fault."""

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


SITUATIONS: Final = tuple(
    Situation(phase, identity, lasting)
    for phase in Phase
    for identity in Identity
    for lasting in Lasting
)


def situations(number: int) -> Sequence[Situation]:
    """All situations, or the part of them for the fault with this number.

    That is login, zone look-up, log-out and half of the pages, each for one identity and once or
    lasting; over eight numbers it comes to all of them. The small sample has a third of that.
    """
    part = tuple(_part(number))
    return sized(small=part[number % 3 :: 3], usual=part, whole=SITUATIONS)


def grouped(kinds: Iterable[T], in_part: int = 2) -> Sequence[tuple[T, ...]]:
    """Which faults share an exporter: it has time for more if each is tried in part."""
    every, number = tuple(kinds), sized(small=5 * in_part, usual=in_part, whole=1)
    return [every[first : first + number] for first in range(0, len(every), number)]


def joined_names(kinds: Sequence[object]) -> str:
    """A name for those that share an exporter."""
    return " and ".join(map(str, kinds))


def _part(number: int) -> Iterator[Situation]:
    ways = len(Identity) * len(Lasting)
    for position, phase in enumerate(Phase):
        if not phase.lists or position % 2 == number // ways % 2:
            yield SITUATIONS[ways * position + (number + position) % ways]
