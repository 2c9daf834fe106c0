"""The composition root: here, and only here, objects meet."""

import asyncio
import ssl
from collections.abc import AsyncIterator, Callable, Iterable, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from dataclasses import dataclass
from typing import Final, Self

import structlog

from . import VERSION
from .connection import connected, tls_contexts
from .exposition import Exposition, Format, OnStale, Page
from .poller import Poller, Schedule
from .server import Server, serving
from .settings import Settings, TargetSettings
from .telemetry import Telemetry

log = structlog.get_logger(__name__)

THREADS: Final = 4
THREADS_PER_TARGET: Final = 2
"""One may look up a name while another decodes or renders; they come only when needed."""


async def run(
    settings: Settings,
    stop: asyncio.Event,
    listening: Callable[[tuple[str, ...]], None] = lambda _urls: None,
) -> None:
    """Poll and serve until `stop` is set; a bug in any task ends the process.

    `listening` is told the URLs once they answer. Raises SettingsError for certificates that do
    not load, OSError for an address that cannot be bound.
    """
    log.info("starting", version=VERSION, targets=",".join(settings.named_targets))
    for name, target in settings.named_targets.items():
        if target.insecure_skip_verify:
            log.warning("the platform's certificate is not verified", target=name)
    policies = {name: OnStale(each.on_stale) for name, each in settings.named_targets.items()}
    process = not settings.web.disable_exporter_metrics
    house = await _House.of(settings, policies, process=process)
    server = Server(
        house.exposition,
        house.telemetry,
        telemetry_path=settings.web.telemetry_path,
        max_requests=settings.web.max_requests,
    )
    async with (
        serving(server.application(), settings.web.addresses) as urls,
        asyncio.TaskGroup() as tasks,
    ):
        for url in urls:
            log.info("listening", url=url)
        listening(urls)
        watching = [tasks.create_task(_watch(poller)) for poller in house.pollers()]
        await stop.wait()
        log.info("stopping")
        for task in watching:
            task.cancel()


async def once(settings: Settings, stop: asyncio.Event) -> tuple[bool, Page]:
    """Poll every target once, or until `stop`; whether all succeeded, and the page as text."""
    # Nothing is stale yet; and a process that ends has no metrics of its own to give.
    policies = dict.fromkeys(settings.named_targets, OnStale.DROP)
    house = await _House.of(settings, policies, process=False)
    async with asyncio.TaskGroup() as tasks:
        polls = [tasks.create_task(_poll(poller)) for poller in house.pollers()]
        stopping = tasks.create_task(_cancel_on(stop, polls))
        await asyncio.wait(polls)
        stopping.cancel()
    page = house.exposition.page(Format.TEXT, house.telemetry)
    succeeded = {snapshot.target for snapshot in house.exposition.snapshots if snapshot.up}
    return succeeded == set(settings.named_targets), page


@dataclass(frozen=True, slots=True)
class _House:
    """What all targets share."""

    settings: Settings
    contexts: dict[str, ssl.SSLContext]
    telemetry: Telemetry
    exposition: Exposition

    @classmethod
    async def of(
        cls, settings: Settings, policies: Mapping[str, OnStale], *, process: bool
    ) -> Self:
        # The default pool has few threads, and name look-ups that hang use the same one: they
        # would keep healthy targets from rendering their pages.
        threads = THREADS + THREADS_PER_TARGET * len(settings.named_targets)
        asyncio.get_running_loop().set_default_executor(ThreadPoolExecutor(threads))
        contexts = await asyncio.to_thread(tls_contexts, settings.named_targets)
        telemetry = Telemetry(process=process)
        telemetry.configured()
        exposition = Exposition(policies, per_service=settings.metrics.per_service)
        return cls(settings, contexts, telemetry, exposition)

    def pollers(self) -> list[AbstractAsyncContextManager[Poller]]:
        """One for each target; it connects when it is entered."""
        return [self._poller(*named) for named in self.settings.named_targets.items()]

    @asynccontextmanager
    async def _poller(self, name: str, target: TargetSettings) -> AsyncIterator[Poller]:
        counts = self.telemetry.target(name)
        schedule = Schedule(target.interval, target.timeout, target.effective_stale_after)
        async with connected(name, target, self.contexts[name], counts) as source:
            yield Poller(
                name,
                source.inventory,
                self.exposition.publish,
                schedule=schedule,
                telemetry=counts,
            )


async def _watch(connecting: AbstractAsyncContextManager[Poller]) -> None:
    async with connecting as poller:
        await poller.run()


async def _poll(connecting: AbstractAsyncContextManager[Poller]) -> None:
    async with connecting as poller:
        await poller.poll()


async def _cancel_on(stop: asyncio.Event, tasks: Iterable[asyncio.Task[None]]) -> None:
    await stop.wait()
    for task in tasks:
        task.cancel()
