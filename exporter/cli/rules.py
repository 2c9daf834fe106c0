"""Print or write the rules for Prometheus."""

from .command import Arguments
from .parser import Parser, command_parser
from .shipped import add_output_flags, print_or_write, shipped


def parser() -> Parser:
    """Flags of `rules`."""
    made = command_parser("rules", "Print the alert and recording rules for Prometheus.")
    add_output_flags(made)
    return made


def run(given: Arguments) -> int:
    """Print the rules, or write them to a folder."""
    return print_or_write(shipped("deploy/prometheus/rules/*.yml"), given)
