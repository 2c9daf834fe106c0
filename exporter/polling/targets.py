"""The targets that are polled, each in a task of its own, as the settings have them."""

import asyncio
import ssl
from collections.abc import Collection, Iterable, Mapping, Sequence, Sized
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass
from typing import Final, Protocol

import structlog

from exporter.metrics.exposition import Exposition, OnStale
from exporter.metrics.target_telemetry import TargetTelemetry
from exporter.metrics.telemetry import Telemetry
from exporter.settings import ShardSettings, TargetSettings
from exporter.state.snapshot import Snapshot
from exporter.zstack import clock
from exporter.zstack.errors import UnauthorizedError

from .certificates import TlsSetup, tls_setups
from .poller import Poller
from .schedule import Ramp

log = structlog.get_logger(__name__)

RETRY_SECONDS: Final = 600.0
"""Between two reloads that try the same refused account again: six failures may lock it."""

NAMES_LOGGED: Final = 20
"""Of the targets of one log line: Docker splits a line at 16 KiB, systemd at 48."""

_NOT_THE_QUESTION: Final = {
    "name",
    *("interval", "timeout", "stale_after", "on_stale"),
    *("page_size", "max_response_bytes", "proxy"),
    *("ca_file", "client_cert_file", "client_key_file", "insecure_skip_verify"),
    *("password", "password_file", "access_key_secret", "access_key_secret_file"),
}
"""Settings whose change leaves the answer of the platform the same; any other changes it."""


class Connect(Protocol):
    """Makes the poller of a target, connected for as long as the block lasts."""

    def __call__(
        self,
        name: str,
        target: TargetSettings,
        tls: ssl.SSLContext,
        before: Snapshot | None,
        *,
        telemetry: TargetTelemetry,
    ) -> AbstractAsyncContextManager[Poller]: ...


@dataclass(frozen=True, slots=True)
class _Setup:
    """All that a poller is made from: while it compares equal, the poller goes on."""

    target: TargetSettings
    certificates: bytes
    """The digest of its files' content: the same path may hold other certificates."""


@dataclass(frozen=True, slots=True)
class _Running:
    """`retried_at` is when a reload last had refused credentials tried again (`clock.now`)."""

    setup: _Setup
    tls: TlsSetup
    task: asyncio.Task[None]
    retried_at: float | None = None


@dataclass(frozen=True, slots=True)
class Changes:
    """The targets that were added, that are polled with other settings, and that were removed."""

    added: frozenset[str] = frozenset()
    changed: frozenset[str] = frozenset()
    removed: frozenset[str] = frozenset()

    @property
    def log_fields(self) -> dict[str, str]:
        """The targets by kind of change, `in_one_line`."""
        kinds = {"added": self.added, "changed": self.changed, "removed": self.removed}
        return {kind: in_one_line(sorted(names)) for kind, names in kinds.items() if names}


def in_one_line(names: Sequence[str]) -> str:
    """The names for a log line, of many only the first and how many more there are."""
    more = len(names) - NAMES_LOGGED
    return ",".join(names[:NAMES_LOGGED]) + (f" and {more} more" if more > 0 else "")


class TargetManager:
    """Polls those of the targets that `apply` was last given which belong to this shard.

    Each is polled in a task of the group.
    """

    def __init__(
        self,
        exposition: Exposition,
        telemetry: Telemetry,
        tasks: asyncio.TaskGroup,
        connect: Connect,
    ) -> None:
        self._exposition = exposition
        self._telemetry = telemetry
        self._tasks = tasks
        self._connect = connect
        self._counts: dict[str, TargetTelemetry] = {}
        self._ramp = Ramp()
        self._running: dict[str, _Running] = {}
        self._elsewhere: dict[str, int] = {}
        self._has_ended = False

    def shard_elsewhere(self, target: str) -> int | None:
        """The ordinal of the other shard that polls this target; None if none should."""
        return self._elsewhere.get(target)

    async def apply(
        self,
        configured: Mapping[str, TargetSettings],
        shard: ShardSettings,
        *,
        again: Collection[str] | None = None,
    ) -> Changes:
        """Start pollers of new targets, restart those of changed ones, end those of removed ones.

        Targets of other shards count as removed. Of targets whose settings are the same, those in
        `again` (None: all) have their certificates read again, and refused credentials tried again;
        the others are not touched. Raises CertificatesError for certificates that do not load;
        nothing has changed then.
        """
        if self._has_ended:
            return Changes()
        targets = shard.own(configured)
        again = targets.keys() if again is None else again
        kept = self._kept_tls(targets, again)
        read = {name: target for name, target in targets.items() if name not in kept}
        tls = kept | await asyncio.to_thread(tls_setups, read, tuple(kept.values()))
        setups = {name: _Setup(target, tls[name].digest) for name, target in targets.items()}
        before = dict(self._running)
        retried = frozenset(
            name for name in before.keys() & again if self._is_retried(name, setups.get(name))
        )
        changed = [name for name, running in before.items() if running.setup != setups.get(name)]
        ending = self._cancel((*changed, *retried))
        self._publish_targets(targets)
        self._publish_sharing(configured, targets, shard)
        for name in changed:
            if name in targets:
                self._drop_old_answers(name, before[name].setup.target, targets[name])
        await _ended(ending)
        started = targets.keys() - self._running.keys()
        if self._has_ended:  # meanwhile
            return Changes()
        for name in started:
            retried_at = clock.now() if name in retried else None
            self._start(name, setups[name], tls[name], retried_at)
        return Changes(
            added=frozenset(started - before.keys()),
            changed=frozenset(started & before.keys()),
            removed=frozenset(before.keys() - targets.keys()),
        )

    async def end(self) -> None:
        """End every poller, wait until it has ended, and start no other."""
        self._has_ended = True
        await _ended(self._cancel(tuple(self._running)))

    def _kept_tls(
        self, targets: Mapping[str, TargetSettings], again: Collection[str]
    ) -> dict[str, TlsSetup]:
        """Those of unchanged targets that are not in `again`."""
        return {
            name: running.tls
            for name, running in self._running.items()
            if name not in again and running.setup.target == targets.get(name)
        }

    def _is_retried(self, name: str, setup: _Setup | None) -> bool:
        """Whether this reload tries credentials again that the platform has refused."""
        running = self._running[name]
        snapshot = self._exposition.snapshot(name)
        error = None if snapshot is None else snapshot.error
        if running.setup != setup or not isinstance(error, UnauthorizedError):
            return False
        wait = _seconds_until_retry(running)
        if wait > 0:
            hint = f"change the credentials, or reload again in {wait:.0f} s"
            log.warning("refused credentials are not tried again yet", target=name, hint=hint)
        return wait <= 0

    def _drop_old_answers(self, name: str, old: TargetSettings, new: TargetSettings) -> None:
        """Drop at once the snapshot of another platform, or the answer to another question."""
        if old.url != new.url:
            self._exposition.drop(name)
        elif _question(old) != _question(new):
            self._exposition.drop_inventory(name)

    def _cancel(self, names: Iterable[str]) -> list[asyncio.Task[None]]:
        ending = [self._running.pop(name).task for name in dict.fromkeys(names)]
        for task in ending:
            task.cancel()
        return ending

    def _publish_targets(self, targets: Mapping[str, TargetSettings]) -> None:
        for name in set(self._exposition.targets) - targets.keys():
            self._counts.pop(name, None)
        self._exposition.set_targets(
            {name: OnStale(each.on_stale) for name, each in targets.items()}
        )

    def _publish_sharing(self, configured: Iterable[str], own: Sized, shard: ShardSettings) -> None:
        ordinals = {name: shard.ordinal_of(name) for name in configured}
        self._elsewhere = {name: at for name, at in ordinals.items() if at != shard.ordinal}
        others = len(self._elsewhere)
        self._telemetry.shared(
            ordinal=shard.ordinal, shards=shard.total, own=len(own), other=others
        )

    def _start(self, name: str, setup: _Setup, tls: TlsSetup, retried_at: float | None) -> None:
        telemetry = self._counts.setdefault(name, TargetTelemetry())
        before = self._exposition.snapshot(name)
        poller = self._connect(name, setup.target, tls.context, before, telemetry=telemetry)
        task = self._tasks.create_task(_run(poller, self._ramp), name=name)
        self._running[name] = _Running(setup, tls, task, retried_at)


async def _run(connecting: AbstractAsyncContextManager[Poller], ramp: Ramp) -> None:
    async with connecting as poller:
        await poller.run(ramp)


async def _ended(tasks: Sequence[asyncio.Task[None]]) -> None:
    """Wait for the last of them: a session is closed before another one is opened."""
    if tasks:
        await asyncio.wait(tasks)


def _question(target: TargetSettings) -> dict[str, object]:
    """What is asked of the platform, by whom, and how the answer is read."""
    return target.model_dump(exclude=_NOT_THE_QUESTION)


def _seconds_until_retry(running: _Running) -> float:
    """0 where credentials may be tried again at once: only logins count towards a lock."""
    if running.retried_at is None or running.setup.target.credentials.kind != "account":
        return 0.0
    return max(0.0, running.retried_at + RETRY_SECONDS - clock.now())
