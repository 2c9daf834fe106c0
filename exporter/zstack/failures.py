"""Translates exceptions of aiohttp, ssl and the system into errors of the tree."""

import os
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Final, NamedTuple

import aiohttp
import msgspec
from aiohttp.http_exceptions import BadStatusLine, ContentEncodingError, LineTooLong

from . import handshake
from .bodies import undecodable_coding, unrequested_coding
from .errors import ExchangeError, MalformedError, Operation, Symptom, UnreachableError
from .refusals import proxy_refusal

LONGEST_HEADER: Final = 1 << 16
"""Bytes of one header; a balancer before the platform may set cookies of several thousand."""

_FOREIGN: Final = (
    aiohttp.ClientError,
    msgspec.DecodeError,
    RecursionError,
    OSError,
    UnicodeError,
)
"""What an exchange can raise that is not ours."""

_TLS_ALERT: Final = r"\x15\x03"
"""How a record with an alert begins (RFC 8446, 5.1), as the library quotes it."""


class Way(NamedTuple):
    """How a platform is reached: whether by TLS, and whether through a proxy.

    `usual_port` and `usual_path` are whether the URL has those of ZStack's API.
    """

    secure: bool
    proxied: bool
    usual_port: bool = True
    usual_path: bool = True

    @property
    def setting(self) -> str:
        """The setting that decides where the connection goes."""
        return "proxy" if self.proxied else "url"

    @property
    def to_proxy(self) -> str:
        return " to the proxy" if self.proxied else ""

    @property
    def server(self) -> str:
        """The peer that ended a connection."""
        return "the proxy, or the server behind it," if self.proxied else "the server"

    @property
    def elsewhere(self) -> Symptom | None:
        """The symptom where something answers that is not ZStack's API, by what is unusual."""
        if not self.usual_path:
            return Symptom.OTHER_PATH
        return None if self.usual_port else Symptom.OTHER_PORT

    @property
    def hung_up(self) -> Symptom:
        """The symptom where the connection ends before an answer."""
        direct = not self.secure and not self.proxied
        return Symptom.HUNG_UP_WITHOUT_TLS if direct else Symptom.HUNG_UP

    def direct(self, symptom: Symptom) -> Symptom:
        """The symptom of a connection that fails: another one if it is the proxy's."""
        return self.no_connection or symptom

    @property
    def no_connection(self) -> Symptom | None:
        """The symptom where there is no connection: it is the proxy's alone, if there is one."""
        return Symptom.PROXY_UNREACHABLE if self.proxied else None


@contextmanager
def translated(operation: Operation, way: Way) -> Iterator[None]:
    """The one place where errors of aiohttp, ssl and the system become errors of ours.

    None of theirs is kept as a cause: they hold the request, its credentials and the proxy's. And
    some are kept by the connection, so that with a traceback it would keep what has been read.
    """
    try:
        yield
    except _FOREIGN as error:
        for each in _causes(error):
            each.__traceback__ = None
        raise _translation(operation, error, way) from None


def _translation(operation: Operation, error: Exception, way: Way) -> ExchangeError:
    match error:
        case aiohttp.ClientHttpProxyError():
            return proxy_refusal(operation, error.status)
        case aiohttp.ClientResponseError():
            return _not_http(operation, error)
        case aiohttp.ClientPayloadError(__cause__=ContentEncodingError()):
            return undecodable_coding(operation)
        case aiohttp.ClientPayloadError():
            return UnreachableError(f"connection lost: {_cause(error)}", operation)
        case msgspec.DecodeError() | RecursionError():
            return MalformedError(f"the answer does not decode: {error}", operation)
        case _:
            what, symptom = _unreachable(error, way)
            return UnreachableError(what, operation, symptom=symptom)


def _not_http(operation: Operation, error: aiohttp.ClientResponseError) -> MalformedError:
    """Described in our own words: the library's message quotes the answer."""
    for cause in _causes(error):
        match cause:
            case ContentEncodingError():  # no decoder is installed, as it is not requested
                return unrequested_coding(operation, "zstd" if "zstd" in str(cause) else "br")
            case LineTooLong():
                message = f"a header of the answer has more than {LONGEST_HEADER} bytes"
                return MalformedError(message, operation)
            case BadStatusLine() if _TLS_ALERT in str(cause):
                symptom = Symptom.TLS_SPOKEN
                return MalformedError("the port speaks TLS", operation, symptom=symptom)
            case BadStatusLine():
                return MalformedError("the answer is not HTTP", operation)
            case _:
                continue
    return MalformedError("the answer is not HTTP: its headers are malformed", operation)


def _causes(error: BaseException | None) -> Iterator[BaseException]:
    while error is not None:
        yield error
        error = error.__cause__ or error.__context__


def _unreachable(error: Exception, way: Way) -> tuple[str, Symptom | None]:
    """Why there was no answer, in the order in which a connection is made."""
    match error:
        case UnicodeError():
            return f"DNS: the host in {way.setting} is no host name", way.direct(Symptom.NO_HOST)
        case aiohttp.ClientConnectorDNSError():
            symptom = way.direct(Symptom.NO_HOST)
            return f"DNS{way.to_proxy}: {error.host}: {error.strerror}", symptom
        case aiohttp.ClientProxyConnectionError():
            return (
                f"the proxy {error.host}:{error.port}: {_cause(error.os_error)}",
                way.no_connection,
            )
        case aiohttp.ConnectionTimeoutError():
            symptom = way.direct(Symptom.SILENT)
            return f"no connection{way.to_proxy}: nothing answers there", symptom
        case aiohttp.ClientConnectorError():
            return _unconnected(error, way)
        case aiohttp.ServerDisconnectedError():
            return f"{way.server} hung up without an answer", way.hung_up
        case _:
            return f"connection lost: {_cause(error)}", None


def _unconnected(error: aiohttp.ClientConnectorError, way: Way) -> tuple[str, Symptom | None]:
    """Why there is no connection to an address that is known, or no TLS on it."""
    match error:
        case aiohttp.ClientConnectorCertificateError(certificate_error=cause):
            return _tls(handshake.unverified(cause, error.host))
        case aiohttp.ClientConnectorSSLError():
            return _tls(handshake.broken(error.os_error))
        case _ if way.secure and _is_lost(error.os_error):
            return _tls(handshake.HUNG_UP)
        case _:
            refused = isinstance(error.os_error, ConnectionRefusedError)
            symptom = Symptom.REFUSED if refused else None
            return f"{error.host}:{error.port}: {_cause(error.os_error)}", symptom


def _tls(failure: handshake.Failure) -> tuple[str, Symptom]:
    return f"TLS: {failure.what}", failure.symptom


def _is_lost(error: OSError) -> bool:
    """Whether a connection that was there has ended; asyncio does not always set its errno."""
    return isinstance(error, ConnectionResetError | ConnectionAbortedError | BrokenPipeError)


def _cause(error: BaseException) -> str:
    """`Connection refused` where asyncio reports `Connect call failed ('127.0.0.1', 8080)`."""
    if isinstance(error, OSError) and error.errno and error.errno > 0:
        return os.strerror(error.errno)
    if isinstance(error, OSError) and error.strerror:
        return error.strerror
    if isinstance(error, aiohttp.ClientPayloadError):
        return "the answer was cut short"
    return type(error).__name__
