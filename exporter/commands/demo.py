"""The demo: a platform that lives, with trouble now and then, and its exporter, on loopback."""

import argparse
import asyncio
from functools import partial
from typing import Any

from exporter import NAME, daemon, simulator
from exporter.flags import Parser
from exporter.settings import load
from exporter.signals import Signals

from .command import Arguments
from .ending import OK, run_until_signalled


def parser() -> Parser:
    """Flags of `demo`."""
    made = Parser(
        prog=f"{NAME} demo",
        usage=f"{NAME} demo [flags]",
        description="Run the simulator and the exporter together on loopback.",
    )
    made.add_argument("--services", type=_number, default=300, help="model services (default: 300)")
    made.add_argument("--port", type=int, default=10521, help="of the exporter; 0: any free one")
    return made


def run(given: Arguments) -> int:
    """Run both until a signal asks for the end."""

    async def work(signals: Signals) -> int:
        cloud = simulator.Cloud(services=given.services)
        key = next(iter(cloud.access_keys.values()))
        async with simulator.serving(cloud) as platform, asyncio.TaskGroup() as tasks:
            settings = load(_settings(platform, key.id, key.secret, given.port), environ={})
            life = tasks.create_task(simulator.live(cloud, every=10, trouble_every=60))
            await daemon.run(settings, signals, listening=partial(_welcome, platform))
            life.cancel()
        return OK

    return run_until_signalled(work)


def _settings(platform: str, key_id: str, secret: str, port: int) -> dict[str, Any]:
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


def _number(text: str) -> int:
    """A count, for argparse."""
    if not text.isdecimal():
        raise argparse.ArgumentTypeError("write a number of 0 or more")
    return int(text)
