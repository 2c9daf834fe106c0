"""The commands that poll: serve, once and check."""

import argparse
import sys
from collections.abc import Callable, Coroutine
from functools import partial
from pathlib import Path
from typing import Any, NoReturn

from typing_extensions import override

from exporter import NAME, checking, daemon, logs
from exporter.build import version_text
from exporter.checking import misconfigured
from exporter.daemon import Signals
from exporter.exposition import Page
from exporter.flags import Parser, add_flags, flag_values
from exporter.settings import Settings, SettingsError, load
from exporter.textfile import write_textfile

from .command import Arguments
from .ending import FAILED, MISUSED, OK, misused, run


def serve_parser(description: str) -> Parser:
    """Flags of the daemon, which are also those of the program without a command."""
    parser = Parser(prog=NAME, usage=f"{NAME} [command] [flags]", description=description)
    parser.add_argument(
        "--version", action=_Version, nargs=0, help="show the version and build facts"
    )
    parser.add_argument(
        "--config.check",
        dest="check",
        action="store_true",
        help="read the configuration and every file it names, say what is wrong, and exit",
    )
    add_flags(parser)
    return parser


def serve(given: Arguments) -> int:
    """Poll and serve until told to stop."""
    read = partial(load, flag_values(given))

    async def work(settings: Settings, signals: Signals) -> int:
        await daemon.run(settings, signals, read=read)
        return OK

    async def check(settings: Settings, _signals: Signals) -> int:
        await daemon.check_files(settings)
        print("the configuration is good")  # noqa: T201 - the answer
        return OK

    return _with_settings(read, check if given.check else work)


def once_parser() -> Parser:
    """Flags of `once`."""
    parser = Parser(
        prog=f"{NAME} once",
        usage=f"{NAME} once [flags]",
        description="Poll once and print the page; exit 1 if the poll failed.",
    )
    parser.add_argument(
        "--output",
        type=Path,
        metavar="FILE",
        help="write the page to this file in one step, as the textfile collector wants it",
    )
    add_flags(parser)
    return parser


def once(given: Arguments) -> int:
    """Poll once; print the page, or replace a file with it in one step."""

    async def work(settings: Settings, signals: Signals) -> int:
        succeeded, page = await daemon.once(settings, signals.stop)
        if not signals.stop.is_set():
            _deliver(page, given.output)
        return OK if succeeded else FAILED

    return _with_settings(partial(load, flag_values(given)), work)


def check_parser() -> Parser:
    """Flags of `check`."""
    parser = Parser(
        prog=f"{NAME} check",
        usage=f"{NAME} check [--json] [flags]",
        description="Try each step towards the platforms once and say how to mend what fails; "
        "exit 1 if a step failed, 2 if the settings themselves are wrong.",
    )
    parser.add_argument("--json", action="store_true", help="write one JSON document")
    add_flags(parser)
    return parser


def check(given: Arguments) -> int:
    """Try each step, telling how it went."""
    terminal = sys.stdout.isatty() and not given.json
    how = {"as_json": given.json, "terminal": terminal}
    try:
        settings = load(flag_values(given))
    except SettingsError as error:
        misconfigured(error.faults, sys.stdout, **how)
        return MISUSED
    logs.configure(settings.log.level, settings.log.format)

    async def work(signals: Signals) -> int:
        ready = await checking.check(settings, signals.stop, sys.stdout, **how)
        return OK if ready else FAILED

    return run(work)


def _with_settings(
    read: Callable[[], Settings], work: Callable[[Settings, Signals], Coroutine[Any, Any, int]]
) -> int:
    try:
        settings = read()
    except SettingsError as error:
        return misused(error.faults)
    logs.configure(settings.log.level, settings.log.format)
    return run(partial(work, settings))


def _deliver(page: Page, output: Path | None) -> None:
    if output is None:
        sys.stdout.buffer.writelines(page.text())
        sys.stdout.buffer.flush()
    else:
        write_textfile(output, page.text())


class _Version(argparse.Action):
    """Like argparse's own, which would fold the lines."""

    @override
    def __call__(self, parser: argparse.ArgumentParser, *_: object) -> NoReturn:
        print(version_text())  # noqa: T201 - the answer
        parser.exit()
