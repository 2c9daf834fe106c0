"""The result of one step of the check."""

from dataclasses import dataclass
from enum import StrEnum

from exporter.settings import Fault
from exporter.state.hints import hint_for
from exporter.zstack import ZStackError


class Outcome(StrEnum):
    """How a step went; `skip` is one that could not be tried."""

    PASS = "pass"  # noqa: S105 - a verdict
    WARN = "warn"
    FAIL = "fail"
    SKIP = "skip"


@dataclass(frozen=True, slots=True)
class Finding:
    """One line of the check: what was found, and a hint where something is to be done.

    `code` is ZStack's error code, where there is one.
    """

    step: str
    outcome: Outcome
    found: str
    hint: str = ""
    code: str = ""


def passed(step: str, found: str) -> Finding:
    """The step succeeded."""
    return Finding(step, Outcome.PASS, found)


def warned(step: str, found: str, hint: str) -> Finding:
    """The step succeeded, but something should be changed."""
    return Finding(step, Outcome.WARN, found, hint)


def doubtful(step: str, fault: Fault) -> Finding:
    """The step succeeded, but this was hardly meant."""
    return warned(step, f"{fault.where}: {fault.what}", fault.fix)


def failed(step: str, found: str, hint: str, code: str = "") -> Finding:
    """The step failed."""
    return Finding(step, Outcome.FAIL, found, hint, code)


def failed_step(step: str, error: ZStackError) -> Finding:
    """The step failed with this error; the hint is that of the error."""
    return failed(step, str(error), hint_for(error).fix, error.code)


def skipped(step: str, found: str) -> Finding:
    """The step was not tried."""
    return Finding(step, Outcome.SKIP, found)
