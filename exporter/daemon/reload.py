"""Reload: read the settings again and apply what a running exporter can change."""

import asyncio
from collections.abc import Callable, Iterator
from operator import attrgetter
from typing import Final, NoReturn

import structlog

from exporter.metrics.telemetry import Telemetry
from exporter.settings import Settings, SettingsError, declared
from exporter.settings.looks import Look

from . import logs
from .targets_files import TargetsFiles

log = structlog.get_logger(__name__)

FIXED_SECTIONS: Final = ("web", "metrics", "state")
"""Sections that take effect at the next start: open ports, the families of the page, the lock."""


class Reloader:
    """Reads and applies the settings on request; one reload at a time.

    `read` loads them; None where they have no source that could be read again.
    """

    def __init__(
        self,
        settings: Settings,
        read: Callable[[], Settings] | None,
        targets: TargetsFiles,
        telemetry: Telemetry,
    ) -> None:
        self._initial = settings
        self._read = read or (lambda: settings)
        self._targets = targets
        self._telemetry = telemetry
        self._lock = asyncio.Lock()
        self._applied = False

    async def apply_initial(self) -> None:
        """Apply the settings of the start, if no reload came first. Raises as `apply` does."""
        async with self._lock:
            if not self._applied:
                await self._targets.begin(self._initial)

    async def follow_files(self) -> NoReturn:
        """Apply every change of the targets files, until cancelled."""

        async def update(seen: Look) -> None:
            async with self._lock:
                await self._targets.update(seen)

        await self._targets.follow(update)

    async def reload(self) -> tuple[str, ...]:
        """Reload; return the faults.

        With a fault of the configuration the old one stays, and so does everything else. A fault of
        a targets file is that file's alone.
        """
        async with self._lock:
            try:
                settings = await asyncio.to_thread(self._read)
                changes = await self._targets.load(settings)
                self._applied = True
            except SettingsError as error:
                return self._refused(error)
            logs.configure(settings.log.level, settings.log.format)
            self._telemetry.config_loaded(successful=True)
            log.info("configuration reloaded", **settings.shard.log_fields, **changes.log_fields)
            self._log_pending(settings)
            return tuple(str(fault) for each in self._targets.files for fault in each.faults)

    def _refused(self, error: SettingsError) -> tuple[str, ...]:
        self._telemetry.config_loaded(successful=False)
        faults = tuple(map(str, error.faults))
        for fault in faults:
            log.error("configuration not reloaded, the one before stays", error=fault)
        return faults

    def _log_pending(self, settings: Settings) -> None:
        pending = ",".join(self._changed_in_fixed_sections(settings))
        if pending:
            log.warning("changed settings take effect at the next start", settings=pending)

    def _changed_in_fixed_sections(self, settings: Settings) -> Iterator[str]:
        for setting in declared(Settings):
            if setting.path[0] in FIXED_SECTIONS:
                value = attrgetter(setting.key)
                if value(settings) != value(self._initial):
                    yield setting.key
