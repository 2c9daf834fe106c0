"""Poll and serve until told to stop."""

import argparse
from functools import partial
from typing import NoReturn

from typing_extensions import override

from exporter import NAME, daemon, memory
from exporter.build import version_text
from exporter.flags import Parser, add_flags, flag_values
from exporter.settings import Settings, load
from exporter.signals import Signals

from . import COMMANDS
from .command import Arguments
from .ending import OK, run_with


def parser() -> Parser:
    """Flags of the daemon, which are also those of the program without a command."""
    made = Parser(prog=NAME, usage=f"{NAME} [command] [flags]", description=_description())
    made.add_argument(
        "--version", action=_Version, nargs=0, help="show the version and build facts"
    )
    made.add_argument(
        "--config.check",
        dest="check",
        action="store_true",
        help="read the configuration and every file it names, say what is wrong, and exit",
    )
    add_flags(made)
    return made


def run(given: Arguments) -> int:
    """Poll and serve until told to stop."""
    read = partial(load, flag_values(given))

    async def work(settings: Settings, signals: Signals) -> int:
        await daemon.run(settings, signals, read=read)
        return OK

    async def check(settings: Settings, _signals: Signals) -> int:
        await daemon.check_files(settings)
        print("the configuration is good")  # noqa: T201 - the answer
        return OK

    if given.check:
        return run_with(read, check)
    memory.be_frugal()
    memory.settle()  # before the event loop begins, which it would block
    return run_with(read, work)


def _description() -> str:
    lines = "\n".join(f"  {name:<14} {command.about}" for name, command in COMMANDS.items())
    return f"""\
Export what ZStack AIOS knows of its model services to Prometheus.

commands:
{lines}

The same settings can stand in a file (--config.file) or in the environment; see docs/settings.md.
"""


class _Version(argparse.Action):
    """Like argparse's own, which would fold the lines."""

    @override
    def __call__(self, parser: argparse.ArgumentParser, *_: object) -> NoReturn:
        print(version_text())  # noqa: T201 - the answer
        parser.exit()
