"""Change one thing of the code at a time, and see whether a test fails; print what none noticed."""

import argparse
import os
import subprocess
import sys
import tomllib
from collections.abc import Collection, Sequence
from contextlib import chdir
from pathlib import Path
from typing import Final

from .accepted import ACCEPTED, Change, accepted
from .mutants import Tried, tried
from .scratch import copy

ROOT: Final = Path(__file__).parents[3]
SCRATCH: Final = ROOT / ".tools" / "mutation"
_SHOWN: Final = 4000  # characters of what mutmut printed last


def main() -> int:
    given = _arguments()
    modules = given.module or _modules()
    copy(ROOT, SCRATCH, modules)
    with chdir(SCRATCH):
        _run(given.module, given.workers)
        found = tried(modules)
    lived = [change for each in found for change in each.lived]
    unnoticed = [change for change in lived if change not in accepted()]
    unfounded = [
        change for change in accepted().changes if change.module in modules and change not in lived
    ]
    _report(found, unnoticed, unfounded)
    return 1 if unnoticed or unfounded else 0


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        prog="python -m tests.robustness.mutation", description=__doc__
    )
    parser.add_argument(
        "module",
        nargs="*",
        help="such as exporter/polling/poller.py; without any, all of pyproject.toml",
    )
    parser.add_argument(
        "--workers", type=int, default=os.cpu_count(), help="one for each processor"
    )
    return parser.parse_args()


def _modules() -> list[str]:
    settings = tomllib.loads((ROOT / "pyproject.toml").read_text())
    modules: list[str] = settings["tool"]["mutmut"]["only_mutate"]
    return modules


def _run(modules: Sequence[str], workers: int) -> None:
    """Try every mutant, or those of some modules.

    Raises SystemExit with the end of mutmut's output where the tests fail as it is.
    """
    mutmut = Path(sys.executable).with_name("mutmut")
    mutants = [f"{module.removesuffix('.py').replace('/', '.')}.*" for module in modules]
    command = [str(mutmut), "run", "--max-children", str(workers), *mutants]
    run = subprocess.run(  # its output is mostly a spinner
        command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, check=False
    )
    if run.returncode:
        sys.exit(f"mutmut ended with {run.returncode}:\n{run.stdout[-_SHOWN:]}")


def _report(
    found: Sequence[Tried], unnoticed: Collection[Change], unfounded: Collection[Change]
) -> None:
    for change in unnoticed:
        print(f"NOTICED BY NO TEST {change}\n")
    for change in unfounded:
        print(f"accepted in {ACCEPTED.name}, but there is none, or a test notices it: {change}\n")
    print(f"{'module':36} mutants  killed  accepted  unnoticed  score")
    for each in found:
        print(_row(each.module, [each], unnoticed))
    print(_row("all", found, unnoticed))


def _row(name: str, found: Sequence[Tried], unnoticed: Collection[Change]) -> str:
    mutants, killed = sum(each.mutants for each in found), sum(each.killed for each in found)
    new = sum(change in unnoticed for each in found for change in each.lived)
    score = killed / mutants if mutants else 1
    return f"{name:36} {mutants:7} {killed:7} {mutants - killed - new:9} {new:10} {score:6.1%}"


if __name__ == "__main__":
    sys.exit(main())
