"""The demo: a simulated platform, with faults now and then, and its exporter, on loopback."""

import argparse
from functools import partial
from typing import Any

from .command import Arguments
from .exit_codes import OK
from .parser import Parser, command_parser


def parser() -> Parser:
    """Flags of `demo`."""
    made = command_parser(
        "demo",
        "Run the simulator and the exporter together on loopback.",
        usage="%(prog)s [flags]",
    )
    made.add_argument("--services", type=_number, default=300, help="model services (default: 300)")
    made.add_argument("--port", type=int, default=10521, help="of the exporter; 0: any free one")
    return made


def run(given: Arguments) -> int:
    """Run both until a signal ends them."""
    import asyncio

    from exporter import simulator
    from exporter.daemon import serve
    from exporter.daemon.signals import Signals
    from exporter.settings import load

    from .running import run_with_signals

    async def work(signals: Signals) -> int:
        cloud = simulator.Cloud(services=given.services)
        key = next(iter(cloud.access_keys.values()))
        async with simulator.serving(cloud) as platform, asyncio.TaskGroup() as tasks:
            settings = load(_settings(platform, key.id, key.secret, given.port), environ={})
            changes = tasks.create_task(simulator.live(cloud, every=10, trouble_every=60))
            await serve.run(settings, signals, listening=partial(_print_urls, platform))
            changes.cancel()
        return OK

    return run_with_signals(work)


def _settings(platform: str, key_id: str, secret: str, port: int) -> dict[str, Any]:
    target = {"url": platform, "access_key_id": key_id, "access_key_secret": secret}
    return {
        "target": target | {"interval": "5s"},
        "web": {"listen_address": [f"127.0.0.1:{port}"]},
    }


def _print_urls(platform: str, urls: tuple[str, ...]) -> None:
    print(  # noqa: T201 - meant for a terminal
        f"""
  metrics   {urls[0]}/metrics
  status    {urls[0]}/
  platform  {platform}  (simulated: services come, run and go, trouble now and then)

  Ctrl-C ends both.
""",
        flush=True,
    )


def _number(text: str) -> int:
    """A count, for argparse."""
    if not text.isdecimal():
        raise argparse.ArgumentTypeError("write a number of 0 or more")
    return int(text)
