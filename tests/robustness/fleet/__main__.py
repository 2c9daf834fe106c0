"""Run it: a line for each promise and each figure; it fails if a promise is broken."""

import argparse
import asyncio
import sys
from dataclasses import fields, replace
from pathlib import Path
from tempfile import TemporaryDirectory
from time import perf_counter

from tests.system import programs, victoriametrics

from .findings import Findings
from .fleet import SHORT, Sizes
from .run import prove


def main() -> int:
    sizes = _sizes()
    prometheus, victoria = programs.installed(), victoriametrics.installed()
    if not (prometheus and victoria):
        print(f"skipped: {victoriametrics.MISSING if prometheus else programs.MISSING}")
        return 0
    findings, began = Findings(), perf_counter()
    print(f"{sizes.targets} targets of {sizes.services} services, every {sizes.interval:g} s")
    findings.head()
    with TemporaryDirectory() as folder:
        asyncio.run(prove(sizes, prometheus[0], victoria[0], Path(folder), findings))
    print(f"{len(findings.broken)} promises broken, in {perf_counter() - began:.0f} s")
    return 1 if findings.broken else 0


def _sizes() -> Sizes:
    usual = Sizes()
    parser = argparse.ArgumentParser(prog="python -m tests.robustness.fleet", description=__doc__)
    parser.add_argument(
        "--short", action="store_true", help=f"{SHORT.targets} targets, in a minute"
    )
    flag = parser.add_argument
    flag("--targets", type=int, help=f"platforms; {usual.targets} by default")
    flag("--shards", type=int, help=f"at the start; {usual.shards} by default")
    flag("--services", type=int, help=f"of each platform; {usual.services} by default")
    flag(
        "--interval",
        type=float,
        help=f"seconds of polls and scrapes; {usual.interval:g} by default",
    )
    flag("--seconds", type=float, help=f"of watching it at rest; {usual.seconds:g} by default")
    flag("--alert-after", help="the alert's `for`, such as 5s; the shipped one by default")
    given = parser.parse_args()
    chosen = {
        field.name: value
        for field in fields(Sizes)
        if (value := getattr(given, field.name)) is not None
    }
    return replace(SHORT if given.short else usual, **chosen)


if __name__ == "__main__":
    sys.exit(main())
