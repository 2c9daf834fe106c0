"""Failures of polls as labels, and as lines of the log."""

from collections.abc import Callable
from typing import Final

from exporter.state.hints import hint_for
from exporter.zstack import ZStackError
from exporter.zstack.errors import (
    ClockSkewError,
    ContendedError,
    CredentialsError,
    DeadlineError,
    RateLimitedError,
    Symptom,
    UnauthorizedError,
    UnreachableError,
)

_OF_IDENTITY: Final = (UnauthorizedError, CredentialsError, ClockSkewError)
_OF_PLATFORM: Final = (UnreachableError, DeadlineError, RateLimitedError)
_NOT_THERE: Final = frozenset(
    {
        Symptom.TLS_SPOKEN,
        Symptom.REDIRECTED,
        Symptom.REDIRECTED_AWAY,
        Symptom.OTHER_LOGIN,
        Symptom.NO_ACCESS_KEYS,
        Symptom.OTHER_PORT,
        Symptom.OTHER_PATH,
    }
)


def is_of_platform(error: ZStackError) -> bool:
    """Whether it is a failure of the model services' poll after which nothing else is asked."""
    unusable = isinstance(error, _OF_PLATFORM) or error.symptom in _NOT_THERE
    return unusable or is_of_identity(error)


def is_of_identity(error: ZStackError) -> bool:
    """Whether every other request of the same poll would meet it: a login that fails is one.

    Another list would only log in again, and failed logins are counted, up to a lock.
    """
    return isinstance(error, _OF_IDENTITY) or not error.operation.repeatable


def without_past(error: ZStackError) -> ZStackError:
    """The error without traceback and cause, which would keep every record read so far."""
    error.__cause__ = error.__context__ = None
    return error.with_traceback(None)


def asked_nothing(error: ZStackError, before: ZStackError | None) -> bool:
    """Whether a poll that failed so sent no request; `before` is the error of the poll before.

    While credentials are withheld, each poll meets the refusal itself again.
    """
    withheld = error is before and isinstance(error, UnauthorizedError)
    return withheld or isinstance(error, ContendedError | CredentialsError)


def labels(error: ZStackError) -> tuple[str, str, str]:
    """Operation, reason and code."""
    return (error.operation.name, error.reason, error.code)


def log_fields(error: ZStackError) -> dict[str, str]:
    """What it is, and what to do about it."""
    code = {"code": error.code} if error.code else {}
    return {
        "operation": error.operation.name,
        "reason": error.reason,
        **code,
        "error": str(error),
        "hint": hint_for(error).fix,
    }


def log_failure(
    event: str,
    before: ZStackError | None,
    now: ZStackError,
    warning: Callable[..., None],
    debug: Callable[..., None],
) -> None:
    """Warn of a failure that begins or is another one than before."""
    if before is None or _kind(before) != _kind(now):
        warning(event, **log_fields(now))
    else:
        debug(f"{event} again", **log_fields(now))


def _kind(error: ZStackError) -> tuple[object, ...]:
    """What makes a failure another one than that of the poll before; a number in it does not."""
    return (type(error), error.symptom, *labels(error))
