"""An application behind a guard, on a real socket, and clients for it."""

import asyncio
import base64
import ssl
from collections.abc import AsyncIterator, Awaitable, Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

import aiohttp
import trustme
from aiohttp import web

from exporter.web.config.fair_queue import MOST_WAITING
from exporter.web.config.guard import Guard
from exporter.web.serving import serving
from exporter.web.sockets import bind
from tests.support.material import PASSWORD, Material

PATIENCE: Final = 30.0
"""Seconds to wait for an effect before it counts as missing."""

OPEN: Final = "/-/healthy"

PASSWORD_THREAD: Final = "passwords"
"""How the name of the thread that checks passwords begins."""


def basic(user: str, password: str) -> str:
    """The header Authorization of RFC 7617."""
    return "Basic " + base64.b64encode(f"{user}:{password}".encode()).decode()


AUTH: Final = basic("prometheus", PASSWORD)


@dataclass(frozen=True)
class Answer:
    status: int
    headers: dict[str, str]
    text: str

    @property
    def closes(self) -> bool:
        return self.headers.get("Connection") == "close"


@dataclass(frozen=True)
class Guarded:
    """A running server whose guard follows its file."""

    guard: Guard
    port: int
    reloads: list[bool] = field(default_factory=list)
    ends: list[float | None] = field(default_factory=list)

    @asynccontextmanager
    async def client(self, tls: ssl.SSLContext | None = None) -> AsyncIterator["Client"]:
        """One client that keeps its connection."""
        connector = aiohttp.TCPConnector(limit=1, ssl=tls or True)
        scheme = "https" if tls else "http"
        url = f"{scheme}://127.0.0.1:{self.port}"
        async with aiohttp.ClientSession(url, connector=connector) as http:
            yield Client(http)

    async def ask(
        self,
        path: str = "/",
        *,
        auth: str | None = None,
        tls: ssl.SSLContext | None = None,
        method: str = "GET",
    ) -> Answer:
        """Ask on a connection of its own."""
        async with self.client(tls) as client:
            return await client.ask(path, auth=auth, method=method)

    async def raw(self, request: bytes) -> bytes:
        """The answer to these bytes, to the end of the connection."""
        reader, writer = await asyncio.open_connection("127.0.0.1", self.port)
        try:
            writer.write(request)
            return await reader.read()
        finally:
            writer.close()
            await writer.wait_closed()


@dataclass(frozen=True)
class Client:
    http: aiohttp.ClientSession

    async def ask(self, path: str = "/", *, auth: str | None = None, method: str = "GET") -> Answer:
        headers = {"Authorization": auth} if auth else {}
        async with self.http.request(method, path, headers=headers) as response:
            return Answer(response.status, dict(response.headers), await response.text())


@asynccontextmanager
async def guarded(path: Path | None, *, most_waiting: int = MOST_WAITING) -> AsyncIterator[Guarded]:
    """A server with this file, until the block ends. Raises SettingsError for a wrong one."""
    reloads: list[bool] = []
    ends: list[float | None] = []

    def on_reload(*, successful: bool, certificate_ends_at: float | None = None) -> None:
        reloads.append(successful)
        ends.append(certificate_ends_at)

    guard = await Guard.from_file(
        path,
        open_paths=frozenset({OPEN}),
        on_reload=on_reload,
        executor=ThreadPoolExecutor(1, PASSWORD_THREAD),
        most_waiting=most_waiting,
    )
    sockets = bind([("127.0.0.1", 0)])
    port = sockets[0].getsockname()[1]
    async with (
        serving(_application(guard), sockets, lambda: guard.tls),
        asyncio.TaskGroup() as tasks,
    ):
        following = tasks.create_task(guard.follow())
        yield Guarded(guard, port, reloads, ends)
        following.cancel()


async def until(holds: Callable[[], object]) -> None:
    """Wait until something holds."""
    async with asyncio.timeout(PATIENCE):
        while not holds():  # noqa: ASYNC110 - it holds by what a server does, not by an event
            await asyncio.sleep(0.02)


async def until_answered(ask: Callable[[], Awaitable[Answer]], status: int) -> Answer:
    """The first answer with this status; asks again until then."""
    async with asyncio.timeout(PATIENCE):
        while True:
            answer = await ask()
            if answer.status == status:
                return answer


def trusting(material: Material, certificate: trustme.LeafCert | None = None) -> ssl.SSLContext:
    """A client's context that trusts the material's authority and may have a certificate."""
    context = ssl.create_default_context()
    material.authority.configure_trust(context)
    if certificate is not None:
        certificate.configure_cert(context)
    return context


def _application(guard: Guard) -> web.Application:
    application = web.Application()
    application.add_routes(
        [
            web.get("/", _fine),
            web.get(OPEN, _fine),
            web.get("/stream", _stream),
            web.get("/unavailable", _unavailable),
            web.get("/bug", _bug),
        ]
    )
    guard.protect(application)
    return application


async def _fine(_request: web.Request) -> web.Response:
    return web.Response(text="fine\n")


async def _stream(request: web.Request) -> web.StreamResponse:
    response = web.StreamResponse()
    await response.prepare(request)
    await response.write(b"fine\n")
    await response.write_eof()
    return response


async def _unavailable(_request: web.Request) -> web.Response:
    raise web.HTTPServiceUnavailable


async def _bug(_request: web.Request) -> web.Response:
    raise ZeroDivisionError
