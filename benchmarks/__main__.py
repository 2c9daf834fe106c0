"""Every program in turn, and all that they found in one table."""

import argparse
import subprocess
import sys
import time
from pathlib import Path
from typing import Final

import msgspec

from .machine import description
from .program import ROUNDS, SERVICES
from .programs import ROOT
from .table import Row, markdown

PROGRAMS: Final = ("scrape", "poll", "memory", "latency", "sizes", "usual_day")
SHORT_SERVICES: Final = 10_000
SHORT_ROUNDS: Final = 3
SLACK: Final = 2
"""How many times beyond its budget a figure of the short form may be: machines differ."""

PAGE: Final = Path(__file__).with_name("README.md")
BEGIN: Final = "<!-- generated: table -->\n"
END: Final = "<!-- end: table -->\n"


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument(
        "--short",
        action="store_true",
        help=f"with {SHORT_SERVICES:,} services; fail if a ratio is {SLACK} times over its budget",
    )
    parser.add_argument("--record", action="store_true", help=f"write the table to {PAGE.name}")
    given = parser.parse_args()
    services, rounds = (SHORT_SERVICES, SHORT_ROUNDS) if given.short else (SERVICES, ROUNDS)
    rows = [row for name in PROGRAMS for row in _rows(name, services, rounds)]
    table = f"{services:,} services; {description()}\n\n{markdown(rows)}\n"
    print(table)
    if given.record:
        _record(table)
    return _verdict(rows) if given.short else 0


def _rows(name: str, services: int, rounds: int) -> list[Row]:
    """What one program found; it has a process of its own, so that none inherits from another."""
    began = time.monotonic()
    options = ("--services", str(services), "--rounds", str(rounds), "--json")
    command = (sys.executable, "-m", f"benchmarks.{name}", *options)
    told = subprocess.run(command, cwd=ROOT, stdout=subprocess.PIPE, check=True).stdout
    print(f"{name}: measured in {time.monotonic() - began:.0f} s", file=sys.stderr)
    return msgspec.json.decode(told, type=list[Row])


def _record(table: str) -> None:
    before, _, rest = PAGE.read_text(encoding="utf-8").partition(BEGIN)
    _, _, after = rest.partition(END)
    PAGE.write_text(f"{before}{BEGIN}{table}{END}{after}", encoding="utf-8")


def _verdict(rows: list[Row]) -> int:
    """Times alone are told but not judged: nothing beside them says how busy the machine was."""
    judged = (row for row in rows if not row.is_a_time)
    gross = [row.what for row in judged if not row.nearly_met(slack=SLACK)]
    for what in gross:
        print(f"more than {SLACK} times over its budget: {what}", file=sys.stderr)
    return 1 if gross else 0


if __name__ == "__main__":
    sys.exit(main())
