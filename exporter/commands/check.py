"""Try each step towards the platforms, telling how it went."""

import sys

from exporter import NAME, checking, logs
from exporter.checking import misconfigured
from exporter.flags import Parser, add_flags, flag_values
from exporter.settings import SettingsError, load
from exporter.signals import Signals

from .command import Arguments
from .ending import FAILED, MISUSED, OK, run_until_signalled


def parser() -> Parser:
    """Flags of `check`."""
    made = Parser(
        prog=f"{NAME} check",
        usage=f"{NAME} check [--json] [flags]",
        description="Try each step towards the platforms once and say how to mend what fails; "
        "exit 1 if a step failed, 2 if the settings themselves are wrong.",
    )
    made.add_argument("--json", action="store_true", help="write one JSON document")
    add_flags(made)
    return made


def run(given: Arguments) -> int:
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

    return run_until_signalled(work)
