"""The credentials of a target, and whether ZStack refused them."""

import math
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from typing import Generic, TypeVar

from . import clock
from .errors import CredentialsError, LockedError, Operation, UnauthorizedError, ZStackError


@dataclass(frozen=True, slots=True)
class AccessKey:
    """An access key: no session, no expiry, no lockout; the best fit for a poller."""

    key_id: str
    secret: str = field(repr=False)

    def __post_init__(self) -> None:
        _check_word(self.key_id, "the access key's id")
        _check_text(self.secret, "the access key's secret")


@dataclass(frozen=True, slots=True)
class Account:
    """An account by name and plain password; only the password's SHA-512 goes out."""

    name: str
    password: str = field(repr=False)

    def __post_init__(self) -> None:
        _check_text(self.name, "the account's name")
        _check_text(self.password, "the password")


@dataclass(frozen=True, slots=True)
class GivenSession:
    """A session that another program opened and will end."""

    uuid: str = field(repr=False)

    def __post_init__(self) -> None:
        _check_word(self.uuid, "the session's uuid")


C = TypeVar("C", AccessKey, Account, GivenSession)
Read = Callable[[], Awaitable[C]]
"""Reads the current credentials.

Raises OSError where a file of theirs cannot be read, ValueError where what it holds cannot be sent.
"""


class Credentials(Generic[C]):
    """The newest credentials, and whether ZStack has refused them."""

    def __init__(self, read: Read[C]) -> None:
        self._read: Read[C] = read
        self._current: C | None = None
        self._refusal: UnauthorizedError | None = None
        self._locked_until = 0.0

    async def refresh(self, operation: Operation) -> bool:
        """Read them again; whether they changed. Raises CredentialsError if they can't be read."""
        try:
            current = await self._read()
        except OSError as error:
            message = f"credentials cannot be read: {error.filename}: {error.strerror}"
            raise CredentialsError(message, operation) from error
        except ValueError as error:
            message = f"credentials cannot be used: {error}"
            raise CredentialsError(message, operation) from None
        changed = current != self._current
        if changed:
            self._current, self._refusal = current, None
        return changed

    def usable(self) -> C:
        """Raises the UnauthorizedError they last met, while that stands."""
        if isinstance(self._refusal, LockedError) and clock.now() >= self._locked_until:
            self._refusal = None
        if self._refusal is not None:
            raise self._refusal.with_traceback(None)
        if self._current is None:
            raise LookupError("credentials must be read before they are used")
        return self._current

    def learn(self, error: ZStackError) -> None:
        """Remember a refusal; other errors are not about the credentials."""
        if isinstance(error, UnauthorizedError):
            self._refusal = error
            error.withheld_until = math.inf
        if isinstance(error, LockedError):
            self._locked_until = error.withheld_until = clock.now() + error.seconds


def _check_text(text: str, name: str) -> None:
    """Refuse bytes from the environment that are not UTF-8. Raises ValueError, without the text."""
    try:
        text.encode()
    except UnicodeEncodeError:
        raise ValueError(f"{name} is not UTF-8 text") from None


def _check_word(text: str, name: str) -> None:
    """Refuse a header value of more than one word, such as two lines. Raises ValueError."""
    if not (text.isascii() and text.isprintable()) or " " in text:
        raise ValueError(f"{name} is more than one word of plain characters")
