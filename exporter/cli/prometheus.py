"""A Prometheus with the shipped rules, run beside an exporter and ended with it."""

import asyncio
import json
import os
import shutil
import socket
from asyncio.subprocess import DEVNULL, Process
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Final, Self

from exporter import NAME

from .shipped import shipped

ENDING_SECONDS: Final = 5.0
"""For it to write what it holds; after that it is killed."""

_INTERVAL: Final = "5s"


@dataclass(frozen=True, slots=True)
class Prometheus:
    """A running one."""

    url: str
    process: Process
    log: Path

    async def ended(self) -> str:
        """Wait until it has ended by itself; returns the last line of its log."""
        await self.process.wait()
        logged = await asyncio.to_thread(self.log.read_text, "utf-8", "replace")
        lines = logged.splitlines()
        return lines[-1] if lines else f"exit code {self.process.returncode}"


def program() -> str | None:
    """The path of the Prometheus on PATH; None where there is none."""
    return shutil.which("prometheus")


def scrape_config(exporter: str) -> dict[str, object]:
    """What a Prometheus with the rules scrapes an exporter at `host:port` by."""
    return {"job_name": "zstack-aios", "static_configs": [{"targets": [exporter]}]}


@asynccontextmanager
async def running(path: str, exporter: str) -> AsyncIterator[Prometheus]:
    """Run the program at this path, which scrapes the exporter at `host:port`, for the block.

    What it stores is in a temporary folder. A signal of the terminal does not reach it, so that it
    ends after the exporter. Raises OSError for a program that cannot be run.
    """
    with TemporaryDirectory(prefix=f"{NAME}-") as folder:
        files = await asyncio.to_thread(_Files.write, Path(folder), exporter)
        process = await _started(path, files)
        try:
            yield Prometheus(f"http://{files.address}", process, files.log)
        finally:
            await _end(process)


@dataclass(frozen=True, slots=True)
class _Files:
    """What it is started with: its configuration, its data, its log, and where it listens."""

    configuration: Path
    data: Path
    log: Path
    address: str

    @classmethod
    def write(cls, folder: Path, exporter: str) -> Self:
        made = cls(
            folder / "prometheus.yml", folder / "data", folder / "log", f"127.0.0.1:{_free_port()}"
        )
        made.configuration.write_text(json.dumps(_configuration(exporter)), "utf-8")  # JSON is YAML
        return made


async def _started(path: str, files: _Files) -> Process:
    log = os.open(files.log, os.O_WRONLY | os.O_CREAT | os.O_CLOEXEC, 0o600)
    try:
        return await asyncio.create_subprocess_exec(
            path,
            f"--config.file={files.configuration}",
            f"--storage.tsdb.path={files.data}",
            f"--web.listen-address={files.address}",
            stdin=DEVNULL,
            stdout=log,
            stderr=log,
            process_group=0,
        )
    finally:
        os.close(log)


def _configuration(exporter: str) -> dict[str, object]:
    return {
        "global": {"scrape_interval": _INTERVAL, "evaluation_interval": _INTERVAL},
        "rule_files": [str(file) for file in shipped("deploy/prometheus/rules/*.yml")],
        "scrape_configs": [scrape_config(exporter)],
    }


def _free_port() -> int:
    """A port that nothing has at this moment."""
    with socket.create_server(("127.0.0.1", 0)) as free:
        port: int = free.getsockname()[1]
        return port


async def _end(process: Process) -> None:
    with suppress(ProcessLookupError):  # it has ended by itself
        process.terminate()
        try:
            async with asyncio.timeout(ENDING_SECONDS):
                await process.wait()
        except TimeoutError:
            process.kill()
            await process.wait()
