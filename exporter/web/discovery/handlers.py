"""The requests of /sd/targets and /sd/endpoints; each counts as a scrape."""

from collections.abc import Callable
from typing import Final

from aiohttp import hdrs, web

from exporter.metrics.blocks import Run, gzip_member
from exporter.metrics.exposition import Exposition
from exporter.web.negotiation import accepts_gzip
from exporter.web.responses import ConcurrencyLimit, send
from exporter.zstack import INSTANCE_GROUPS

from .endpoint_query import EndpointQuery, UnknownParameterError
from .endpoints import EndpointLists, EndpointsUnknownError
from .targets import requested_address, targets_document

_HEADERS: Final = {
    "Content-Type": "application/json",
    "Cache-Control": "no-store",  # a cache could pass one client's list to another
    "X-Content-Type-Options": "nosniff",
}


class Discovery:
    """Answers with what there is to scrape."""

    def __init__(
        self,
        exposition: Exposition,
        scrapes: ConcurrencyLimit,
        why_not_here: Callable[[str], str],
        *,
        send_seconds: float,
    ) -> None:
        """`why_not_here` says it of a target that is none."""
        self._exposition = exposition
        self._scrapes = scrapes
        self._why_not_here = why_not_here
        self._send_seconds = send_seconds
        self._endpoints = (
            EndpointLists(exposition) if INSTANCE_GROUPS.name in exposition.lists else None
        )

    async def targets(self, request: web.Request) -> web.StreamResponse:
        """Every configured target, polled or not."""
        address = requested_address(request.headers.get(hdrs.HOST, ""))
        if address is None:
            raise web.HTTPBadRequest(text="the Host header is no address that can be scraped\n")
        targets, seconds = self._exposition.targets, self._send_seconds
        with self._scrapes.acquire():
            document = targets_document(targets, address, secure=request.secure)
            return await send(request, (document,), len(document), {**_HEADERS}, seconds=seconds)

    async def endpoints(self, request: web.Request) -> web.StreamResponse:
        """The endpoints that the platforms run, those that are asked for."""
        if self._endpoints is None:
            text = "the platforms are not asked for what runs: metrics.instances is false\n"
            raise web.HTTPNotFound(text=text)
        query = self._query(request)
        with self._scrapes.acquire():
            try:
                run = await self._endpoints.document(query)
            except EndpointsUnknownError as error:
                raise web.HTTPServiceUnavailable(text=f"{error}\n") from error
            return await self._send(request, run)

    def _query(self, request: web.Request) -> EndpointQuery:
        try:
            query = EndpointQuery.from_request(request.query.items())
        except UnknownParameterError as error:
            raise web.HTTPBadRequest(text=f"{error}\n") from error
        for target in query.targets:
            if target not in self._exposition.targets:
                raise web.HTTPNotFound(text=self._why_not_here(target))
        return query

    async def _send(self, request: web.Request, run: Run) -> web.StreamResponse:
        headers = {**_HEADERS, "Vary": "Accept-Encoding"}
        seconds = self._send_seconds
        if not accepts_gzip(",".join(request.headers.getall("Accept-Encoding", ()))):
            return await send(request, run.texts(), run.size, headers, seconds=seconds)
        headers["Content-Encoding"] = "gzip"
        pieces = [*gzip_member(run)]
        return await send(request, pieces, sum(map(len, pieces)), headers, seconds=seconds)
