"""The report of the check: lines for people, with progress on a terminal, or a JSON document."""

import asyncio
import json
import os
import shutil
import textwrap
import time
from abc import ABC, abstractmethod
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field
from typing import Final, TextIO

from typing_extensions import override

from exporter.daemon.logs import printable

from .finding import Finding, Outcome

FORMAT: Final = 1
"""Of the JSON; it grows when a reader of the old one would be misled."""

_COLOURS: Final = {Outcome.PASS: "32", Outcome.WARN: "33", Outcome.FAIL: "31", Outcome.SKIP: "2"}
_STEP_WIDTH: Final = 18
_INDENT: Final = " " * (2 + 6 + _STEP_WIDTH)
_TICK_SECONDS: Final = 0.1
_ERASE: Final = "\r\x1b[K"


@dataclass(slots=True)
class Section:
    """The findings about one target, or about the exporter itself, which has no name and URL."""

    target: str | None
    url: str | None
    findings: list[Finding] = field(default_factory=list)

    @property
    def ready(self) -> bool:
        return not any(finding.outcome is Outcome.FAIL for finding in self.findings)


class Report(ABC):
    """Collects the findings of each section, in the order in which they come."""

    def __init__(self, out: TextIO) -> None:
        self._out = out
        self._sections: list[Section] = []

    @property
    def ready(self) -> bool:
        return all(section.ready for section in self._sections)

    @property
    def _targets(self) -> list[Section]:
        return [section for section in self._sections if section.target is not None]

    def begin(self, target: str | None, url: str | None) -> None:
        """Begin a section."""
        self._sections.append(Section(target, url))

    def trying(self, what: str) -> None:  # noqa: B027 - only a terminal shows it
        """Note what is under way; it may take a while."""

    def add(self, finding: Finding) -> None:
        self._sections[-1].findings.append(finding)

    @asynccontextmanager
    async def progress(self) -> AsyncIterator[None]:
        """Show what is under way until the block ends, where the report can do so."""
        yield

    @abstractmethod
    def end(self) -> None:
        """Complete the report."""


class TextReport(Report):
    """Writes each finding at once; on a terminal also what is under way."""

    def __init__(self, out: TextIO, *, terminal: bool) -> None:
        super().__init__(out)
        self._terminal = terminal
        self._coloured = terminal and "NO_COLOR" not in os.environ
        self._width = shutil.get_terminal_size().columns if terminal else 0
        self._trying: tuple[str, float] | None = None

    @override
    def begin(self, target: str | None, url: str | None) -> None:
        super().begin(target, url)
        if target is not None:
            self._write(f"\n{target}  {url}\n")

    @override
    def trying(self, what: str) -> None:
        self._trying = (what, time.monotonic())

    @override
    def add(self, finding: Finding) -> None:
        super().add(finding)
        self._write(self._line(finding))

    @override
    @asynccontextmanager
    async def progress(self) -> AsyncIterator[None]:
        """Show on a terminal what is under way, and for how long, until the block ends."""
        showing = asyncio.create_task(self._show())
        try:
            yield
        finally:
            showing.cancel()
            with suppress(asyncio.CancelledError):
                await showing
            self._write("")

    @override
    def end(self) -> None:
        """Write the summary, if there are targets."""
        self._trying = None
        if targets := self._targets:
            ready = sum(section.ready for section in targets)
            noun = "target" if len(targets) == 1 else "targets"
            self._write(f"\n{len(targets)} {noun}: {ready} ready, {len(targets) - ready} failing\n")

    async def _show(self) -> None:
        while self._terminal:
            await asyncio.sleep(_TICK_SECONDS)
            if self._trying is not None:
                what, since = self._trying
                line = f"  ....  {what}, {time.monotonic() - since:.0f} s"
                self._out.write(_ERASE + line[: self._width - 1])
                self._out.flush()

    def _write(self, text: str) -> None:
        self._out.write(_ERASE + text if self._terminal else text)
        self._out.flush()

    def _line(self, finding: Finding) -> str:
        word = f"{finding.outcome.upper():<4}"
        if self._coloured:
            word = f"\x1b[{_COLOURS[finding.outcome]}m{word}\x1b[0m"
        lines = self._wrapped(printable(finding.found))
        if finding.hint:
            lines += self._wrapped(printable(f"-> {finding.hint}"))
        text = f"\n{_INDENT}".join(lines)
        return f"  {word}  {finding.step:<{_STEP_WIDTH}}{text}\n"

    def _wrapped(self, text: str) -> list[str]:
        room = self._width - len(_INDENT)
        return textwrap.wrap(text, max(room, 30)) or [""] if self._terminal else [text]


class JsonReport(Report):
    """Writes everything as one JSON document at the end."""

    @override
    def end(self) -> None:
        """Write the document."""
        own = [section for section in self._sections if section.target is None]
        document = {
            "format": FORMAT,
            "ready": self.ready,
            "steps": [step for section in own for step in _steps(section)],
            "targets": [
                {
                    "target": section.target,
                    "url": section.url,
                    "ready": section.ready,
                    "steps": _steps(section),
                }
                for section in self._targets
            ],
        }
        self._out.write(json.dumps(document, ensure_ascii=False, indent=2) + "\n")
        self._out.flush()


def _steps(section: Section) -> list[dict[str, str]]:
    return [
        {
            "step": printable(finding.step),
            "outcome": finding.outcome,
            "found": printable(finding.found),
            "fix": printable(finding.hint),
            "code": printable(finding.code),
        }
        for finding in section.findings
    ]
