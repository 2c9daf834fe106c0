"""What a command is."""

import argparse
from dataclasses import dataclass
from importlib import import_module
from typing import Any

Arguments = argparse.Namespace


@dataclass(frozen=True, slots=True)
class Command:
    """A command: one line about it, and the module here that has its `parser` and its `run`.

    The module is loaded when it is needed: what serves for months carries no simulator about.
    """

    about: str
    module: str

    def parser(self) -> argparse.ArgumentParser:
        """Its flags."""
        parser: argparse.ArgumentParser = self._loaded.parser()
        return parser

    def run(self, given: Arguments) -> int:
        """Do its work; returns the exit code: 0, 1 it failed, 2 it was used or set wrongly."""
        code: int = self._loaded.run(given)
        return code

    @property
    def _loaded(self) -> Any:
        return import_module(f"{__package__}.{self.module}")
