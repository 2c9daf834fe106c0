"""What was found: a line for each promise, and for each figure that only this machine has."""

from collections.abc import Sequence
from dataclasses import dataclass, field


@dataclass(frozen=True, slots=True)
class Finding:
    """`kept` is None for a figure that nothing was promised of."""

    what: str
    measured: str
    promised: str = ""
    kept: bool | None = None


@dataclass
class Findings:
    """Those so far; each is printed once it is there, as a row of a table."""

    found: list[Finding] = field(default_factory=list)

    def head(self) -> None:
        print("| | measured | promised | |\n|---|---|---|---|", flush=True)

    def report(self, what: str, measured: str) -> None:
        """A figure that depends on the machine."""
        self._add(Finding(what, measured))

    def judge(self, what: str, measured: str, promised: str, *, kept: bool) -> None:
        self._add(Finding(what, measured, promised, kept))

    @property
    def broken(self) -> Sequence[Finding]:
        return [each for each in self.found if each.kept is False]

    def _add(self, finding: Finding) -> None:
        self.found.append(finding)
        verdict = {True: "kept", False: "**broken**", None: ""}[finding.kept]
        print(
            f"| {finding.what} | {finding.measured} | {finding.promised} | {verdict} |", flush=True
        )
