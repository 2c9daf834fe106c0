"""The three ways to authenticate to ZStack: an access key, an account, or an open session.

`refresh` reads the credentials, so that a secret changed in its file is used without a restart.
Credentials that ZStack refused are not sent again until they change: some platforms lock an account
after six failures.
"""

import asyncio
import base64
import hashlib
import hmac
import time
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, tzinfo
from typing import Final, Protocol
from zoneinfo import ZoneInfo

from .clock import now
from .contention import Contention
from .credentials import AccessKey, Account, Credentials, GivenSession, Read
from .dates import http_date, timestamp
from .errors import (
    ClockSkewError,
    DeadlineError,
    ExchangeError,
    Operation,
    SessionError,
    UnauthorizedError,
    ZStackError,
)
from .schema import Session, ignored, session
from .transport import Transport

LOG_IN: Final = Operation("LogInByAccount", "PUT", "/v1/accounts/login")
LOG_OUT: Final = Operation("LogOut", "DELETE", "/v1/accounts/sessions/")
LOG_IN_SECONDS: Final = 60.0
"""A login that is not answered by then never will be, and another one is due."""

LOG_OUT_SECONDS: Final = 3.0
"""A platform that hangs must not delay the exporter's exit."""

LIKELY_ZONES: Final = (None, ZoneInfo("Asia/Shanghai"))
"""The zones to try where none is set: this machine's, then ZStack's home.

By default ZStack compares an access key's `Date` by wall clock and ignores the zone it names
(`rest.checkTimeZone=false`), so the right instant in the wrong zone is refused. Such a refusal
costs nothing: it counts towards no lock.
"""


class Auth(Protocol):
    """How requests are authenticated; an UnauthorizedError stands until `refresh`."""

    async def refresh(self, operation: Operation) -> None:
        """Read the credentials again; if they changed, forget that the old ones were refused."""

    async def headers(self, operation: Operation) -> dict[str, str]:
        """Headers that authorize a request of this operation; logs in if there is no session."""

    def learn(self, headers: dict[str, str], error: ExchangeError) -> bool:
        """Record how a request with these headers failed; return whether to retry it."""

    async def close(self) -> None:
        """Leave nothing open on the platform."""


class AccessKeyAuth:
    """Signs each request (HMAC-SHA1) in the platform's local time; no `zone`: it finds it."""

    def __init__(self, read: Read[AccessKey], *, zone: tzinfo | None = None) -> None:
        self._credentials = Credentials(read)
        self._zones: tuple[tzinfo | None, ...] = (zone,) if zone is not None else LIKELY_ZONES
        self._zone = 0

    async def refresh(self, operation: Operation) -> None:
        await self._credentials.refresh(operation)

    async def headers(self, operation: Operation) -> dict[str, str]:
        key = self._credentials.usable()
        date = self._date()
        signed = signature(key.secret, operation.method, date, operation.path)
        return {"Date": date, "Authorization": f"ZStack {key.key_id}:{signed}"}

    def learn(self, headers: dict[str, str], error: ExchangeError) -> bool:
        if isinstance(error, ClockSkewError):
            # An earlier failed request may have changed the zone already.
            if _zone_of(headers["Date"]) == _zone_of(self._date()):
                self._zone = (self._zone + 1) % len(self._zones)
            return len(self._zones) > 1
        if not isinstance(error, SessionError):  # of a session that the key never had
            self._credentials.learn(error)
        return False

    async def close(self) -> None:
        """An access key leaves nothing behind."""

    def _date(self) -> str:
        return http_date(time.time(), self._zones[self._zone])


@dataclass(slots=True)
class _OpenSession:
    """A session that we opened: when, by our clock, and in how many requests it was sent."""

    session: Session
    opened: float
    sent: int = 0

    @property
    def headers(self) -> dict[str, str]:
        return _oauth(self.session.uuid)

    @property
    def lifetime(self) -> float:
        """Seconds until it expires unused; 0 where the platform does not report it."""
        # Only the difference counts, so the zone does not.
        created = timestamp(self.session.create_date, UTC)
        expires = timestamp(self.session.expired_date, UTC)
        return 0.0 if created is None or expires is None else expires - created


class AccountAuth:
    """Logs in once and keeps the session, which every use of it prolongs; one login at a time.

    Where sessions keep being ended early, it logs in no more for a while (ContendedError).
    """

    def __init__(
        self,
        transport: Transport,
        read: Read[Account],
        *,
        log_in_seconds: float = LOG_IN_SECONDS,
        log_out_seconds: float = LOG_OUT_SECONDS,
        clock: Callable[[], float] = now,
    ) -> None:
        self._transport = transport
        self._clock = clock
        self._log_in_seconds = log_in_seconds
        self._log_out_seconds = log_out_seconds
        self._credentials = Credentials(read)
        self._contention = Contention(clock)
        self._session: _OpenSession | None = None
        self._unclosed: list[str] = []
        """Sessions that we opened, no longer use, and do not know to be closed."""
        self._login: asyncio.Task[None] | None = None

    async def refresh(self, operation: Operation) -> None:
        if await self._credentials.refresh(operation):
            self._contention = Contention(self._clock)
            await self.close()

    async def headers(self, operation: Operation) -> dict[str, str]:  # noqa: ARG002 - Auth
        while self._session is None:
            self._contention.check()
            if self._login is None:
                self._login = asyncio.create_task(self._log_in(self._credentials.usable()))
                self._login.add_done_callback(self._login_ended)
            await self._logged_in(self._login)
        self._session.sent += 1
        return self._session.headers

    def learn(self, headers: dict[str, str], error: ExchangeError) -> bool:
        if isinstance(error, SessionError):
            # An earlier failed request may have renewed the session already.
            if self._session is not None and headers == self._session.headers:
                self._ended(self._session, error)
                self._session = None
            return True
        return False  # the session was refused, not the credentials

    async def close(self) -> None:
        if self._login is not None:
            await self._finish(self._login)
        if self._session is not None:
            self._unclosed.append(self._session.session.uuid)
            self._session = None
        while self._unclosed:  # a poll may be over before it has logged out
            await self._log_out(self._unclosed[-1])
            self._unclosed.pop()

    def _ended(self, ours: _OpenSession, error: SessionError) -> None:
        """A session refused at its first use was never open, so no other login ended it."""
        if ours.sent > 1:
            lived = self._clock() - ours.opened
            self._contention.ended(error, lived=lived, lifetime=ours.lifetime)

    async def _finish(self, login: asyncio.Task[None]) -> None:
        """Wait briefly for a running login, to know the session it opened."""
        try:
            with suppress(ZStackError, TimeoutError):
                async with asyncio.timeout(self._log_out_seconds):
                    await self._logged_in(login)
        finally:  # also at the deadline of a poll: no later one may use the session of this login
            login.cancel()
            self._login = None

    async def _logged_in(self, login: asyncio.Task[None]) -> None:
        """Wait for a login; it outlives its poll, up to a deadline of its own.

        The platform may have opened the session already, and only the answer holds its uuid.
        """
        await asyncio.shield(login)

    def _login_ended(self, task: asyncio.Task[None]) -> None:
        """Forget it; where it failed between two polls, its error concerns neither of them."""
        if not task.cancelled():
            task.exception()  # or asyncio logs that nothing retrieved it
        if self._login is task:
            self._login = None

    async def _log_in(self, account: Account) -> None:
        self._transport.redactor.conceal(account.password)
        digest = hashlib.sha512(account.password.encode()).hexdigest()
        body = {"logInByAccount": {"accountName": account.name, "password": digest}}
        try:
            async with asyncio.timeout(self._log_in_seconds):
                opened = await self._transport.send(LOG_IN, session, json=body)
            self._session = _OpenSession(opened, self._clock())
        except TimeoutError:
            message = f"the login was not answered within {self._log_in_seconds:g} seconds"
            raise DeadlineError(message, LOG_IN) from None
        except SessionError:  # not about the account
            raise
        except UnauthorizedError as error:
            self._credentials.learn(error)
            raise

    async def _log_out(self, uuid: str) -> None:
        """Sessions are limited in number (500 an account); one that cannot be ended expires."""
        with suppress(ExchangeError, TimeoutError):
            async with asyncio.timeout(self._log_out_seconds):
                await self._transport.send(LOG_OUT, ignored, suffix=uuid, lookup=ignored)


class SessionAuth:
    """Uses a session that another program opened, and so never logs it out."""

    def __init__(self, read: Read[GivenSession]) -> None:
        self._credentials = Credentials(read)

    async def refresh(self, operation: Operation) -> None:
        await self._credentials.refresh(operation)

    async def headers(self, operation: Operation) -> dict[str, str]:  # noqa: ARG002 - Auth
        return _oauth(self._credentials.usable().uuid)

    def learn(self, headers: dict[str, str], error: ExchangeError) -> bool:  # noqa: ARG002 - Auth
        self._credentials.learn(error)
        return False

    async def close(self) -> None:
        """The session belongs to the program that opened it."""


def signature(secret: str, method: str, date: str, path: str) -> str:
    """An access key's signature; `path` is decoded and without `/zstack` or query."""
    signed = hmac.new(secret.encode(), f"{method}\n{date}\n{path}".encode(), hashlib.sha1)
    return base64.b64encode(signed.digest()).decode()


def _zone_of(date: str) -> str:
    return date.rpartition(" ")[2]


def _oauth(session: str) -> dict[str, str]:
    return {"Authorization": f"OAuth {session}"}
