"""The flags of `check`, and how it runs."""

import io
import sys
from typing import TYPE_CHECKING

from exporter.cli.command import Arguments
from exporter.cli.exit_codes import FAILED, MISUSED, OK
from exporter.cli.flags import add_flags, flag_values
from exporter.cli.parser import Parser, command_parser

if TYPE_CHECKING:
    from .report import Report


def parser() -> Parser:
    """Flags of `check`."""
    made = command_parser(
        "check",
        "Try each step towards the platforms once, with a hint for what fails; "
        "exit 1 if a step failed, 2 if the settings themselves are wrong.",
        usage="%(prog)s [--json] [flags]",
    )
    made.add_argument("--json", action="store_true", help="write one JSON document")
    add_flags(made)
    return made


def run(given: Arguments) -> int:
    """Try each step and report how it went."""
    from exporter.cli.running import run_with_signals
    from exporter.daemon.signals import Signals
    from exporter.settings import SettingsError, load

    from .steps import check, report_faults

    report = _report(as_json=given.json)
    try:
        settings = load(flag_values(given))
    except SettingsError as error:
        report_faults(error.faults, report)
        return MISUSED

    async def work(signals: Signals) -> int:
        return OK if await check(settings, signals.stop, report) else FAILED

    return run_with_signals(work, settings.log)


def _report(*, as_json: bool) -> "Report":
    from .report import JsonReport, TextReport

    if not as_json:
        return TextReport(sys.stdout, terminal=sys.stdout.isatty())
    if isinstance(sys.stdout, io.TextIOWrapper):
        sys.stdout.reconfigure(encoding="utf-8")  # in every locale (RFC 8259, 8.1)
    return JsonReport(sys.stdout)
