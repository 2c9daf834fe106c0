"""The composition root: here, and only here, objects meet."""

import asyncio
import os
import socket
import sys
from collections.abc import AsyncIterator, Awaitable, Callable, Coroutine, Iterable
from contextlib import AbstractAsyncContextManager, ExitStack, asynccontextmanager
from dataclasses import dataclass
from functools import partial
from typing import Final, Self

import structlog

from . import webconfig
from .build import VERSION
from .clients import raise_file_limit
from .connection import check_secrets, tls_contexts
from .exposition import Exposition, Format, OnStale, Page
from .listening import bind, serving
from .memory import give_back
from .poller import Poller
from .reloading import Reloading
from .server import HEALTH_PATHS, Reload, Server
from .settings import Fault, Settings, SettingsError, WebSettings
from .signals import Signals, unless
from .snapshot import Snapshot
from .systemd import Supervisor, passed_sockets
from .telemetry import Telemetry
from .threads import Threads
from .watching import Watching, polling
from .webconfig import Guard

log = structlog.get_logger(__name__)

SWITCH_SECONDS: Final = 0.0005
"""After which a thread that renders hands the interpreter on, if the event loop waits for it."""

THREADS: Final = 64
THREADS_PER_TARGET: Final = 2
"""One may look up a name while another decodes or renders; they come only when needed."""


async def run(
    settings: Settings,
    signals: Signals,
    *,
    read: Callable[[], Settings] | None = None,
    listening: Callable[[tuple[str, ...]], None] = lambda _urls: None,
) -> None:
    """Poll and serve until told to stop; a bug in any task ends the process.

    `read` reads the settings anew, for a reload. `listening` is told the URLs once they answer.
    Raises SettingsError for files that do not load, OSError for an address that cannot be bound.
    """
    log.info("starting", version=VERSION, targets=",".join(settings.named_targets))
    sys.setswitchinterval(SWITCH_SECONDS)
    _use_threads(settings)
    raise_file_limit()
    begun = await unless(signals.stop, _begun(settings))
    if begun is None:  # it was still reading a file or looking up a name
        log.info("stopping")
        return
    house, sockets = begun
    async with asyncio.TaskGroup() as tasks:
        watching = Watching(house.exposition, house.telemetry, tasks, house.publish)
        reloading = Reloading(settings, read, watching, house.telemetry)
        reload = partial(house.reload, reloading)
        application = house.server(reload).application()
        house.guard.protect(application)
        async with (
            serving(application, sockets, lambda: house.guard.tls) as served,
            _beside(_on(signals.reload, reload), house.guard.follow(), house.supervisor.watchdog()),
        ):
            await unless(signals.stop, reloading.begin())
            if not signals.stop.is_set():
                house.ready(served.urls)
                listening(served.urls)
            await signals.stop.wait()
            house.stopping()
            await watching.end()


async def check_files(settings: Settings) -> None:
    """Read every file that the settings name. Raises SettingsError with all that is wrong."""
    targets, web = settings.named_targets, settings.web.config_file
    checks: list[Callable[[], object]]
    checks = [partial(tls_contexts, targets), partial(check_secrets, targets)]
    if web is not None:
        checks.append(partial(webconfig.read, web))
    faults: list[Fault] = []
    for check in checks:
        try:
            await asyncio.to_thread(check)
        except SettingsError as error:
            faults += error.faults
    if faults:
        raise SettingsError(faults)


async def once(settings: Settings, stop: asyncio.Event) -> tuple[bool, Page]:
    """Poll every target once, or until `stop`; whether all succeeded, and the page as text."""
    _use_threads(settings)
    # A process that ends has no metrics of its own to give.
    telemetry = await asyncio.to_thread(Telemetry, process=False)
    telemetry.configured(successful=True)
    # What was polled just now is on the page, however short the interval.
    targets = dict.fromkeys(settings.named_targets, OnStale.KEEP)
    exposition = Exposition(targets, per_service=settings.metrics.per_service)
    reading = asyncio.to_thread(tls_contexts, settings.named_targets)
    contexts = await unless(stop, reading) or {}
    pollers = [
        polling(
            name,
            settings.named_targets[name],
            exposition.publish,
            write=exposition.writer(name),
            tls=context,
            telemetry=telemetry.target(name),
        )
        for name, context in contexts.items()
    ]
    async with asyncio.TaskGroup() as tasks:
        for poller in pollers:
            tasks.create_task(_poll(poller, stop))
    succeeded = {snapshot.target for snapshot in exposition.snapshots if snapshot.up}
    page = await asyncio.to_thread(exposition.page, Format.TEXT, telemetry)
    return succeeded == set(settings.named_targets), page


@dataclass(frozen=True, slots=True)
class _House:
    """What lives as long as the process."""

    settings: Settings
    telemetry: Telemetry
    exposition: Exposition
    guard: Guard
    supervisor: Supervisor

    @classmethod
    async def of(cls, settings: Settings) -> Self:
        """Raises SettingsError for a web configuration that cannot be used."""
        targets = settings.named_targets
        policies = {name: OnStale(target.on_stale) for name, target in targets.items()}
        process = not settings.web.disable_exporter_metrics
        telemetry = await asyncio.to_thread(Telemetry, process=process)
        guard = await Guard.of(
            settings.web.config_file, open_paths=HEALTH_PATHS, told=telemetry.web_configured
        )
        exposition = Exposition(policies, per_service=settings.metrics.per_service)
        return cls(settings, telemetry, exposition, guard, Supervisor.of(os.environ))

    def server(self, reload: Reload) -> Server:
        web = self.settings.web
        return Server(
            self.exposition,
            self.telemetry,
            telemetry_path=web.telemetry_path,
            max_requests=web.max_requests,
            reload=reload if web.enable_lifecycle else None,
        )

    async def publish(self, snapshot: Snapshot) -> None:
        before = self.exposition.snapshot(snapshot.target)
        if snapshot.inventory is not (None if before is None else before.inventory):
            await asyncio.to_thread(give_back)  # what it took to make the pages
        # Nothing is waited for behind it: the poller counts the poll in the same step.
        await self.exposition.publish(snapshot)
        self.supervisor.status(self._status)

    async def reload(self, reloading: Reloading) -> tuple[str, ...]:
        """Take up what has changed; what is wrong, if anything is."""
        self.supervisor.reloading()
        try:
            return (*await reloading.reload(), *await self.guard.refresh())
        finally:
            self.supervisor.ready(self._status)

    def ready(self, urls: Iterable[str]) -> None:
        self.telemetry.configured(successful=True)
        for url in urls:
            log.info("listening", url=url)
        self.supervisor.ready(self._status)

    def stopping(self) -> None:
        log.info("stopping")
        self.supervisor.stopping()

    @property
    def _status(self) -> str:
        up = sum(snapshot.up for snapshot in self.exposition.snapshots)
        return f"{up} of {len(self.exposition.targets)} targets up"


async def _begun(settings: Settings) -> tuple[_House, list[socket.socket]]:
    house = await _House.of(settings)
    binding = asyncio.get_running_loop().run_in_executor(None, _sockets, settings.web)
    with ExitStack() as given_up:
        given_up.callback(binding.add_done_callback, _close)
        sockets = await asyncio.shield(binding)
        given_up.pop_all()
    return house, sockets


def _close(binding: asyncio.Future[list[socket.socket]]) -> None:
    if not binding.cancelled() and binding.exception() is None:
        for each in binding.result():
            each.close()


def _sockets(web: WebSettings) -> list[socket.socket]:
    return passed_sockets(os.environ) if web.systemd_socket else bind(web.addresses)


@asynccontextmanager
async def _beside(*coroutines: Coroutine[None, None, object]) -> AsyncIterator[None]:
    """Run these until the block ends."""
    async with asyncio.TaskGroup() as tasks:
        running = [tasks.create_task(each) for each in coroutines]
        yield
        for task in running:
            task.cancel()


async def _on(asked: asyncio.Event, do: Callable[[], Awaitable[object]]) -> None:
    """Do it whenever it is asked for; however often that was meanwhile, once more is enough."""
    while True:
        await asked.wait()
        asked.clear()
        await do()


def _use_threads(settings: Settings) -> None:
    """Enough that name look-ups which hang don't keep healthy targets from rendering their pages.

    The default pool has few; and a reload may add targets, but cannot make the pool larger.
    """
    threads = THREADS + THREADS_PER_TARGET * len(settings.named_targets)
    asyncio.get_running_loop().set_default_executor(Threads(threads))


async def _poll(connecting: AbstractAsyncContextManager[Poller], stop: asyncio.Event) -> None:
    """One poll; to be told to end gives it up, but not the log-out after it."""
    async with connecting as poller:
        await unless(stop, poller.poll())
