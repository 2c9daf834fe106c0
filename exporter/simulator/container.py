"""A servlet container such as ZStack's RestServer runs in, as an application of aiohttp."""

import asyncio
import ssl
import struct
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from http import HTTPStatus
from socket import SO_LINGER, SOL_SOCKET
from uuid import uuid4

from aiohttp import web

from . import answers, dispatch
from .answers import Answer
from .call import Call
from .cloud import Cloud

CONTEXT = "/zstack"
_COOKIE = "JSESSIONID"
_METHODS = frozenset({"GET", "POST", "PUT", "DELETE", "HEAD"})
_UNENCODED = frozenset("<>")
"""Tomcat has these percent-encoded or not at all."""

_FORWARDED = ("X-Forwarded-For", "X-Real-IP")
_LARGEST_BODY = 16 << 20
_RESET = struct.pack("ii", 1, 0)
"""Linger for zero seconds: close at once with RST."""


def application(cloud: Cloud, context: str = CONTEXT) -> web.Application:
    """The cloud as an aiohttp application; `context` is the path before that of an API."""

    async def handle(request: web.Request) -> web.StreamResponse:
        refused = _status_of_container(request, context)
        if refused is not None:
            page = answers.html(refused, f"HTTP Status {refused}", "Apache Tomcat")
            return _response(page)
        answer = await dispatch.answer(cloud, await _read(request, context))
        if answer.cut is not None:
            return await _cut_off(request, answer, answer.cut)
        response = _response(answer)
        if _COOKIE not in request.cookies:
            response.set_cookie(_COOKIE, uuid4().hex.upper(), path=context, httponly=True)
        return response

    app = web.Application(client_max_size=_LARGEST_BODY)
    app.router.add_route("*", "/{path:.*}", handle)
    app.on_response_prepare.append(_remove_default_headers)
    return app


def applications(clouds: Mapping[str, Cloud]) -> web.Application:
    """Many clouds, each below its name."""
    app = web.Application()
    for name, cloud in clouds.items():
        app.add_subapp(f"/{name}", application(cloud, f"/{name}{CONTEXT}"))
    return app


@asynccontextmanager
async def listening(
    app: web.Application, host: str, port: int, ssl_context: ssl.SSLContext | None
) -> AsyncIterator[str]:
    """Serve it and yield its URL."""
    runner = web.AppRunner(app, access_log=None, handler_cancellation=True, shutdown_timeout=0.1)
    await runner.setup()
    try:
        site = web.TCPSite(runner, host, port, ssl_context=ssl_context)
        await site.start()
        bound = runner.addresses[0][1]
        name = f"[{host}]" if ":" in host else host
        yield f"{'https' if ssl_context else 'http'}://{name}:{bound}"
    finally:
        await runner.cleanup()


def _status_of_container(request: web.Request, context: str) -> HTTPStatus | None:
    """How the servlet container refuses what it does not hand on to the platform."""
    if _UNENCODED & {*request.raw_path}:
        return HTTPStatus.BAD_REQUEST
    if not request.path.startswith((f"{context}/v1/", f"{context}/api/")):
        return HTTPStatus.NOT_FOUND
    return None if request.method in _METHODS else HTTPStatus.METHOD_NOT_ALLOWED


async def _read(request: web.Request, context: str) -> Call:
    forwarded = (request.headers.get(name) for name in _FORWARDED)
    client = next((addresses for addresses in forwarded if addresses), request.remote or "")
    return Call(
        method=request.method,
        path=request.path.removeprefix(context),
        query=tuple(request.query.items()),
        headers={name.lower(): value for name, value in request.headers.items()},
        body=await request.read(),
        client=client.partition(",")[0].strip(),
    )


def _response(answer: Answer) -> web.Response:
    return web.Response(status=answer.status, body=answer.body, headers=answer.headers)


async def _remove_default_headers(_request: web.Request, response: web.StreamResponse) -> None:
    """Remove headers that aiohttp adds: the platform sends no Content-Type and no Server."""
    if response.headers.get("Content-Type") != "text/html":
        response.headers.popall("Content-Type", None)
        response.headers.popall("Server", None)


async def _cut_off(request: web.Request, answer: Answer, after: int) -> web.StreamResponse:
    """Send so many bytes of the body, then none and never a proper end."""
    response = web.StreamResponse(status=answer.status)
    response.content_length = len(answer.body)
    if after:
        await response.prepare(request)
        await response.write(answer.body[:after])
    else:
        request.get_extra_info("socket").setsockopt(SOL_SOCKET, SO_LINGER, _RESET)
    request.protocol.force_close()
    # The closing connection cancels this handler; returning would have it answer.
    never: asyncio.Future[web.StreamResponse] = asyncio.get_running_loop().create_future()
    return await never
