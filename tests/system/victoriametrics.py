"""A real vmagent and the VictoriaMetrics that it writes to, on loopback, for a test."""

import asyncio
import os
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import aiohttp
import yaml

from .prometheus import PATIENCE, Prometheus, end

_BROUGHT: Final = Path(__file__).parents[2] / ".tools" / "victoriametrics"
_GIVEN: Final = os.environ.get("ZSTACK_TEST_VICTORIAMETRICS_DIR")

MISSING: Final = (
    f"no victoria-metrics and vmagent in {_GIVEN}, set by ZSTACK_TEST_VICTORIAMETRICS_DIR"
    if _GIVEN
    else "no victoria-metrics and vmagent here: run tools/victoriametrics"
)

_LISTENING: Final = "0A"
"""The state of a socket in /proc/net/tcp."""


@dataclass(frozen=True)
class VictoriaMetrics:
    """The folder of one release of both programs."""

    folder: Path

    @asynccontextmanager
    async def storing(self, folder: Path, *more: str) -> AsyncIterator[tuple[str, Prometheus]]:
        """The URL of an empty database, which answers queries as Prometheus does.

        A series that was asked for before it was there is found some ten seconds later.
        """
        flags = (f"-storageDataPath={folder / 'stored'}", "-search.latencyOffset=0s", *more)
        log = folder / "victoria-metrics.log"
        async with (
            _listening(self.folder / "victoria-metrics", log, *flags) as url,
            aiohttp.ClientSession(url) as http,
        ):
            yield url, Prometheus(http, [])

    @asynccontextmanager
    async def scraping(
        self, folder: Path, configuration: Mapping[str, Any], *more: str, into: str
    ) -> AsyncIterator[aiohttp.ClientSession]:
        """A vmagent that writes to this URL, and asks for its targets every second: its own API."""
        file = folder / "vmagent.yml"
        file.write_text(yaml.safe_dump(dict(configuration)), encoding="utf-8")
        flags = (
            f"-promscrape.config={file}",
            "-promscrape.httpSDCheckInterval=1s",
            f"-remoteWrite.url={into}/api/v1/write",
            f"-remoteWrite.tmpDataPath={folder / 'unsent'}",
            *more,
        )
        async with (
            _listening(self.folder / "vmagent", folder / "vmagent.log", *flags) as url,
            aiohttp.ClientSession(url) as http,
        ):
            yield http


def installed() -> tuple[VictoriaMetrics, ...]:
    """Every release that can be run here."""
    folders = [Path(_GIVEN)] if _GIVEN else sorted(_BROUGHT.glob("*"))
    programs = ("victoria-metrics", "vmagent")
    return tuple(
        VictoriaMetrics(folder)
        for folder in folders
        if all(os.access(folder / program, os.X_OK) for program in programs)
    )


@asynccontextmanager
async def _listening(program: Path, log: Path, *flags: str) -> AsyncIterator[str]:
    """The URL of a program until the block ends. It does not log which port the system gave it."""
    with log.open("wb") as output:
        process = await asyncio.create_subprocess_exec(
            program,
            *flags,
            "-httpListenAddr=127.0.0.1:0",
            stdin=asyncio.subprocess.DEVNULL,
            stdout=output,
            stderr=output,
        )
    try:
        async with asyncio.timeout(PATIENCE):
            while (port := _port_of(process.pid)) is None:
                assert process.returncode is None, log.read_text()
                await asyncio.sleep(0.02)
        yield f"http://127.0.0.1:{port}"
    finally:
        await end(process)


def _port_of(process: int) -> int | None:
    """The TCP port that a process listens on, once it does."""
    try:
        own = {str(file.readlink()) for file in Path(f"/proc/{process}/fd").iterdir()}
        table = Path(f"/proc/{process}/net/tcp").read_text()
    except OSError:  # it has closed one of them meanwhile, or has ended
        return None
    sockets = (line.split() for line in table.splitlines()[1:])
    ports = (
        int(local.rpartition(":")[2], 16)
        for _, local, _, state, *_, inode in (fields[:10] for fields in sockets)
        if state == _LISTENING and f"socket:[{inode}]" in own
    )
    return next(ports, None)
