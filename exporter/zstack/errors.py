"""Why ZStack did not give what was asked for.

    ZStackError
    ├── ExchangeError            one request was not answered as asked
    │   ├── UnreachableError     no answer: DNS, refused, reset, TLS
    │   ├── RateLimitedError     429
    │   ├── UnauthorizedError    these credentials are refused
    │   │   ├── SessionError     the session has ended, the credentials may be good
    │   │   └── LockedError      the account is locked for a while
    │   ├── ClockSkewError       an access key's `Date` is too far from the platform's clock
    │   ├── DeniedError          known, but not permitted (or the licence forbids)
    │   ├── UnsupportedError     the platform has no such API: AIOS is not installed
    │   ├── RejectedError        any other API error
    │   │   └── NotReadyError    … that a later try may not meet
    │   ├── MalformedError       a success that does not decode; a page of some proxy
    │   └── TooLargeError        the body is over the byte cap
    └── PollError                the answers together are not what was asked for
        ├── DeadlineError        the poll's time is over
        └── IncompleteError      the rows do not add up to `total`

Every class carries the value of its `reason` label, so the label's values are closed by this tree.
"""

from dataclasses import dataclass
from typing import ClassVar


@dataclass(frozen=True, slots=True)
class Operation:
    """One API of ZStack, by the name ZStack gives it; `path` is what follows `/zstack`."""

    name: str
    method: str
    path: str

    @property
    def repeatable(self) -> bool:
        """Whether asking twice is harmless; failed logins are counted, up to a lock."""
        return self.method == "GET"


class ZStackError(Exception):
    """`reason` and `code` are label values; the message is for people and holds no secret.

    `code` is ZStack's own error code, empty where the answer had none.
    """

    reason: ClassVar[str]
    transient: ClassVar[bool] = False
    """Whether the same request may succeed a moment later."""
    hint: ClassVar[str]
    """What the operator can do about it."""

    def __init__(self, message: str, operation: Operation, *, code: str = "") -> None:
        super().__init__(message)
        self.operation = operation
        self.code = code


class ExchangeError(ZStackError):
    """One request was not answered as asked."""


class UnreachableError(ExchangeError):
    """There was no answer: name resolution, connection, TLS, or the answer was cut off."""

    reason = "unreachable"
    transient = True
    hint = "check the target's url, the network between, and ca_file if it is TLS"


class RateLimitedError(ExchangeError):
    """ZStack (5.3.20 and later) or a proxy asks for fewer requests; `retry_after` in seconds."""

    reason = "rate_limited"
    transient = True
    hint = "poll less often (interval), or raise the limit of ZStack or of the proxy before it"

    def __init__(
        self, message: str, operation: Operation, *, code: str = "", retry_after: float = 0.0
    ) -> None:
        super().__init__(message, operation, code=code)
        self.retry_after = retry_after


class UnauthorizedError(ExchangeError):
    """The credentials are refused; trying them again may lock the account."""

    reason = "unauthorized"
    hint = "correct the credentials; they are not tried again until they change"


class SessionError(UnauthorizedError):
    """The session is unknown or has ended (ID.1001)."""

    hint = "the account logs in again by itself; a session given by hand must be replaced"


class LockedError(UnauthorizedError):
    """Too many failed logins (LOGIN_CONTROL.1002): nothing to try for `seconds`."""

    hint = "wait for the lock to end, or unlock the account; it is tried again after that"

    def __init__(
        self, message: str, operation: Operation, *, code: str = "", seconds: float
    ) -> None:
        super().__init__(message, operation, code=code)
        self.seconds = seconds


class ClockSkewError(ExchangeError):
    """The signed `Date` is over 15 minutes from the platform's clock, or in another zone."""

    reason = "clock_skew"
    hint = "set time_zone to the platform's zone (such as Asia/Shanghai), or mend the clocks"


class DeniedError(ExchangeError):
    """The account may not do this, or the licence does not cover it."""

    reason = "denied"
    hint = "grant the account the query of model services, or renew the licence"


class UnsupportedError(ExchangeError):
    """404 `no api mapping`: this platform does not have the API."""

    reason = "unsupported"
    hint = "AIOS is not installed on this platform, or the url leads to something else"


class RejectedError(ExchangeError):
    """ZStack answered with an error that has no class of its own."""

    reason = "rejected"
    hint = "look the code up in ZStack's documentation, or in its management-server.log"


class NotReadyError(RejectedError):
    """A management node that is starting, busy or cut off from its peers."""

    transient = True
    hint = "wait; if it stays, look at the management nodes of the platform"


class MalformedError(ExchangeError):
    """A success that does not decode, or a page that ZStack did not write."""

    reason = "malformed"
    transient = True
    hint = "see whether a proxy answers in place of ZStack"


class TooLargeError(ExchangeError):
    """The body passes the byte cap; the rest of it was not read."""

    reason = "too_large"
    hint = "lower page_size, or raise max_response_bytes"


class PollError(ZStackError):
    """The answers together are not what was asked for."""


class DeadlineError(PollError):
    """The poll did not end within its time."""

    reason = "timeout"
    transient = True
    hint = "raise timeout, or see why the platform is slow"


class IncompleteError(PollError):
    """The list is not proven whole, asked for twice."""

    reason = "incomplete"
    hint = "the list changes while it is read, or a page is cut short: lower page_size"
