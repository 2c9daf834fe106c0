"""The simulator's own program, as a command."""

import argparse

from .command import Arguments
from .parser import Parser, help_width


def parser() -> argparse.ArgumentParser:
    """Flags of `simulate`, which the simulator declares."""
    from exporter.simulator.flags import parser

    return parser(Parser, help_width())


def run(given: Arguments) -> int:
    """Serve a simulated ZStack until a signal ends it."""
    from exporter.daemon import logs
    from exporter.simulator.__main__ import simulate

    logs.configure("info", "logfmt")
    return simulate(given)
