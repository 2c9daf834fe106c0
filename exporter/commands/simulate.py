"""The simulator alone: its own program, as a command."""

from exporter.simulator.__main__ import simulate as run
from exporter.simulator.flags import parser

__all__ = ["parser", "run"]
