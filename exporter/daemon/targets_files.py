"""The targets of the configuration and of its targets files, applied together and followed."""

import asyncio
from collections.abc import Awaitable, Callable, Collection, Iterable, Iterator, Mapping
from pathlib import Path
from typing import Final, NoReturn, TypeVar

import structlog

from exporter.metrics.telemetry import Telemetry
from exporter.polling.certificates import CertificatesError
from exporter.polling.targets import Changes, TargetManager
from exporter.settings import Fault, Settings, SettingsError, TargetSettings
from exporter.settings.looks import Look, look, shown
from exporter.settings.targets_files import (
    Readings,
    TargetsFile,
    all_targets,
    contributions,
    read,
    settled,
)
from exporter.settings.watching import Pace, follow

from .warnings import warn_of_targets

log = structlog.get_logger(__name__)

LOOK_SECONDS: Final = 5.0
"""Between two looks: each wakes up a thread, and asks the file system about every file."""

SETTLE_SECONDS: Final = 1.0
"""Until the look after one that found a change, which is loaded once two agree."""

T = TypeVar("T")


async def first_readings(settings: Settings) -> tuple[Look, Readings]:
    """Look for the files that the settings name, and read them."""
    if not settings.targets_files:
        return Look(), {}
    seen = await asyncio.to_thread(look, settings.targets_files)
    return seen, await asyncio.to_thread(read, seen, {})


async def usable(
    own: Mapping[str, TargetSettings],
    readings: Readings,
    before: Mapping[str, TargetsFile],
    use: Callable[[Mapping[str, TargetSettings], Collection[str]], Awaitable[T]],
) -> tuple[tuple[TargetsFile, ...], T]:
    """Use all targets at once, without those of files whose certificates do not load.

    `use` gets the targets, and the names whose certificates it has found not to load; it raises
    CertificatesError for further ones. Raises SettingsError for those of the settings' own targets.
    """
    unusable: dict[str, Fault] = {}
    given_up: set[str] = set()
    while True:
        files = contributions(own, readings, before, unusable=unusable, given_up=given_up)
        try:
            return files, await use(all_targets(own, files), unusable.keys())
        except CertificatesError as error:
            if of_own := [fault for name, fault in error.by_target.items() if name in own]:
                raise SettingsError(of_own) from None
            given_up |= error.by_target.keys() & unusable.keys()
            unusable |= error.by_target


def report(files: tuple[TargetsFile, ...], before: Mapping[str, TargetsFile]) -> None:
    """Log the faults that a file has now and did not have before, and the end of its faults."""
    for each in files:
        known = before.get(each.file)
        earlier = () if known is None else known.faults
        if each.faults and each.faults != earlier:
            first, further = each.faults[0], len(each.faults) - 1
            log.error(
                "targets file not loaded, its last good targets stay",
                file=each.name,
                error=f"{first.where}: {first.what}",
                hint=first.fix,
                targets=len(each.targets),
                **({"further_faults": further} if further else {}),
            )
        elif earlier and not each.faults:
            log.info("targets file loaded again", file=each.name, targets=len(each.targets))


def warn_of_unmatched(globs: Iterable[str]) -> None:
    """Warn of globs without a file."""
    for each in globs:
        hint = "correct targets_files, or write such a file: the exporter waits for one"
        log.warning("no targets file matches", glob=shown(each), hint=hint)


class TargetsFiles:
    """Has the targets of the settings and of their files polled, and follows the files.

    Only one of `begin`, `load` and `update` may run at a time. `first` is what was read before.
    """

    def __init__(
        self, targets: TargetManager, telemetry: Telemetry, first: tuple[Look, Readings]
    ) -> None:
        self._targets = targets
        self._telemetry = telemetry
        self._settings: Settings | None = None
        self._first = first
        self._readings: Readings = {}
        self._files: Mapping[str, TargetsFile] = {}
        self._unmatched: Collection[str] = ()
        self._seen: Look | None = None
        self._named = asyncio.Event()

    @property
    def files(self) -> tuple[TargetsFile, ...]:
        """What each file contributes now, in the order in which they count."""
        return tuple(self._files.values())

    async def begin(self, settings: Settings) -> Changes:
        """Apply the settings and what was read first. Raises SettingsError as `load` does."""
        seen, readings = self._first
        changes = await self._apply(settings, seen, readings, again=None)
        if settings.targets_files:
            failing = sum(bool(each.faults) for each in self.files)
            log.info("targets files loaded", files=len(self._files), failing=failing)
        return changes

    async def load(self, settings: Settings) -> Changes:
        """Read every file again and apply everything.

        Raises SettingsError for certificates of the settings' own targets: nothing has changed.
        """
        seen = await asyncio.to_thread(look, settings.targets_files, self._readings.keys())
        readings = await asyncio.to_thread(read, seen, self._readings)
        return await self._apply(settings, seen, readings, again=None)

    async def follow(self, load: Callable[[Look], Awaitable[object]]) -> NoReturn:
        """Pass every look that shows a change to `load`, which has it updated, until cancelled."""
        pace = Pace(LOOK_SECONDS, SETTLE_SECONDS)
        await follow(self._look, lambda: self._seen, load, pace)

    async def update(self, seen: Look) -> None:
        """Read the files that have changed, and apply what differs; touches nothing else."""
        settings = self._settings
        if settings is None or settings.targets_files != seen.globs:
            return  # before the start, or of the settings before a reload
        readings = await asyncio.to_thread(read, seen, self._readings, self._seen)
        beside = self._seen.beside if self._seen else ()
        self._seen = settled(seen, readings)
        if readings == self._readings and seen.beside == beside:
            return  # written anew with the same content, or still not to be read
        changes = await self._apply(settings, seen, readings, again=())
        self._seen = settled(seen, readings)
        if changes != Changes():
            log.info("targets files reloaded", **changes.log_fields)

    async def _look(self) -> Look:
        """Look at the files; where the settings name none, once they do."""
        await self._named.wait()
        globs = self._settings.targets_files if self._settings else ()
        known, beside = tuple(self._readings), tuple(self._awaited_certificates())
        return await asyncio.to_thread(look, globs, known, beside)

    def _awaited_certificates(self) -> Iterator[Path]:
        """Files which, when they change, may make a targets file usable that is not."""
        for each in self._files.values():
            if each.faults:
                for target in self._readings[each.file].targets.values():
                    files = (target.ca_file, target.client_cert_file, target.client_key_file)
                    yield from filter(None, files)

    async def _apply(
        self, settings: Settings, seen: Look, readings: Readings, *, again: Collection[str] | None
    ) -> Changes:
        before, earlier = self._files, self._readings

        async def use(targets: Mapping[str, TargetSettings], unusable: Collection[str]) -> Changes:
            chosen = set(targets if again is None else again) - set(unusable)
            return await self._targets.apply(targets, settings.shard, again=chosen)

        files, changes = await usable(settings.named_targets, readings, before, use)
        self._settings, self._readings = settings, readings
        self._files = {each.file: each for each in files}
        self._seen = None  # a file may be written again in the instant in which it was read
        if settings.targets_files:
            self._named.set()
        else:
            self._named.clear()
        self._count(before, earlier, everything=again is None)
        report(files, before)
        warn_of_unmatched(set(seen.unmatched) - set(self._unmatched))
        self._unmatched = seen.unmatched
        begun = changes.added | changes.changed
        targets = all_targets(settings.named_targets, files)
        await warn_of_targets({name: targets[name] for name in begun if name in targets}, files)
        return changes

    def _count(
        self, before: Mapping[str, TargetsFile], earlier: Readings, *, everything: bool
    ) -> None:
        for each in self.files:
            known = before.get(each.file)
            is_new = known is None or earlier.get(each.file) is not self._readings[each.file]
            if everything or is_new or (known is not None and known.faults != each.faults):
                self._telemetry.targets_file_loaded(each.name, successful=not each.faults)
        for file in before.keys() - self._files.keys():
            self._telemetry.remove_targets_file(shown(file))
