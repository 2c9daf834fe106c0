"""The commands, a module each."""

from collections.abc import Mapping
from typing import Final

from .command import Command

COMMANDS: Final[Mapping[str, Command]] = {
    "serve": Command(
        "poll and serve until SIGTERM or SIGINT; what it does without a command", "serve"
    ),
    "check": Command("try the settings step by step and say how to mend them", "check"),
    "once": Command("poll once and print the page, or write it to a file", "once"),
    "healthy": Command("ask a running exporter whether it lives", "healthy"),
    "demo": Command("the simulator and the exporter together, to look around", "demo"),
    "simulate": Command("the simulator alone", "simulate"),
    "metrics": Command("list every metric", "metrics"),
    "hash-password": Command("hash a password for --web.config.file", "hash_password"),
    "completion": Command("complete commands and flags in a shell", "completion"),
}
"""Every command by its name."""
