"""Values for the chart: those that it must take, and those that it must refuse."""

from pathlib import Path
from typing import Final

GOOD: Final = sorted((Path(__file__).parent / "good").glob("*.yaml"))
BAD: Final = sorted((Path(__file__).parent / "bad").glob("*.yaml"))
"""Each begins with a comment for each thing that Helm must print."""
