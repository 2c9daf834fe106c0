"""Poll once; print the page, or replace a file with it in one step.

Others may read that file at any time, as node_exporter's textfile collector does.
"""

import sys
from collections.abc import Iterable
from functools import partial
from pathlib import Path

from .command import Arguments
from .exit_codes import FAILED, OK
from .flags import add_flags, flag_values
from .parser import Parser, command_parser
from .textfile import write_textfile


def parser() -> Parser:
    """Flags of `once`."""
    made = command_parser("once", "Poll once and print the page; exit 1 if the poll failed.")
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
    import asyncio

    from exporter.daemon.once import once
    from exporter.daemon.signals import Signals, run_until
    from exporter.settings import Settings, load

    from .running import run_with_settings

    async def work(settings: Settings, signals: Signals) -> int:
        succeeded, page = await once(settings, signals.stop)
        # In a thread: opening a pipe that nothing reads blocks.
        writing = asyncio.to_thread(_write_page, page.text(), given.output)
        written = await run_until(signals.stop, writing)
        return OK if succeeded and written else FAILED

    return run_with_settings(partial(load, flag_values(given)), work)


def _write_page(pieces: Iterable[bytes], output: Path | None) -> bool:
    """Returns True: `run_until` returns None where it was cancelled."""
    if output is None:
        sys.stdout.buffer.writelines(pieces)
        sys.stdout.buffer.flush()
    else:
        write_textfile(output, pieces)
    return True
