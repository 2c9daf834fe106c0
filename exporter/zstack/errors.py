"""Why ZStack did not give what was asked for.

    ZStackError
    ├── ExchangeError            one request was not answered as asked
    │   ├── UnreachableError     no answer: DNS, refused, reset, TLS
    │   ├── RateLimitedError     429
    │   ├── UnauthorizedError    these credentials are refused
    │   │   ├── SessionError     the session has ended, the credentials may be good
    │   │   │   └── ContendedError  … time and again: another login with the account
    │   │   └── LockedError      the account may not log in for a while
    │   ├── ClockSkewError       an access key's `Date` is too far from the platform's clock
    │   ├── DeniedError          known, but not permitted (or the licence forbids)
    │   ├── UnsupportedError     the platform has no such API: AIOS is not installed
    │   ├── RejectedError        any other API error
    │   │   └── NotReadyError    … that a later try may not meet
    │   ├── MalformedError       a success that does not decode; a page of some proxy
    │   └── TooLargeError        the body is over the byte cap
    └── PollError                what only the whole poll can know, not a single request
        ├── CredentialsError     the credentials cannot be read, so nothing was asked
        ├── DeadlineError        the poll's time is over
        ├── IncompleteError      the rows do not add up to `total`
        └── UnreadableError      no row of the list has a uuid that can be read

Every class carries the value of its `reason` label, so the label's values are closed by this tree.
"""

from collections.abc import Callable
from dataclasses import dataclass
from enum import StrEnum, auto
from typing import ClassVar, Final

from .redaction import one_line

LONGEST_MESSAGE: Final = 360
LONGEST_CODE: Final = 64
"""Characters. ZStack's own codes are shorter; a proxy's need not be, and it becomes a label."""


class Symptom(StrEnum):
    """What is known of a failure beyond its class: it decides which hint helps."""

    CERTIFICATE_EXPIRED = auto()
    CERTIFICATE_NOT_YET_VALID = auto()
    CERTIFICATE_WRONG_NAME = auto()
    CERTIFICATE_UNKNOWN_AUTHORITY = auto()
    CERTIFICATE_WRONG_PURPOSE = auto()
    CERTIFICATE_TOO_WEAK = auto()
    CERTIFICATE_UNUSABLE = auto()
    CLIENT_CERTIFICATE_EXPIRED = auto()
    CLIENT_CERTIFICATE_REFUSED = auto()
    TLS_NOT_SPOKEN = auto()
    TLS_VERSION = auto()
    TLS_REFUSED = auto()
    TLS_HUNG_UP = auto()
    TLS_SPOKEN = auto()
    HUNG_UP = auto()
    HUNG_UP_WITHOUT_TLS = auto()
    NO_HOST = auto()
    REFUSED = auto()
    SILENT = auto()
    OTHER_PORT = auto()
    OTHER_PATH = auto()
    PROXY_UNREACHABLE = auto()
    PROXY_REFUSED = auto()
    PROXY_LOGIN = auto()
    REDIRECTED = auto()
    REDIRECTED_AWAY = auto()
    OTHER_LOGIN = auto()
    NO_ACCESS_KEYS = auto()
    BAD_CONDITION = auto()
    ADDRESS_REFUSED = auto()
    CODING = auto()


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

    def __init__(
        self,
        message: str,
        operation: Operation,
        *,
        code: str = "",
        symptom: Symptom | None = None,
    ) -> None:
        super().__init__(message)
        self.operation = operation
        self.code = code
        self.symptom = symptom

    def redact(self, clean: Callable[[str], str]) -> None:
        """Make its texts fit to be shown: cleaned first, and cut only then."""
        self.args = (one_line(clean(str(self)), limit=LONGEST_MESSAGE),)
        self.code = one_line(clean(self.code), limit=LONGEST_CODE)


class ExchangeError(ZStackError):
    """One request was not answered as asked; `Transport.send` redacts every one that it raises."""


class UnreachableError(ExchangeError):
    """There was no answer: name resolution, connection, TLS, or the answer was cut off."""

    reason = "unreachable"
    transient = True


class RateLimitedError(ExchangeError):
    """ZStack (5.3.20 and later) or a proxy asks for fewer requests; `retry_after` in seconds."""

    reason = "rate_limited"
    transient = True

    def __init__(
        self, message: str, operation: Operation, *, code: str = "", retry_after: float = 0.0
    ) -> None:
        super().__init__(message, operation, code=code)
        self.retry_after = retry_after


class UnauthorizedError(ExchangeError):
    """The credentials are refused; trying them again may lock the account.

    `withheld_until` is when they are sent again, by `clock.now`: infinity where only other ones, or
    a reload, lead to another try; None where the next poll sends them.
    """

    reason = "unauthorized"
    withheld_until: float | None = None


class SessionError(UnauthorizedError):
    """The session is unknown or has ended (ID.1001)."""


class ContendedError(SessionError):
    """Sessions keep being ended soon after their login, so none is opened for a while."""


class LockedError(UnauthorizedError):
    """The account is locked (LOGIN_CONTROL.1002), or may not log in now or from here (1004).

    There is nothing to try for `seconds`.
    """

    def __init__(
        self, message: str, operation: Operation, *, code: str = "", seconds: float
    ) -> None:
        super().__init__(message, operation, code=code)
        self.seconds = seconds


class ClockSkewError(ExchangeError):
    """The signed `Date` is over 15 minutes from the platform's clock, or in another zone."""

    reason = "clock_skew"


class DeniedError(ExchangeError):
    """The account may not do this, or the licence does not cover it."""

    reason = "denied"


class UnsupportedError(ExchangeError):
    """404 `no api mapping`: this platform does not have the API."""

    reason = "unsupported"


class RejectedError(ExchangeError):
    """ZStack answered with an error that has no class of its own."""

    reason = "rejected"


class NotReadyError(RejectedError):
    """A management node that is starting, busy or cut off from its peers."""

    transient = True


class MalformedError(ExchangeError):
    """A success that does not decode, or a page that ZStack did not write."""

    reason = "malformed"
    transient = True


class TooLargeError(ExchangeError):
    """The body passes the byte cap; the rest of it was not read."""

    reason = "too_large"


class PollError(ZStackError):
    """What only the whole poll can know, not a single request."""


class CredentialsError(PollError):
    """The credentials cannot be read, or cannot be sent; nothing was asked."""

    reason = "unauthorized"


class DeadlineError(PollError):
    """The poll did not end within its time."""

    reason = "timeout"
    transient = True


class IncompleteError(PollError):
    """The list is not proven whole."""

    reason = "incomplete"


class UnreadableError(PollError):
    """The list has rows, but none with a uuid that can be read: it is not the list asked for."""

    reason = "malformed"
