"""What each way of failing means to an operator, and what to do about it.

One table for the log, the status page and the README.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from .snapshot import UnpublishableError
from .zstack import ZStackError, errors


@dataclass(frozen=True, slots=True)
class Advice:
    """What happened, and what to do, each as part of a sentence."""

    happened: str
    fix: str


ADVICE: Final[Mapping[type[ZStackError], Advice]] = {
    errors.UnreachableError: Advice(
        "no answer: DNS, connection or TLS",
        "check url, the network path to it and, for https, ca_file",
    ),
    errors.DeadlineError: Advice(
        "the poll did not finish in time", "find out why the platform is slow, or raise timeout"
    ),
    errors.RateLimitedError: Advice(
        "the platform or a proxy answered 429", "raise interval, or the limit"
    ),
    errors.UnauthorizedError: Advice(
        "the credentials were refused",
        "correct the credentials: they are not tried again until they change, or the exporter"
        " restarts",
    ),
    errors.SessionError: Advice(
        "the session has ended, and a fresh one was refused too",
        "see who ends the sessions; a session that was given by hand must be replaced",
    ),
    errors.LockedError: Advice(
        "the account is locked, or may not log in now or from here",
        "unlock the account, or change the rule; it is tried again when the lock ends, or after"
        " ten minutes",
    ),
    errors.CredentialsError: Advice(
        "the credentials could not be read",
        "make the secret's file readable: it is read again at the next poll",
    ),
    errors.ClockSkewError: Advice(
        "an access key's time was refused",
        "set time_zone to the platform's (such as Asia/Shanghai), and compare the clocks",
    ),
    errors.DeniedError: Advice(
        "the account lacks the right, or the licence does not cover it",
        "grant the account the query of model services, or renew the licence",
    ),
    errors.UnsupportedError: Advice(
        "the platform has no such API", "install AIOS there, or correct url"
    ),
    errors.RejectedError: Advice(
        "another API error; its code tells which",
        "look the code up in ZStack's documentation and in its management-server.log",
    ),
    errors.NotReadyError: Advice(
        "a management node is starting, busy or cut off",
        "wait; if it lasts, look at the platform's management nodes",
    ),
    errors.MalformedError: Advice(
        "the answer is not one of ZStack's, or is cut short",
        "look for a proxy that answers in its place",
    ),
    UnpublishableError: Advice(
        "the answer could not be turned into metrics", "please report this as a bug"
    ),
    errors.TooLargeError: Advice(
        "an answer was larger than max_response_bytes",
        "lower page_size, or raise max_response_bytes",
    ),
    errors.IncompleteError: Advice(
        "the rows did not add up to the platform's own count, twice",
        "the list changes while it is read: if that keeps happening, raise page_size",
    ),
}


def advice(error: ZStackError) -> Advice:
    """The advice for the nearest class of the error."""
    return next(ADVICE[kind] for kind in type(error).__mro__ if kind in ADVICE)
