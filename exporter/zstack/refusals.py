"""Maps the status and body of a failed answer to an error of the tree.

Facts: every failure of a synchronous API is HTTP 503 with a JSON `error`, for every cause; what
fails before the API layer is plain text with its own status (RestServer of ZStack 5.2.1 to 5.5).
So the status alone is of little use, and the codes decide.
"""

import json
import re
from collections.abc import Iterator
from http import HTTPStatus
from typing import Final

import msgspec

from .errors import (
    ClockSkewError,
    DeniedError,
    ExchangeError,
    LockedError,
    MalformedError,
    NotReadyError,
    Operation,
    RateLimitedError,
    RejectedError,
    SessionError,
    Symptom,
    UnauthorizedError,
    UnreachableError,
    UnsupportedError,
)
from .redaction import one_line

LOCK_SECONDS: Final = 600.0
"""How long an account stays locked by default, for an answer without a duration."""

LONGEST_LOCK_SECONDS: Final = 86_400.0
"""An upper bound: a number that means something else must not block logins for ever."""

_TEXT_LIMIT: Final = 4096
"""Characters that are read of a text; fewer are shown, once no secret is left in them."""
_LONGEST: Final = 1 << 16
"""Bytes of an error that are worth a slow look: ZStack cuts its `details` at 4096 characters."""

_SESSION = frozenset(
    {
        "ID.1001",
        "ORG_ZSTACK_IDENTITY_10006",
        "ORG_ZSTACK_IDENTITY_10007",
        "ORG_ZSTACK_IDENTITY_10020",
    }
)
_UNAUTHORIZED = re.compile(r"ID\.1000|ID\.1005|ID\.2\d{3}|LOGIN_CONTROL\..+")
_DENIED = re.compile(r"ID\.1002|LICENSE\..+|.*OPERATION_DENIED.*")
_NOT_READY = frozenset(
    {"SYS.1001", "SYS.1009", "SYS.1010", "SYS.1011", "SYS.1012", "SYS.1015", "SYS.1016"}
)
_OF_GATEWAYS = frozenset({HTTPStatus.BAD_GATEWAY, HTTPStatus.GATEWAY_TIMEOUT})
_NOT_THERE = frozenset(
    {
        HTTPStatus.UNAUTHORIZED,
        HTTPStatus.NOT_FOUND,
        HTTPStatus.METHOD_NOT_ALLOWED,
        HTTPStatus.GONE,
    }
)
_BAD_REQUESTS: Final = {
    "unable to find RestAuthenticationBackend": Symptom.NO_ACCESS_KEYS,
    "parameter[q]": Symptom.BAD_CONDITION,
}
"""What ZStack's own texts have in them that are about settings."""
_WANTS_TLS: Final = re.compile(
    "plain HTTP request was sent to HTTPS port|HTTP request to an HTTPS server|"
    "combination of host and port requires TLS|speaking plain HTTP to an SSL",
    re.IGNORECASE,
)
"""How nginx, Go, Tomcat and Apache answer plain HTTP on a port that speaks TLS."""
_LOCKED = "LOGIN_CONTROL.1002"
_NOT_NOW = "LOGIN_CONTROL.1004"
"""A rule of addresses and hours, which may pass without a change of the credentials."""
_OF_IDENTITY = "ORG_ZSTACK_IDENTITY_"
_TOO_MANY_SESSIONS = "ID.1006"  # passes when some expire, whatever global code stands beside it


class ErrorCode(msgspec.Struct, frozen=True, rename="camel"):
    """ZStack's ErrorCode; 5.5 adds `globalErrorCode` and `message`. Anything may be missing."""

    code: str | None = None
    global_error_code: str | None = None
    description: object = None
    details: object = None
    message: object = None
    cause: "ErrorCode | None" = None

    def chain(self) -> Iterator["ErrorCode"]:
        """This error and what caused it, outermost first."""
        error: ErrorCode | None = self
        while error is not None:
            yield error
            error = error.cause

    def text(self) -> str:
        """Its most specific text, on one line."""
        texts = (self.details, self.message, self.description)
        return _line(next((text for text in texts if text and isinstance(text, str)), ""))


class Failure(msgspec.Struct, frozen=True):
    """An answer that may be a failure: `{"error": {…}}`, or a bare ErrorCode (its 403)."""

    error: ErrorCode | None = None
    code: str | None = None
    details: object = None
    description: object = None

    def error_code(self) -> ErrorCode | None:
        if self.error is not None:
            return self.error
        if self.code is None:
            return None
        return ErrorCode(code=self.code, details=self.details, description=self.description)


_FAILURE: Final = msgspec.json.Decoder(Failure, strict=False)


def refusal(
    operation: Operation,
    status: int,
    body: bytes,
    *,
    retry_after: float = 0.0,
    proxied: bool = False,
    elsewhere: Symptom | None = None,
) -> ExchangeError:
    """The error for an answer that is no success.

    `elsewhere` is the symptom of an answer that is not ZStack's.
    """
    error_code = api_error(body)
    if error_code is not None:
        return _by_code(operation, status, error_code, retry_after)
    if status == HTTPStatus.PROXY_AUTHENTICATION_REQUIRED:
        return proxy_refusal(operation, status)
    text = _text(body)
    if proxied and (status in _OF_GATEWAYS or text.startswith("<")):
        message = f"HTTP {status} from the proxy, or from a server behind it"
        return UnreachableError(message, operation, symptom=Symptom.PROXY_REFUSED)
    if _WANTS_TLS.search(text):
        message = f"HTTP {status}: the port speaks TLS"
        return MalformedError(message, operation, symptom=Symptom.TLS_SPOKEN)
    return _by_text(operation, status, text, retry_after, elsewhere)


def proxy_refusal(operation: Operation, status: int) -> UnreachableError:
    """The error for a proxy that refuses the request; its text is not ZStack's."""
    login = status == HTTPStatus.PROXY_AUTHENTICATION_REQUIRED
    symptom = Symptom.PROXY_LOGIN if login else Symptom.PROXY_REFUSED
    return UnreachableError(f"the proxy refused: HTTP {status}", operation, symptom=symptom)


def api_error(body: bytes) -> ErrorCode | None:
    """The ErrorCode in a body, if it is one; None for any other body."""
    try:
        return _failure(body).error_code()
    except (msgspec.DecodeError, ValueError, RecursionError):
        return None


def _failure(body: bytes) -> Failure:
    """A code counts also where msgspec refuses a text beside it: bad UTF-8, a lone surrogate."""
    try:
        return _FAILURE.decode(body)
    except (msgspec.DecodeError, UnicodeDecodeError):
        if len(body) > _LONGEST:
            raise
    members = json.loads(body.decode("utf-8", "replace"), parse_int=float, strict=False)
    return msgspec.convert(members, Failure, strict=False)


def _by_code(
    operation: Operation, status: int, outermost: ErrorCode, retry_after: float
) -> ExchangeError:
    for error in outermost.chain():
        for code in (error.code, error.global_error_code):
            if code and (known := _known(operation, code, error)) is not None:
                return known
    code = _line(outermost.code or outermost.global_error_code or "")
    message = outermost.text() or f"HTTP {status} with no explanation"
    message = _headline(code, message)
    if status == HTTPStatus.TOO_MANY_REQUESTS:  # a gateway's own JSON
        return RateLimitedError(message, operation, code=code, retry_after=retry_after)
    if not operation.repeatable and code.startswith(_OF_IDENTITY):
        # A login refused for a reason that we don't know yet may count towards a lock as well.
        return UnauthorizedError(message, operation, code=code)
    return RejectedError(message, operation, code=code)


def _known(operation: Operation, code: str, error: ErrorCode) -> ExchangeError | None:
    """The class of a code that has one. `code` of the result is ZStack's short code if given."""
    text, label = error.text(), _line(error.code or code)
    message = _headline(label, text)
    if code in {_LOCKED, _NOT_NOW}:
        seconds = _seconds(text) if code == _LOCKED else LOCK_SECONDS
        return LockedError(message, operation, code=label, seconds=seconds)
    kind = _kind(code, text)
    return None if kind is None else kind(message, operation, code=label)


def _kind(code: str, text: str) -> type[ExchangeError] | None:
    if code in _SESSION:
        return SessionError
    if _UNAUTHORIZED.fullmatch(code):
        return UnauthorizedError
    if _DENIED.fullmatch(code) or (code == "SYS.1006" and "denied" in text.lower()):
        return DeniedError
    if code == _TOO_MANY_SESSIONS:
        return RejectedError
    if code in _NOT_READY:
        return NotReadyError
    return None


def _by_text(
    operation: Operation, status: int, text: str, retry_after: float, elsewhere: Symptom | None
) -> ExchangeError:
    message = f"HTTP {status}: {text}" if text else f"HTTP {status} with an empty body"
    if status == HTTPStatus.TOO_MANY_REQUESTS:
        return RateLimitedError(message, operation, retry_after=retry_after)
    if status == HTTPStatus.UNAUTHORIZED:  # which ZStack never sends
        elsewhere = Symptom.OTHER_LOGIN
    if text.startswith("<"):
        message = f"HTTP {status}: a web page, not an answer of ZStack"
        of_proxy = status >= HTTPStatus.INTERNAL_SERVER_ERROR
        return MalformedError(message, operation, symptom=None if of_proxy else elsewhere)
    if status == HTTPStatus.NOT_FOUND and "no api mapping" in text:
        return UnsupportedError(message, operation)
    if status == HTTPStatus.FORBIDDEN:
        return _forbidden(operation, message)
    if status >= HTTPStatus.INTERNAL_SERVER_ERROR:
        return NotReadyError(message, operation)
    # ZStack's own are not found and bad request; the rest may be any server's.
    symptom = elsewhere if status in _NOT_THERE else None
    if status == HTTPStatus.BAD_REQUEST:
        symptom = next((of for part, of in _BAD_REQUESTS.items() if part in text), None)
    return RejectedError(message, operation, symptom=symptom)


def _forbidden(operation: Operation, message: str) -> ExchangeError:
    if "requestTimeTooSkewed" in message:
        return ClockSkewError(message, operation)
    if "accessKey" in message or "access key" in message:
        return UnauthorizedError(message, operation)
    # A missing right is an error with a code.
    return DeniedError(message, operation, symptom=Symptom.ADDRESS_REFUSED)


def _seconds(text: str) -> float:
    """`… remaining time: 42 seconds` in an answer that may be in any language."""
    # The last number: the account's name stands before it, and may look like one.
    found = re.findall(r"(\d+)\s*(?:s\b|sec|秒)", text) or re.findall(r"\d+", text)
    return min(float(found[-1]), LONGEST_LOCK_SECONDS) if found else LOCK_SECONDS


def _headline(code: str, text: str) -> str:
    return f"{code}: {text}" if code and text else code or text


def _text(body: bytes) -> str:
    return _line(body[: 4 * _TEXT_LIMIT].decode("utf-8", "replace"))


def _line(text: str) -> str:
    return one_line(text, limit=_TEXT_LIMIT)
