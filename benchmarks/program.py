"""What the programs have in common: how much they measure, and how they report it."""

import argparse
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Final

import msgspec

from .table import Row, markdown

SERVICES: Final = 100_000
ROUNDS: Final = 5


@dataclass(frozen=True)
class Plan:
    """How much to measure."""

    services: int = SERVICES
    rounds: int = ROUNDS


def main(measure: Callable[[Plan], Iterable[Row]], description: str | None) -> None:
    """Measure as the command line asks, and print the rows as a table or for another program."""
    parser = argparse.ArgumentParser(description=description)
    parser.add_argument("--services", type=int, default=SERVICES)
    parser.add_argument("--rounds", type=int, default=ROUNDS)
    parser.add_argument("--json", action="store_true", help="for a program to read")
    given = parser.parse_args()
    rows = [*measure(Plan(given.services, given.rounds))]
    print(msgspec.json.encode(rows).decode() if given.json else markdown(rows))


def duration(seconds: float) -> str:
    return f"{seconds:.3g} s" if seconds >= 1 else f"{seconds * 1000:.3g} ms"
