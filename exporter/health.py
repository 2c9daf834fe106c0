"""Whether a running exporter lives, asked over HTTP by whoever looks after its process."""

import ssl
from dataclasses import dataclass, replace
from http import HTTPStatus
from http.client import HTTPConnection, HTTPException, HTTPSConnection
from typing import Final, Self

from typing_extensions import override
from yarl import URL

PATH: Final = "/-/healthy"

SECONDS: Final = 3.0
"""For each step of the answer: an exporter that takes longer hangs."""

_HERE: Final = {"": "127.0.0.1", "0.0.0.0": "127.0.0.1", "::": "::1"}  # noqa: S104 - not bound to
"""Where to ask what listens on every interface."""

_HUNG_UP: Final = (ConnectionResetError, BrokenPipeError, ssl.SSLEOFError)


class UnhealthyError(Exception):
    """Why the exporter does not count as living."""


@dataclass(frozen=True, slots=True)
class Place:
    """Where to ask; without a scheme, in whichever of the two is spoken there."""

    host: str
    port: int
    path: str = PATH
    scheme: str = ""

    @classmethod
    def of(cls, url: str) -> Self:
        """The exporter at this URL. Raises ValueError for what is no URL."""
        parsed = URL(url)
        if parsed.scheme not in {"http", "https"} or not parsed.host:
            raise ValueError("there is no scheme or no host")
        path = parsed.path.rstrip("/") + PATH
        return cls(parsed.host, parsed.port or 0, path, parsed.scheme)

    @classmethod
    def listening(cls, host: str, port: int) -> Self:
        """An exporter on this machine that listens on this address."""
        return cls(_HERE.get(host, host), port)

    @override
    def __str__(self) -> str:
        host = f"[{self.host}]" if ":" in self.host else self.host
        return f"{self.scheme or 'http'}://{host}:{self.port}{self.path}"


def check(place: Place) -> None:
    """Raise UnhealthyError unless the exporter there answers that it lives.

    Its certificate may be anyone's: nothing is told to it, and nothing believed but that it lives.
    """
    try:
        status = _status(place)
    except TimeoutError:
        raise UnhealthyError(f"no answer within {SECONDS:g} s") from None
    except OSError as error:
        raise UnhealthyError((error.strerror or str(error)).lower()) from error
    except HTTPException as error:
        raise UnhealthyError("what answers speaks neither HTTP nor TLS") from error
    if status != HTTPStatus.OK:
        raise UnhealthyError(f"the answer is {status}")


def _status(place: Place) -> int:
    if place.scheme == "https":
        return _status_over_tls(place)
    try:
        return _answered(replace(place, scheme="http"))
    except (HTTPException, *_HUNG_UP):
        if place.scheme:
            raise
        return _status_over_tls(replace(place, scheme="https"))


def _status_over_tls(place: Place) -> int:
    try:
        return _answered(place)
    except _HUNG_UP:
        # It answers only clients with a certificate. The system accepts connections also for a
        # process that hangs, but it took a living one to look into this one and to end it.
        return HTTPStatus.OK


def _answered(place: Place) -> int:
    connection = _connection(place)
    try:
        connection.request("GET", place.path)
        return connection.getresponse().status
    finally:
        connection.close()


def _connection(place: Place) -> HTTPConnection:
    if place.scheme == "http":
        return HTTPConnection(place.host, place.port, timeout=SECONDS)
    context = ssl.create_default_context()
    context.check_hostname = False
    context.verify_mode = ssl.CERT_NONE
    return HTTPSConnection(place.host, place.port, timeout=SECONDS, context=context)
