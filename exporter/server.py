"""The HTTP face: pages for Prometheus, health for whoever runs it, a page for people."""

import asyncio
import json
from collections.abc import Awaitable, Callable, Iterable, Sequence
from typing import Final

from aiohttp import web

from .exposition import Exposition, Page, StaleError
from .negotiation import accepts_gzip, page_format
from .sending import Places, send
from .status import CONTENT_SECURITY_POLICY, Asked, status_document, status_page
from .telemetry import Telemetry

SEND_SECONDS: Final = 60.0
"""For a client to read its page; Prometheus' longest usual scrape time-out."""

STATUS_PAGES: Final = 20
"""That are made and sent at once: each takes a thread for some milliseconds, and memory."""

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
        self._reload = reload
        self._send_seconds = send_seconds
        scrapes = f"{max_requests} scrapes are under way, as many as web.max_requests allows\n"
        self._scrapes = Places(max_requests, scrapes)
        self._looks = Places(STATUS_PAGES, f"{STATUS_PAGES} status pages are under way\n")

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
        with self._scrapes.one():
            try:
                page = await self._page(request, target)
            except StaleError as error:
                raise web.HTTPServiceUnavailable(text=f"{error}\n") from error
            return await self._send_page(request, page)

    async def _send_page(self, request: web.Request, page: Page) -> web.StreamResponse:
        headers = {"Content-Type": page.format.value, "Vary": "Accept, Accept-Encoding"}
        if accepts_gzip(",".join(request.headers.getall("Accept-Encoding", ()))):
            headers["Content-Encoding"] = "gzip"
            return await self._send(request, page.gzip, page.gzip_size, headers)
        return await self._send(request, page.text(), page.size, headers)

    async def _send(
        self, request: web.Request, pieces: Iterable[bytes], size: int, headers: dict[str, str]
    ) -> web.StreamResponse:
        return await send(request, pieces, size, headers, seconds=self._send_seconds)

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
        targets = self._exposition.targets
        if waiting := len(targets) - len(polled.intersection(targets)):
            # Numbers: the names are for those who have the password.
            text = f"{waiting} of {len(targets)} targets not polled yet\n"
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

    async def _status(self, request: web.Request) -> web.StreamResponse:
        asked = Asked.of(",".join(request.headers.getall("Accept-Language", ())), request.query)
        headers = {
            "Content-Type": "text/html; charset=utf-8",
            "Content-Language": asked.tag,
            "Vary": "Accept-Language",
            "Content-Security-Policy": CONTENT_SECURITY_POLICY,
            "Cache-Control": "no-store",
            "X-Content-Type-Options": "nosniff",
            "Referrer-Policy": "no-referrer",
        }
        return await self._look(request, lambda: self._html(asked), headers)

    async def _status_document(self, request: web.Request) -> web.StreamResponse:
        headers = {
            "Content-Type": "application/json; charset=utf-8",
            "Cache-Control": "no-store",
        }
        return await self._look(request, self._document, headers)

    async def _look(
        self, request: web.Request, made: Callable[[], str], headers: dict[str, str]
    ) -> web.StreamResponse:
        with self._looks.one():
            body = (await asyncio.to_thread(made)).encode()
            return await self._send(request, (body,), len(body), headers)

    def _html(self, asked: Asked) -> str:
        return status_page(
            self._exposition.snapshots, telemetry_path=self._telemetry_path, asked=asked
        )

    def _document(self) -> str:
        return json.dumps(status_document(self._exposition.snapshots))
