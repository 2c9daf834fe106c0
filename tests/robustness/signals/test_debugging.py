"""An ordinary run with asyncio in debug mode has no warning."""

import asyncio
import re
import ssl
from collections.abc import Sequence
from pathlib import Path
from signal import SIGHUP, SIGTERM
from typing import Final

import aiohttp
import trustme

from .process import Run, running, wrong
from .signal_points import scene

SERVICES: Final = 1000
ASKED: Final = (
    "/metrics",
    "/",
    "/api/v1/status",
    "/-/ready",
    "/probe?target=default",
    "/sd/targets",
)

RUNS: Final = 3
"""A machine that was busy with other things makes any step slow once; one that is slow by itself
is slow in every run."""

_STEP: Final = re.compile(r'msg="Executing <(?:Task|Handle|TimerHandle) .*?((?:\w+/)+\w+\.py:\d+)')


async def test_an_ordinary_run_has_no_warning_and_no_step_that_is_slow(tmp_path: Path) -> None:
    authority = trustme.CA()
    trusting = ssl.create_default_context()
    authority.configure_trust(trusting)
    authority.issue_cert("127.0.0.1").private_key_and_cert_chain_pem.write_to_path(
        str(tmp_path / "tls.pem")
    )
    web = tmp_path / "web.yml"
    web.write_text("tls_server_config: {cert_file: tls.pem, key_file: tls.pem}\n", "utf-8")
    slow = []
    for _ in range(RUNS):
        run = await _ordinary_run(tmp_path, ("--web.config.file", str(web)), trusting)
        assert not list(wrong(run))
        slow.append({match[1] for line in run.lines if (match := _STEP.search(line))})
        if not slow[-1]:
            return
    always = set.intersection(*slow)
    assert not always, always


async def _ordinary_run(folder: Path, arguments: Sequence[str], trusting: ssl.SSLContext) -> Run:
    """Started, polled, scraped, looked at, given other settings, and ended."""
    async with (
        scene(folder, SERVICES, interval=0.5, page_size=200) as made,
        running((*made.arguments, *arguments), strict=False) as run,
    ):
        connector = aiohttp.TCPConnector(ssl=trusting)
        async with aiohttp.ClientSession(await run.url(), connector=connector) as http:
            await run.until('msg="first poll"')
            for interval in (0.4, 0.3):
                await asyncio.gather(*(_asked(http, path) for path in ASKED))
                made.cloud.evolve(20)
                made.write(interval=interval)
                run.send(SIGHUP)
                await run.until("changed=default")
        run.send(SIGTERM)
        assert await run.ended() == 0
    return run


async def _asked(http: aiohttp.ClientSession, path: str) -> None:
    async with http.get(path) as response:
        assert response.status == 200, await response.text()
        await response.read()
