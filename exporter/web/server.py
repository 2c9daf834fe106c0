"""The HTTP endpoints: metrics and discovery for Prometheus, health, reload, the status page."""

import asyncio
import json
from collections.abc import Awaitable, Callable, Iterable, Sequence
from functools import partial
from typing import Final

from aiohttp import web

from exporter.metrics.exposition import Exposition, StaleError
from exporter.metrics.page import Page
from exporter.metrics.telemetry import Telemetry
from exporter.settings.targets_files import TargetsFile

from .discovery import Discovery
from .hardening import is_cross_site
from .negotiation import accepts_gzip, page_format
from .responses import ConcurrencyLimit, send
from .status import (
    CONTENT_SECURITY_POLICY,
    SCRIPT,
    SCRIPT_PATH,
    DocumentQuery,
    PageQuery,
    Sources,
    status_document,
    status_page,
)

SEND_SECONDS: Final = 60.0
"""For a client to read its page; Prometheus' longest usual scrape timeout."""

STATUS_PAGES: Final = 20
"""That are rendered and sent at once: each takes a thread for some milliseconds, and memory."""

HEALTH_PATHS: Final = frozenset({"/-/healthy", "/-/ready"})
"""Paths that need no password: a probe of Kubernetes has none."""

Reload = Callable[[], Awaitable[Sequence[str]]]
"""Reloads; returns the faults, in which case the old configuration stays."""

ShardElsewhere = Callable[[str], int | None]
"""The ordinal of the other shard that polls this configured target; None if none does."""


class Server:
    """Serves pre-rendered pages; only /-/reload waits for network I/O."""

    def __init__(
        self,
        exposition: Exposition,
        telemetry: Telemetry,
        *,
        telemetry_path: str,
        max_requests: int,
        reload: Reload | None = None,
        shard_elsewhere: ShardElsewhere = lambda _target: None,
        targets_files: Callable[[], Sequence[TargetsFile]] = tuple,
        send_seconds: float = SEND_SECONDS,
    ) -> None:
        self._exposition = exposition
        self._telemetry = telemetry
        self._telemetry_path = telemetry_path
        self._reload = reload
        self._shard_elsewhere = shard_elsewhere
        self._targets_files = targets_files
        self._send_seconds = send_seconds
        scrapes = f"{max_requests} scrapes are under way, as many as web.max_requests allows\n"
        self._scrapes = ConcurrencyLimit(max_requests, scrapes)
        self._discovery = Discovery(
            exposition, self._scrapes, self._why_not_here, send_seconds=send_seconds
        )
        self._status_pages = ConcurrencyLimit(
            STATUS_PAGES, f"{STATUS_PAGES} status pages are under way\n"
        )

    def application(self) -> web.Application:
        """The routes; anything else is 404, another method 405."""
        application = web.Application()
        application.add_routes(
            [
                web.get("/", self._status),
                web.get(SCRIPT_PATH, _script),
                web.get("/api/v1/status", self._status_document),
                web.get(self._telemetry_path, self._metrics),
                web.get("/probe", self._probe),
                web.get("/sd/targets", self._discovery.targets),
                web.get("/sd/endpoints", self._discovery.endpoints),
                web.get("/-/healthy", self._liveness),
                web.get("/-/ready", self._readiness),
                web.post("/-/reload", self._reload_by_request),
            ]
        )
        return application

    async def _metrics(self, request: web.Request) -> web.StreamResponse:
        return await self._scrape(request, None)

    async def _probe(self, request: web.Request) -> web.StreamResponse:
        """The page of one target by its configured name, which is never used as an address."""
        target = request.query.get("target", "")
        if not target:
            raise web.HTTPBadRequest(text="the parameter target is missing: the name of a target\n")
        if target not in self._exposition.targets:
            raise web.HTTPNotFound(text=self._why_not_here(target))
        return await self._scrape(request, target)

    def _why_not_here(self, target: str) -> str:
        ordinal = self._shard_elsewhere(target)
        if ordinal is None:
            return "no target of this name is configured\n"
        return f"this target is polled by another shard, the one with the ordinal {ordinal}\n"

    async def _scrape(self, request: web.Request, target: str | None) -> web.StreamResponse:
        with self._scrapes.acquire():
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
        cached = self._exposition.cached_page(wanted, target)
        if cached is not None:
            return cached
        telemetry = self._telemetry if target is None else None
        return await self._exposition.page(wanted, telemetry, target)

    async def _liveness(self, _request: web.Request) -> web.Response:
        """Succeeds as long as the event loop runs."""
        return web.Response(text="healthy\n")

    async def _readiness(self, _request: web.Request) -> web.Response:
        """Succeeds once every target was polled, successfully or not."""
        polled = {s.target for s in self._exposition.snapshots if s.attempted_at is not None}
        targets = self._exposition.targets
        if waiting := len(targets) - len(polled.intersection(targets)):
            # No names: this path needs no password.
            text = f"{waiting} of {len(targets)} targets not polled yet\n"
            return web.Response(status=503, text=text)
        return web.Response(text="ready\n")

    async def _reload_by_request(self, request: web.Request) -> web.Response:
        if self._reload is None:
            text = "reloading by request is off; --web.enable-lifecycle turns it on, SIGHUP works\n"
            return web.Response(status=403, text=text)
        if is_cross_site(request):
            # Each reload retries refused credentials, which could lock the account.
            text = "refused, as a page of another site asked for it; curl and SIGHUP reload\n"
            return web.Response(status=403, text=text)
        faults = await self._reload()
        if faults:
            return web.Response(status=500, text="".join(f"{fault}\n" for fault in faults))
        return web.Response(text="reloaded\n")

    async def _status(self, request: web.Request) -> web.StreamResponse:
        query = PageQuery.from_request(
            ",".join(request.headers.getall("Accept-Language", ())), request.query
        )
        headers = {
            "Content-Type": "text/html; charset=utf-8",
            "Content-Language": query.language_tag,
            "Vary": "Accept-Language",
            "Content-Security-Policy": CONTENT_SECURITY_POLICY,
            "Cache-Control": "no-store",
            "X-Content-Type-Options": "nosniff",
            "Referrer-Policy": "no-referrer",
        }
        path = self._telemetry_path
        render = partial(status_page, self._sources(), query, telemetry_path=path)
        return await self._send_status(request, render, headers)

    async def _status_document(self, request: web.Request) -> web.StreamResponse:
        query = DocumentQuery.from_request(request.query)
        if query.target and query.target not in self._exposition.targets:
            text = json.dumps({"error": "no target of this name is configured"})
            raise web.HTTPNotFound(text=text, content_type="application/json")
        headers = {
            "Content-Type": "application/json; charset=utf-8",
            "Cache-Control": "no-store",
        }
        return await self._send_status(request, partial(_document, self._sources(), query), headers)

    def _sources(self) -> Sources:
        return Sources(
            self._exposition.snapshots,
            self._targets_files(),
            self._telemetry.started_at,
            self._telemetry.loads,
        )

    async def _send_status(
        self, request: web.Request, render: Callable[[], str], headers: dict[str, str]
    ) -> web.StreamResponse:
        with self._status_pages.acquire():
            body = (await asyncio.to_thread(render)).encode()
            return await self._send(request, (body,), len(body), headers)


async def _script(_request: web.Request) -> web.Response:
    """The status page's script, asked for anew with each page: it is that of the same release."""
    headers = {"Cache-Control": "no-cache", "X-Content-Type-Options": "nosniff"}
    return web.Response(
        text=SCRIPT, content_type="text/javascript", charset="utf-8", headers=headers
    )


def _document(sources: Sources, query: DocumentQuery) -> str:
    return json.dumps(status_document(sources, query))
