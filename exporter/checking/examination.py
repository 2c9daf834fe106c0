"""The steps of the check in their order; where one fails, those that build on it are not tried."""

import asyncio
from collections.abc import AsyncIterator
from typing import Protocol

from exporter.connection import transport_to
from exporter.settings import Settings, TargetSettings
from exporter.zstack import Exchange

from . import files
from .finding import Finding, Outcome, passed
from .network import network
from .platform import listing, platform


class Report(Protocol):
    """Is told what happens, as it happens."""

    def trying(self, what: str) -> None:
        """This is under way now; it may take a while."""

    def tell(self, finding: Finding) -> None:
        """A step has ended so."""


async def configuration(settings: Settings, report: Report) -> None:
    """What concerns the exporter itself; that the settings load is known already."""
    file = settings.config.file
    if file is None:
        report.tell(passed("configuration", "from flags and environment"))
    else:
        report.tell(await asyncio.to_thread(files.configuration, file))
    web_file = settings.web.config_file
    if web_file is not None:
        for finding in await asyncio.to_thread(files.web_configuration, web_file):
            report.tell(finding)


async def examine(name: str, target: TargetSettings, report: Report, *, per_service: bool) -> None:
    """Go towards one platform step by step."""
    broken = await _examine(name, target, report, per_service=per_service)
    if broken is not None:
        report.tell(Finding("the rest", Outcome.SKIP, f"not tried, as {broken.step} failed"))


async def _examine(
    name: str, target: TargetSettings, report: Report, *, per_service: bool
) -> Finding | None:
    """The finding at which it ended, None where it came to its end."""
    report.trying("reading files")
    if broken := await _told(files.read(name, target), report):
        return broken
    tls = await asyncio.to_thread(files.context, name, target)
    report.trying("connecting")
    if broken := await _told(network(target, tls), report):
        return broken
    exchanges = list[Exchange]()
    async with transport_to(target, tls, exchanges.append) as transport:
        report.trying("asking whether it is ZStack")
        if broken := await _told(platform(target, transport, exchanges), report):
            return broken
        report.trying("polling once")
        polled = listing(target, transport, exchanges, per_service=per_service)
        return await _told(polled, report)


async def _told(findings: AsyncIterator[Finding], report: Report) -> Finding | None:
    """Tell them; the first one that failed, if any did."""
    broken: Finding | None = None
    async for finding in findings:
        report.tell(finding)
        if finding.outcome is Outcome.FAIL and broken is None:
            broken = finding
    return broken
