"""Rejects malformed and ambiguous HTTP requests with a short error and closes the connection.

Also answers clients that shut down their sending side early, and recognises cross-site requests.
"""

import re
from http import HTTPStatus
from typing import Any, Final

from aiohttp import HttpVersion10, HttpVersion11, hdrs, web
from aiohttp.http_exceptions import HttpProcessingError
from aiohttp.http_parser import RawRequestMessage
from aiohttp.typedefs import Handler
from typing_extensions import override

from exporter import NAME

_HOST: Final = re.compile(
    r"(?:\[[0-9A-Fa-f:.]+\]|(?:[\w.~!$&'()*+,;=-]|%[0-9A-Fa-f]{2})*)(?::\d*)?", re.ASCII
)

HALF_CLOSED_SECONDS: Final = 60.0
"""For the answers to a half-closed connection: as long as a client may take to read one."""

_SAME_SITE: Final = frozenset({"same-origin", "none"})
"""Values of Sec-Fetch-Site; `none` is a request that a person began, as with a bookmark."""

_ORIGIN: Final = re.compile(r"(https?)://([^/?#@]+)", re.ASCII | re.IGNORECASE)
_PORTS: Final = {"http": "80", "https": "443"}


class Connection(web.RequestHandler):
    """aiohttp's handler of one connection, changed in two ways.

    A request that cannot be parsed: aiohttp would echo it to its sender, and keep a megabyte of it
    until the garbage collector runs; a thousand of those exhaust the memory.

    A client that ends its side after a whole request (half-closed) gets its answer (RFC 9112, 9.6),
    which aiohttp does not send. It looks like a client that has gone, so the answer has a deadline.
    """

    __slots__ = ("_half_closed_seconds", "_unreadable", "is_half_closed")

    def __init__(self, server: web.Server, *, half_closed_seconds: float, **settings: Any) -> None:
        super().__init__(server, **settings)
        self._half_closed_seconds = half_closed_seconds
        self._unreadable = False
        self.is_half_closed = False

    @override
    def eof_received(self) -> bool:  # type: ignore[override]  # aiohttp's never keeps it open
        """Keep the connection open, by returning True, for the answers that are still due."""
        # With TLS asyncio cannot write after the other side has ended.
        if not self._owes_answer() or self.transport is None or self.ssl_context is not None:
            return False
        self.is_half_closed = True
        self.keep_alive(val=True)  # ends the timer that is running; aiohttp ends the new one
        limit = self._loop.call_later(self._half_closed_seconds, self.transport.abort)
        self._keepalive_handle = limit
        if self._messages:
            message, payload = self._messages.pop()
            if isinstance(message, RawRequestMessage):
                message = message._replace(should_close=True)
            self._messages.append((message, payload))
        else:
            self.close()
        return True

    def _owes_answer(self) -> bool:
        """Whether a request is being answered or queued, and all that were received are whole."""
        if self._waiter is not None and not self._messages:
            return False
        current = self._current_request
        return (current is None or current.content.is_eof()) and all(
            payload.is_eof() for _, payload in self._messages
        )

    @override
    def data_received(self, data: bytes) -> None:
        if self._unreadable:
            return
        super().data_received(data)
        for message, _ in self._messages:
            error = getattr(message, "exc", None)
            if isinstance(error, Exception):
                self._unreadable = True
                _drop_traceback(error)

    @override
    def handle_error(
        self,
        request: web.BaseRequest,
        status: int = 500,
        exc: BaseException | None = None,
        message: str | None = None,
    ) -> web.StreamResponse:
        if isinstance(exc, HttpProcessingError):
            response: web.StreamResponse = _error_response(HTTPStatus(status))
        else:
            response = super().handle_error(request, status, exc, message)
        response.headers[hdrs.SERVER] = NAME
        return response


async def set_server_header(_request: web.Request, response: web.StreamResponse) -> None:
    """Name the program, where aiohttp would give its own version and that of Python."""
    response.headers[hdrs.SERVER] = NAME


@web.middleware
async def reject_ambiguous(request: web.Request, handler: Handler) -> web.StreamResponse:
    """Reject a request that can be read in two ways, and close the connection.

    The parser rejects most of them. The others allow request smuggling: a proxy in front that
    reads one differently could mix up the requests of two clients.
    """
    status = _rejection_status(request)
    return await handler(request) if status is None else _error_response(status)


def is_half_closed(request: web.Request) -> bool:
    """Whether the client has ended its sending side; it may be gone."""
    return isinstance(request.protocol, Connection) and request.protocol.is_half_closed


def is_cross_site(request: web.Request) -> bool:
    """Whether a browser sent the request, or may have sent it, on behalf of another site's page.

    Checks Sec-Fetch-Site (Fetch Metadata), which no page can set, and Origin (RFC 6454), which old
    browsers send too. Programs such as curl send neither.
    """
    headers = request.headers
    if not _SAME_SITE.issuperset(headers.getall("Sec-Fetch-Site", ())):
        return True
    return not all(_is_own(origin, request) for origin in headers.getall(hdrs.ORIGIN, ()))


def _is_own(origin: str, request: web.Request) -> bool:
    """Whether an origin is the requested host; a proxy may have terminated TLS."""
    found = _ORIGIN.fullmatch(origin)
    if found is None:  # such as `null`
        return False
    scheme, authority = found[1].lower(), found[2]
    if request.secure and scheme != "https":
        return False
    host = request.headers.get(hdrs.HOST, "")
    return _authority(authority, scheme) == _authority(host, scheme)


def _authority(text: str, scheme: str) -> tuple[str, str]:
    """Host and port; the scheme's default port if there is none."""
    host, colon, port = text.lower().rpartition(":")
    if not colon or port.endswith("]"):  # an IPv6 address without a port
        host, port = text.lower(), ""
    return host, port or _PORTS[scheme]


def _rejection_status(request: web.Request) -> HTTPStatus | None:
    if request.version not in {HttpVersion10, HttpVersion11}:
        return HTTPStatus.HTTP_VERSION_NOT_SUPPORTED
    coding = request.headers.get(hdrs.TRANSFER_ENCODING)
    if coding is not None and (request.version == HttpVersion10 or coding.lower() != "chunked"):
        return HTTPStatus.BAD_REQUEST
    if _HOST.fullmatch(request.headers.get(hdrs.HOST, "")) is None:
        return HTTPStatus.BAD_REQUEST
    return None


def _error_response(status: HTTPStatus) -> web.Response:
    """A short error, the last response on its connection."""
    response = web.Response(status=status, text=f"{status.phrase}\n")
    response.force_close()
    return response


def _drop_traceback(error: Exception) -> None:
    """Break a reference cycle: the traceback holds the message, and the message holds the error."""
    error.__cause__ = error.__context__ = error.__traceback__ = None
