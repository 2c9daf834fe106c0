"""What a command is."""

import argparse
from collections.abc import Callable
from dataclasses import dataclass

Arguments = argparse.Namespace


@dataclass(frozen=True, slots=True)
class Command:
    """A command: one line about it, its parser, and what it does with what was parsed.

    `run` returns the exit code: 0, 1 it failed, 2 it was used or set wrongly.
    """

    about: str
    parser: Callable[[], argparse.ArgumentParser]
    run: Callable[[Arguments], int]
