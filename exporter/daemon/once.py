"""One poll of every target, for the command `once`."""

import asyncio
import ssl
from collections.abc import Iterable, Mapping
from contextlib import AbstractAsyncContextManager, nullcontext
from functools import partial

import structlog

from exporter.metrics.exposition import Exposition, OnStale
from exporter.metrics.page import Format, Page
from exporter.metrics.target_telemetry import TargetTelemetry
from exporter.metrics.telemetry import Telemetry
from exporter.polling.certificates import tls_contexts
from exporter.polling.keeper import Keeper
from exporter.polling.poller import Poller
from exporter.polling.secret_files import check_secrets
from exporter.polling.state_file import StateInUseError, check_state
from exporter.settings import Settings, SettingsError, ShardSettings, TargetSettings
from exporter.settings.targets_files import TargetsFile, all_targets, contributions

from .signals import run_until
from .target import PolledLists, polling
from .targets_files import first_readings, report, usable, warn_of_unmatched
from .threads import use_threads
from .warnings import warn_of_start, warn_of_targets

log = structlog.get_logger(__name__)


async def once(settings: Settings, stop: asyncio.Event) -> tuple[bool, Page]:
    """Poll every target of this shard once, or until `stop`.

    Returns whether all succeeded, and the page as text. A targets file that has faults counts as a
    failure, and so it does if no target is configured. Raises SettingsError for a state file that
    cannot be used.
    """
    found = await run_until(stop, _usable_targets(settings))
    files, contexts = ((), {}) if found is None else found
    configured = all_targets(settings.named_targets, files)
    own = settings.shard.own(configured)
    use_threads(len(own))
    telemetry = await _telemetry(settings.shard, files, len(own), len(configured))
    lists = PolledLists.of(settings)
    # What was polled just now is on the page, however short the interval.
    shown, most = dict.fromkeys(own, OnStale.KEEP), settings.metrics.max_series
    exposition = Exposition(shown, lists.families, max_series=most)
    keeper = await _keeper(settings)
    pollers = [
        polling(
            name,
            own[name],
            context,
            lists=lists,
            keeper=keeper,
            telemetry=TargetTelemetry(),
            publisher=exposition,
        )
        for name, context in contexts.items()
    ]
    writing = nullcontext() if keeper is None else keeper.writing()
    async with writing, asyncio.TaskGroup() as tasks:
        for poller in pollers:
            tasks.create_task(_poll(poller, stop))
    succeeded = {snapshot.target for snapshot in exposition.snapshots if snapshot.up}
    page = await exposition.page(Format.TEXT, telemetry)
    is_whole = bool(configured) and not any(each.faults for each in files)
    return is_whole and succeeded == set(own), page


async def _usable_targets(
    settings: Settings,
) -> tuple[tuple[TargetsFile, ...], dict[str, ssl.SSLContext]]:
    """What each file contributes, and how the certificate of each own target is verified."""

    async def load(
        targets: Mapping[str, TargetSettings], _unusable: object
    ) -> dict[str, ssl.SSLContext]:
        return await asyncio.to_thread(tls_contexts, settings.shard.own(targets))

    await warn_of_start(settings)
    _, readings = await first_readings(settings)
    files, contexts = await usable(settings.named_targets, readings, {}, load)
    report(files, {})
    await warn_of_targets(settings.shard.own(all_targets(settings.named_targets, files)), files)
    return files, contexts


async def _telemetry(
    shard: ShardSettings, files: Iterable[TargetsFile], own: int, configured: int
) -> Telemetry:
    # A process that ends has no metrics of its own to give.
    telemetry = await asyncio.to_thread(Telemetry, process=False)
    telemetry.config_loaded(successful=True)
    for each in files:
        telemetry.targets_file_loaded(each.name, successful=not each.faults)
    other = configured - own
    telemetry.shared(ordinal=shard.ordinal, shards=shard.total, own=own, other=other)
    return telemetry


async def _keeper(settings: Settings) -> Keeper | None:
    """None without a state file: a process that polls once cannot know since when."""
    file = settings.state.file
    if file is None or not settings.metrics.per_service:
        return None
    try:
        return await asyncio.to_thread(Keeper.open, file)
    except StateInUseError:
        about = "since when new versions are pending is left out: another exporter uses the file"
        log.warning(about, file=str(file))
        return None


async def check_files(settings: Settings) -> None:
    """Read every file that the settings name. Raises SettingsError with all that is wrong."""
    from exporter.web.config import reading  # noqa: PLC0415 - a poll needs none

    seen, readings = await first_readings(settings)
    warn_of_unmatched(seen.unmatched)
    files = contributions(settings.named_targets, readings, {})
    faults = [fault for each in files for fault in each.faults]
    targets = settings.shard.own(all_targets(settings.named_targets, files))
    web, state = settings.web.config_file, settings.state.file
    web_files = [] if web is None else [web]
    read_web = () if web is None else (lambda: web_files.extend(reading.read(web).files),)
    read_state = () if state is None else (partial(check_state, state),)
    read_targets = (partial(tls_contexts, targets), partial(check_secrets, targets))
    checks = (*read_targets, *read_web, *read_state)
    for check in checks:
        try:
            await asyncio.to_thread(check)
        except SettingsError as error:
            faults += error.faults
    await warn_of_start(settings, web_files)
    await warn_of_targets(targets, files)
    if faults:
        raise SettingsError(faults)


async def _poll(connecting: AbstractAsyncContextManager[Poller], stop: asyncio.Event) -> None:
    """One poll; `stop` cancels it, but not the log-out after it."""
    async with connecting as poller:
        await run_until(stop, poller.poll())
