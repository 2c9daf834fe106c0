"""Write the dashboards for Grafana."""

from .command import Arguments
from .parser import Parser, command_parser
from .shipped import add_output_flags, shipped, write


def parser() -> Parser:
    """Flags of `dashboards`."""
    made = command_parser("dashboards", "Write the dashboards for Grafana, a file for each.")
    add_output_flags(made, required=True)
    return made


def run(given: Arguments) -> int:
    """Write the dashboards to a folder."""
    return write(shipped("grafana/*.json"), given)
