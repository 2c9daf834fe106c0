"""The moments of the exporter's life at which it may have to end, and how each is recognised."""

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

from .life import PATIENCE, SECRET, Life, living

WHOLE: Final = os.environ.get("ZSTACK_TEST_ENDINGS") == "whole"
"""Whether to try everything, as `make endings` does; else a part of it, for every run."""

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


Reach = Callable[[Scene, Life], Awaitable[None]]


@dataclass(frozen=True)
class Moment:
    """A moment; `reach` returns as soon as the exporter is there.

    `quick` is whether a signal may end it by itself, as nothing is open yet; `leaves` whether a
    session may stay, as the platform lets nobody out; `pipe` the setting whose file is a pipe.
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


def _struck(make: Callable[[], Fault], name: str, **of: Any) -> Moment:
    """While the platform does something to a request."""

    async def reach(scene: Scene, life: Life) -> None:
        await _met(make(), scene, life)

    return Moment(name, reach, **of)


async def _met(fault: Fault, scene: Scene, life: Life) -> None:
    scene.cloud.faults.append(fault)
    await until(lambda: fault.struck, life)


async def until(holds: Callable[[], object], life: Life) -> None:
    """Wait for what somebody else does."""
    async with asyncio.timeout(PATIENCE):
        while not holds():
            assert life.code is None, life.lines
            await asyncio.sleep(0.001)


def _told(text: str, name: str, **of: Any) -> Moment:
    """When it has told something."""

    async def reach(_scene: Scene, life: Life) -> None:
        await life.until(text)

    return Moment(name, reach, **of)


async def _reading_what_never_comes(scene: Scene, life: Life) -> None:
    """From a pipe into which nobody writes: no thread that reads it can be told to give up."""
    [pipe] = [each for each in scene.folder.iterdir() if each.is_fifo()]

    def is_read() -> bool:
        try:
            descriptor = os.open(pipe, os.O_WRONLY | os.O_NONBLOCK)
        except OSError:
            return False
        _kept.append(os.fdopen(descriptor, "wb"))
        return True

    await until(is_read, life)


async def _loading(_scene: Scene, life: Life) -> None:
    await until(lambda: life.begun, life)


async def _scraped_by_one_who_reads_nothing(_scene: Scene, life: Life) -> None:
    await life.until('msg="first poll"')
    idle = await _connected(life)
    loop = asyncio.get_running_loop()
    await loop.sock_sendall(idle, b"GET /metrics HTTP/1.1\r\nHost: x\r\n\r\n")
    await loop.sock_recv(idle, 16)


async def _called_by_one_who_says_nothing(_scene: Scene, life: Life) -> None:
    """Neither begins the handshake of TLS that it is expected to begin."""
    await _connected(life)
    await life.until('msg="first poll"')


async def _connected(life: Life) -> socket.socket:
    url = URL(await life.url())
    idle = socket.socket()
    _kept.append(idle)
    idle.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
    idle.setblocking(False)  # noqa: FBT003 - the socket's own
    address = (str(url.host), int(url.port or 0))
    await asyncio.get_running_loop().sock_connect(idle, address)
    return idle


_kept: list[socket.socket | BinaryIO] = []
"""What the other side holds open and does nothing with, until the moment is over."""


async def _reloading(scene: Scene, life: Life) -> None:
    """While the poller of the settings before is logged out."""
    await life.until('msg="first poll"')
    scene.write(interval=1800)
    life.hear(signal.SIGHUP)
    await _met(Fault.slow(0.5, operation=LOG_OUT), scene, life)


def _logging_out(make: Callable[[], Fault]) -> Reach:
    async def reach(scene: Scene, life: Life) -> None:
        await life.until('msg="first poll"')
        life.hear(signal.SIGTERM)
        await _met(make(), scene, life)

    return reach


MOMENTS: Final[Sequence[Moment]] = (
    Moment("loading", _loading, quick=True),
    _told("msg=starting", "starting"),
    _told("msg=listening", "just listening"),
    _struck(lambda: Fault.hang(operation=LOG_IN), "login, never answered"),
    _struck(lambda: Fault.late(0.5, operation=LOG_IN), "login, answered late"),
    _struck(lambda: Fault.hang(operation=ZONE), "zone look-up"),
    _struck(lambda: Fault.hang(operation=QUERY, start=0), "first page, never answered"),
    _struck(lambda: Fault.slow(0.3, operation=QUERY, start=0), "first page, answered late"),
    _struck(lambda: Fault.hang(operation=QUERY, start=PAGE_SIZE - 1), "middle page"),
    _struck(lambda: Fault.hang(operation=QUERY, start=2 * PAGE_SIZE - 1), "last page"),
    _struck(lambda: Fault.reset(operation=QUERY), "between two tries"),
    _struck(lambda: Fault.expired(operation=QUERY, times=1), "renewing a session"),
    _told('msg="first poll"', "between polls"),
    _told(
        'msg="first poll"', "polling all the time", target={"interval": 0.01, "stale_after": 600}
    ),
    Moment(
        "reader that reads nothing",
        _scraped_by_one_who_reads_nothing,
        services=6000,
        target={"page_size": 1000},
    ),
    Moment("client that says nothing", _called_by_one_who_says_nothing),
    Moment("client that begins no TLS", _called_by_one_who_says_nothing, tls=True),
    Moment("reloading", _reloading),
    Moment("logging out", _logging_out(lambda: Fault.slow(0.5, operation=LOG_OUT))),
    Moment(
        "log-out, never answered",
        _logging_out(lambda: Fault.hang(operation=LOG_OUT)),
        leaves=True,
    ),
    Moment("reading a secret", _reading_what_never_comes, pipe="password_file"),
    Moment("reading a certificate", _reading_what_never_comes, pipe="ca_file"),
)


@asynccontextmanager
async def reached(moment: Moment, folder: Path) -> AsyncIterator[tuple[Scene, Life]]:
    """An exporter at this moment of its life."""
    async with scene(folder, moment.services, **moment.target) as made:
        if moment.pipe:
            os.mkfifo(folder / "pipe")
            made.write(**{moment.pipe: str(folder / "pipe")})
        if moment.tls:
            made.certify()
        async with living(made.arguments) as life:
            try:
                await moment.reach(made, life)
                yield made, life
            finally:
                while _kept:
                    _kept.pop().close()
