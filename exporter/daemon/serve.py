"""The composition root: makes the objects of the process, and runs them until it ends."""

import asyncio
import os
import socket
import sys
from collections.abc import AsyncIterator, Awaitable, Callable, Coroutine, Iterable, Mapping
from contextlib import ExitStack, asynccontextmanager
from dataclasses import dataclass, field
from functools import partial
from typing import Final, Self, TypeVar

import structlog

from exporter.build import VERSION
from exporter.metrics.exposition import Exposition, OnStale
from exporter.metrics.lines import Blocks
from exporter.metrics.rendered import Rendered
from exporter.metrics.target_telemetry import TargetTelemetry
from exporter.metrics.telemetry import Telemetry
from exporter.polling.keeper import Keeper
from exporter.polling.targets import Connect, TargetManager, in_one_line
from exporter.settings import Settings, TargetSettings, WebSettings
from exporter.settings.targets_files import all_targets, contributions
from exporter.state.snapshot import Snapshot
from exporter.web.config.guard import Guard
from exporter.web.connections import ConnectionLimiter, most_connections, raise_file_limit
from exporter.web.server import HEALTH_PATHS, Reload, Server
from exporter.web.serving import serving
from exporter.web.sockets import bind

from .memory import trim_heap
from .reload import Reloader
from .signals import Signals, run_until
from .systemd import Supervisor, passed_sockets
from .target import PolledLists, polling
from .targets_files import TargetsFiles, first_readings
from .threads import Threads, use_threads
from .warnings import warn_of_start

log = structlog.get_logger(__name__)

T = TypeVar("T")

SWITCH_SECONDS: Final = 0.0005
"""After which a thread that renders hands the interpreter on, if the event loop waits for it."""


async def run(
    settings: Settings,
    signals: Signals,
    *,
    read: Callable[[], Settings] | None = None,
    listening: Callable[[tuple[str, ...]], None] = lambda _urls: None,
    threads: Callable[[int], Threads] = Threads,
) -> None:
    """Poll and serve until `signals.stop` is set; a bug in any task ends the process.

    `read` reads the settings anew, for a reload. `listening` is called with the URLs once they
    answer. `threads` makes the pool, of so many threads at most, that all blocking work runs in.
    Raises SettingsError for files that cannot be used, OSError for an address that cannot be bound.
    """
    first = await run_until(signals.stop, first_readings(settings))
    if first is None:
        log.info("stopping")
        return
    files = contributions(settings.named_targets, first[1], {})
    own = settings.shard.own(all_targets(settings.named_targets, files))
    names = in_one_line([*own])
    log.info("starting", version=VERSION, targets=names, **settings.shard.log_fields)
    sys.setswitchinterval(SWITCH_SECONDS)
    use_threads(len(own), threads)
    raise_file_limit()
    prepared = await run_until(signals.stop, _prepare(settings, own))
    if prepared is None:  # it was still reading a file or looking up a name
        log.info("stopping")
        return
    process, sockets = prepared
    await warn_of_start(settings, process.guard.files)
    async with process.keeper.writing(), asyncio.TaskGroup() as tasks:
        targets = TargetManager(process.exposition, process.telemetry, tasks, process.polling)
        targets_files = TargetsFiles(targets, process.telemetry, first)
        reloading = Reloader(settings, read, targets_files, process.telemetry)
        reload = partial(process.reload, reloading)
        application = process.server(reload, targets, targets_files).application()
        process.guard.protect(application)
        async with (
            serving(
                application,
                sockets,
                lambda: process.guard.tls,
                limiter=ConnectionLimiter(process.most_connections),
            ) as served,
            _beside(
                _on(signals.reload, reload),
                reloading.follow_files(),
                process.guard.follow(),
                process.supervisor.watchdog(),
                _on(process.replaced, partial(asyncio.to_thread, trim_heap)),
            ),
        ):
            await run_until(signals.stop, reloading.apply_initial())
            if not signals.stop.is_set():
                process.ready(served.urls)
                listening(served.urls)
            await signals.stop.wait()
            process.stopping()
            await targets.end()


@dataclass(frozen=True, slots=True)
class _Process:
    """The objects that live as long as the process."""

    settings: Settings
    telemetry: Telemetry
    exposition: Exposition
    guard: Guard
    keeper: Keeper
    supervisor: Supervisor
    replaced: asyncio.Event = field(default_factory=asyncio.Event)
    """Set when pages were: the memory of those before is free, and of all that it took."""

    @classmethod
    async def create(
        cls, settings: Settings, targets: Mapping[str, TargetSettings], given_up: ExitStack
    ) -> Self:
        """Raises SettingsError for a web configuration or a state file that cannot be used.

        `given_up` gets what has to be closed where the process does not begin to serve.
        """
        policies = {name: OnStale(target.on_stale) for name, target in targets.items()}
        process = not settings.web.disable_exporter_metrics
        telemetry = await asyncio.to_thread(Telemetry, process=process)
        guard = await Guard.from_file(
            settings.web.config_file,
            open_paths=HEALTH_PATHS,
            on_reload=telemetry.web_config_loaded,
            executor=Threads(1),
        )
        opening = partial(Keeper.open, settings.state.file, telemetry.state_written)
        keeper = await _owned(opening, Keeper.close)
        given_up.callback(keeper.close)
        families, most = PolledLists.of(settings).families, settings.metrics.max_series
        exposition = Exposition(policies, families, max_series=most)
        supervisor = Supervisor.from_environment(os.environ)
        return cls(settings, telemetry, exposition, guard, keeper, supervisor)

    def server(self, reload: Reload, targets: TargetManager, targets_files: TargetsFiles) -> Server:
        web = self.settings.web
        return Server(
            self.exposition,
            self.telemetry,
            telemetry_path=web.telemetry_path,
            max_requests=web.max_requests,
            reload=reload if web.enable_lifecycle else None,
            shard_elsewhere=targets.shard_elsewhere,
            targets_files=lambda: targets_files.files,
        )

    @property
    def polling(self) -> Connect:
        lists = PolledLists.of(self.settings)
        keeper = self.keeper if lists.services.records else None
        return partial(polling, lists=lists, keeper=keeper, publisher=self)

    def most_connections(self) -> int:
        return most_connections(len(self.exposition.targets))

    async def render(self, snapshot: Snapshot, lines: Blocks) -> Rendered:
        return await self.exposition.render(snapshot, lines)

    def publish(self, rendered: Rendered, telemetry: TargetTelemetry) -> None:
        before, now = self.exposition.snapshot(rendered.snapshot.target), rendered.snapshot
        self.exposition.publish(rendered, telemetry)
        if before is None or now.brings_more_than(before):
            self.replaced.set()
        if before is None or before.up != now.up:
            self.supervisor.status(self._status)

    async def reload(self, reloading: Reloader) -> tuple[str, ...]:
        """Reload settings and web configuration; returns the faults, which change nothing."""
        self.supervisor.reloading()
        try:
            return (*await reloading.reload(), *await self.guard.reload())
        finally:
            self.supervisor.ready(self._status)

    def ready(self, urls: Iterable[str]) -> None:
        self.telemetry.config_loaded(successful=True)
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


async def _prepare(
    settings: Settings, targets: Mapping[str, TargetSettings]
) -> tuple[_Process, list[socket.socket]]:
    with ExitStack() as given_up:
        process = await _Process.create(settings, targets, given_up)
        sockets = await _owned(partial(_sockets, settings.web), _close)
        given_up.pop_all()
    return process, sockets


async def _owned(make: Callable[[], T], close: Callable[[T], object]) -> T:
    """What a thread makes; where this is cancelled, it is closed once it has been made."""
    making = asyncio.get_running_loop().run_in_executor(None, make)
    try:
        return await asyncio.shield(making)
    except asyncio.CancelledError:
        making.add_done_callback(partial(_close_made, close))
        raise


def _close_made(close: Callable[[T], object], making: asyncio.Future[T]) -> None:
    if not making.cancelled() and making.exception() is None:
        close(making.result())


def _close(sockets: Iterable[socket.socket]) -> None:
    for each in sockets:
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
    """Do it each time the event is set; requests that come meanwhile make one more run."""
    while True:
        await asked.wait()
        asked.clear()
        await do()
