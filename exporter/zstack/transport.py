"""One request to ZStack and its answer, within a byte cap, every failure an error of ours."""

import asyncio
import os
import ssl
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from http import HTTPStatus
from time import perf_counter
from typing import Any, Final, TypeVar

import aiohttp
import msgspec
from aiohttp.http_exceptions import ContentEncodingError
from yarl import URL

from .errors import (
    ExchangeError,
    MalformedError,
    Operation,
    RejectedError,
    TooLargeError,
    UnreachableError,
)
from .refusals import api_error, one_line, refusal

API_PREFIX: Final = "/zstack"
"""The servlet context that ZStack's API lives in; not part of what an access key signs."""

T = TypeVar("T")

_SHORT: Final = 1 << 16
"""Bytes; an error is never longer: ZStack cuts its `details` at 4096 characters."""


@dataclass(frozen=True, slots=True)
class Exchange:
    """What one request came to, `seconds` from its first byte out to the answer decoded.

    `status` is None where no answer came; `date` is the answer's own (RFC 9110, 6.6.1), empty where
    it has none. A request given up by its caller has no `error`, and has not `succeeded` either.
    """

    operation: Operation
    status: int | None
    seconds: float
    error: ExchangeError | None
    succeeded: bool
    date: str = ""


class Transport:
    """Sends requests to one platform; `observe` is told of each when it has ended."""

    def __init__(
        self,
        http: aiohttp.ClientSession,
        url: str,
        *,
        max_response_bytes: int,
        tls: ssl.SSLContext | bool = True,
        proxy: str | None = None,
        observe: Callable[[Exchange], None],
    ) -> None:
        self._http = http
        self._base = URL(url.rstrip("/") + API_PREFIX)
        self._max_response_bytes = max_response_bytes
        self._tls = tls
        self._proxy = proxy
        self._observe = observe

    async def send(
        self,
        operation: Operation,
        decode: Callable[[bytes], T],
        *,
        headers: Mapping[str, str] | None = None,
        query: Sequence[tuple[str, str]] = (),
        suffix: str = "",
        json: Any = None,
        recognise: Callable[[bytes], T | None] = lambda _: None,
    ) -> T:
        """The body of a success, decoded in a worker thread. Raises ExchangeError.

        `decode` says by msgspec.DecodeError that a body is not what it should be. `recognise` is
        quicker: it knows a body that came before, so that there is nothing to decode.
        `suffix` completes the operation's path (a uuid); it is in no error and no log line.
        """
        status: int | None = None
        date = ""
        failed: ExchangeError | None = None
        succeeded = False
        began = perf_counter()
        try:
            with _translated(operation):
                async with self._http.request(
                    operation.method,
                    self._url(operation.path + suffix, query),
                    headers=headers,
                    json=json,
                    allow_redirects=False,
                    ssl=self._tls,
                    proxy=self._proxy,
                    middlewares=() if operation.repeatable else (_once(operation),),
                ) as response:
                    status, date = response.status, response.headers.get("Date", "")
                    body = await self._read(operation, response)
                    _raise_for(operation, response, body)
                    known = recognise(body)
                    answer = known if known is not None else await asyncio.to_thread(decode, body)
        except ExchangeError as error:
            failed = error
            raise
        else:
            succeeded = True
            return answer
        finally:
            seconds = perf_counter() - began
            self._observe(Exchange(operation, status, seconds, failed, succeeded, date))

    def _url(self, path: str, query: Sequence[tuple[str, str]]) -> URL:
        # Built by joining text: ZStack gives a trailing slash a meaning of its own, and one
        # library's tidying of it would turn a query into a delete.
        return self._base.with_path(self._base.path + path).with_query(query)

    async def _read(self, operation: Operation, response: aiohttp.ClientResponse) -> bytes:
        """The body, unpacked, at most the cap: the server sets none of its own."""
        body = bytearray()
        async for chunk in response.content.iter_any():
            body += chunk
            if len(body) > self._max_response_bytes:
                response.close()
                message = f"the answer has more than {self._max_response_bytes} bytes"
                raise TooLargeError(message, operation)
        return bytes(body)


def _raise_for(operation: Operation, response: aiohttp.ClientResponse, body: bytes) -> None:
    if HTTPStatus.MULTIPLE_CHOICES <= response.status < HTTPStatus.BAD_REQUEST:
        raise RejectedError(_redirected(response), operation)
    if response.status not in {HTTPStatus.OK, HTTPStatus.ACCEPTED}:
        raise refusal(operation, response.status, body, retry_after=_retry_after(response))
    if body[:64].lstrip().startswith(b"<"):
        message = "a web page, not an answer of ZStack; its API is on port 8080 unless it was moved"
        raise MalformedError(message, operation)
    # No known release sends an error with 200, but older documents of its SDK speak of it.
    if len(body) < _SHORT and api_error(body) is not None:
        raise refusal(operation, response.status, body)


def _redirected(response: aiohttp.ClientResponse) -> str:
    """Credentials follow no redirect; say where it leads, for the operator to decide."""
    location = response.headers.get("Location", "")
    try:
        origin = str(URL(location).origin())
    except ValueError:
        origin = "another path"
    origin = one_line(origin)
    return f"HTTP {response.status}: redirected to {origin}"


def _retry_after(response: aiohttp.ClientResponse) -> float:
    """Seconds, or 0: ZStack sends none, a proxy before it may."""
    value = response.headers.get("Retry-After", "")
    return float(value) if value.isascii() and value.isdigit() else 0.0


def _once(operation: Operation) -> aiohttp.ClientMiddlewareType:
    """Keeps aiohttp from sending again what a lost connection left unanswered.

    It does so for every PUT, and a login that got through has been counted.
    """

    async def send(
        request: aiohttp.ClientRequest, handler: aiohttp.ClientHandlerType
    ) -> aiohttp.ClientResponse:
        with _translated(operation):
            return await handler(request)

    return send


@contextmanager
def _translated(operation: Operation) -> Iterator[None]:
    """The one place where errors of aiohttp, ssl and the system become errors of ours.

    None of theirs is kept as a cause: they hold the request, its credentials and the proxy's.
    """
    try:
        yield
    except aiohttp.ClientHttpProxyError as error:
        raise UnreachableError(f"the proxy refused: HTTP {error.status}", operation) from None
    except aiohttp.ClientResponseError as error:
        raise MalformedError(f"not HTTP: {one_line(error.message)}", operation) from None
    except aiohttp.ClientPayloadError as error:
        if isinstance(error.__cause__, ContentEncodingError):
            message = "the answer is not packed as it says"
            raise MalformedError(message, operation) from None
        raise UnreachableError(_why(error), operation) from None
    except (msgspec.DecodeError, RecursionError) as error:
        raise MalformedError(f"the answer does not decode: {error}", operation) from None
    except (aiohttp.ClientError, OSError, UnicodeError) as error:
        raise UnreachableError(_why(error), operation) from None


def _why(error: Exception) -> str:
    """What kept an answer from coming, in the order in which a connection is made."""
    match error:
        case UnicodeError():
            return "DNS: the url's host is no host name"
        case aiohttp.ClientConnectorDNSError():
            return f"DNS: {error.host}: {error.strerror}"
        case aiohttp.ConnectionTimeoutError():
            return "no connection: nothing answers there"
        case aiohttp.ClientConnectorCertificateError():
            return f"TLS: {error.certificate_error}"
        case aiohttp.ClientConnectorSSLError():
            return f"TLS: {_tls_cause(error)}"
        case aiohttp.ClientConnectorError():
            return f"{error.host}:{error.port}: {_cause(error)}"
        case aiohttp.ServerDisconnectedError():
            return (
                "the server hung up without an answer; does it speak TLS (https),"
                " or want a client certificate?"
            )
        case _:
            return f"connection lost: {_cause(error)}"


def _tls_cause(error: aiohttp.ClientConnectorSSLError) -> str:
    reason = getattr(error.os_error, "reason", None) or _cause(error)
    if reason in {"WRONG_VERSION_NUMBER", "HTTP_REQUEST"}:
        return "the port does not speak TLS; is it plain http?"
    return str(reason)


def _cause(error: BaseException) -> str:
    """`Connection refused` where asyncio says `Connect call failed ('127.0.0.1', 8080)`."""
    if isinstance(error, OSError) and error.errno and error.errno > 0:
        return os.strerror(error.errno)
    if isinstance(error, OSError) and error.strerror:
        return error.strerror
    if isinstance(error, aiohttp.ClientPayloadError):
        return "the answer was cut short"
    return type(error).__name__
