"""Poll once; print the page, or replace a file with it in one step."""

import asyncio
import sys
from functools import partial
from pathlib import Path

from exporter import NAME, daemon
from exporter.exposition import Page
from exporter.flags import Parser, add_flags, flag_values
from exporter.settings import Settings, load
from exporter.signals import Signals, unless
from exporter.textfile import write_textfile

from .command import Arguments
from .ending import FAILED, OK, run_with


def parser() -> Parser:
    """Flags of `once`."""
    made = Parser(
        prog=f"{NAME} once",
        usage=f"{NAME} once [flags]",
        description="Poll once and print the page; exit 1 if the poll failed.",
    )
    made.add_argument(
        "--output",
        type=Path,
        metavar="FILE",
        help="write the page to this file in one step, as the textfile collector wants it",
    )
    add_flags(made)
    return made


def run(given: Arguments) -> int:
    """Poll once; print the page, or replace a file with it in one step."""

    async def work(settings: Settings, signals: Signals) -> int:
        succeeded, page = await daemon.once(settings, signals.stop)
        # In a thread: whoever should read a pipe may never come.
        delivering = asyncio.to_thread(_deliver, page, given.output)
        delivered = await unless(signals.stop, delivering)
        return OK if succeeded and delivered else FAILED

    return run_with(partial(load, flag_values(given)), work)


def _deliver(page: Page, output: Path | None) -> bool:
    """Write it; True once it has been written."""
    if output is None:
        sys.stdout.buffer.writelines(page.text())
        sys.stdout.buffer.flush()
    else:
        write_textfile(output, page.text())
    return True
