"""Check over HTTP or TLS that a running exporter is healthy, as supervisors do."""

import os
import ssl
import sys
from contextlib import suppress
from dataclasses import dataclass, replace
from http import HTTPStatus
from http.client import HTTPConnection, HTTPException, HTTPSConnection
from typing import Final, Self
from urllib.parse import quote, urlsplit

from typing_extensions import override

from exporter import NAME

from .command import Arguments
from .exit_codes import FAILED, MISUSED, OK, usage_error
from .flags import add_flags, flag_values
from .parser import Parser, command_parser
from .settings_table import table

PATH: Final = "/-/healthy"

SECONDS: Final = 3.0
"""For each step of the answer: an exporter that takes longer hangs."""

_LOOPBACK: Final = {"": "127.0.0.1", "0.0.0.0": "127.0.0.1", "::": "::1"}  # noqa: S104 - not bound to
"""The address to ask where the exporter listens on every interface."""

_LISTENING: Final = "web.listen_address"
_READ: Final = ("config.file", _LISTENING)
"""The settings that name the address, or the file that may do so."""

_PORTS: Final = {"http": 80, "https": 443}

_CLOSED: Final = (ConnectionResetError, BrokenPipeError, ssl.SSLEOFError)


def parser() -> Parser:
    """Flags of `healthy`."""
    made = command_parser(
        "healthy",
        "Check that a running exporter is healthy; exit 1 if it does not answer so. It is asked "
        "at the first address on which the settings let it listen, over HTTP or TLS.",
    )
    made.add_argument(
        "--url", help="where to ask instead, such as http://127.0.0.1:10521 or https://[::1]:10521"
    )
    add_flags(made, only=_READ)
    return made


def run(given: Arguments) -> int:
    """Ask once, and print the answer in one line."""
    endpoint = _endpoint(given)
    if endpoint is None:
        return MISUSED
    try:
        check(endpoint)
    except UnhealthyError as error:
        print(f"{NAME}: {endpoint}: {error}", file=sys.stderr)  # noqa: T201 - the answer
        return FAILED
    print("healthy")  # noqa: T201 - the answer
    return OK


def _endpoint(given: Arguments) -> "Endpoint | None":
    """Where to ask; None after what is wrong with it has been printed."""
    try:
        return Endpoint.from_url(given.url) if given.url else _configured(given)
    except ValueError:
        from exporter.settings import Fault

        hint = "write it like http://127.0.0.1:10521"
        usage_error([Fault("--url", "is not a URL of an exporter", hint)])
        return None


def _configured(given: Arguments) -> "Endpoint | None":
    """The first address of the settings: the exporter answers at all of them or at none."""
    if not _is_configured(given):
        # The declarations of the settings take longer to load than all else here.
        [default] = (each.default for each in table().settings if each.key == _LISTENING)
        host, _, number = default.rpartition(":")
        return Endpoint.listening(host, int(number))

    from exporter.settings import Fault, SettingsError, listen_addresses

    try:
        host, port = listen_addresses(flag_values(given))[0]
    except SettingsError as error:
        usage_error(error.faults)
        return None
    if not port:
        fault = Fault("--url", "is missing, as the port is any free one", "see its log for the URL")
        usage_error([fault])
        return None
    return Endpoint.listening(host, port)


def _is_configured(given: Arguments) -> bool:
    """Whether flags or environment name the address, or a file that may do so."""
    variables = (each.environment for each in table().settings if each.key in _READ)
    return bool(flag_values(given)) or any(map(os.environ.get, variables))


class UnhealthyError(Exception):
    """Why the exporter does not count as alive."""


@dataclass(frozen=True, slots=True)
class Endpoint:
    """Where to ask; without a scheme, HTTP is tried first, then TLS.

    The web configuration, which has the scheme, may have changed for the worse since the start;
    the exporter then keeps the one before, and is healthy.
    """

    host: str
    port: int
    path: str = PATH
    scheme: str = ""

    @classmethod
    def listening(cls, host: str, port: int) -> Self:
        """An exporter on this machine that listens on this address."""
        return cls(_LOOPBACK.get(host, host), port)

    @classmethod
    def from_url(cls, url: str) -> Self:
        """The exporter at this URL. Raises ValueError for anything else than an HTTP URL."""
        parsed = urlsplit(url)
        if parsed.scheme not in _PORTS or not parsed.hostname:
            raise ValueError("there is no scheme or no host")
        parsed.hostname.encode("idna")  # a UnicodeError is a ValueError
        path = quote(parsed.path.rstrip("/"), safe="/%") + PATH
        return cls(parsed.hostname, parsed.port or _PORTS[parsed.scheme], path, parsed.scheme)

    @override
    def __str__(self) -> str:
        host = f"[{self.host}]" if ":" in self.host else self.host
        return f"{self.scheme or 'http'}://{host}:{self.port}{self.path}"


def check(endpoint: Endpoint) -> None:
    """Raise UnhealthyError where no exporter there answers that it is alive.

    Its certificate is not verified: nothing secret is sent, and only the status is read.
    """
    try:
        status = _status(endpoint)
    except TimeoutError:
        raise UnhealthyError(f"no answer within {SECONDS:g} s") from None
    except OSError as error:
        raise UnhealthyError((error.strerror or str(error)).lower()) from error
    except HTTPException as error:
        raise UnhealthyError("what answers speaks neither HTTP nor TLS") from error
    if status != HTTPStatus.OK:
        raise UnhealthyError(f"the answer is {status}")


def _status(endpoint: Endpoint) -> int:
    if endpoint.scheme == "https":
        return _status_over_tls(endpoint)
    try:
        status = _get(replace(endpoint, scheme="http"))
    except (HTTPException, *_CLOSED):
        if endpoint.scheme:
            raise
        return _status_over_tls(replace(endpoint, scheme="https"))
    if status == HTTPStatus.BAD_REQUEST and not endpoint.scheme:  # so a port with TLS answers
        with suppress(ssl.SSLError):
            return _status_over_tls(replace(endpoint, scheme="https"))
    return status


def _status_over_tls(endpoint: Endpoint) -> int:
    try:
        return _get(endpoint)
    except _CLOSED:
        # It requires a client certificate. The kernel accepts connections also for a process that
        # hangs, but only a living one rejects the handshake and closes the connection.
        return HTTPStatus.OK


def _get(endpoint: Endpoint) -> int:
    connection = _connection(endpoint)
    try:
        connection.request("GET", endpoint.path)
        return connection.getresponse().status
    finally:
        connection.close()


def _connection(endpoint: Endpoint) -> HTTPConnection:
    host, port = endpoint.host, endpoint.port
    if endpoint.scheme == "http":
        return HTTPConnection(host, port, timeout=SECONDS)
    context = ssl.create_default_context()
    context.check_hostname = False
    context.verify_mode = ssl.CERT_NONE
    return HTTPSConnection(host, port, timeout=SECONDS, context=context)
