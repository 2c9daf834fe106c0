"""The points of the exporter's run at which it may have to end, and how each is recognised."""

import asyncio
import os
import signal
import socket
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, BinaryIO, Final

import trustme
import yaml
from typing_extensions import override
from yarl import URL

from exporter.simulator import Account, Cloud, Fault, serving

from .process import PATIENCE, SECRET, Run, running

LOG_IN: Final = "LogInByAccount"
LOG_OUT: Final = "LogOut"
QUERY: Final = "QueryModelService"
ZONE: Final = "GetPlatformTimeZone"

SERVICES: Final = 12
PAGE_SIZE: Final = 5
"""Three pages: rows 1 to 5, 5 to 10 and 10 to 12, as each begins with the last row before it."""


@dataclass(eq=False)
class Scene:
    """A platform, and the settings of an exporter that polls it."""

    cloud: Cloud
    folder: Path
    url: str
    target: dict[str, Any] = field(default_factory=dict)
    web: dict[str, Any] = field(default_factory=dict)
    port: int = 0

    @property
    def file(self) -> Path:
        return self.folder / "exporter.yml"

    @property
    def secret(self) -> Path:
        return self.folder / "password"

    def write(self, **target: Any) -> None:
        """Write the settings, with these of the target changed."""
        known = {"url": self.url, "account": "admin", "password_file": str(self.secret)}
        paging = {"interval": 3600, "timeout": 30, "page_size": PAGE_SIZE}
        web = {"listen_address": [f"127.0.0.1:{self.port}"]}
        self.target |= target
        settings = {"target": known | paging | self.target, "web": web | self.web}
        self.file.write_text(yaml.safe_dump(settings), "utf-8")

    def certify(self) -> None:
        """Have the exporter speak TLS."""
        issued = trustme.CA().issue_cert("127.0.0.1")
        issued.private_key_and_cert_chain_pem.write_to_path(str(self.folder / "tls.pem"))
        file = self.folder / "web.yml"
        file.write_text("tls_server_config: {cert_file: tls.pem, key_file: tls.pem}\n", "utf-8")
        self.web["config_file"] = str(file)
        self.write()

    @property
    def arguments(self) -> tuple[str, ...]:
        return ("--config.file", str(self.file))


@asynccontextmanager
async def scene(folder: Path, services: int = SERVICES, **target: Any) -> AsyncIterator[Scene]:
    """A platform that serves until the block ends."""
    cloud = Cloud(services=services)
    cloud.accounts["admin"] = Account("admin", SECRET)
    async with serving(cloud) as url:
        made = Scene(cloud, folder, url)
        made.secret.write_text(SECRET, "utf-8")
        made.write(**target)
        yield made


Reach = Callable[[Scene, Run], Awaitable[None]]


@dataclass(frozen=True)
class SignalPoint:
    """A point; `reach` returns as soon as the exporter is there.

    `quick` is whether a signal may end it by itself, as nothing is open yet; `leaves` whether a
    session may stay, as the platform answers no log-out; `pipe` the setting whose file is a pipe.
    """

    name: str
    reach: Reach
    target: dict[str, Any] = field(default_factory=dict)
    services: int = SERVICES
    quick: bool = False
    leaves: bool = False
    tls: bool = False
    pipe: str = ""

    @override
    def __str__(self) -> str:
        return self.name


def _struck(make: Callable[[], Fault], name: str, **of: Any) -> SignalPoint:
    """While the platform does something to a request."""

    async def reach(scene: Scene, run: Run) -> None:
        await _met(make(), scene, run)

    return SignalPoint(name, reach, **of)


async def _met(fault: Fault, scene: Scene, run: Run) -> None:
    scene.cloud.faults.append(fault)
    await until(lambda: fault.struck, run)


async def until(holds: Callable[[], object], run: Run) -> None:
    """Wait for what another process does."""
    async with asyncio.timeout(PATIENCE):
        while not holds():
            assert run.code is None, run.lines
            await asyncio.sleep(0.001)


def _logged(text: str, name: str, **of: Any) -> SignalPoint:
    """When it has logged this."""

    async def reach(_scene: Scene, run: Run) -> None:
        await run.until(text)

    return SignalPoint(name, reach, **of)


async def _reading_what_never_comes(scene: Scene, run: Run) -> None:
    """From a pipe without a writer: a thread that reads it cannot be cancelled."""
    [pipe] = [each for each in scene.folder.iterdir() if each.is_fifo()]

    def is_read() -> bool:
        try:
            descriptor = os.open(pipe, os.O_WRONLY | os.O_NONBLOCK)
        except OSError:
            return False
        _kept.append(os.fdopen(descriptor, "wb"))
        return True

    await until(is_read, run)


async def _loading(_scene: Scene, run: Run) -> None:
    await until(lambda: run.begun, run)


async def _scraped_by_a_client_that_reads_nothing(_scene: Scene, run: Run) -> None:
    await run.until('msg="first poll"')
    idle = await _connected(run)
    loop = asyncio.get_running_loop()
    await loop.sock_sendall(idle, b"GET /metrics HTTP/1.1\r\nHost: x\r\n\r\n")
    await loop.sock_recv(idle, 16)


async def _called_by_a_client_that_sends_nothing(_scene: Scene, run: Run) -> None:
    """Nor does it begin a TLS handshake."""
    await _connected(run)
    await run.until('msg="first poll"')


async def _connected(run: Run) -> socket.socket:
    url = URL(await run.url())
    idle = socket.socket()
    _kept.append(idle)
    idle.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
    idle.setblocking(False)  # noqa: FBT003 - the socket's own
    address = (str(url.host), int(url.port or 0))
    await asyncio.get_running_loop().sock_connect(idle, address)
    return idle


_kept: list[socket.socket | BinaryIO] = []
"""What the other side holds open and does nothing with, until the point is over."""


async def _reloading(scene: Scene, run: Run) -> None:
    """While the poller of the settings before is logged out."""
    await run.until('msg="first poll"')
    scene.write(interval=1800)
    run.send(signal.SIGHUP)
    await _met(Fault.slow(0.5, operation=LOG_OUT), scene, run)


def _logging_out(make: Callable[[], Fault]) -> Reach:
    async def reach(scene: Scene, run: Run) -> None:
        await run.until('msg="first poll"')
        run.send(signal.SIGTERM)
        await _met(make(), scene, run)

    return reach


SIGNAL_POINTS: Final[Sequence[SignalPoint]] = (
    SignalPoint("loading", _loading, quick=True),
    _logged("msg=starting", "starting"),
    _logged("msg=listening", "just listening"),
    _struck(lambda: Fault.hang(operation=LOG_IN), "login, never answered"),
    _struck(lambda: Fault.late(0.5, operation=LOG_IN), "login, answered late"),
    _struck(lambda: Fault.hang(operation=ZONE), "zone look-up"),
    _struck(lambda: Fault.hang(operation=QUERY, start=0), "first page, never answered"),
    _struck(lambda: Fault.slow(0.3, operation=QUERY, start=0), "first page, answered late"),
    _struck(lambda: Fault.hang(operation=QUERY, start=PAGE_SIZE - 1), "middle page"),
    _struck(lambda: Fault.hang(operation=QUERY, start=2 * PAGE_SIZE - 1), "last page"),
    _struck(lambda: Fault.reset(operation=QUERY), "between two tries"),
    _struck(lambda: Fault.expired(operation=QUERY, times=1), "renewing a session"),
    _logged('msg="first poll"', "between polls"),
    _logged(
        'msg="first poll"', "polling all the time", target={"interval": 0.01, "stale_after": 600}
    ),
    SignalPoint(
        "reader that reads nothing",
        _scraped_by_a_client_that_reads_nothing,
        services=6000,
        target={"page_size": 1000},
    ),
    SignalPoint("client that sends nothing", _called_by_a_client_that_sends_nothing),
    SignalPoint("client that begins no TLS", _called_by_a_client_that_sends_nothing, tls=True),
    SignalPoint("reloading", _reloading),
    SignalPoint("logging out", _logging_out(lambda: Fault.slow(0.5, operation=LOG_OUT))),
    SignalPoint(
        "log-out, never answered",
        _logging_out(lambda: Fault.hang(operation=LOG_OUT)),
        leaves=True,
    ),
    SignalPoint("reading a secret", _reading_what_never_comes, pipe="password_file"),
    SignalPoint("reading a certificate", _reading_what_never_comes, pipe="ca_file"),
)


@asynccontextmanager
async def reached(point: SignalPoint, folder: Path) -> AsyncIterator[tuple[Scene, Run]]:
    """An exporter at this point of its run."""
    async with scene(folder, point.services, **point.target) as made:
        if point.pipe:
            os.mkfifo(folder / "pipe")
            made.write(**{point.pipe: str(folder / "pipe")})
        if point.tls:
            made.certify()
        async with running(made.arguments) as run:
            try:
                await point.reach(made, run)
                yield made, run
            finally:
                while _kept:
                    _kept.pop().close()
