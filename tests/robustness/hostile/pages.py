"""A platform whose pages are made to fill memory, and what an exporter of it takes."""

import asyncio
import json
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from typing import Any, Final

from aiohttp import web
from aiohttp.test_utils import TestServer

from tests.support.exporting import polls

from .running import Running, running

MIB: Final = 1 << 20
_LONG: Final = 8 * MIB

Page = Callable[[int], bytes]
"""The answer to a query of model services, by its number from 0 on."""

Fields = dict[str, Any]

TEXTS: Final[dict[str, Callable[[str], Fields]]] = {
    "uuid": lambda text: {"uuid": text},
    "name": lambda text: {"name": text},
    "type": lambda text: {"type": text},
    "framework": lambda text: {"framework": text},
    "source": lambda text: {"source": text},
    "version": lambda text: {"version": text},
    "modelCenterUuid": lambda text: {"modelCenterUuid": text},
    "gpuComputeCapability": lambda text: {"gpuComputeCapability": text},
    "pythonVersion": lambda text: {"pythonVersion": text},
    "cpuArchitectures": lambda text: {"cpuArchitectures": [text]},
    "vendor": lambda text: {"vendorToSpecUuidsMap": {text: ["spec"]}},
    "month": lambda text: {"createDate": f"Nov{text} 14, 2017 10:20:57 PM"},
    "date": lambda text: {"lastOpDate": text},
    "number": lambda text: {"requestCpu": text},
    "unknown field": lambda text: {text: 1},
}
"""Where a text stands in a record, for every place from which one could be kept."""


def texts(place: str) -> Page:
    """Three records with a new text of 8 MiB each at this place."""

    def page(number: int) -> bytes:
        letters = "abcdefghijklmnop"
        new = "".join(letters[int(digit, 16)] for digit in f"{number:08x}")
        rows = [
            {"uuid": f"{n}"} | TEXTS[place](f"{new}{letters[n]}" + "x" * _LONG) for n in range(3)
        ]
        return body(json.dumps(row).encode() for row in rows)

    return page


def body(rows: Any, total: int = 3) -> bytes:
    """An answer of the query."""
    return b'{"inventories":[%b],"total":%d}' % (b",".join(rows), total)


@asynccontextmanager
async def exporter_of(page: Page, *flags: str) -> AsyncIterator[Running]:
    """An exporter in a process of its own that polls a platform of these pages all the time."""
    asked = 0

    async def login(_request: web.Request) -> web.Response:
        return web.json_response({"inventory": {"uuid": "session"}})

    async def query(_request: web.Request) -> web.Response:
        nonlocal asked
        asked += 1
        return web.Response(body=await asyncio.to_thread(page, asked - 1))

    application = web.Application()
    application.router.add_put("/zstack/v1/accounts/login", login)
    application.router.add_delete("/zstack/v1/accounts/sessions/session", login)
    application.router.add_get("/zstack/v1/ai/model-services", query)
    always = ("--target.interval", "0.05", "--target.time-zone", "UTC", *flags)
    async with (
        TestServer(application) as server,
        running(str(server.make_url("")).rstrip("/"), *always) as exporter,
    ):
        yield exporter


async def after_polls(exporter: Running, number: int) -> float:
    """MiB that the exporter has when so many polls have ended."""
    await exporter.until(lambda page: polls(page) >= number)
    return exporter.memory()


async def gained(page: Page, polled: int = 12) -> float:
    """MiB that an exporter has more after so many polls of this page than after a small one."""
    small = body([b'{"uuid":"a"}'], total=1)
    async with exporter_of(lambda n: small if n == 0 else page(n)) as exporter:
        before = await after_polls(exporter, 1)
        return await after_polls(exporter, 1 + polled) - before


async def peak(page: bytes) -> float:
    """MiB that an exporter has at most that polls this page twice."""
    async with exporter_of(lambda _: page) as exporter:
        await after_polls(exporter, 2)
        return exporter.memory("VmHWM")
