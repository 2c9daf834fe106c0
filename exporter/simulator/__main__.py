"""The simulator as a program: flags over the knobs of `Cloud`, and nothing else."""

from __future__ import annotations

import argparse
import asyncio
import inspect
import signal
import sys
from pathlib import Path
from typing import TYPE_CHECKING
from zoneinfo import available_timezones

from .accounts import EXAMPLE_KEY_ID, EXAMPLE_KEY_SECRET, AccessKey, Account
from .api import serving
from .cloud import Cloud
from .faults import Fault
from .inventory import PROFILES
from .trouble import live
from .wire import DATE_STYLES

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

_PASSWORD = "password"  # noqa: S105 - ZStack's own first password; a simulator has nothing to hide
# Those that a flag can describe: `changing` takes a function.
_FAULTS: Mapping[str, Callable[..., Fault]] = {
    name: constructor
    for name, constructor in inspect.getmembers(Fault, inspect.ismethod)
    if name != "changing"
}
_INTEGERS = frozenset({"page", "times", "status", "size", "by", "rows"})
_NUMBERS = frozenset({"seconds", "lasting", "share"})


def main(argv: Sequence[str] | None = None) -> int:
    """Serve a simulated ZStack until interrupted; 0 after a clean stop, 1 if it can't listen."""
    options = _parser().parse_args(argv)
    host, port = options.listen
    try:
        return asyncio.run(
            run(
                _cloud(options),
                host,
                port,
                evolve=options.evolve,
                trouble=options.trouble,
            )
        )
    except OSError as error:
        print(f"cannot listen on {host}:{port}: {error.strerror}", file=sys.stderr)  # noqa: T201 - a program's output
        return 1


async def run(
    cloud: Cloud,
    host: str = "127.0.0.1",
    port: int = 8080,
    *,
    evolve: float | None = None,
    trouble: float | None = None,
    stop: asyncio.Event | None = None,
) -> int:
    """Serve the cloud until `stop` is set or a signal asks for the end."""
    stop = stop or asyncio.Event()
    loop = asyncio.get_running_loop()
    signals = (signal.SIGINT, signal.SIGTERM)
    for number in signals:
        loop.add_signal_handler(number, stop.set)
    try:
        async with serving(cloud, host, port) as url, asyncio.TaskGroup() as tasks:
            living = tasks.create_task(live(cloud, every=evolve, trouble_every=trouble))
            print(_introduction(cloud, url), flush=True)  # noqa: T201 - a program's output
            await stop.wait()
            living.cancel()
    finally:
        for number in signals:
            loop.remove_signal_handler(number)
    return 0


def _introduction(cloud: Cloud, url: str) -> str:
    lines = [
        f"ZStack {cloud.profile} (simulated, {cloud.time_zone}) at {url}",
        f"{len(cloud.estate)} model services at {url}/zstack/v1/ai/model-services",
    ]
    lines += [
        f"account     {account.name} / {account.password}" for account in cloud.accounts.values()
    ]
    lines += [f"access key  {key.id} / {key.secret}" for key in cloud.access_keys.values()]
    return "\n".join(lines)


def _cloud(options: argparse.Namespace) -> Cloud:
    password = _PASSWORD
    if options.password_file:
        password = options.password_file.read_text(encoding="utf-8").rstrip("\r\n")
    key = AccessKey(options.access_key_id, EXAMPLE_KEY_SECRET, options.account)
    return Cloud(
        services=options.services,
        seed=options.seed,
        profile=options.profile,
        time_zone=options.time_zone,
        date_style=options.date_style,
        accounts={options.account: Account(options.account, password)},
        access_keys={key.id: key},
        session_timeout=options.session_timeout,
        max_sessions=options.max_sessions,
        unique_session=options.unique_session,
        lock_after=options.lock_after,
        check_time_zone=options.check_time_zone,
        faults=options.fault,
    )


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="zstack-aios-exporter simulate",
        description="A ZStack AIOS API for trying things out. Its credentials are no secret.",
    )
    flag = parser.add_argument
    flag("--listen", type=_address, default=("127.0.0.1", 8080), metavar="HOST:PORT")
    flag("--services", type=int, default=300, metavar="N", help="model services, up to 100000")
    flag("--seed", type=int, default=1, metavar="N", help="the same seed, the same services")
    flag("--profile", choices=PROFILES, default="5.5", help="the release whose ways are shown")
    flag(
        "--time-zone",
        type=_zone,
        default="Asia/Shanghai",
        metavar="ZONE",
        help="the server's, an IANA name",
    )
    flag("--date-style", choices=DATE_STYLES, default="jdk8", help="the Java that prints dates")
    flag("--account", default="admin", metavar="NAME")
    flag("--password-file", type=Path, metavar="FILE", help=f"default password: {_PASSWORD}")
    flag("--access-key-id", default=EXAMPLE_KEY_ID, metavar="ID")
    flag("--session-timeout", type=float, default=7200.0, metavar="SECONDS")
    flag("--max-sessions", type=int, default=500, metavar="N", help="sessions per account")
    flag("--unique-session", action="store_true", help="a login ends the account's other sessions")
    flag("--lock-after", type=int, metavar="N", help="failed logins that lock the account")
    flag("--check-time-zone", action="store_true", help="heed the zone in the Date of access keys")
    flag(
        "--fault",
        type=fault,
        action="append",
        default=[],
        metavar="KIND[:KEY=VALUE,...]",
        help=f"may be repeated; one of {', '.join(sorted(_FAULTS))}; with what it needs, and "
        "operation, path, page, times, lasting to say when: slow:seconds=5,times=3",
    )
    flag("--evolve", type=float, metavar="SECONDS", help="services change every so often")
    flag("--trouble", type=float, metavar="SECONDS", help="something goes wrong every so often")
    return parser


def fault(text: str) -> Fault:
    """The fault that a flag describes, such as `error:code=ID.1002,operation=QueryModelService`."""
    kind, _, described = text.partition(":")
    if kind not in _FAULTS:
        raise argparse.ArgumentTypeError(f"unknown fault {kind!r}, try {', '.join(_FAULTS)}")
    pairs = (pair.partition("=") for pair in described.split(",") if pair)
    try:
        return _FAULTS[kind](**{key: _value(key, value) for key, _, value in pairs})
    except (TypeError, ValueError) as error:
        raise argparse.ArgumentTypeError(f"{text}: {error}") from error


def _value(key: str, text: str) -> str | float:
    if key in _INTEGERS:
        return int(text)
    return float(text) if key in _NUMBERS else text


def _zone(name: str) -> str:
    if name not in available_timezones():
        raise argparse.ArgumentTypeError(f"{name} is no IANA time zone")
    return name


def _address(text: str) -> tuple[str, int]:
    host, _, port = text.rpartition(":")
    return host.strip("[]") or "127.0.0.1", int(port)


if __name__ == "__main__":
    sys.exit(main())
