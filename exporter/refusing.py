"""Requests that are no plain requests: refused in few words, and let go at once."""

import re
from http import HTTPStatus
from typing import Any, Final

from aiohttp import HttpVersion10, HttpVersion11, hdrs, web
from aiohttp.http_exceptions import HttpProcessingError
from aiohttp.typedefs import Handler
from typing_extensions import override

_HOST: Final = re.compile(
    r"(?:\[[0-9A-Fa-f:.]+\]|(?:[\w.~!$&'()*+,;=-]|%[0-9A-Fa-f]{2})*)(?::\d*)?", re.ASCII
)


class Connection(web.RequestHandler):
    """aiohttp's, but for what it cannot read.

    That it would hand back to whoever sent it, and keep until the garbage collector comes by: of
    each such request a megabyte, of a thousand more than there is.
    """

    __slots__ = ("_unreadable",)

    def __init__(self, server: web.Server, **settings: Any) -> None:
        super().__init__(server, **settings)
        self._unreadable = False

    @override
    def data_received(self, data: bytes) -> None:
        if self._unreadable:
            return
        super().data_received(data)
        for message, _ in self._messages:
            error = getattr(message, "exc", None)
            if isinstance(error, Exception):
                self._unreadable = True
                _forget_past(error)

    @override
    def handle_error(
        self,
        request: web.BaseRequest,
        status: int = 500,
        exc: BaseException | None = None,
        message: str | None = None,
    ) -> web.StreamResponse:
        if isinstance(exc, HttpProcessingError):
            return _refusal(HTTPStatus(status))
        return super().handle_error(request, status, exc, message)


@web.middleware
async def unambiguous(request: web.Request, handler: Handler) -> web.StreamResponse:
    """Answer what has one meaning; anything else is refused, with all that follows.

    The parser refuses most of it. A proxy in front that reads one of the others in its own way
    could be made to take the request of one client for another's.
    """
    refused = _refused(request)
    return await handler(request) if refused is None else _refusal(refused)


def _refused(request: web.Request) -> HTTPStatus | None:
    if request.version not in {HttpVersion10, HttpVersion11}:
        return HTTPStatus.HTTP_VERSION_NOT_SUPPORTED
    coding = request.headers.get(hdrs.TRANSFER_ENCODING)
    if coding is not None and (request.version == HttpVersion10 or coding.lower() != "chunked"):
        return HTTPStatus.BAD_REQUEST
    if _HOST.fullmatch(request.headers.get(hdrs.HOST, "")) is None:
        return HTTPStatus.BAD_REQUEST
    return None


def _refusal(status: HTTPStatus) -> web.Response:
    """The last answer on its connection."""
    response = web.Response(status=status, text=f"{status.phrase}\n")
    response.force_close()
    return response


def _forget_past(error: Exception) -> None:
    """Its traceback has all that was read; and what was read has the error."""
    error.__cause__ = error.__context__ = error.__traceback__ = None
