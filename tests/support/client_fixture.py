"""A client of a platform, and what the two did, for tests."""

import asyncio
from collections.abc import AsyncIterator, Callable, Iterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from itertools import chain
from typing import Any, Final, Generic, Self, TypeVar
from zoneinfo import ZoneInfo

import aiohttp
import pytest

from exporter.simulator import Cloud, serving
from exporter.zstack import (
    MODEL_SERVICES,
    QUERY_MODEL_SERVICE,
    AccessKey,
    AccessKeyAuth,
    Account,
    AccountAuth,
    Auth,
    Client,
    Cookies,
    Exchange,
    GivenSession,
    Listing,
    ModelService,
    Operation,
    PageCache,
    Read,
    Transport,
    ZStackError,
)
from exporter.zstack.records import Undecodable

QUERY: Final = "QueryModelService"
LOG_IN: Final = "LogInByAccount"
LOG_OUT: Final = "LogOut"

KEY_ID: Final = "1234567890abcdedfhij"
KEY_SECRET: Final = KEY_ID * 2
ADMIN: Final = Account("admin", "password")
KEY: Final = AccessKey(KEY_ID, KEY_SECRET)

MIB: Final = 1 << 20

SHANGHAI: Final = ZoneInfo("Asia/Shanghai")
"""Where the simulated platform is."""

C = TypeVar("C", AccessKey, Account, GivenSession)
MakeAuth = Callable[[Transport], Auth]


Records = tuple[ModelService, ...]


def as_they_are(records: Records) -> Records:
    return records


@dataclass(frozen=True)
class Listed:
    """A listing whose records were left as they are, laid out flat."""

    services: Records
    total: int
    undecodable: tuple[Undecodable, ...] = ()
    duplicates: int = 0

    @classmethod
    def from_listing(cls, listing: Listing[Records]) -> Self:
        records = tuple(chain.from_iterable(listing.parts))
        return cls(records, listing.total, listing.undecodable, listing.duplicates)


@dataclass(eq=False)
class ClientFixture:
    """A client and its record: each exchange, and the seconds that it would have waited."""

    url: str
    http: aiohttp.ClientSession
    options: dict[str, Any] = field(default_factory=dict)
    exchanges: list[Exchange] = field(default_factory=list)
    waits: list[float] = field(default_factory=list)
    client: Client = field(init=False)
    make: Callable[[Records], Records] = as_they_are
    cache: PageCache[Records] = field(default_factory=PageCache)

    def transport(self, **options: Any) -> Transport:
        given: dict[str, Any] = {"max_response_bytes": 64 * MIB, **self.options, **options}
        return Transport(self.http, self.url, observe=self.exchanges.append, **given)

    async def sleep(self, seconds: float) -> None:
        self.waits.append(seconds)
        await asyncio.sleep(0)

    async def services(self) -> "Listed":
        return Listed.from_listing(await self.client.list(MODEL_SERVICES, self.make, self.cache))

    async def failure(self) -> ZStackError:
        """The error that a poll ends with."""
        with pytest.raises(ZStackError) as caught:
            await self.client.list(MODEL_SERVICES, self.make, self.cache)
        return caught.value


@asynccontextmanager
async def client_at(
    url: str,
    make_auth: MakeAuth | None = None,
    *,
    page_size: int = 1000,
    conditions: Sequence[str] = (),
    projection: bool = False,
    **transport: Any,
) -> AsyncIterator[ClientFixture]:
    """A client of the server at the URL, by default with the access key."""
    async with aiohttp.ClientSession(
        cookie_jar=Cookies(), timeout=aiohttp.ClientTimeout(total=None)
    ) as http:
        fixture = ClientFixture(url, http, transport)
        way = fixture.transport()
        fixture.client = Client(
            way,
            (make_auth or by_key())(way),
            page_size=page_size,
            conditions=conditions,
            projection=projection,
            sleep=fixture.sleep,
        )
        yield fixture


@asynccontextmanager
async def client_for(
    cloud: Cloud, make_auth: MakeAuth | None = None, **options: Any
) -> AsyncIterator[ClientFixture]:
    """A client of the served cloud."""
    async with serving(cloud) as url, client_at(url, make_auth, **options) as fixture:
        yield fixture


class Secret(Generic[C]):
    """Credentials that can be changed or made unreadable, as a file can."""

    def __init__(self, value: C) -> None:
        self.value: C = value
        self.trouble: Exception | None = None

    async def __call__(self) -> C:
        if self.trouble is not None:
            raise self.trouble
        return self.value


def by_key(key: AccessKey = KEY, **options: Any) -> MakeAuth:
    return lambda _transport: AccessKeyAuth(Secret(key), **{"zone": SHANGHAI, **options})


def by_account(read: Read[Account] | None = None, **options: Any) -> MakeAuth:
    return lambda transport: AccountAuth(transport, read or Secret(ADMIN), **options)


@asynccontextmanager
async def replying(*replies: bytes, host: str = "127.0.0.1") -> AsyncIterator["Replies"]:
    """A server of exactly these bytes, one reply a connection, the last one over and over."""
    served = Replies(list(replies))
    server = await asyncio.start_server(served.serve, host, 0)
    async with server:
        served.port = server.sockets[0].getsockname()[1]
        served.url = f"http://{host}:{served.port}"
        yield served


@dataclass
class Replies:
    """What is to be answered, and the heads of the requests that came."""

    left: list[bytes]
    heads: list[str] = field(default_factory=list)
    url: str = ""
    port: int = 0

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.heads.append((await reader.readuntil(b"\r\n\r\n")).decode("latin-1"))
        writer.write(self.left.pop(0) if len(self.left) > 1 else self.left[0])
        writer.close()
        await writer.wait_closed()


def reply(body: bytes, status: str = "200 OK", **headers: str) -> bytes:
    """A whole HTTP reply; underscores in names of headers are hyphens."""
    lines = [f"HTTP/1.1 {status}", f"Content-Length: {len(body)}", "Connection: close"]
    lines += [f"{name.replace('_', '-')}: {value}" for name, value in headers.items()]
    return "\r\n".join([*lines, "", ""]).encode("latin-1") + body


def page(*uuids: str, total: int | None = None) -> bytes:
    """A page of QueryModelService with these rows and nothing else in them."""
    rows = ",".join(f'{{"uuid":"{uuid}"}}' for uuid in uuids)
    return f'{{"inventories":[{rows}],"total":{len(uuids) if total is None else total}}}'.encode()


def error_texts(error: BaseException) -> str:
    """All that an error and its causes could show."""
    return "\n".join(f"{each}\n{each!r}\n{each.args!r}\n{vars(each)!r}" for each in _chain(error))


def _chain(error: BaseException | None) -> Iterator[BaseException]:
    while error is not None:
        yield error
        error = error.__cause__ or (None if error.__suppress_context__ else error.__context__)


async def send(
    fixture: ClientFixture, operation: Operation = QUERY_MODEL_SERVICE, **options: Any
) -> bytes:
    """One exchange of the bare transport; the body as it came."""
    return await fixture.transport(**options).send(operation, bytes)
