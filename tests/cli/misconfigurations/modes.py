"""The three modes in this process, as the commands run them: the lines that an operator reads."""

import asyncio
import io
import re
from collections.abc import Iterator, Mapping
from contextlib import redirect_stderr, suppress
from typing import Final

from exporter.cli.check.report import TextReport
from exporter.cli.check.steps import check, report_faults
from exporter.cli.exit_codes import usage_error
from exporter.cli.flags import flag_values
from exporter.cli.serve import parser
from exporter.daemon import logs, serve
from exporter.daemon.once import check_files
from exporter.daemon.signals import Signals
from exporter.settings import Settings, SettingsError, load
from tests.support.commands import start
from tests.support.exporting import until_seen

from .case import CHECK, CONFIG_CHECK

_COMPLAINT: Final = re.compile(r"  (WARN|FAIL)  |.*level=(warning|error) |zstack-aios-exporter: ")


async def complaints(mode: str, arguments: list[str], number: int) -> list[str]:
    """What a mode complains about, a line each; an exporter that starts is stopped after these."""
    printed = io.StringIO()
    with redirect_stderr(printed):
        try:
            settings = await asyncio.to_thread(_settings, arguments)
            await _run(mode, settings, printed, number)
        except* SettingsError as errors:
            _report(mode, _only_error(errors), printed)
    return complaints_of(printed.getvalue())


async def complaints_of_process(
    mode: str, arguments: list[str], variables: Mapping[str, str], number: int
) -> list[str]:
    """The same of a process of its own."""
    command = {CHECK: ["check", *arguments], CONFIG_CHECK: [*arguments, "--config.check"]}
    process = await start(*command.get(mode, arguments), **variables)
    assert process.stdout is not None
    assert process.stderr is not None
    printed = ""
    while len(complaints_of(printed)) < number:
        stream = process.stdout if mode == CHECK else process.stderr
        some = (await stream.readline()).decode()
        printed += some
        if not some:
            break
    if process.returncode is None:
        with suppress(ProcessLookupError):
            process.terminate()
    out, err = await process.communicate()
    return complaints_of(printed + (out if mode == CHECK else err).decode())


def _settings(arguments: list[str]) -> Settings:
    return load(flag_values(parser().parse_args(arguments)))


def _only_error(errors: BaseException) -> SettingsError:
    while isinstance(errors, BaseExceptionGroup):
        [errors] = errors.exceptions
    assert isinstance(errors, SettingsError)
    return errors


def complaints_of(printed: str) -> list[str]:
    """The lines that say that something is wrong; a hint belongs to the line before it."""
    return [*filter(_COMPLAINT.match, _lines(printed))]


def _lines(printed: str) -> Iterator[str]:
    line = ""
    for each in printed.splitlines():
        if each.lstrip().startswith("->"):
            line += f" {each.strip()}"
            continue
        yield line
        line = each
    yield line


async def _run(mode: str, settings: Settings, printed: io.StringIO, number: int) -> None:
    logs.configure(settings.log.level, settings.log.format)
    if mode == CHECK:
        await check(settings, asyncio.Event(), TextReport(printed, terminal=False))
    elif mode == CONFIG_CHECK:
        await check_files(settings)
    else:
        await _start(settings, printed, number)


async def _start(settings: Settings, printed: io.StringIO, number: int) -> None:
    """Until there are so many complaints."""

    async def complained() -> bool:
        return len(complaints_of(printed.getvalue())) >= number

    signals = Signals()
    async with asyncio.TaskGroup() as tasks:
        running = tasks.create_task(serve.run(settings, signals))
        with suppress(AssertionError):  # the test says what is missing
            await until_seen(complained, lambda it: it or running.done(), patience=10)
        signals.stop.set()


def _report(mode: str, error: SettingsError, printed: io.StringIO) -> None:
    if mode == CHECK:
        report_faults(error.faults, TextReport(printed, terminal=False))
    else:
        usage_error(error.faults)
