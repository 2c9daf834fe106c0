"""The check: try each step towards the platforms once, and say how to mend what fails."""

import asyncio
from collections.abc import Iterable
from typing import TextIO

from exporter.settings import Fault, Settings

from .examination import configuration, examine
from .finding import Finding, Outcome, failed
from .report import Document, Lines, Part

__all__ = ["check", "misconfigured"]


async def check(
    settings: Settings, stop: asyncio.Event, out: TextIO, *, as_json: bool, terminal: bool
) -> bool:
    """Whether nothing failed; one target after the other, until `stop` is set."""
    told = _Told(out, as_json=as_json, terminal=terminal)
    async with told.report.progress():
        checking = asyncio.create_task(_check(settings, told))
        stopping = asyncio.create_task(stop.wait())
        await asyncio.wait({checking, stopping}, return_when=asyncio.FIRST_COMPLETED)
        stopping.cancel()
        if not checking.done():
            checking.cancel()
            await asyncio.wait({checking})
            told.tell(Finding("the rest", Outcome.SKIP, "not tried, as it was interrupted"))
            return False
        await checking
    told.end()
    return told.ready


def misconfigured(faults: Iterable[Fault], out: TextIO, *, as_json: bool, terminal: bool) -> None:
    """Tell of settings that do not load; there is nothing else to check then."""
    told = _Told(out, as_json=as_json, terminal=terminal)
    told.begin(None, None)
    for fault in faults:
        what = f"{fault.where}: {fault.what}" if fault.where else fault.what
        told.tell(failed("configuration", what, fault.fix))
    if as_json:
        told.end()


async def _check(settings: Settings, told: "_Told") -> None:
    told.begin(None, None)
    await configuration(settings, told)
    for name, target in settings.named_targets.items():
        told.begin(name, target.url)
        await examine(name, target, told, per_service=settings.metrics.per_service)


class _Told:
    """Keeps what is told by target, and passes it on."""

    def __init__(self, out: TextIO, *, as_json: bool, terminal: bool) -> None:
        self.report = Document(out) if as_json else Lines(out, terminal=terminal)
        self._parts: list[Part] = []

    @property
    def ready(self) -> bool:
        return all(part.ready for part in self._parts)

    def begin(self, target: str | None, url: str | None) -> None:
        self._parts.append(Part(target, url))
        self.report.head(self._parts[-1])

    def trying(self, what: str) -> None:
        self.report.trying(what)

    def tell(self, finding: Finding) -> None:
        self._parts[-1].findings.append(finding)
        self.report.tell(finding)

    def end(self) -> None:
        self.report.end(self._parts)
