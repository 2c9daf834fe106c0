"""Poll and serve until a signal ends it."""

import argparse
from functools import partial
from typing import NoReturn

from typing_extensions import override

from exporter import NAME

from .command import COMMANDS, Arguments
from .exit_codes import OK
from .flags import add_flags, flag_values
from .parser import Parser


def parser() -> Parser:
    """Flags of the daemon, which are also those of the program without a command."""
    made = Parser(prog=NAME, usage=f"{NAME} [command] [flags]", description=_description())
    made.add_argument(
        "-V", "--version", action=_Version, nargs=0, help="show the version and build facts"
    )
    made.add_argument(
        "--config.check",
        dest="check",
        action="store_true",
        help="read the configuration and every file it names, list the faults, and exit",
    )
    add_flags(made)
    return made


def run(given: Arguments) -> int:
    """Poll and serve until a signal ends it."""
    from .loading import light_loading

    with light_loading():  # of all that the daemon needs
        from exporter.daemon import memory, serve
        from exporter.daemon.once import check_files
        from exporter.daemon.signals import Signals
        from exporter.settings import Settings, load

        from .running import run_with_settings

    read = partial(load, flag_values(given))

    async def work(settings: Settings, signals: Signals) -> int:
        await serve.run(settings, signals, read=read)
        return OK

    async def check(settings: Settings, _signals: Signals) -> int:
        await check_files(settings)
        print("the configuration is good")  # noqa: T201 - the answer
        return OK

    if given.check:
        return run_with_settings(read, check)
    memory.limit_malloc_arenas()
    memory.freeze_startup_objects()  # before the event loop begins, which it would block
    return run_with_settings(read, work)


def _description() -> str:
    lines = "\n".join(f"  {name:<14} {command.about}" for name, command in COMMANDS.items())
    return f"""\
Prometheus exporter for ZStack AIOS model services.

commands:
{lines}

Every setting can also be in a file (--config.file) or in the environment; see docs/settings.md.
"""


class _Version(argparse.Action):
    """As argparse's own action, which would join the lines."""

    @override
    def __call__(self, parser: argparse.ArgumentParser, *_: object) -> NoReturn:
        from exporter.build import version_text

        print(version_text())  # noqa: T201 - the answer
        parser.exit()
