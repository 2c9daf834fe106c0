"""The commands: each has a parser, and does its work with what was parsed."""

from collections.abc import Mapping
from typing import Final

from exporter.simulator.__main__ import simulate
from exporter.simulator.flags import parser as simulate_parser

from .command import Command
from .demo import demo, demo_parser
from .ending import FAILED, misused
from .healthy import healthy, healthy_parser
from .polling import check, check_parser, once, once_parser, serve, serve_parser
from .telling import (
    completion,
    completion_parser,
    hash_password,
    hash_password_parser,
    metrics,
    metrics_parser,
)

__all__ = ["COMMANDS", "FAILED", "Command", "misused"]

_SERVE: Final = "poll and serve until SIGTERM or SIGINT; what it does without a command"


def _description() -> str:
    lines = "\n".join(f"  {name:<14} {command.about}" for name, command in COMMANDS.items())
    return f"""\
Export what ZStack AIOS knows of its model services to Prometheus.

commands:
{lines}

The same settings can stand in a file (--config.file) or in the environment; see docs/settings.md.
"""


COMMANDS: Final[Mapping[str, Command]] = {
    "serve": Command(_SERVE, lambda: serve_parser(_description()), serve),
    "check": Command("try the settings step by step and say how to mend them", check_parser, check),
    "once": Command("poll once and print the page, or write it to a file", once_parser, once),
    "healthy": Command("ask a running exporter whether it lives", healthy_parser, healthy),
    "demo": Command("the simulator and the exporter together, to look around", demo_parser, demo),
    "simulate": Command("the simulator alone", simulate_parser, simulate),
    "metrics": Command("list every metric", metrics_parser, metrics),
    "hash-password": Command(
        "hash a password for --web.config.file", hash_password_parser, hash_password
    ),
    "completion": Command(
        "complete commands and flags in a shell",
        completion_parser,
        lambda given: completion(given, COMMANDS),
    ),
}
"""Every command by its name."""
