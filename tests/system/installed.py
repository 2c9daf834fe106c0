"""The exporter as its users run it: the installed command, in a process of its own."""

import asyncio
import os
import re
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Final

import aiohttp

from .prometheus import PATIENCE, end

COMMAND: Final = Path(sys.prefix) / "bin" / "zstack-aios-exporter"

_LISTENING: Final = re.compile(r"msg=listening url=(\S+)")


@asynccontextmanager
async def exporter_of(platform: str, folder: Path, **target: str) -> AsyncIterator[str]:
    """The URL of a ready exporter of this platform; the settings of its target are flags."""
    password = folder / "password"
    password.write_text("password\n", encoding="utf-8")
    own = {"url": platform, "account": "admin", "password_file": str(password)}
    patient = {"timeout": "20s", "stale_after": "10m"}  # for any interval
    flags = own | patient | target
    program = await asyncio.create_subprocess_exec(
        COMMAND,
        "--web.listen-address=127.0.0.1:0",
        *(f"--target.{name.replace('_', '-')}={value}" for name, value in flags.items()),
        env={name: value for name, value in os.environ.items() if "ZSTACK" not in name},
        stdin=asyncio.subprocess.DEVNULL,
        stdout=asyncio.subprocess.DEVNULL,
        stderr=asyncio.subprocess.PIPE,
    )
    address: asyncio.Future[str] = asyncio.get_running_loop().create_future()
    async with asyncio.TaskGroup() as tasks:
        tasks.create_task(_keep(program, address))
        try:
            async with asyncio.timeout(PATIENCE):
                url = await address
                await _ready(url)
            yield url
        finally:
            status = await end(program)
    assert status == 0


async def _ready(url: str) -> None:
    async with aiohttp.ClientSession(url) as http:
        while True:
            async with http.get("/-/ready") as response:
                if response.status == 200:
                    return
            await asyncio.sleep(0.02)


async def _keep(program: asyncio.subprocess.Process, address: asyncio.Future[str]) -> None:
    assert program.stderr is not None
    log = ""
    async for line in program.stderr:
        log += line.decode()
        listening = _LISTENING.search(line.decode())
        if listening and not address.done():
            address.set_result(listening[1])
    if not address.done():
        address.set_exception(AssertionError(f"the exporter did not start: {log}"))
