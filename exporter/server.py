"""The HTTP face: pages for Prometheus, health for whoever runs it, a page for people."""

import asyncio
import json
from collections.abc import Awaitable, Callable, Iterable, Iterator, Sequence
from typing import Final

from aiohttp import web

from .exposition import Exposition, Page, StaleError
from .negotiation import accepts_gzip, page_format
from .status import CONTENT_SECURITY_POLICY, Asked, status_document, status_page
from .telemetry import Telemetry

WHOLE_UP_TO: Final = 512 * 1024
"""Bytes up to which an answer is sent as one piece; a longer one goes out block by block."""

PIECE: Final = 64 * 1024
"""Bytes that are written at once."""

SEND_SECONDS: Final = 60.0
"""For a client to read its page; Prometheus' longest usual scrape time-out."""

HEALTH_PATHS: Final = frozenset({"/-/healthy", "/-/ready"})
"""What whoever runs it may ask without a password."""


Reload = Callable[[], Awaitable[Sequence[str]]]
"""Takes up the configuration as it is now; returns what is wrong with it, then nothing changed."""


class Server:
    """Answers from what is ready; nothing but a reload waits for a platform."""

    def __init__(
        self,
        exposition: Exposition,
        telemetry: Telemetry,
        *,
        telemetry_path: str,
        max_requests: int,
        reload: Reload | None = None,
        send_seconds: float = SEND_SECONDS,
    ) -> None:
        self._exposition = exposition
        self._telemetry = telemetry
        self._telemetry_path = telemetry_path
        self._max_requests = max_requests
        self._reload = reload
        self._send_seconds = send_seconds
        self._under_way = 0

    def application(self) -> web.Application:
        """The routes; anything else is 404, another method 405."""
        application = web.Application()
        application.add_routes(
            [
                web.get("/", self._status),
                web.get("/api/v1/status", self._status_document),
                web.get(self._telemetry_path, self._metrics),
                web.get("/probe", self._probe),
                web.get("/-/healthy", self._healthy),
                web.get("/-/ready", self._ready),
                web.post("/-/reload", self._reload_now),
            ]
        )
        return application

    async def _metrics(self, request: web.Request) -> web.StreamResponse:
        return await self._scrape(request, None)

    async def _probe(self, request: web.Request) -> web.StreamResponse:
        """The page of one target by its configured name: a name, never an address to go to."""
        target = request.query.get("target", "")
        if not target:
            raise web.HTTPBadRequest(text="the parameter target is missing: the name of a target\n")
        if target not in self._exposition.targets:
            raise web.HTTPNotFound(text="no target of this name is configured\n")
        return await self._scrape(request, target)

    async def _scrape(self, request: web.Request, target: str | None) -> web.StreamResponse:
        if self._max_requests and self._under_way >= self._max_requests:
            text = f"{self._max_requests} scrapes are under way, as many as web.max_requests allows"
            raise web.HTTPServiceUnavailable(text=text + "\n")
        self._under_way += 1
        try:
            page = await self._page(request, target)
            return await _send(request, page, self._send_seconds)
        except StaleError as error:
            raise web.HTTPServiceUnavailable(text=f"{error}\n") from error
        finally:
            self._under_way -= 1

    async def _page(self, request: web.Request, target: str | None) -> Page:
        wanted = page_format(",".join(request.headers.getall("Accept", ())))
        ready = self._exposition.ready(wanted, target)
        if ready is not None:
            return ready
        telemetry = self._telemetry.of(target)
        return await asyncio.to_thread(self._exposition.page, wanted, telemetry, target)

    async def _healthy(self, _request: web.Request) -> web.Response:
        """The event loop lives: it got as far as this."""
        return web.Response(text="healthy\n")

    async def _ready(self, _request: web.Request) -> web.Response:
        """Whether every target was polled at least once, with whatever result."""
        polled = {s.target for s in self._exposition.snapshots if s.attempted_at is not None}
        waiting = [name for name in self._exposition.targets if name not in polled]
        if waiting:
            text = f"not polled yet: {', '.join(waiting)}\n"
            return web.Response(status=503, text=text)
        return web.Response(text="ready\n")

    async def _reload_now(self, _request: web.Request) -> web.Response:
        if self._reload is None:
            text = "reloading by request is off; --web.enable-lifecycle turns it on, SIGHUP works\n"
            return web.Response(status=403, text=text)
        faults = await self._reload()
        if faults:
            return web.Response(status=500, text="".join(f"{fault}\n" for fault in faults))
        return web.Response(text="reloaded\n")

    async def _status(self, request: web.Request) -> web.Response:
        asked = Asked.of(",".join(request.headers.getall("Accept-Language", ())), request.query)
        page = await asyncio.to_thread(
            status_page,
            self._exposition.snapshots,
            telemetry_path=self._telemetry_path,
            asked=asked,
        )
        headers = {
            "Content-Language": asked.tag,
            "Vary": "Accept-Language",
            "Content-Security-Policy": CONTENT_SECURITY_POLICY,
            "Cache-Control": "no-store",
            "X-Content-Type-Options": "nosniff",
            "Referrer-Policy": "no-referrer",
        }
        return web.Response(text=page, content_type="text/html", headers=headers)

    async def _status_document(self, _request: web.Request) -> web.Response:
        document = await asyncio.to_thread(self._document)
        headers = {"Cache-Control": "no-store"}
        return web.Response(text=document, content_type="application/json", headers=headers)

    def _document(self) -> str:
        return json.dumps(status_document(self._exposition.snapshots))


async def _send(request: web.Request, page: Page, seconds: float) -> web.StreamResponse:
    """Send it while the client reads; give up on one that does not, with its place in the queue."""
    headers = {"Content-Type": page.format.value, "Vary": "Accept, Accept-Encoding"}
    if accepts_gzip(",".join(request.headers.getall("Accept-Encoding", ()))):
        headers["Content-Encoding"] = "gzip"
        pieces, size = page.gzip(), page.gzip_size
    else:
        pieces, size = page.text(), page.size
    whole = size <= WHOLE_UP_TO
    response: web.StreamResponse
    if whole:
        response = web.Response(body=b"".join(pieces), headers=headers)
    else:
        response = web.StreamResponse(headers=headers)
        response.content_length = size
    try:
        async with asyncio.timeout(seconds):
            await response.prepare(request)
            if not whole and request.method != "HEAD":
                for piece in _gathered(pieces):
                    await response.write(piece)
            await response.write_eof()
    except TimeoutError:
        if request.transport is not None:
            request.transport.abort()
    except ConnectionError:
        pass  # the scraper hung up; there is nobody to tell
    return response


def _gathered(pieces: Iterable[bytes]) -> Iterator[bytes]:
    """Pieces of a size that is worth a call of the system each."""
    waiting: list[bytes] = []
    size = 0
    for piece in pieces:
        waiting.append(piece)
        size += len(piece)
        if size >= PIECE:
            yield b"".join(waiting)
            waiting, size = [], 0
    yield b"".join(waiting)
