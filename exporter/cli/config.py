"""Print or write the example configuration."""

from .command import Arguments
from .parser import Parser, command_parser
from .shipped import add_output_flags, print_or_write, shipped


def parser() -> Parser:
    """Flags of `config`."""
    made = command_parser(
        "config", "Print a configuration file that has every setting, with what it means."
    )
    add_output_flags(made)
    return made


def run(given: Arguments) -> int:
    """Print the example configuration, or write it to a folder."""
    return print_or_write(shipped("config.example.yaml"), given)
