"""Each target in turn, for so many seconds; what is found stays, to go on from the next time."""

import argparse
import re
import subprocess
import sys
from pathlib import Path
from typing import Final

from .targets import TARGETS

SECONDS: Final = 120
LONGEST_INPUT: Final = 4096
SLOWEST_SECONDS: Final = 5
"""For one input: beyond it, untrusted input costs too much time."""

ROOT: Final = Path(__file__).parents[3]
CORPUS: Final = Path(__file__).with_name("corpus")
FOUND: Final = ROOT / ".tools" / "fuzz"


def main() -> int:
    given = _arguments()
    broken = [name for name in given.target or TARGETS if not _holds(name, given.seconds)]
    return 1 if broken else 0


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m tests.robustness.fuzz", description=__doc__)
    parser.add_argument(
        "--target", action="append", choices=TARGETS, help="only this one; may be given again"
    )
    parser.add_argument(
        "--seconds", type=int, default=SECONDS, help=f"for each target; {SECONDS} by default"
    )
    return parser.parse_args()


def _holds(name: str, seconds: int) -> bool:
    """Throw inputs at the target; the first one that breaks it is kept in a file and printed."""
    bred = FOUND / name
    bred.mkdir(parents=True, exist_ok=True)
    options = (
        f"-max_total_time={seconds}",
        f"-max_len={LONGEST_INPUT}",
        f"-timeout={SLOWEST_SECONDS}",
        f"-artifact_prefix={FOUND}/broke-{name}-",
        "-print_final_stats=1",
    )
    command = (
        sys.executable,
        "-m",
        "tests.robustness.fuzz.run",
        name,
        *options,
        str(bred),
        str(CORPUS / name),
    )
    ended = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    output = ended.stderr + ended.stdout
    if ended.returncode:
        print(output[output.rfind("==") :], file=sys.stderr)
    print(f"{name}: {_inputs(output)} inputs, {'BROKEN' if ended.returncode else 'all held'}")
    return ended.returncode == 0


def _inputs(output: str) -> str:
    found = re.search(r"number_of_executed_units: (\d+)", output)
    return f"{int(found[1]):,}" if found else "no"


if __name__ == "__main__":
    sys.exit(main())
