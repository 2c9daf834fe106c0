"""The check: try each step towards the platforms once, and say how to mend what fails."""

import asyncio
from collections.abc import Iterable
from typing import TextIO

from exporter.settings import Fault, Settings
from exporter.signals import unless

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
        if not await unless(stop, _check(settings, told)):
            told.tell(Finding("the rest", Outcome.SKIP, "not tried, as it was interrupted"))
            return False
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


async def _check(settings: Settings, told: "_Told") -> bool:
    """Whether it came to its end, which it does unless it is given up."""
    told.begin(None, None)
    await configuration(settings, told)
    for name, target in settings.named_targets.items():
        told.begin(name, target.url)
        await examine(name, target, told, per_service=settings.metrics.per_service)
    return True


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
