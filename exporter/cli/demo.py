"""The demo: a simulated platform, with faults now and then, its exporter, and a Prometheus."""

import argparse
import json
import shutil
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final
from urllib.parse import urlsplit

from exporter import NAME

from .command import Arguments
from .exit_codes import OK
from .parser import Parser, command_parser

if TYPE_CHECKING:
    import asyncio

    from exporter.simulator import Account

HOST: Final = "127.0.0.1"
PORT: Final = 10521

_EVERYWHERE: Final = {"0.0.0.0", "::"}  # noqa: S104 - not bound to


def parser() -> Parser:
    """Flags of `demo`."""
    made = command_parser(
        "demo",
        "Run the simulator and the exporter together, and a Prometheus with the shipped rules "
        "where there is one on PATH. All of it ends with Ctrl-C.",
        usage="%(prog)s [flags]",
    )
    flag = made.add_argument
    flag(
        "--services",
        type=_number,
        default=300,
        metavar="NUMBER",
        help="model services (default: 300)",
    )
    flag(
        "--web.listen-address",
        dest="listen",
        metavar="ADDRESS",
        help="of the exporter, as for serve; port 0 takes any free port (default: "
        f"{HOST}:{PORT}, or any free port of {HOST} where that one is in use)",
    )
    # its name before the exporter's own flag had the same
    flag("--port", dest="listen", type=_port, default=argparse.SUPPRESS, help=argparse.SUPPRESS)
    flag(
        "--prometheus",
        action=argparse.BooleanOptionalAction,
        default=True,
        help="run a Prometheus beside it (default: true)",
    )
    return made


def run(given: Arguments) -> int:
    """Run all until a signal ends them."""
    import asyncio

    from exporter import simulator
    from exporter.daemon import serve
    from exporter.daemon.signals import Signals
    from exporter.settings import load

    from .running import run_with_signals

    async def work(signals: Signals) -> int:
        cloud = simulator.Cloud(services=given.services)
        key = next(iter(cloud.access_keys.values()))
        account = next(iter(cloud.accounts.values()))
        served: asyncio.Future[tuple[str, ...]] = asyncio.get_running_loop().create_future()
        async with simulator.serving(cloud) as platform, asyncio.TaskGroup() as tasks:
            listen = given.listen or _usual_address()
            settings = load(_settings(platform, key.id, key.secret, listen), environ={})
            beside = [
                tasks.create_task(simulator.live(cloud, every=10, trouble_every=60)),
                tasks.create_task(_introduce(served, platform, account, given)),
            ]
            await serve.run(settings, signals, listening=served.set_result)
            for each in beside:
                each.cancel()
        return OK

    return run_with_signals(work)


def _usual_address() -> str:
    from exporter.web.sockets import AddressError, bind

    try:
        for each in bind([(HOST, PORT)]):
            each.close()
    except AddressError as error:
        _print(f"\n  {HOST}:{PORT}: {error.strerror}, so the demo takes any free port\n")
        return f"{HOST}:0"
    return f"{HOST}:{PORT}"


def _settings(platform: str, key_id: str, secret: str, listen: str) -> dict[str, Any]:
    target = {"url": platform, "access_key_id": key_id, "access_key_secret": secret}
    return {"target": target | {"interval": "5s"}, "web": {"listen_address": [listen]}}


async def _introduce(
    served: "asyncio.Future[tuple[str, ...]]",
    platform: str,
    account: "Account",
    given: Arguments,
) -> None:
    """Print where all is once the exporter listens; run Prometheus until this is cancelled."""
    from . import prometheus

    url, exporter = _reachable((await served)[0])
    steps = _next_steps(platform, account, prometheus.scrape_config(exporter))

    def introduce(beside: str) -> None:
        _print(_places(url, platform, beside) + steps)

    path = prometheus.program() if given.prometheus else None
    if path is None:
        introduce("none: there is none on PATH" if given.prometheus else "none, as you asked")
        return
    try:
        async with prometheus.running(path, exporter) as beside:
            introduce(f"{beside.url}/alerts  (real, with the shipped rules)")
            _print(f"  Prometheus has ended by itself: {await beside.ended()}\n")
    except OSError as error:
        introduce(f"none: {path}: {(error.strerror or str(error)).lower()}")


def _reachable(url: str) -> tuple[str, str]:
    """The URL of an exporter as this machine reaches it, and its host and port alone."""
    parsed = urlsplit(url)
    place = f"{HOST}:{parsed.port}" if parsed.hostname in _EVERYWHERE else parsed.netloc
    return f"{parsed.scheme}://{place}", place


def _places(url: str, platform: str, prometheus: str) -> str:
    return f"""
  metrics     {url}/metrics
  status      {url}/
  platform    {platform}  (simulated: services come, run and go, trouble now and then)
  Prometheus  {prometheus}
"""


def _next_steps(platform: str, account: "Account", scrape: dict[str, object]) -> str:
    program = _program()
    return f"""
  Next, in another terminal:
    try each step towards the platform
      ZSTACK_EXPORTER_TARGET__PASSWORD={account.password} \\
        {program} check --target.url {platform} --target.account {account.name}
    scrape it with a Prometheus of your own: add to its configuration
      scrape_configs: {json.dumps([scrape])}
    write alert rules and Grafana's dashboards as files
      {program} rules --output rules
      {program} dashboards --output dashboards

  Ctrl-C ends all of it.
"""


def _program() -> str:
    """The command as a shell finds it."""
    called = Path(sys.argv[0]).absolute()
    if called.name != NAME:
        return f"{sys.executable} -m exporter"
    return NAME if str(called) == shutil.which(NAME) else str(called)


def _print(text: str) -> None:
    print(text, flush=True)  # noqa: T201 - meant for a terminal


def _port(text: str) -> str:
    """An address on loopback, for argparse."""
    if not text.isdecimal():
        raise argparse.ArgumentTypeError("write a port, such as 10521; 0 takes any free one")
    return f"{HOST}:{text}"


def _number(text: str) -> int:
    """A count, for argparse."""
    if not text.isdecimal():
        raise argparse.ArgumentTypeError("write a number of 0 or more")
    return int(text)
