"""The exporter in a process of its own, whose memory, files and log can be looked at."""

import asyncio
import os
import re
import resource
import sys
from asyncio.subprocess import PIPE
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path

import aiohttp

from tests.support.exporting import Samples, is_up, until_seen


@dataclass(frozen=True)
class Running:
    """An exporter that listens on `address`."""

    pid: int
    address: tuple[str, int]
    log: list[str] = field(default_factory=list)

    @property
    def url(self) -> str:
        host, port = self.address
        return f"http://{host}:{port}"

    def memory(self, of: str = "VmRSS") -> float:
        """MiB that it has now, or has had at most (VmHWM), as the system counts."""
        found = re.search(rf"{of}:\s+(\d+) kB", Path(f"/proc/{self.pid}/status").read_text())
        assert found
        return int(found[1]) / 1024

    def files(self) -> int:
        """That it has open, sockets among them."""
        return len(os.listdir(f"/proc/{self.pid}/fd"))  # noqa: PTH208 - a count of names

    @property
    def warnings(self) -> list[str]:
        """Lines of the log above level info."""
        return [line for line in self.log if " level=info " not in line]

    async def scrape(self, path: str = "/metrics") -> Samples:
        async with aiohttp.ClientSession() as http, http.get(self.url + path) as response:
            assert response.status == 200
            return Samples(await response.text())

    async def until_up(self) -> Samples:
        """The first page with what the platform has."""
        return await self.until(is_up)

    async def until(self, holds: Callable[[Samples], object]) -> Samples:
        """The first page on which something holds."""
        return await until_seen(self.scrape, holds)


@asynccontextmanager
async def running(
    platform: str,
    *flags: str,
    files: tuple[int, int] | None = None,
    environment: dict[str, str] | None = None,
) -> AsyncIterator[Running]:
    """An exporter of this platform until the block ends; it may open so many files, soft and hard.

    It must exit with 0 on SIGTERM.
    """
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "exporter", "--web.listen-address", "127.0.0.1:0"),
        *("--target.url", platform, "--target.account", "admin", "--log.format", "logfmt"),
        *flags,
        stderr=PIPE,
        env=_environment() | (environment or {}),
        preexec_fn=files and (lambda: resource.setrlimit(resource.RLIMIT_NOFILE, files)),
    )
    log: list[str] = []
    try:
        async with asyncio.TaskGroup() as tasks:
            assert process.stderr is not None
            address = await _address(process.stderr, log)
            reading = tasks.create_task(_read(process.stderr, log))
            yield Running(process.pid, address, log)
            process.terminate()
            assert await process.wait() == 0, "".join(log)
            await reading
    finally:
        if process.returncode is None:
            process.kill()
            await process.wait()


def _environment() -> dict[str, str]:
    clean = {k: v for k, v in os.environ.items() if not k.startswith("ZSTACK_EXPORTER_")}
    return clean | {"ZSTACK_EXPORTER_TARGET__PASSWORD": "password"}


async def _address(stderr: asyncio.StreamReader, log: list[str]) -> tuple[str, int]:
    while line := (await stderr.readline()).decode():
        log.append(line)
        if found := re.search(r'url="?https?://([\d.]+):(\d+)', line):
            return found[1], int(found[2])
    raise AssertionError(f"it ended before it listened: {''.join(log)}")


async def _read(stderr: asyncio.StreamReader, log: list[str]) -> None:
    while line := (await stderr.readline()).decode():
        log.append(line)
