"""The protocols of systemd: states and signs of life sent to it, sockets inherited from it.

They are those of sd_notify(3), sd_watchdog_enabled(3) and sd_listen_fds(3). Each is switched on by
a variable that systemd sets; where it is not set, nothing happens.
"""

import asyncio
import os
import socket
import time
from collections.abc import Mapping, MutableMapping
from contextlib import ExitStack
from dataclasses import dataclass, field
from typing import Final

import structlog

from exporter.settings import Fault, SettingsError

log = structlog.get_logger(__name__)

_FIRST_PASSED: Final = 3
_SEND_SECONDS: Final = 1.0
"""systemd reads at once; its queue is full only while systemd itself hangs."""

_SECOND: Final = 1_000_000  # microseconds, the unit of systemd's variables


@dataclass(slots=True)
class Supervisor:
    """Notifies the service manager of the exporter's state.

    `address` is its socket, None where the exporter was started by something else.
    `watchdog_seconds` is how long it waits for a sign of life before it restarts the exporter, None
    where it has no watchdog.
    """

    address: str | None = None
    watchdog_seconds: float | None = None
    _failing: bool = field(default=False, init=False)

    @classmethod
    def from_environment(cls, environ: Mapping[str, str]) -> "Supervisor":
        """The service manager that systemd's variables describe."""
        address = environ.get("NOTIFY_SOCKET") or None
        if address is not None and not address.startswith(("/", "@")):
            log.warning("systemd is not notified", error="NOTIFY_SOCKET is not a Unix socket")
            address = None
        return cls(address, _watchdog_seconds(environ))

    def ready(self, status: str) -> None:
        """Report that it serves: after the start, and after each reload."""
        self._notify("READY=1", _status(status))

    def reloading(self) -> None:
        """Report that a reload begins; `ready` must follow, also after a failed one."""
        # By the time systemd distinguishes this reload from the previous one (Type=notify-reload).
        self._notify("RELOADING=1", f"MONOTONIC_USEC={time.monotonic_ns() // 1000}")

    def stopping(self) -> None:
        """Report that it ends."""
        self._notify("STOPPING=1", _status("stopping"))

    def status(self, status: str) -> None:
        """Set the line that `systemctl status` shows."""
        self._notify(_status(status))

    async def watchdog(self) -> None:
        """Send a sign of life twice in each period, for as long as the event loop runs.

        A loop that hangs for half a period sends it too late, and systemd acts. Returns at once
        where there is no watchdog.
        """
        if self.watchdog_seconds is None or self.address is None:
            return
        while True:
            self._notify("WATCHDOG=1")
            await asyncio.sleep(self.watchdog_seconds / 2)

    def _notify(self, *assignments: str) -> None:
        """Send one datagram; a failure is logged once and has no other effect."""
        if self.address is None:
            return
        try:
            _send("\n".join(assignments), self.address)
        except OSError as error:
            if not self._failing:
                log.warning("systemd is not notified", error=error.strerror or str(error))
            self._failing = True
        else:
            self._failing = False


def _send(text: str, address: str) -> None:
    abstract = address.startswith("@")
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as sender:
        sender.settimeout(_SEND_SECONDS)
        sender.sendto(text.encode(), f"\0{address[1:]}" if abstract else address)


def _status(text: str) -> str:
    return f"STATUS={' '.join(text.split())}"


def _watchdog_seconds(environ: Mapping[str, str]) -> float | None:
    period = environ.get("WATCHDOG_USEC", "")
    if environ.get("WATCHDOG_PID", str(os.getpid())) != str(os.getpid()):
        return None
    return int(period) / _SECOND if period.isdecimal() and int(period) > 0 else None


def passed_sockets(environ: MutableMapping[str, str]) -> list[socket.socket]:
    """The listening TCP sockets that systemd passed, non-blocking and for this process only.

    The variables are removed, so that no child process claims the sockets. Raises SettingsError
    where nothing was passed, or something that the exporter can't serve on; none stays open then.
    """
    descriptors = _descriptors(environ)
    for name in ("LISTEN_PID", "LISTEN_FDS", "LISTEN_FDNAMES", "LISTEN_PIDFDID"):
        environ.pop(name, None)
    if not descriptors:
        raise _fault(
            "is on, but systemd passed no socket",
            "start the exporter by its socket unit, or turn web.systemd_socket off",
        )
    with ExitStack() as closing:
        sockets = [closing.enter_context(_socket(descriptor)) for descriptor in descriptors]
        for passed in sockets:
            _check(passed)
        closing.pop_all()
    return sockets


def _descriptors(environ: Mapping[str, str]) -> range:
    number = environ.get("LISTEN_FDS", "")
    ours = environ.get("LISTEN_PID") == str(os.getpid())
    return range(_FIRST_PASSED, _FIRST_PASSED + (int(number) if ours and number.isdecimal() else 0))


def _socket(descriptor: int) -> socket.socket:
    try:
        passed = socket.socket(fileno=descriptor)
    except OSError:
        raise _fault(
            "is on, but systemd passed something that is no socket", "write only ListenStream="
        ) from None
    passed.set_inheritable(False)
    passed.settimeout(0)  # non-blocking
    return passed


def _check(passed: socket.socket) -> None:
    if passed.family not in {socket.AF_INET, socket.AF_INET6}:
        raise _fault(
            "is on, but systemd passed a socket that is not of TCP",
            "give ListenStream= a port or an address with a port: Prometheus scrapes over TCP",
        )
    if passed.type != socket.SOCK_STREAM:
        raise _fault(
            "is on, but systemd passed a datagram socket",
            "write ListenStream=, not ListenDatagram=",
        )
    if not passed.getsockopt(socket.SOL_SOCKET, socket.SO_ACCEPTCONN):
        raise _fault(
            "is on, but systemd passed a connection rather than the socket that listens",
            "write Accept=no",
        )


def _fault(what: str, fix: str) -> SettingsError:
    return SettingsError([Fault("web.systemd_socket", what, fix)])
