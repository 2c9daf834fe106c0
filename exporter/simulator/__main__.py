"""The simulator as a program: flags for the fields of `Cloud`."""

import argparse
import asyncio
import errno
import os
import signal
import socket
import sys
from collections.abc import Sequence
from contextlib import AsyncExitStack

from .accounts import EXAMPLE_KEY_SECRET, AccessKey, Account
from .api import serving
from .centers import CENTERS
from .cloud import Cloud
from .flags import PASSWORD, parser
from .groups import GROUPS
from .inventory import has
from .trouble import live

_ENDING = (signal.SIGTERM, signal.SIGINT, signal.SIGHUP)


def main(argv: Sequence[str] | None = None) -> int:
    """Serve a simulated ZStack until interrupted; 0 after a clean stop, 1 if it can't listen."""
    return simulate(parser().parse_args(argv))


def simulate(options: argparse.Namespace) -> int:
    """Serve what the flags ask for until interrupted; 0 or 1, as `main`."""
    return asyncio.run(_simulate(options))


async def _simulate(options: argparse.Namespace) -> int:
    host, port = options.listen
    cloud = _cloud(options)
    signal.pthread_sigmask(signal.SIG_UNBLOCK, _ENDING)
    try:
        return await run(cloud, host, port, evolve=options.evolve, trouble=options.trouble)
    finally:
        # The loop closes with its handlers; a second signal would interrupt the shutdown.
        signal.pthread_sigmask(signal.SIG_BLOCK, _ENDING)


async def run(
    cloud: Cloud,
    host: str = "127.0.0.1",
    port: int = 8080,
    *,
    evolve: float | None = None,
    trouble: float | None = None,
    stop: asyncio.Event | None = None,
) -> int:
    """Serve the cloud until `stop` is set or a signal asks for the end; 1 if it can't listen."""
    stop = stop or asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in _ENDING:
        loop.add_signal_handler(number, stop.set)
    async with AsyncExitStack() as stack:
        try:
            url = await stack.enter_async_context(serving(cloud, host, port))
        except OSError as error:
            print(_not_listening(host, port, error), file=sys.stderr)  # noqa: T201 - a program's output
            return 1
        tasks = await stack.enter_async_context(asyncio.TaskGroup())
        living = tasks.create_task(live(cloud, every=evolve, trouble_every=trouble))
        print(_introduction(cloud, url), flush=True)  # noqa: T201 - a program's output
        await stop.wait()
        living.cancel()
    return 0


def _not_listening(host: str, port: int, error: OSError) -> str:
    address = f"[{host}]:{port}" if ":" in host else f"{host}:{port}"
    # asyncio puts the address into the text of all errors but those of a name's look-up
    looked_up = isinstance(error, socket.gaierror)
    reason = error.strerror if looked_up else os.strerror(error.errno or errno.EINVAL).lower()
    hint = "choose another --web.listen-address; port 0 takes any free one"
    return f"cannot listen on {address}: {reason}; {hint}"


def _introduction(cloud: Cloud, url: str) -> str:
    lines = [
        f"ZStack {cloud.profile} (simulated, {cloud.time_zone}) at {url}",
        f"{len(cloud.estate)} model services at {url}/zstack/v1/ai/model-services",
    ]
    if has(cloud.profile, GROUPS.since):
        lines.append(f"{len(cloud.groups)} instance groups")
    if has(cloud.profile, CENTERS.since):
        lines.append(f"{len(cloud.centers)} model centers")
    lines += [
        f"account     {account.name} / {account.password}" for account in cloud.accounts.values()
    ]
    lines += [f"access key  {key.id} / {key.secret}" for key in cloud.access_keys.values()]
    return "\n".join(lines)


def _cloud(options: argparse.Namespace) -> Cloud:
    password = PASSWORD if options.password is None else options.password
    key = AccessKey(options.access_key_id, EXAMPLE_KEY_SECRET, options.account)
    return Cloud(
        services=options.services,
        instance_groups=options.instance_groups,
        model_centers=options.model_centers,
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


if __name__ == "__main__":
    sys.exit(main())
