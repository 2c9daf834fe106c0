"""Reload: the settings read anew, and taken up as far as a running exporter can."""

import asyncio
from collections.abc import Callable, Iterator
from operator import attrgetter
from typing import Final

import structlog

from . import logs
from .settings import Settings, SettingsError, declared
from .telemetry import Telemetry
from .watching import Watching

log = structlog.get_logger(__name__)

NEEDS_A_RESTART: Final = ("web", "metrics")
"""Sections that are read once: an open port and the families of a page stay what they are."""


class Reloading:
    """Reads the settings anew when asked to; one reload at a time.

    `read` is how, None where they are not to be had again.
    """

    def __init__(
        self,
        settings: Settings,
        read: Callable[[], Settings] | None,
        watching: Watching,
        telemetry: Telemetry,
    ) -> None:
        self._started_with = settings
        self._read = read or (lambda: settings)
        self._watching = watching
        self._telemetry = telemetry
        self._lock = asyncio.Lock()
        self._begun = False

    async def begin(self) -> None:
        """Take up what it was started with, unless a reload has come before. As `follow`."""
        async with self._lock:
            if not self._begun:
                await self._watching.follow(self._started_with.named_targets)

    async def reload(self) -> tuple[str, ...]:
        """Take the settings up; what is wrong with them if they can't be, and nothing changed."""
        async with self._lock:
            try:
                settings = await asyncio.to_thread(self._read)
                changes = await self._watching.follow(settings.named_targets)
                self._begun = True
            except SettingsError as error:
                return self._refused(error)
            logs.configure(settings.log.level, settings.log.format)
            self._telemetry.configured(successful=True)
            log.info("configuration reloaded", **changes.log_fields)
            self._tell_of_restart(settings)
            return ()

    def _refused(self, error: SettingsError) -> tuple[str, ...]:
        self._telemetry.configured(successful=False)
        faults = tuple(map(str, error.faults))
        for fault in faults:
            log.error("configuration not reloaded, the one before stays", error=fault)
        return faults

    def _tell_of_restart(self, settings: Settings) -> None:
        waiting = ",".join(self._changed_for_restart(settings))
        if waiting:
            log.warning("changed settings take effect at the next start", settings=waiting)

    def _changed_for_restart(self, settings: Settings) -> Iterator[str]:
        for setting in declared(Settings):
            if setting.path[0] in NEEDS_A_RESTART:
                value = attrgetter(setting.key)
                if value(settings) != value(self._started_with):
                    yield setting.key
