"""The command line: what to run, with which settings, and how it ended."""

import argparse
import asyncio
import os
import signal
import sys
from collections.abc import Callable, Coroutine, Iterable, Sequence
from difflib import get_close_matches
from functools import partial
from pathlib import Path
from typing import Any, Final

import structlog

from . import NAME, VERSION, daemon, logs, simulator
from .exposition import Page
from .flags import Parser, add_flags, flag_values
from .metrics import table
from .settings import Fault, Settings, SettingsError, load
from .simulator.__main__ import main as simulator_main
from .textfile import write_textfile

log = structlog.get_logger(__name__)

OK: Final = 0
FAILED: Final = 1
MISUSED: Final = 2


DESCRIPTION: Final = """\
Export what ZStack AIOS knows of its model services to Prometheus.

commands:
  serve      poll and serve until SIGTERM or SIGINT; what it does without a command
  once       poll once and print the page, or write it to a file
  demo       the simulator and the exporter together, to look around
  simulate   the simulator alone
  metrics    list every metric

The same settings can stand in a file (--config.file) or in the environment; see docs/settings.md.
"""


def main(argv: Sequence[str] | None = None) -> int:
    """Run a command; returns the exit code: 0, 1 it failed, 2 it was used or set wrongly."""
    command, *arguments = _with_command(list(sys.argv[1:] if argv is None else argv))
    if command not in COMMANDS:
        near = get_close_matches(command, COMMANDS, n=1)
        known = f"did you mean {near[0]}?" if near else f"--help lists {', '.join(COMMANDS)}"
        return _misused([Fault(f"{command!a}", "is not a command", known)])
    logs.configure("info", "logfmt")
    try:
        code = COMMANDS[command](arguments)
        sys.stdout.flush()
    except BrokenPipeError:  # of `once | head`: who reads has seen enough
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return FAILED
    return code


def _with_command(arguments: list[str]) -> list[str]:
    """The arguments with the command that is meant where none is named."""
    return arguments if arguments and not arguments[0].startswith("-") else ["serve", *arguments]


def serve(argv: Sequence[str]) -> int:
    """Poll and serve until told to stop."""
    parser = _parser("", DESCRIPTION)
    parser.add_argument("--version", action="version", version=f"{NAME} {VERSION}")
    add_flags(parser)
    return _with_settings(flag_values(parser.parse_args(argv)), _serve)


def once(argv: Sequence[str]) -> int:
    """Poll once; print the page, or replace a file with it in one step."""
    parser = _parser("once", "Poll once and print the page; exit 1 if the poll failed.")
    parser.add_argument(
        "--output",
        type=Path,
        metavar="FILE",
        help="write the page to this file in one step, as the textfile collector wants it",
    )
    add_flags(parser)
    given = parser.parse_args(argv)

    async def work(settings: Settings, stop: asyncio.Event) -> int:
        succeeded, page = await daemon.once(settings, stop)
        if not stop.is_set():
            _deliver(page, given.output)
        return OK if succeeded else FAILED

    return _with_settings(flag_values(given), work)


def demo(argv: Sequence[str]) -> int:
    """A platform that lives, with trouble now and then, and its exporter, on loopback."""
    parser = _parser("demo", "Run the simulator and the exporter together on loopback.")
    parser.add_argument(
        "--services", type=_number, default=300, help="model services (default: 300)"
    )
    parser.add_argument("--port", type=int, default=10521, help="of the exporter; 0: any free one")
    given = parser.parse_args(argv)

    async def work(stop: asyncio.Event) -> int:
        cloud = simulator.Cloud(services=given.services)
        key = next(iter(cloud.access_keys.values()))
        async with simulator.serving(cloud) as platform, asyncio.TaskGroup() as tasks:
            settings = load(_demo_flags(platform, key.id, key.secret, given.port), environ={})
            life = tasks.create_task(simulator.live(cloud, every=10, trouble_every=60))
            await daemon.run(settings, stop, partial(_welcome, platform))
            life.cancel()
        return OK

    return run(work)


def simulate(argv: Sequence[str]) -> int:
    """The simulator alone."""
    return simulator_main(argv)


def metrics(argv: Sequence[str]) -> int:
    """Every metric, as a table."""
    _parser("metrics", "List every metric: name, type, labels, meaning.").parse_args(argv)
    for line in table():
        print(line)  # noqa: T201 - the answer to the command
    return OK


COMMANDS: Final[dict[str, Callable[[Sequence[str]], int]]] = {
    "serve": serve,
    "once": once,
    "demo": demo,
    "simulate": simulate,
    "metrics": metrics,
}


def _parser(command: str, description: str) -> Parser:
    program = f"{NAME} {command}".rstrip()
    usage = f"{program} [flags]" if command else f"{NAME} [command] [flags]"
    return Parser(prog=program, usage=usage, description=description)


def _number(text: str) -> int:
    """A count, for argparse."""
    if not text.isdecimal():
        raise argparse.ArgumentTypeError("write a number of 0 or more")
    return int(text)


async def _serve(settings: Settings, stop: asyncio.Event) -> int:
    await daemon.run(settings, stop)
    return OK


def _with_settings(
    flags: dict[str, Any], work: Callable[[Settings, asyncio.Event], Coroutine[Any, Any, int]]
) -> int:
    try:
        settings = load(flags)
    except SettingsError as error:
        return _misused(error.faults)
    logs.configure(settings.log.level, settings.log.format)
    return run(partial(work, settings))


def run(work: Callable[[asyncio.Event], Coroutine[Any, Any, int]]) -> int:
    """Run until it ends, and tell it by its event of a signal that asks for the end.

    What it raises is told and becomes an exit code.
    """

    async def until_signal() -> int:
        stop = asyncio.Event()
        for number in (signal.SIGTERM, signal.SIGINT):
            asyncio.get_running_loop().add_signal_handler(number, stop.set)
        asyncio.get_running_loop().add_signal_handler(signal.SIGHUP, _not_yet)
        return await work(stop)

    try:
        return asyncio.run(until_signal())
    except Exception as error:  # noqa: BLE001 - the one place where whatever is left is told
        return _failed(_only_error(error))


def _not_yet() -> None:
    log.warning("SIGHUP is ignored: restart the exporter to change its settings")


def _only_error(error: BaseException) -> BaseException:
    """The error itself where a task group holds just one."""
    while isinstance(error, BaseExceptionGroup) and len(error.exceptions) == 1:
        error = error.exceptions[0]
    return error


def _failed(error: BaseException) -> int:
    if isinstance(error, SettingsError):
        return _misused(error.faults)
    if isinstance(error, BrokenPipeError):
        raise error
    if isinstance(error, OSError):
        file = f"{error.filename}: " if error.filename else ""
        log.error("failed", error=f"{file}{error.strerror or error}")
    else:
        log.error("internal error, please report it", exc_info=error)
    return FAILED


def _misused(faults: Iterable[Fault]) -> int:
    """One line a fault, plain, for whoever has just typed the command."""
    for fault in faults:
        print(f"{NAME}: {fault}", file=sys.stderr)  # noqa: T201 - meant for a terminal
    return MISUSED


def _deliver(page: Page, output: Path | None) -> None:
    if output is None:
        sys.stdout.buffer.writelines(page.text())
        sys.stdout.buffer.flush()
    else:
        write_textfile(output, page.text())


def _demo_flags(platform: str, key_id: str, secret: str, port: int) -> dict[str, Any]:
    target = {"url": platform, "access_key_id": key_id, "access_key_secret": secret}
    return {
        "target": target | {"interval": "5s"},
        "web": {"listen_address": [f"127.0.0.1:{port}"]},
    }


def _welcome(platform: str, urls: tuple[str, ...]) -> None:
    print(  # noqa: T201 - meant for a terminal
        f"""
  metrics   {urls[0]}/metrics
  status    {urls[0]}/
  platform  {platform}  (simulated: services come and go, trouble now and then)

  Ctrl-C ends both.
""",
        flush=True,
    )


if __name__ == "__main__":
    sys.exit(main())
