"""A platform's API as one identity asks it: any list, and the platform's time zone."""

import asyncio
import random
from collections.abc import Awaitable, Callable, Sequence
from datetime import tzinfo
from functools import partial
from typing import Final, TypeVar

from . import schema
from .auth import Auth
from .changes import Replace
from .dates import zone_named
from .errors import ExchangeError, Operation, RateLimitedError, UnsupportedError, ZStackError
from .listing import ListRequest, Make, Query
from .page_cache import PageCache
from .paging import Listing
from .records import R
from .resource import Resource
from .transport import Transport
from .worker import Worker

GET_TIME_ZONE: Final = Operation(
    "GetPlatformTimeZone", "GET", "/v1/management-nodes/platform-timezone"
)

TRIES: Final = 3
BACK_OFF_SECONDS: Final = 0.5
LONGEST_BACK_OFF_SECONDS: Final = 10.0

T = TypeVar("T")


class Client:
    """One platform, asked by one identity. Every method raises ZStackError.

    `projection` asks for the fields that are read here and no others, as long as the platform
    knows them all. `sleep` is how it waits before it tries again.
    """

    def __init__(
        self,
        transport: Transport,
        auth: Auth,
        *,
        conditions: Sequence[str] = (),
        page_size: int,
        projection: bool,
        sleep: Callable[[float], Awaitable[None]] = asyncio.sleep,
    ) -> None:
        self._transport = transport
        self._auth = auth
        self._conditions = tuple(("q", condition) for condition in conditions)
        self._page_size = page_size
        self._sleep = sleep
        self._projection = projection
        self._without_projection: set[Operation] = set()

    @property
    def worker(self) -> Worker:
        """Runs blocking work for this platform."""
        return self._transport.worker

    def projects(self, resource: Resource[R]) -> bool:
        """Whether a list is asked for with a projection: not after the platform refused one."""
        asked = self._projection and bool(resource.projection)
        return asked and resource.operation not in self._without_projection

    async def list(
        self,
        resource: Resource[R],
        make: Make[R, T],
        cache: PageCache[T] | None = None,
        replace: Replace[T, R] | None = None,
    ) -> Listing[T]:
        """All records, as `make` has them; listed again if the list is not proven whole.

        `cache` has what was made of pages before, for pages that have not changed; `replace` puts
        the rows of a page that have changed in their places. Both must give the same for the same
        records for as long as the cache is not cleared.
        """
        await self._auth.refresh(resource.operation)
        request = ListRequest(
            resource,
            make,
            replace,
            PageCache() if cache is None else cache,
            self._call,
            self.worker,
            self._conditions if resource.conditional else (),
            min(self._page_size, resource.largest_page),
        )
        if self.projects(resource) and (listing := await request.projected()) is not None:
            return listing
        listing = await request.whole()
        # If a projection was refused, it was the reason, as without it all is well.
        self._without_projection.add(resource.operation)
        return listing

    async def time_zone(self) -> tzinfo | None:
        """The zone of the platform's dates; None where it has no such API, or no known zone."""
        await self._auth.refresh(GET_TIME_ZONE)
        try:
            named = await self._call(GET_TIME_ZONE, schema.time_zone)
        except UnsupportedError:
            return None
        return await self.worker.run(zone_named, named.timezone, named.offset)  # reads a file

    def redact(self, text: str) -> str:
        """What the platform wrote, such as a date that cannot be read, without our secrets."""
        return self._transport.redactor.clean(text)

    async def close(self) -> None:
        """Leave no session behind."""
        await self._auth.close()

    async def _call(
        self,
        operation: Operation,
        decode: Callable[[bytes], T],
        query: Query = (),
        lookup: Callable[[bytes], T | None] = lambda _: None,
    ) -> T:
        """An authorized exchange, tried again while its failure may pass by itself."""
        send = partial(self._transport.send, operation, decode, query=query, lookup=lookup)
        for attempt in range(1, TRIES):
            try:
                return await self._authorized(operation, send)
            except ZStackError as error:
                if not _worth_another_try(error):
                    raise
                wait = _back_off(attempt, error)
            await self._sleep(wait)
        return await self._authorized(operation, send)

    async def _authorized(
        self,
        operation: Operation,
        send: Callable[..., Awaitable[T]],
        *,
        again: bool = True,
    ) -> T:
        """One exchange, and a second if the first taught what to do better (renew a session)."""
        headers = await self._auth.headers(operation)
        try:
            return await send(headers=headers)
        except ExchangeError as error:
            if not (self._auth.learn(headers, error) and again):
                raise
        return await self._authorized(operation, send, again=False)


def _worth_another_try(error: ZStackError) -> bool:
    if isinstance(error, RateLimitedError) and error.retry_after > LONGEST_BACK_OFF_SECONDS:
        return False  # the next poll comes sooner than waiting for it in this one would end
    # A login (not repeatable) is tried once a poll, also after a failure: it may have arrived.
    return error.transient and error.operation.repeatable


def _back_off(attempt: int, error: ZStackError) -> float:
    """Seconds: doubling with full jitter, or what the platform asks for."""
    asked = error.retry_after if isinstance(error, RateLimitedError) else 0.0
    longest = BACK_OFF_SECONDS * 2 ** (attempt - 1)
    return max(asked, random.uniform(0, longest))  # noqa: S311 - no secret
