"""Listening sockets for the addresses in the settings."""

import errno
import os
import socket
from collections.abc import Iterable, Sequence
from contextlib import ExitStack
from typing import Final

from exporter.settings import Address

BACKLOG: Final = 4096
"""Connections that may wait to be accepted, if the system grants as many; beyond it they stall."""

_PORT_ATTEMPTS: Final = 10

_NO_SUCH_FAMILY: Final = {errno.EAFNOSUPPORT, errno.EADDRNOTAVAIL}

_Address = tuple[object, ...]  # host, port; with IPv6 also flow and scope
_Sockets = list[socket.socket]


_CHOOSE: Final = "choose another with --web.listen-address"
_FIXES: Final = {
    errno.EADDRINUSE: f"another process listens there: end it, or {_CHOOSE}",
    errno.EADDRNOTAVAIL: f"this machine has no such address: {_CHOOSE}, such as :10521",
    errno.EACCES: f"ports below 1024 are for root: {_CHOOSE}, or have systemd hold the port",
}


class AddressError(OSError):
    """An address that cannot be listened on, as the file name of the error; `fix` is a hint."""

    def __init__(self, code: int, reason: str, address: Address) -> None:
        super().__init__(code, reason, str(address))
        self.fix = _FIXES.get(code, f"{_CHOOSE}: an address of this machine, such as :10521")


def bind(addresses: Iterable[tuple[str, int]]) -> list[socket.socket]:
    """Listen on every address: a host, empty for every interface, and a port, 0 for any free one.

    A name listens on each address it resolves to, with the same port; this blocks on DNS. Raises
    AddressError if one cannot be bound; all sockets are closed then.
    """
    with ExitStack() as closing:
        sockets = [
            closing.enter_context(bound)
            for host, port in addresses
            for bound in _bind_host(host, port)
        ]
        closing.pop_all()
    return sockets


def _bind_host(host: str, port: int) -> list[socket.socket]:
    try:
        if host in {"", "::"}:
            return [_bind_everywhere(host, port)]
        return _bind_each(_resolve(host), port)
    except UnicodeError:  # of a label that is empty or too long
        raise AddressError(errno.EINVAL, "not a host", Address(host, port)) from None
    except OSError as error:
        looked_up = isinstance(error, socket.gaierror)
        reason = error.strerror if looked_up else os.strerror(error.errno or errno.EINVAL)
        code = error.errno or errno.EINVAL
        raise AddressError(code, str(reason).lower(), Address(host, port)) from error


def _bind_everywhere(host: str, port: int) -> socket.socket:
    """One socket for both families, or for IPv4 alone on a system without IPv6."""
    try:
        return _listen(socket.AF_INET6, ("::", port), both=True)
    except OSError as error:
        if host or error.errno not in _NO_SUCH_FAMILY:
            raise
        return _listen(socket.AF_INET, ("", port))


def _resolve(host: str) -> list[tuple[socket.AddressFamily, _Address]]:
    found = socket.getaddrinfo(host, None, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE)
    return list(dict.fromkeys((family, address) for family, _, _, _, address in found))


def _bind_each(addresses: Sequence[tuple[socket.AddressFamily, _Address]], port: int) -> _Sockets:
    """A socket for each with one port; retries port 0: one address's free port may be taken."""
    attempts = 1 if port else _PORT_ATTEMPTS
    while True:
        attempts -= 1
        try:
            return _bind_once(addresses, port)
        except OSError as error:
            if error.errno != errno.EADDRINUSE or not attempts:
                raise


def _bind_once(addresses: Sequence[tuple[socket.AddressFamily, _Address]], port: int) -> _Sockets:
    missing: OSError | None = None
    sockets: _Sockets = []
    with ExitStack() as closing:
        for family, address in addresses:
            try:
                bound = _listen(family, (str(address[0]), port, *address[2:]))
            except OSError as error:
                # /etc/hosts lists ::1 even on a system without IPv6
                if error.errno not in _NO_SUCH_FAMILY:
                    raise
                missing = error
            else:
                sockets.append(closing.enter_context(bound))
                port = bound.getsockname()[1]
        if missing and not sockets:
            raise missing
        closing.pop_all()
    return sockets


def _listen(
    family: socket.AddressFamily, address: _Address, *, both: bool = False
) -> socket.socket:
    if both and not socket.has_dualstack_ipv6():
        raise OSError(errno.EAFNOSUPPORT, os.strerror(errno.EAFNOSUPPORT))
    made = socket.create_server(address, family=family, backlog=BACKLOG, dualstack_ipv6=both)
    made.settimeout(0)  # non-blocking
    return made
