"""What the check tells: lines for people, with a display of progress on a terminal, or JSON."""

import asyncio
import json
import os
import shutil
import textwrap
import time
from collections.abc import AsyncIterator, Iterable
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field, fields
from typing import Final, TextIO

from .finding import Finding, Outcome

FORMAT: Final = 1
"""Of the JSON; it grows when a reader of the old one would be misled."""

_COLOURS: Final = {Outcome.PASS: "32", Outcome.WARN: "33", Outcome.FAIL: "31", Outcome.SKIP: "2"}
_STEP_WIDTH: Final = 18
_INDENT: Final = " " * (2 + 6 + _STEP_WIDTH)
_TICK_SECONDS: Final = 0.1
_ERASE: Final = "\r\x1b[K"


@dataclass(slots=True)
class Part:
    """What was found of one thing: a target by its name and URL, or the exporter itself."""

    target: str | None
    url: str | None
    findings: list[Finding] = field(default_factory=list)

    @property
    def ready(self) -> bool:
        return not any(finding.outcome is Outcome.FAIL for finding in self.findings)


class Lines:
    """Writes each finding as soon as it is there; on a terminal also what is under way."""

    def __init__(self, out: TextIO, *, terminal: bool) -> None:
        self._out = out
        self._terminal = terminal
        self._coloured = terminal and "NO_COLOR" not in os.environ
        self._width = shutil.get_terminal_size().columns if terminal else 0
        self._trying: tuple[str, float] | None = None

    def head(self, part: Part) -> None:
        """Begin a part."""
        if part.target is not None:
            self._write(f"\n{part.target}  {part.url}\n")

    def trying(self, what: str) -> None:
        self._trying = (what, time.monotonic())

    def tell(self, finding: Finding) -> None:
        self._write(self._line(finding))

    def end(self, parts: Iterable[Part]) -> None:
        """Sum up."""
        self._trying = None
        targets = [part for part in parts if part.target is not None]
        ready = sum(part.ready for part in targets)
        noun = "target" if len(targets) == 1 else "targets"
        self._write(f"\n{len(targets)} {noun}: {ready} ready, {len(targets) - ready} failing\n")

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
        lines = self._wrapped(finding.found)
        if finding.mend:
            lines += self._wrapped(f"-> {finding.mend}")
        text = f"\n{_INDENT}".join(lines)
        return f"  {word}  {finding.step:<{_STEP_WIDTH}}{text}\n"

    def _wrapped(self, text: str) -> list[str]:
        room = self._width - len(_INDENT)
        return textwrap.wrap(text, max(room, 30)) or [""] if self._terminal else [text]


class Document:
    """Keeps everything for one JSON document at the end."""

    def __init__(self, out: TextIO) -> None:
        self._out = out

    def head(self, part: Part) -> None:
        """Nothing yet."""

    def trying(self, what: str) -> None:
        """Nothing: a program waits for the end."""

    def tell(self, finding: Finding) -> None:
        """Nothing yet."""

    @asynccontextmanager
    async def progress(self) -> AsyncIterator[None]:
        """Nothing to show."""
        yield

    def end(self, parts: Iterable[Part]) -> None:
        """Write the document."""
        told = [*parts]
        document = {
            "format": FORMAT,
            "ready": all(part.ready for part in told),
            "steps": [_plain(f) for part in told if part.target is None for f in part.findings],
            "targets": [
                {
                    "target": part.target,
                    "url": part.url,
                    "ready": part.ready,
                    "steps": [_plain(finding) for finding in part.findings],
                }
                for part in told
                if part.target is not None
            ],
        }
        json.dump(document, self._out, ensure_ascii=False, indent=2)
        self._out.write("\n")
        self._out.flush()


def _plain(finding: Finding) -> dict[str, str]:
    return {each.name: str(getattr(finding, each.name)) for each in fields(finding)}
