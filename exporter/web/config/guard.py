"""Middleware that applies the web configuration to every request."""

import asyncio
import ssl
from collections.abc import Iterable
from concurrent.futures import Executor
from http import HTTPStatus
from pathlib import Path
from typing import Self

from aiohttp import hdrs, web
from aiohttp.typedefs import Handler

from exporter.web.hardening import is_half_closed

from .config import WebConfig
from .fair_queue import MOST_WAITING, Caller, OverloadedError
from .passwords import PasswordChecker, parse_basic_auth
from .rate import TokenBucket
from .watcher import ConfigWatcher, OnReload, read_in_thread


class Guard:
    """Allows requests as the newest valid configuration demands; without a file it demands nothing.

    `open_paths` are routes that need no password and are not rate limited; TLS and client
    certificates apply to them too. `executor` needs one thread, for passwords; the guard shuts it
    down with the application. `most_waiting` requests may wait for a password check; beyond it one
    gets 503.
    """

    def __init__(
        self,
        path: Path | None,
        config: WebConfig,
        *,
        open_paths: frozenset[str],
        on_reload: OnReload,
        executor: Executor,
        most_waiting: int = MOST_WAITING,
    ) -> None:
        self._watcher = None if path is None else ConfigWatcher(path, config, on_reload=on_reload)
        self._unchanging = config
        self._open_paths = open_paths
        self._passwords = PasswordChecker(executor, most_waiting=most_waiting)
        self._bucket: TokenBucket | None = None

    @classmethod
    async def from_file(
        cls,
        path: Path | None,
        *,
        open_paths: frozenset[str],
        on_reload: OnReload,
        executor: Executor,
        most_waiting: int = MOST_WAITING,
    ) -> Self:
        """Read the file for the first time. Raises SettingsError with every fault."""
        config = WebConfig() if path is None else await asyncio.to_thread(read_in_thread, path)
        return cls(
            path,
            config,
            open_paths=open_paths,
            on_reload=on_reload,
            executor=executor,
            most_waiting=most_waiting,
        )

    @property
    def tls(self) -> ssl.SSLContext | None:
        """The context for new connections; None for plain HTTP."""
        return self._config.tls

    @property
    def files(self) -> Iterable[Path]:
        """The file, and those that it names."""
        return self._config.files

    def protect(self, application: web.Application) -> None:
        """Guard every request of the application, ahead of its other middlewares."""
        application.middlewares.insert(0, self.middleware)
        application.on_response_prepare.append(self.add_headers)
        application.on_cleanup.append(self._close)

    async def follow(self) -> None:
        """Reload when the file changes, or one that it names, until cancelled.

        A change takes effect as a whole, within six seconds; an invalid one is logged once and
        changes nothing.
        """
        if self._watcher is None:
            await asyncio.Event().wait()
        else:
            await self._watcher.follow()

    async def reload(self) -> tuple[str, ...]:
        """Reload now; return the faults, in which case the old configuration stays."""
        return () if self._watcher is None else await self._watcher.reload()

    @web.middleware
    async def middleware(self, request: web.Request, handler: Handler) -> web.StreamResponse:
        """Refuse the request, or pass it to the handler."""
        refusal = await self._refusal_status(request)
        return await handler(request) if refusal is None else _refusal(refusal)

    async def add_headers(self, request: web.Request, response: web.StreamResponse) -> None:
        """Add the configured headers; close a connection whose TLS context is an old one."""
        config = self._config
        response.headers.update(config.headers)
        if request.get_extra_info("sslcontext") is not config.tls:
            response.headers[hdrs.CONNECTION] = "close"
            response.force_close()

    @property
    def _config(self) -> WebConfig:
        return self._unchanging if self._watcher is None else self._watcher.config

    async def _close(self, _application: web.Application) -> None:
        self._passwords.close()

    def _is_open(self, request: web.Request) -> bool:
        # By the route that matched: the path as the client spelt it could look like another.
        resource = request.match_info.route.resource
        return resource is not None and resource.canonical in self._open_paths

    def _is_within_rate(self, config: WebConfig) -> bool:
        if config.rate is None:
            self._bucket = None
            return True
        if self._bucket is None or self._bucket.rate != config.rate:
            self._bucket = TokenBucket(config.rate)
        return self._bucket.take()

    async def _refusal_status(self, request: web.Request) -> HTTPStatus | None:
        if not _is_connection_admitted(request, self._config):
            return HTTPStatus.FORBIDDEN
        if self._is_open(request):
            return None
        if not self._is_within_rate(self._config):
            return HTTPStatus.TOO_MANY_REQUESTS
        return await self._refusal_of_client(request)

    async def _refusal_of_client(self, request: web.Request) -> HTTPStatus | None:
        """Decide by the configuration at the end of the password check, which takes a while."""
        while True:
            config = self._config
            if not _is_connection_admitted(request, config):
                return HTTPStatus.FORBIDDEN
            refusal = await self._refusal_of_password(request, config)
            if config is self._config:
                return refusal

    async def _refusal_of_password(
        self, request: web.Request, config: WebConfig
    ) -> HTTPStatus | None:
        if not config.users:
            return None
        credentials = parse_basic_auth(request.headers.get(hdrs.AUTHORIZATION, ""))
        if credentials is None:
            return HTTPStatus.UNAUTHORIZED
        try:
            is_right = await self._passwords.check(
                credentials,
                config.users,
                caller=Caller.from_peername(request.get_extra_info("peername")),
                is_awaited=lambda: self._is_awaited(request),
            )
        except OverloadedError:
            return HTTPStatus.SERVICE_UNAVAILABLE
        return None if is_right else HTTPStatus.UNAUTHORIZED

    def _is_awaited(self, request: web.Request) -> bool:
        """Whether the client still waits; one that may have gone does not delay others."""
        if is_half_closed(request) and self._passwords.has_waiting:
            return False
        return request.transport is not None


def _is_connection_admitted(request: web.Request, config: WebConfig) -> bool:
    """Whether the connection meets the configuration, which may be newer than the connection."""
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
