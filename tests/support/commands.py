"""The commands as processes of their own, for tests."""

import asyncio
import os
import re
import sys
from asyncio.subprocess import PIPE, Process
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import aiohttp

from tests.support.exporting import Samples


async def start(*arguments: str, module: str = "exporter", **environment: str) -> Process:
    clean = {k: v for k, v in os.environ.items() if not k.startswith("ZSTACK_EXPORTER_")}
    return await asyncio.create_subprocess_exec(
        sys.executable,
        "-m",
        module,
        *arguments,
        stdin=PIPE,
        stdout=PIPE,
        stderr=PIPE,
        env=clean | environment,
    )


async def run(*arguments: str, **environment: str) -> tuple[int, str, str]:
    """Exit code, standard output and standard error."""
    process = await start(*arguments, **environment)
    out, err = await process.communicate()
    assert process.returncode is not None
    return process.returncode, out.decode(), err.decode()


@asynccontextmanager
async def started(
    *arguments: str, module: str = "exporter", **environment: str
) -> AsyncIterator[tuple[Process, str]]:
    """A process that listens, and its URL; killed at the end if it still runs."""
    process = await start(*arguments, module=module, **environment)
    assert process.stderr is not None
    try:
        lines = [""]
        while "listening" not in lines[-1]:
            lines.append((await process.stderr.readline()).decode())
            assert lines[-1], f"it ended before it listened: {''.join(lines)}"
        found = re.search(r"url=(\S+)", lines[-1])
        assert found
        yield process, found[1]
    finally:
        if process.returncode is None:
            process.kill()
        await process.communicate()


def flags(url: str, secret: Path) -> list[str]:
    return [
        *("--target.url", url),
        *("--target.account", "admin"),
        *("--target.password-file", str(secret)),
        *("--target.interval", "100ms"),
        *("--web.listen-address", "127.0.0.1:0"),
    ]


async def page_of(url: str) -> Samples:
    async with aiohttp.ClientSession() as http, http.get(f"{url}/metrics") as response:
        return Samples(await response.text())
