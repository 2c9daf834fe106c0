"""The steps of the check in their order; steps that build on a failed one are skipped."""

import asyncio
import os
from collections.abc import AsyncIterator, Collection, Iterable, Sequence

from exporter.daemon.signals import run_until
from exporter.daemon.target import FURTHER, PolledLists
from exporter.daemon.targets_files import first_readings
from exporter.polling.connection import client_over, transport_to
from exporter.settings import (
    Fault,
    Settings,
    ShardSettings,
    TargetSettings,
    variables_not_read,
)
from exporter.settings.targets_files import all_targets, contributions
from exporter.zstack import Client, Exchange

from . import files
from .finding import Finding, Outcome, doubtful, failed, passed, warned
from .further import further_list
from .network import network
from .platform import platform
from .polled import PolledOnce
from .report import Report
from .services import model_services


async def check(settings: Settings, stop: asyncio.Event, report: Report) -> bool:
    """Whether no step failed; checks one target after the other, until `stop` is set."""
    async with report.progress():
        if not await run_until(stop, _check_all(settings, report)):
            report.add(Finding("the rest", Outcome.SKIP, "not tried, as it was interrupted"))
            return False
    report.end()
    return report.ready


def report_faults(faults: Iterable[Fault], report: Report) -> None:
    """Report settings that do not load, in which case nothing else can be checked."""
    report.begin(None, None)
    for fault in faults:
        found = f"{fault.where}: {fault.what}" if fault.where else fault.what
        report.add(failed("configuration", found, fault.fix))
    report.end()


async def _check_all(settings: Settings, report: Report) -> bool:
    """Returns True: `run_until` returns None where it was cancelled."""
    report.begin(None, None)
    await _check_configuration(settings, report)
    for name, target in (await _own_targets(settings, report)).items():
        report.begin(name, target.url)
        await _check_target(name, target, report, settings)
    return True


async def _check_configuration(settings: Settings, report: Report) -> None:
    """Check the exporter's own files; the settings have loaded already."""
    file = settings.config.file
    if file is None:
        report.add(passed("configuration", "from flags and environment"))
    else:
        report.add(await asyncio.to_thread(files.configuration, file))
    for fault in variables_not_read(os.environ):
        report.add(doubtful("environment", fault))
    web_file = settings.web.config_file
    if web_file is not None:
        for finding in await asyncio.to_thread(files.web_configuration, web_file):
            report.add(finding)
    if settings.state.file is not None:
        report.add(await asyncio.to_thread(files.state, settings.state.file))


async def _own_targets(settings: Settings, report: Report) -> dict[str, TargetSettings]:
    """All targets that this exporter polls; reports on the targets files and the shard."""
    seen, readings = await first_readings(settings)
    found = contributions(settings.named_targets, readings, {})
    targets = all_targets(settings.named_targets, found)
    for finding in await asyncio.to_thread(files.of_targets, seen.unmatched, found, len(targets)):
        report.add(finding)
    own = settings.shard.own(targets)
    if settings.shard.total > 1:
        report.add(_shard(settings.shard, own, len(targets)))
    return own


def _shard(shard: ShardSettings, own: Collection[str], configured: int) -> Finding:
    """Which of the targets belong to this shard; only they are checked."""
    found = f"{shard.ordinal} of {shard.total} polls {len(own)} of {configured}"
    if not own:
        hint = "fewer shards, or more targets, leave none without any"
        return warned("shard", f"{found} targets", hint)
    return passed("shard", f"{found} targets: {', '.join(own)}")


async def _check_target(
    name: str, target: TargetSettings, report: Report, settings: Settings
) -> None:
    failure = await _first_failure(name, target, report, settings)
    if failure is not None:
        report.add(Finding("the rest", Outcome.SKIP, f"not tried, as {failure.step} failed"))


async def _first_failure(
    name: str, target: TargetSettings, report: Report, settings: Settings
) -> Finding | None:
    """Run the steps of one target up to the first group of them that others build on, and fails."""
    for fault in target.doubts():
        report.add(doubtful("timing", fault))
    report.trying("reading files")
    if failure := await _report_all(files.of_target(name, target), report):
        return failure
    tls = await asyncio.to_thread(files.tls_context, name, target)
    report.trying("connecting")
    if failure := await _report_all(network(target, tls), report):
        return failure
    exchanges = list[Exchange]()
    async with transport_to(target, tls, exchanges.append) as transport:
        report.trying("asking whether it is ZStack")
        if failure := await _report_all(platform(target, transport, exchanges), report):
            return failure
        report.trying("polling once")
        async with client_over(transport, target) as client:
            return await _first_failure_of_poll(target, client, exchanges, report, settings)


async def _first_failure_of_poll(
    target: TargetSettings,
    client: Client,
    exchanges: Sequence[Exchange],
    report: Report,
    settings: Settings,
) -> Finding | None:
    """Poll once: every list, and the series that they yield. On further lists nothing builds."""
    polled, families = PolledOnce(), PolledLists.of(settings).services
    services = model_services(target, client, exchanges, families, polled)
    if failure := await _report_all(services, report):
        return failure
    for each in FURTHER:
        report.trying(f"listing {each.reduction.records}")
        report.add(await further_list(target, client, each, settings.metrics, polled))
    report.add(polled.predicted(settings.metrics))
    return None


async def _report_all(findings: AsyncIterator[Finding], report: Report) -> Finding | None:
    """Report them; returns the first failure, if any."""
    failure: Finding | None = None
    async for finding in findings:
        report.add(finding)
        if finding.outcome is Outcome.FAIL and failure is None:
            failure = finding
    return failure
