"""The simulator's own program, as a command."""

from exporter.simulator.flags import parser

from .command import Arguments

__all__ = ["parser", "run"]


def run(given: Arguments) -> int:
    """Serve a simulated ZStack until a signal ends it."""
    from exporter.daemon import logs
    from exporter.simulator.__main__ import simulate

    logs.configure("info", "logfmt")
    return simulate(given)
