"""What a step of the check found."""

from dataclasses import dataclass
from enum import StrEnum


class Outcome(StrEnum):
    """How a step went; `skip` is one that could not be tried."""

    PASS = "pass"  # noqa: S105 - a verdict
    WARN = "warn"
    FAIL = "fail"
    SKIP = "skip"


@dataclass(frozen=True, slots=True)
class Finding:
    """One line of the check: what was found, how to mend it where it is not well.

    `code` is ZStack's error code, where there is one.
    """

    step: str
    outcome: Outcome
    found: str
    mend: str = ""
    code: str = ""


def passed(step: str, found: str) -> Finding:
    """All is well with this step."""
    return Finding(step, Outcome.PASS, found)


def warned(step: str, found: str, mend: str) -> Finding:
    """It works, but not as it should."""
    return Finding(step, Outcome.WARN, found, mend)


def failed(step: str, found: str, mend: str, code: str = "") -> Finding:
    """It does not work."""
    return Finding(step, Outcome.FAIL, found, mend, code)
