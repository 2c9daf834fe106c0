"""The exporters: each a process of the installed command, all with the same file."""

import asyncio
import json
import os
import re
import socket
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import Any, Final, Self

import aiohttp
import yaml

from tests.support.exporting import until_seen
from tests.system.prometheus import PATIENCE, end

from .measures import Usage

COMMAND: Final = Path(sys.prefix) / "bin" / "zstack-aios-exporter"

LONG: Final = 300.0
"""Seconds after which a thousand targets on a busy machine count as missing."""

LOOK: Final = 0.5
"""Seconds between two looks, of which each may be about a thousand targets."""

_ORDINAL: Final = "ZSTACK_EXPORTER_SHARD__ORDINAL"
_LISTENING: Final = re.compile(r"msg=listening url=http://(\S+)")
_TROUBLE: Final = re.compile(r'level=(?:warning|error|critical) msg=(?P<message>"[^"]*"|\S+)')
_OF_A_TARGET: Final = re.compile(r"^[^#{ ]+\{[^}]*\btarget=", re.MULTILINE)


@dataclass(frozen=True)
class Shard:
    """A running one; `address` is host and port, by which its targets are scraped."""

    ordinal: int
    process: asyncio.subprocess.Process
    address: str
    http: aiohttp.ClientSession

    async def targets(self) -> frozenset[str]:
        """The names of those that it polls, as scrapers find them."""
        groups = json.loads(await self._get("/sd/targets"))
        return frozenset(group["labels"]["instance"] for group in groups)

    async def series(self) -> int:
        """How many its page has of targets."""
        return len(_OF_A_TARGET.findall(await self._get("/metrics")))

    async def ready(self) -> None:
        """Wait until each of its targets has been polled."""

        async def look() -> int:
            async with self.http.get("/-/ready") as response:
                return response.status

        await until_seen(look, lambda status: status == 200, patience=LONG, every=LOOK)

    async def reload(self) -> None:
        async with self.http.post("/-/reload") as response:
            assert response.status == 200, await response.text()

    async def _get(self, path: str) -> str:
        async with self.http.get(path) as response:
            assert response.status == 200, await response.text()
            return await response.text()


class Shards:
    """Those that run, by ordinal; all are ended with the block."""

    def __init__(self, folder: Path, targets: Mapping[str, Any], most: int) -> None:
        self.addresses = [_free_address(ordinal) for ordinal in range(most)]
        """Of each that may ever run, by ordinal, as a StatefulSet's pods have names."""
        self._folder = folder
        self._file = folder / "exporter.yml"
        self._targets = dict(targets)
        self.running: dict[int, Shard] = {}
        self._logs: list[Path] = []

    async def share(self, total: int) -> None:
        """Write so many shards into the file; those that run do not know it before a reload."""
        settings = {
            "shard": {"total": total},
            "web": {"enable_lifecycle": True},
            "targets": self._targets,
        }
        text = await asyncio.to_thread(yaml.safe_dump, settings)
        self._file.touch(mode=0o600)  # it has passwords
        self._file.write_text(text, encoding="utf-8")

    async def start(self, ordinal: int) -> Shard:
        """One that answers already, but may not have polled yet."""
        log = self._folder / f"shard-{ordinal}-{len(self._logs)}.log"
        self._logs.append(log)
        with log.open("wb") as output:
            process = await asyncio.create_subprocess_exec(
                COMMAND,
                f"--config.file={self._file}",
                f"--web.listen-address={self.addresses[ordinal]}",
                env={**_foreign_environment(), _ORDINAL: str(ordinal)},
                stdin=asyncio.subprocess.DEVNULL,
                stdout=output,
                stderr=output,
            )
        try:
            address = await _listening(process, log)
        except BaseException:
            await end(process)
            raise
        http = aiohttp.ClientSession(f"http://{address}")
        self.running[ordinal] = shard = Shard(ordinal, process, address, http)
        return shard

    async def kill(self, ordinal: int) -> None:
        """End one by what it cannot handle."""
        shard = self.running.pop(ordinal)
        shard.process.kill()
        await shard.process.wait()
        await shard.http.close()

    @property
    def usage(self) -> dict[int, Usage]:
        """Of each that runs, by ordinal."""
        return {ordinal: Usage.of(each.process.pid) for ordinal, each in self.running.items()}

    async def owner(self) -> dict[str, int]:
        """The ordinal of the one that has a target, for those that one has."""
        owners = await self.owners()
        return {target: by[0] for target, by in owners.items() if len(by) == 1}

    async def owners(self) -> dict[str, list[int]]:
        """The ordinals of those that have each target."""
        owners: dict[str, list[int]] = {}
        for ordinal, shard in self.running.items():
            for target in await shard.targets():
                owners.setdefault(target, []).append(ordinal)
        return owners

    @property
    def troubles(self) -> list[str]:
        """The messages of warnings and errors that any of them has logged."""
        return [
            trouble["message"].strip('"')
            for log in self._logs
            for trouble in _TROUBLE.finditer(log.read_text("utf-8"))
        ]

    async def end(self) -> None:
        """Ask all that run to end, and wait until they have."""
        ending, self.running = self.running, {}
        async with asyncio.TaskGroup() as tasks:
            for shard in ending.values():
                tasks.create_task(_ended(shard))

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self, _: type[BaseException] | None, __: BaseException | None, ___: TracebackType | None
    ) -> None:
        await self.end()


def _free_address(ordinal: int) -> str:
    """Of a loopback address of its own, where no client takes the port before it is used."""
    with socket.socket() as probe:
        probe.bind((f"127.0.1.{ordinal + 1}", 0))
        host, port = probe.getsockname()
    return f"{host}:{port}"


def _foreign_environment() -> dict[str, str]:
    return {name: value for name, value in os.environ.items() if "ZSTACK" not in name}


async def _listening(process: asyncio.subprocess.Process, log: Path) -> str:
    async with asyncio.timeout(PATIENCE):
        while True:
            if found := _LISTENING.search(text := log.read_text(encoding="utf-8")):
                return found[1]
            assert process.returncode is None, text
            await asyncio.sleep(0.02)


async def _ended(shard: Shard) -> None:
    await shard.http.close()
    status = await end(shard.process)
    assert status == 0, f"shard {shard.ordinal} ended with {status}"
