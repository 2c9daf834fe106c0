"""The three ways to show ZStack who asks: an access key, an account, or a session already open.

Each reads its credentials when told to (`refresh`), so that a secret changed in its file is taken
up without a restart. Credentials that ZStack refused are not shown again until they change: some
platforms lock an account after six failures.
"""

import asyncio
import base64
import hashlib
import hmac
import time
from contextlib import suppress
from datetime import tzinfo
from typing import Final, Protocol
from zoneinfo import ZoneInfo

from .credentials import AccessKey, Account, Credentials, GivenSession, Read
from .dates import http_date
from .errors import (
    ClockSkewError,
    ExchangeError,
    Operation,
    SessionError,
    UnauthorizedError,
)
from .schema import nothing, session_uuid
from .transport import Transport

LOG_IN: Final = Operation("LogInByAccount", "PUT", "/v1/accounts/login")
LOG_OUT: Final = Operation("LogOut", "DELETE", "/v1/accounts/sessions/")
LOG_OUT_SECONDS: Final = 3.0
"""A platform that hangs may not keep the exporter from ending."""

LIKELY_ZONES: Final = (None, ZoneInfo("Asia/Shanghai"))
"""Where a platform's clock is tried when nobody said: this machine's zone, then ZStack's home.

By default ZStack compares an access key's `Date` by wall clock and ignores the zone it names
(`rest.checkTimeZone=false`), so the right instant in the wrong zone is refused. Such a refusal
costs nothing: it counts towards no lock.
"""


class Auth(Protocol):
    """What the client asks of each way; an UnauthorizedError ends the matter until `refresh`."""

    async def refresh(self, operation: Operation) -> None:
        """Read the credentials anew; if they changed, forget that the old ones were refused."""

    async def headers(self, operation: Operation) -> dict[str, str]:
        """What makes a request of this operation an authorized one; logs in where that takes it."""

    def learn(self, headers: dict[str, str], error: ExchangeError) -> bool:
        """Take note of how a request with these headers failed; whether another try may do."""

    async def close(self) -> None:
        """Leave nothing open on the platform."""


class AccessKeyAuth:
    """Signs each request (HMAC-SHA1) at the platform's local time; `zone` None: finds it out."""

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
            # The zone may be another by now: whoever failed first has changed it.
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


class AccountAuth:
    """Logs in once and keeps the session, which every use of it prolongs; one login at a time."""

    def __init__(
        self,
        transport: Transport,
        read: Read[Account],
        *,
        log_out_seconds: float = LOG_OUT_SECONDS,
    ) -> None:
        self._transport = transport
        self._log_out_seconds = log_out_seconds
        self._credentials = Credentials(read)
        self._session: str | None = None
        self._login: asyncio.Task[None] | None = None

    async def refresh(self, operation: Operation) -> None:
        if await self._credentials.refresh(operation):
            await self.close()

    async def headers(self, operation: Operation) -> dict[str, str]:  # noqa: ARG002 - Auth
        while self._session is None:
            if self._login is None:
                self._login = asyncio.create_task(self._log_in(self._credentials.usable()))
            await self._logged_in(self._login)
        return _oauth(self._session)

    def learn(self, headers: dict[str, str], error: ExchangeError) -> bool:
        if isinstance(error, SessionError):
            # The session may be another's by now: whoever failed first has renewed it.
            if self._session is not None and headers == _oauth(self._session):
                self._session = None
            return True
        self._credentials.learn(error)
        return False

    async def close(self) -> None:
        if self._login is not None:
            await self._finish(self._login)
        session, self._session = self._session, None
        if session is not None:
            await self._log_out(session)

    async def _finish(self, login: asyncio.Task[None]) -> None:
        """Give a login that is under way a little time to tell which session it opened."""
        with suppress(ExchangeError, TimeoutError):
            async with asyncio.timeout(self._log_out_seconds):
                await self._logged_in(login)
        login.cancel()
        self._login = None

    async def _logged_in(self, login: asyncio.Task[None]) -> None:
        """Wait for a login that goes on when its poll is given up.

        The platform may have opened the session already, and only the answer tells which.
        """
        try:
            await asyncio.shield(login)
        finally:
            if login.done() and self._login is login:
                self._login = None

    async def _log_in(self, account: Account) -> None:
        digest = hashlib.sha512(account.password.encode()).hexdigest()
        body = {"logInByAccount": {"accountName": account.name, "password": digest}}
        try:
            self._session = await self._transport.send(LOG_IN, session_uuid, json=body)
        except SessionError:  # says nothing of the account
            raise
        except UnauthorizedError as error:
            self._credentials.learn(error)
            raise

    async def _log_out(self, session: str) -> None:
        """Sessions are limited in number (500 an account); one that cannot be ended expires."""
        with suppress(ExchangeError, TimeoutError):
            async with asyncio.timeout(self._log_out_seconds):
                await self._transport.send(LOG_OUT, nothing, suffix=session)


class SessionAuth:
    """Uses a session as long as it lasts; it is not ours, so it is not logged out either."""

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
        """The session is somebody else's to end."""


def signature(secret: str, method: str, date: str, path: str) -> str:
    """An access key's signature; `path` is decoded and without `/zstack` or query."""
    signed = hmac.new(secret.encode(), f"{method}\n{date}\n{path}".encode(), hashlib.sha1)
    return base64.b64encode(signed.digest()).decode()


def _zone_of(date: str) -> str:
    return date.rpartition(" ")[2]


def _oauth(session: str) -> dict[str, str]:
    return {"Authorization": f"OAuth {session}"}
