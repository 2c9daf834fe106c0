"""A plain HTTP client of the simulated platform, that knows where things are and nothing more."""

import hashlib
import json
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import datetime
from typing import Any, cast
from zoneinfo import ZoneInfo

import aiohttp

from exporter.simulator import Cloud, serving, signature

SERVICES = "/zstack/v1/ai/model-services"
GROUPS = f"{SERVICES}/instances/groups/"
CENTERS = "/zstack/v1/ai/model-centers"
LOGIN = "/zstack/v1/accounts/login"
KEY_ID = "1234567890abcdedfhij"
KEY_SECRET = KEY_ID * 2
# 2025-06-05 15:47:29 in Shanghai, the moment of the signatures that are computed by hand
NOON = 1_749_109_649.0


@dataclass(frozen=True)
class Reply:
    status: int
    headers: Mapping[str, str]
    body: bytes

    @property
    def text(self) -> str:
        return self.body.decode()

    @property
    def members(self) -> dict[str, Any]:
        return cast("dict[str, Any]", json.loads(self.body))

    @property
    def rows(self) -> list[dict[str, Any]]:
        return cast("list[dict[str, Any]]", self.members["inventories"])

    @property
    def error(self) -> dict[str, Any]:
        return cast("dict[str, Any]", self.members["error"])


class Client:
    def __init__(self, http: aiohttp.ClientSession) -> None:
        self.http = http
        self.session = ""

    async def call(
        self,
        method: str,
        path: str,
        *,
        params: Any = None,
        json: object = None,
        headers: Mapping[str, str] | None = None,
    ) -> Reply:
        """The reply to exactly this; `headers` None means those of the session, if there is one."""
        if headers is None:
            headers = {"Authorization": f"OAuth {self.session}"} if self.session else {}
        async with self.http.request(
            method, path, params=params, json=json, headers=headers
        ) as response:
            return Reply(response.status, dict(response.headers), await response.read())

    async def get(self, path: str, **params: str | int) -> Reply:
        return await self.call("GET", path, params=params)

    async def services(self, *conditions: str, **params: str | int) -> Reply:
        return await self._query(SERVICES, conditions, params)

    async def groups(self, *conditions: str, **params: str | int) -> Reply:
        return await self._query(GROUPS, conditions, params)

    async def centers(self, *conditions: str, **params: str | int) -> Reply:
        return await self._query(CENTERS, conditions, params)

    async def _query(
        self, path: str, conditions: Sequence[str], params: Mapping[str, str | int]
    ) -> Reply:
        pairs = [("q", condition) for condition in conditions]
        pairs += [(name, str(value)) for name, value in params.items()]
        return await self.call("GET", path, params=pairs)

    async def names(self, *conditions: str) -> list[str]:
        reply = await self.services(*conditions, sort="+name")
        assert reply.status == 200, reply.text
        return [row.get("name", "") for row in reply.rows]

    async def log_in(
        self, account: str = "admin", password: str = "password", **more: str
    ) -> Reply:
        """The reply to a login; the session is kept for what follows."""
        digest = hashlib.sha512(password.encode()).hexdigest()
        parameters = {"accountName": account, "password": digest, **more}
        reply = await self.call("PUT", LOGIN, json={"logInByAccount": parameters}, headers={})
        if reply.status == 200:
            self.session = reply.members["inventory"]["uuid"]
        return reply

    async def signed(
        self,
        date: str,
        *,
        key_id: str = KEY_ID,
        secret: str = KEY_SECRET,
        path: str = SERVICES,
    ) -> Reply:
        """The reply to a GET signed with an access key."""
        signed = signature(secret, "GET", date, path.removeprefix("/zstack"))
        headers = {"Date": date, "Authorization": f"ZStack {key_id}:{signed}"}
        return await self.call("GET", path, headers=headers)


@asynccontextmanager
async def connected(cloud: Cloud, *, logged_in: bool = True) -> AsyncIterator[Client]:
    """A client of the served cloud."""
    # cookies of an IP address are kept only by a jar that allows it
    jar = aiohttp.CookieJar(unsafe=True)
    async with serving(cloud) as url, aiohttp.ClientSession(url, cookie_jar=jar) as http:
        client = Client(http)
        if logged_in:
            reply = await client.log_in()
            assert reply.status == 200, reply.text
        yield client


def http_date(seconds: float, zone: str, name: str | None = None) -> str:
    """The date of a signed request in that zone, which it calls by its own name or another."""
    return f"{datetime.fromtimestamp(seconds, ZoneInfo(zone)):%a, %d %b %Y %H:%M:%S} {name or zone}"


class Clock:
    """A clock that moves only when the test sets it."""

    def __init__(self, now: float = NOON) -> None:
        self.now = now

    def __call__(self) -> float:
        return self.now
