"""The platforms, all at one address, in a process of their own, and what they were asked.

What is measured and compared would delay their answers if it were done in the same process.
`python -m tests.robustness.fleet.platforms TARGETS SERVICES` prints their URL, and that of what
they remember.
"""

import asyncio
import signal
import sys
from collections.abc import AsyncIterator, Iterable
from contextlib import asynccontextmanager
from dataclasses import asdict, dataclass
from http import HTTPStatus
from pathlib import Path
from typing import Any, Final, Self

import aiohttp
from aiohttp import web
from aiohttp.test_utils import TestServer

from exporter.simulator import Cloud, serving_several
from exporter.web.connections import raise_file_limit
from tests.system.prometheus import PATIENCE, end

_ROOT: Final = Path(__file__).parents[3]
_MODULE: Final = "tests.robustness.fleet.platforms"
_DIGITS: Final = 4


@dataclass(frozen=True, slots=True)
class Seen:
    """By one platform: when it answered polls and logins, and what it has now."""

    polls: list[float]
    logins: list[float]
    sessions: int
    services: int

    @classmethod
    def by(cls, cloud: Cloud) -> Self:
        return cls(
            _answered(cloud, "QueryModelService"),
            _answered(cloud, "LogInByAccount"),
            len(cloud.sessions),
            len(cloud.estate),
        )


@dataclass(frozen=True)
class Platforms:
    """Running ones; `urls` has the address of each by its name."""

    urls: dict[str, str]
    memory: aiohttp.ClientSession

    @property
    def names(self) -> frozenset[str]:
        return frozenset(self.urls)

    def targets(self, **settings: Any) -> dict[str, Any]:
        """The settings of a target for each, by name: these, address and credentials."""
        account = {"account": "admin", "password": "password"}
        return {name: {"url": url, **account, **settings} for name, url in self.urls.items()}

    async def seen(self, names: Iterable[str]) -> dict[str, Seen]:
        """What each of these has seen until now."""
        async with self.memory.get("/") as response:
            everything = await response.json()
        return {name: Seen(**everything[name]) for name in names}


@asynccontextmanager
async def running(targets: int, services: int) -> AsyncIterator[Platforms]:
    """So many, each with so many services, until the block ends."""
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", _MODULE, str(targets), str(services)),
        cwd=_ROOT,
        stdin=asyncio.subprocess.DEVNULL,
        stdout=asyncio.subprocess.PIPE,
    )
    assert process.stdout is not None
    try:
        async with asyncio.timeout(PATIENCE):
            url, memory = (await process.stdout.readline()).decode().split()
        async with aiohttp.ClientSession(memory) as http:
            yield Platforms({name: f"{url}/{name}" for name in _names(targets)}, http)
    finally:
        await end(process)


async def _serve(targets: int, services: int) -> None:
    """Until SIGTERM."""
    clouds = {name: Cloud(services, seed=n) for n, name in enumerate(_names(targets))}

    async def remember(_request: web.Request) -> web.Response:
        return web.json_response({name: asdict(Seen.by(cloud)) for name, cloud in clouds.items()})

    memory = web.Application()
    memory.router.add_get("/", remember)
    stop = asyncio.Event()
    asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, stop.set)
    async with serving_several(clouds) as url, TestServer(memory) as remembering:
        print(url, remembering.make_url(""), flush=True)
        await stop.wait()


def _names(targets: int) -> list[str]:
    return [f"site-{number:0{_DIGITS}}" for number in range(1, targets + 1)]


def _answered(cloud: Cloud, operation: str) -> list[float]:
    return [
        request.time
        for request in cloud.requests
        if request.operation == operation and request.status == HTTPStatus.OK
    ]


if __name__ == "__main__":
    raise_file_limit()  # a connection for each platform
    asyncio.run(_serve(*map(int, sys.argv[1:])))
