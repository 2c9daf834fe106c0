"""What stands between a request and its answer."""

import asyncio
import ssl
from http import HTTPStatus
from pathlib import Path
from typing import Self

from aiohttp import hdrs, web
from aiohttp.typedefs import Handler

from .config import WebConfig, read
from .following import Following, Told
from .passwords import Passwords, credentials
from .rate import Bucket


class Guard:
    """Holds every request to what the newest good configuration demands.

    `open_paths` are routes that need no password and are not rate limited; TLS and its clients'
    certificates hold for them too. `told` hears of each reading whether it succeeded. Without a
    path nothing is demanded.
    """

    def __init__(
        self,
        path: Path | None,
        config: WebConfig,
        *,
        open_paths: frozenset[str],
        told: Told,
    ) -> None:
        self._following = None if path is None else Following(path, config, told=told)
        self._unchanging = config
        self._open_paths = open_paths
        self._passwords = Passwords()
        self._bucket: Bucket | None = None

    @classmethod
    async def of(
        cls,
        path: Path | None,
        *,
        open_paths: frozenset[str],
        told: Told,
    ) -> Self:
        """Read the file for the first time. Raises SettingsError with all that is wrong."""
        config = WebConfig() if path is None else await asyncio.to_thread(read, path)
        return cls(path, config, open_paths=open_paths, told=told)

    @property
    def tls(self) -> ssl.SSLContext | None:
        """What new connections are to be served with; None for plain HTTP."""
        return self._config.tls

    def protect(self, application: web.Application) -> None:
        """Guard every request of the application, before anything else has seen it."""
        application.middlewares.insert(0, self.middleware)
        application.on_response_prepare.append(self.mark)
        application.on_cleanup.append(self._close)

    async def follow(self) -> None:
        """Follow the file and those that it names until cancelled.

        A change is noticed within about a second and taken up whole; one that is wrong is logged
        once and leaves everything as it was.
        """
        if self._following is None:
            await asyncio.Event().wait()
        else:
            await self._following.follow()

    async def refresh(self) -> tuple[str, ...]:
        """Take up the file as it is now; what is wrong with it, and nothing changed then."""
        return () if self._following is None else await self._following.refresh()

    @web.middleware
    async def middleware(self, request: web.Request, handler: Handler) -> web.StreamResponse:
        """Answer in the handler's place what it may not answer."""
        config = self._config
        if not _connection_admitted(request, config):
            return _refusal(HTTPStatus.FORBIDDEN)
        if not self._is_open(request):
            if not self._within_rate(config):
                return _refusal(HTTPStatus.TOO_MANY_REQUESTS)
            if config.users and not await self._knows_password(request, config):
                return _refusal(HTTPStatus.UNAUTHORIZED)
        return await handler(request)

    async def mark(self, request: web.Request, response: web.StreamResponse) -> None:
        """Give an answer its headers; the last one if its connection is no longer as demanded."""
        config = self._config
        response.headers.update(config.headers)
        if request.get_extra_info("sslcontext") is not config.tls:
            response.headers[hdrs.CONNECTION] = "close"
            response.force_close()

    @property
    def _config(self) -> WebConfig:
        return self._unchanging if self._following is None else self._following.config

    async def _close(self, _application: web.Application) -> None:
        self._passwords.close()

    def _is_open(self, request: web.Request) -> bool:
        # By the route that was found: what a client wrote may look like another path.
        resource = request.match_info.route.resource
        return resource is not None and resource.canonical in self._open_paths

    def _within_rate(self, config: WebConfig) -> bool:
        if config.rate is None:
            self._bucket = None
            return True
        if self._bucket is None or self._bucket.rate != config.rate:
            self._bucket = Bucket(config.rate)
        return self._bucket.take()

    async def _knows_password(self, request: web.Request, config: WebConfig) -> bool:
        given = credentials(request.headers.get(hdrs.AUTHORIZATION, ""))
        return given is not None and await self._passwords.fit(
            given, config.users, awaited=lambda: request.transport is not None
        )


def _connection_admitted(request: web.Request, config: WebConfig) -> bool:
    """Whether the connection is as demanded: one may be older than the demand."""
    if config.tls_server is None:
        return True
    return request.get_extra_info("sslcontext") is not None and config.tls_server.admits(
        request.get_extra_info("peercert")
    )


def _refusal(status: HTTPStatus) -> web.Response:
    response = web.Response(status=status, text=f"{status.phrase}\n")
    if status is HTTPStatus.UNAUTHORIZED:
        response.headers[hdrs.WWW_AUTHENTICATE] = "Basic"
    if status is HTTPStatus.FORBIDDEN:
        response.headers[hdrs.CONNECTION] = "close"
        response.force_close()
    return response
