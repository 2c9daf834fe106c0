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

PROGRAMS: Final = (
    *(
        "scrape",
        "poll",
        "memory",
        "latency",
        "sizes",
        "usual_day",
        "untrusted",
        "million",
        "what_runs",
    ),
)
FULL_PROGRAMS: Final = (*PROGRAMS, "fleet")
"""Those of the full form: a fleet takes some minutes to be polled."""
SHORT_SERVICES: Final = 10_000
SHORT_ROUNDS: Final = 3

SLACK: Final = 1.5
"""How many times its budget memory may be in the short form: allocators differ between machines."""

PAGE: Final = Path(__file__).with_name("README.md")
BEGIN: Final = "<!-- generated: table -->\n"
END: Final = "<!-- end: table -->\n"


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument(
        "--short",
        action="store_true",
        help=f"with {SHORT_SERVICES:,} services; fail if memory is {SLACK} times its budget",
    )
    parser.add_argument("--record", action="store_true", help=f"write the table to {PAGE.name}")
    given = parser.parse_args()
    services, rounds = (SHORT_SERVICES, SHORT_ROUNDS) if given.short else (SERVICES, ROUNDS)
    programs = PROGRAMS if given.short else FULL_PROGRAMS
    rows = [row for name in programs for row in _rows(name, services, rounds)]
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
    printed = subprocess.run(command, cwd=ROOT, stdout=subprocess.PIPE, check=True).stdout
    print(f"{name}: measured in {time.monotonic() - began:.0f} s", file=sys.stderr)
    return msgspec.json.decode(printed, type=list[Row])


def _record(table: str) -> None:
    before, _, rest = PAGE.read_text(encoding="utf-8").partition(BEGIN)
    _, _, after = rest.partition(END)
    PAGE.write_text(f"{before}{BEGIN}{table}{END}{after}", encoding="utf-8")


def _verdict(rows: list[Row]) -> int:
    """Only memory is judged: times and their ratios differ between machines by some factors."""
    over = [row.what for row in rows if row.is_memory and not row.met_within(SLACK)]
    for what in over:
        print(f"more than {SLACK} times its budget: {what}", file=sys.stderr)
    return 1 if over else 0


if __name__ == "__main__":
    sys.exit(main())
