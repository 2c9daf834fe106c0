"""Sends one request to ZStack within a byte cap; every failure becomes an error of the tree."""

import base64
import re
import ssl
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from http import HTTPStatus
from typing import Any, Final, TypeVar

import aiohttp
from yarl import URL

from . import bodies, clock
from .errors import ExchangeError, MalformedError, Operation, RejectedError, Symptom
from .failures import LONGEST_HEADER, Way, translated
from .redaction import WINDOW, Redactor
from .refusals import api_error, refusal
from .worker import Worker

API_PREFIX: Final = "/zstack"
"""The servlet context that ZStack's API lives in; not part of what an access key signs."""

_USUAL_PORT: Final = 8080

T = TypeVar("T")

_ZONE_MARK: Final = re.compile(r"%25(?=[^/\]]*\])")
"""`%25` before the zone of an IPv6 address is how a URL writes `%` (RFC 6874)."""

_SHORT: Final = 1 << 16
"""Bytes; an error is never longer: ZStack cuts its `details` at 4096 characters."""


@dataclass(frozen=True, slots=True)
class Exchange:
    """The outcome of one request; `seconds` run from sending it to having its answer decoded.

    `status` is None where no answer came; `date` is the answer's own (RFC 9110, 6.6.1), empty where
    it has none. A request given up by its caller has no `error`, and has not `succeeded` either.
    """

    operation: Operation
    status: int | None
    seconds: float
    error: ExchangeError | None
    succeeded: bool
    date: str = field(default="", repr=False)


class Transport:
    """Sends requests to one platform; `observe` is called with each when it has ended."""

    def __init__(
        self,
        http: aiohttp.ClientSession,
        url: str,
        *,
        max_response_bytes: int,
        tls: ssl.SSLContext | bool = True,
        proxy: str | None = None,
        observe: Callable[[Exchange], None],
        worker: Worker | None = None,
    ) -> None:
        self._http = http
        self._base = URL(_ZONE_MARK.sub("%", url.rstrip("/") + API_PREFIX))
        self._max_response_bytes = max_response_bytes
        self._tls = tls
        self._proxy = proxy
        self._way = Way(
            secure=self._base.scheme == "https",
            proxied=proxy is not None,
            usual_port=self._base.port == _USUAL_PORT,
            usual_path=self._base.raw_path == API_PREFIX,
        )
        self._headers = {"Accept-Encoding": bodies.ACCEPT_ENCODING, **_host(self._base)}
        self._server_hostname = _without_zone(self._base)
        self._observe = observe
        self.worker = worker or Worker()
        """Runs blocking work for this platform."""
        self.redactor = Redactor()
        """Masks secrets in the errors of this transport; others clean their texts with it, too."""
        self.redactor.conceal(*_proxy_secrets(proxy))

    async def send(
        self,
        operation: Operation,
        decode: Callable[[bytes], T],
        *,
        headers: Mapping[str, str] | None = None,
        query: Sequence[tuple[str, str]] = (),
        suffix: str = "",
        json: Any = None,
        lookup: Callable[[bytes], T | None] = lambda _: None,
    ) -> T:
        """The body of a success, decoded in a worker thread. Raises ExchangeError, redacted.

        `decode` raises msgspec.DecodeError for a malformed body. `lookup` returns the cached
        result of a body that came before, so that it is not decoded again.
        `suffix` completes the operation's path (a uuid); it is in no error and no log line.
        """
        status: int | None = None
        date = ""
        failed: ExchangeError | None = None
        succeeded = False
        self.redactor.conceal_tokens(_token(headers), suffix)
        began = clock.now()
        try:
            with translated(operation, self._way):
                async with self._http.request(
                    operation.method,
                    self._url(operation.path + suffix, query),
                    headers={**self._headers, **(headers or {})},
                    json=json,
                    allow_redirects=False,
                    ssl=self._tls,
                    server_hostname=self._server_hostname,
                    proxy=self._proxy,
                    max_line_size=LONGEST_HEADER,
                    max_field_size=LONGEST_HEADER,
                    middlewares=() if operation.repeatable else (_once(operation, self._way),),
                ) as response:
                    status, date = response.status, response.headers.get("Date", "")
                    body = await bodies.read(
                        operation, response, self._max_response_bytes, self.worker
                    )
                    _raise_for(operation, response, body, self._way)
                    known = lookup(body)
                    answer = known if known is not None else await self.worker.run(decode, body)
        except ExchangeError as error:
            self.redactor.conceal_tokens(*self._cookies())
            error.redact(self.redactor.clean)
            failed = error
            raise
        else:
            succeeded = True
            return answer
        finally:
            seconds = clock.now() - began
            self._observe(Exchange(operation, status, seconds, failed, succeeded, date))
            failed = None  # or it would hold this frame, and the answer, as the frame holds it

    def _url(self, path: str, query: Sequence[tuple[str, str]]) -> URL:
        # Built by joining text: ZStack gives a trailing slash a meaning of its own, and one
        # library's tidying of it would turn a query into a delete.
        joined = self._base.with_path(self._base.raw_path + path, encoded=True)
        return joined.with_query(query)

    def _cookies(self) -> Iterator[str]:
        """The values of cookies that are sent, except those too short to be secret."""
        for cookie in self._http.cookie_jar:
            if len(cookie.value) >= WINDOW:
                yield cookie.value


def _without_zone(url: URL) -> str | None:
    """The IPv6 address of a host that has a zone, which only this machine knows; else None."""
    address, mark, _ = (url.host or "").partition("%")
    return address if mark else None


def _host(url: URL) -> dict[str, str]:
    """A header in the place of the library's own, where that would name a zone."""
    address = _without_zone(url)
    if address is None:
        return {}
    port = "" if url.is_default_port() else f":{url.port}"
    return {"Host": f"[{address}]{port}"}


def _token(headers: Mapping[str, str] | None) -> str:
    """The secret in it: the uuid of `OAuth uuid`, the signature of `ZStack id:signature`."""
    authorization = (headers or {}).get("Authorization", "")
    return authorization.rpartition(" ")[2].rpartition(":")[2]


def _proxy_secrets(proxy: str | None) -> tuple[str, ...]:
    """The password of a proxy's URL, and the form in which it is sent (RFC 7617)."""
    url = URL(proxy or "")
    if not url.password:
        return ()
    login = f"{url.user or ''}:{url.password}".encode()
    return (url.password, url.raw_password or "", base64.b64encode(login).decode())


def _raise_for(
    operation: Operation, response: aiohttp.ClientResponse, body: bytes, way: Way
) -> None:
    status = response.status
    if HTTPStatus.MULTIPLE_CHOICES <= status < HTTPStatus.BAD_REQUEST:
        raise _redirected(operation, response)
    if status not in {HTTPStatus.OK, HTTPStatus.ACCEPTED}:
        retry_after = _retry_after(response)
        raise refusal(
            operation,
            status,
            body,
            retry_after=retry_after,
            proxied=way.proxied,
            elsewhere=way.elsewhere,
        )
    if body[:64].lstrip().startswith(b"<"):
        message = "a web page, not an answer of ZStack"
        raise MalformedError(message, operation, symptom=way.elsewhere)
    # No known release sends an error with 200, but older documents of its SDK speak of it.
    if len(body) < _SHORT and api_error(body) is not None:
        raise refusal(operation, status, body)


def _redirected(operation: Operation, response: aiohttp.ClientResponse) -> RejectedError:
    """Credentials follow no redirect; the message has the location, for the operator."""
    location = response.headers.get("Location")
    if location is None:
        return RejectedError(f"HTTP {response.status}: redirected to nowhere", operation)
    where, symptom = _new_url(response.url, location, API_PREFIX + operation.path)
    message = f"HTTP {response.status}: redirected to {where}"
    return RejectedError(message, operation, symptom=symptom)


def _new_url(asked: URL, location: str, path: str) -> tuple[str, Symptom]:
    """The address to set instead, without what may be a token: the query, and an unknown path.

    Only one with the API's path, or with none, can be ZStack: another one may be a login page.
    """
    try:
        target = asked.join(URL(location))
        origin = str(target.origin())
    except ValueError:
        return "elsewhere", Symptom.REDIRECTED_AWAY
    if target.raw_path == asked.raw_path and target.origin() == asked.origin():
        return "itself", Symptom.REDIRECTED_AWAY
    if target.raw_path.endswith(path):
        return origin + target.raw_path.removesuffix(path), Symptom.REDIRECTED
    if target.origin() == asked.origin():
        return "another path", Symptom.REDIRECTED_AWAY
    bare = target.raw_path in {"", "/"}
    return origin, Symptom.REDIRECTED if bare else Symptom.REDIRECTED_AWAY


def _retry_after(response: aiohttp.ClientResponse) -> float:
    """Seconds, or 0: ZStack sends none, a proxy before it may."""
    value = response.headers.get("Retry-After", "")
    return float(value) if value.isascii() and value.isdigit() else 0.0


def _once(operation: Operation, way: Way) -> aiohttp.ClientMiddlewareType:
    """Keeps aiohttp from sending again what a lost connection left unanswered.

    It does so for every PUT, and a login that got through has been counted.
    """

    async def send(
        request: aiohttp.ClientRequest, handler: aiohttp.ClientHandlerType
    ) -> aiohttp.ClientResponse:
        with translated(operation, way):
            return await handler(request)

    return send
