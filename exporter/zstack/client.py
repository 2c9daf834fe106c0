"""ZStack's API as far as it is asked here: the model services, and the platform's time zone."""

import asyncio
import random
from collections.abc import Awaitable, Callable, Sequence
from datetime import tzinfo
from functools import partial
from typing import Final, TypeVar

from . import schema
from .auth import Auth
from .condensing import Condenser
from .dates import zone_named
from .errors import (
    ExchangeError,
    IncompleteError,
    Operation,
    RateLimitedError,
    RejectedError,
    UnsupportedError,
    ZStackError,
)
from .paging import Listing, Part, Reading, UnsortedError
from .transport import Transport

QUERY_MODEL_SERVICE: Final = Operation("QueryModelService", "GET", "/v1/ai/model-services")
GET_TIME_ZONE: Final = Operation(
    "GetPlatformTimeZone", "GET", "/v1/management-nodes/platform-timezone"
)

TRIES: Final = 3
BACK_OFF_SECONDS: Final = 0.5
LONGEST_BACK_OFF_SECONDS: Final = 10.0

T = TypeVar("T")
Query = tuple[tuple[str, str], ...]


class Client:
    """One platform, asked by one identity. Every method raises ZStackError.

    `projection` asks for the fields that are read here and no others, as long as the platform
    knows them all (protocol: `fields`). `sleep` is how it waits before it tries again.
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
        self.projecting = projection
        """Whether it asks for a projection: not any more once the platform has refused one."""

    async def model_services(self, condenser: Condenser[T]) -> Listing[T]:
        """What the condenser makes of all model services, listed again if not proven whole."""
        await self._auth.refresh(QUERY_MODEL_SERVICE)
        if self.projecting:
            try:
                return await self._whole_list(condenser, (("fields", schema.PROJECTION),))
            except RejectedError as error:
                if error.code != schema.UNKNOWN_FIELD:
                    raise
        listing = await self._whole_list(condenser)
        self.projecting = False  # if it was asked for, it was the reason, as without it all is well
        return listing

    async def time_zone(self) -> tzinfo | None:
        """The zone of the platform's dates; None where it cannot say (it has no such API)."""
        await self._auth.refresh(GET_TIME_ZONE)
        try:
            named = await self._call(GET_TIME_ZONE, schema.time_zone)
        except UnsupportedError:
            return None
        return await asyncio.to_thread(zone_named, named.timezone, named.offset)  # reads a file

    async def close(self) -> None:
        """Leave no session behind."""
        await self._auth.close()

    async def _whole_list(self, condenser: Condenser[T], fields: Query = ()) -> Listing[T]:
        try:
            return await self._list(condenser, fields)
        except IncompleteError:
            return await self._list(condenser, fields)

    async def _list(self, condenser: Condenser[T], fields: Query) -> Listing[T]:
        try:
            return await self._pass(condenser, fields)
        except UnsortedError:
            condenser.distrust_order()
            return await self._pass(condenser, fields)

    async def _pass(self, condenser: Condenser[T], fields: Query) -> Listing[T]:
        reading: Reading[T] = Reading(
            QUERY_MODEL_SERVICE, self._page_size, order=condenser.trusts_order
        )
        condenser.begin()
        while not reading.finished:
            reading.add(await self._part(reading, condenser, fields))
        listing = reading.listing()
        condenser.end()
        return listing

    async def _part(self, reading: Reading[T], condenser: Condenser[T], fields: Query) -> Part[T]:
        """The next part of the list, condensed, or recognised by the bytes that it came in."""
        start, limit = reading.next_page
        query = (
            *self._conditions,
            ("limit", str(limit)),
            ("start", str(start)),
            ("sort", "+uuid"),  # without it the order, and so the offset, means nothing
            ("replyWithCount", "true"),
            *fields,
        )
        found: Part[T] | schema.Page = await self._call(
            QUERY_MODEL_SERVICE,
            lambda body: condenser.decode(body, reading),
            query=query,
            recognise=lambda body: condenser.recognise(body, reading),
        )
        return await condenser.finish(found, reading)

    async def _call(
        self,
        operation: Operation,
        decode: Callable[[bytes], T],
        query: Query = (),
        recognise: Callable[[bytes], T | None] = lambda _: None,
    ) -> T:
        """An authorized exchange, tried again while its failure may pass by itself."""
        send = partial(self._transport.send, operation, decode, query=query, recognise=recognise)
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
    # A login (not repeatable) is tried once a poll, whatever became of it: it may have arrived.
    return error.transient and error.operation.repeatable


def _back_off(attempt: int, error: ZStackError) -> float:
    """Seconds: doubling with full jitter, or what the platform asks for."""
    asked = error.retry_after if isinstance(error, RateLimitedError) else 0.0
    longest = BACK_OFF_SECONDS * 2 ** (attempt - 1)
    return max(asked, random.uniform(0, longest))  # noqa: S311 - no secret
