"""The commands and how each is loaded."""

import argparse
from collections.abc import Mapping
from dataclasses import dataclass
from importlib import import_module
from typing import Any, Final

Arguments = argparse.Namespace


@dataclass(frozen=True, slots=True)
class Command:
    """A command: its line in the help, and the module here that has its `parser` and its `run`.

    The module is loaded on first use, so that the daemon does not carry the simulator.
    """

    about: str
    module: str

    def parser(self) -> argparse.ArgumentParser:
        """Its flags."""
        parser: argparse.ArgumentParser = self._loaded.parser()
        return parser

    def run(self, given: Arguments) -> int:
        """Run it; returns the exit code: 0, 1 for a failure, 2 for wrong usage or settings."""
        code: int = self._loaded.run(given)
        return code

    @property
    def _loaded(self) -> Any:
        return import_module(f"{__package__}.{self.module}")


COMMANDS: Final[Mapping[str, Command]] = {
    "serve": Command("poll and serve until SIGTERM or SIGINT; the default command", "serve"),
    "check": Command("test the settings and the connection step by step", "check.command"),
    "once": Command("poll once and print the page, or write it to a file", "once"),
    "healthy": Command("check that a running exporter is healthy", "healthy"),
    "demo": Command("the simulator and the exporter together, to look around", "demo"),
    "simulate": Command("the simulator alone", "simulate"),
    "metrics": Command("list every metric", "metrics"),
    "rules": Command("print or write the rules for Prometheus", "rules"),
    "dashboards": Command("write the dashboards for Grafana", "dashboards"),
    "config": Command("print or write an example of the configuration file", "config"),
    "hash-password": Command("hash a password for --web.config.file", "hash_password"),
    "completion": Command("complete commands and flags in a shell", "completion"),
    "help": Command("show the flags of a command", "help"),
    "version": Command("show the version and build facts", "version"),
}
"""Every command by its name."""
