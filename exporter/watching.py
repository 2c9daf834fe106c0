"""The targets that are polled: a task each, kept to what the settings say now."""

import asyncio
import hashlib
import ssl
from collections.abc import AsyncIterator, Awaitable, Callable, Iterable, Mapping
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

import structlog

from .connection import connected, tls_contexts
from .exposition import Exposition, OnStale
from .inventory import Lines
from .poller import Poller, Schedule
from .services import Services
from .settings import TargetSettings
from .snapshot import Snapshot
from .telemetry import TargetTelemetry, Telemetry
from .zstack.errors import LockedError, UnauthorizedError

log = structlog.get_logger(__name__)

Publish = Callable[[Snapshot], Awaitable[None]]


@asynccontextmanager
async def polling(
    name: str,
    target: TargetSettings,
    publish: Publish,
    *,
    write: Callable[[Services], Lines],
    tls: ssl.SSLContext,
    telemetry: TargetTelemetry,
    before: Snapshot | None = None,
) -> AsyncIterator[Poller]:
    """A poller that is connected; at the end it leaves no session behind."""
    if target.insecure_skip_verify:
        log.warning("the platform's certificate is not verified", target=name)
    schedule = Schedule(target.interval, target.timeout, target.effective_stale_after)
    async with connected(name, target, tls, telemetry, write) as source:
        yield Poller(
            name,
            source.inventory,
            publish,
            schedule=schedule,
            telemetry=telemetry,
            before=before,
        )


@dataclass(frozen=True, slots=True)
class _Setup:
    """All that a poller is made from: one that compares equal need not be begun anew."""

    target: TargetSettings
    certificates: bytes
    """A digest of what its files hold: the same path may hold other certificates."""


@dataclass(frozen=True, slots=True)
class _Watch:
    setup: _Setup
    task: asyncio.Task[None]


@dataclass(frozen=True, slots=True)
class Changes:
    """Which targets are polled now and were not, are polled otherwise, or no longer."""

    added: frozenset[str] = frozenset()
    changed: frozenset[str] = frozenset()
    removed: frozenset[str] = frozenset()

    @property
    def log_fields(self) -> dict[str, str]:
        """What there is to tell, by what it is."""
        kinds = {"added": self.added, "changed": self.changed, "removed": self.removed}
        return {kind: ",".join(sorted(names)) for kind, names in kinds.items() if names}


class Watching:
    """Polls what `follow` was last given, in tasks of the group; a bug in any of them ends it."""

    def __init__(
        self,
        exposition: Exposition,
        telemetry: Telemetry,
        tasks: asyncio.TaskGroup,
        publish: Publish,
    ) -> None:
        self._exposition = exposition
        self._telemetry = telemetry
        self._tasks = tasks
        self._publish = publish
        self._watches: dict[str, _Watch] = {}
        self._ended = False

    async def follow(self, targets: Mapping[str, TargetSettings]) -> Changes:
        """Begin what is new, end what is gone, begin anew what changed; leave the others alone.

        Raises SettingsError for certificates that do not load; nothing has changed then.
        """
        contexts = await asyncio.to_thread(tls_contexts, targets)
        setups = await asyncio.to_thread(_setups, targets)
        known = {name: self._known(name, target.url) for name, target in targets.items()}
        before = frozenset(self._watches)
        await self._end(name for name in before if not self._stays(name, setups.get(name)))
        begun = targets.keys() - self._watches.keys()
        if self._ended:  # meanwhile
            return Changes()
        self._show(targets)
        for name in begun:
            self._begin(name, setups[name], contexts[name], known[name])
        return Changes(
            added=frozenset(begun - before),
            changed=frozenset(begun & before),
            removed=before - targets.keys(),
        )

    async def end(self) -> None:
        """End every poller and wait until it has; none begins any more."""
        self._ended = True
        await self._end(tuple(self._watches))

    def _stays(self, name: str, setup: _Setup | None) -> bool:
        return self._watches[name].setup == setup and not self._refused(name)

    def _refused(self, name: str) -> bool:
        """Whether it waits for other credentials; to load the settings anew says: try again."""
        snapshot = self._exposition.snapshot(name)
        error = None if snapshot is None else snapshot.error
        return isinstance(error, UnauthorizedError) and not isinstance(error, LockedError)

    def _known(self, name: str, url: str) -> Snapshot | None:
        """What is known of a target already, if it is still the same platform."""
        watch = self._watches.get(name)
        return self._exposition.snapshot(name) if watch and watch.setup.target.url == url else None

    async def _end(self, names: Iterable[str]) -> None:
        """Wait for the last of them: a session is closed before another one is opened."""
        ending = [self._watches.pop(name).task for name in tuple(names)]
        for task in ending:
            task.cancel()
        if ending:
            await asyncio.wait(ending)

    def _show(self, targets: Mapping[str, TargetSettings]) -> None:
        for name in set(self._exposition.targets) - targets.keys():
            self._telemetry.forget(name)
        self._exposition.follow({name: OnStale(each.on_stale) for name, each in targets.items()})

    def _begin(
        self, name: str, setup: _Setup, tls: ssl.SSLContext, before: Snapshot | None
    ) -> None:
        telemetry = self._telemetry.target(name)
        poller = polling(
            name,
            setup.target,
            self._publish,
            write=self._exposition.writer(name),
            tls=tls,
            telemetry=telemetry,
            before=before,
        )
        self._watches[name] = _Watch(setup, self._tasks.create_task(_run(poller), name=name))


async def _run(connecting: AbstractAsyncContextManager[Poller]) -> None:
    async with connecting as poller:
        await poller.run()


def _setups(targets: Mapping[str, TargetSettings]) -> dict[str, _Setup]:
    return {name: _Setup(target, _digest(target)) for name, target in targets.items()}


def _digest(target: TargetSettings) -> bytes:
    files = (target.ca_file, target.client_cert_file, target.client_key_file)
    return b"".join(_content(file) for file in files)


def _content(file: Path | None) -> bytes:
    return hashlib.sha256(file.read_bytes() if file and file.is_file() else b"").digest()
