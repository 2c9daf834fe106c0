"""ZStack's API as far as it is asked here: the model services, and the platform's time zone."""

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from datetime import tzinfo
from typing import Final, TypeVar

import tenacity

from . import schema
from .auth import Auth
from .dates import zone_named
from .errors import (
    ExchangeError,
    IncompleteError,
    Operation,
    RateLimitedError,
    UnsupportedError,
    ZStackError,
)
from .paging import Listing, Reading
from .transport import Transport

QUERY_MODEL_SERVICE: Final = Operation("QueryModelService", "GET", "/v1/ai/model-services")
GET_TIME_ZONE: Final = Operation(
    "GetPlatformTimeZone", "GET", "/v1/management-nodes/platform-timezone"
)

TRIES: Final = 3
BACK_OFF_SECONDS: Final = 0.5
LONGEST_BACK_OFF_SECONDS: Final = 10.0

_JITTERED: Final = tenacity.wait_random_exponential(
    multiplier=BACK_OFF_SECONDS, max=LONGEST_BACK_OFF_SECONDS
)

T = TypeVar("T")


class Client:
    """One platform, asked by one identity. Every method raises ZStackError.

    `sleep` is how it waits before it tries again.
    """

    def __init__(
        self,
        transport: Transport,
        auth: Auth,
        *,
        conditions: Sequence[str] = (),
        page_size: int = 1000,
        sleep: Callable[[float], Awaitable[None]] = asyncio.sleep,
    ) -> None:
        self._transport = transport
        self._auth = auth
        self._conditions = tuple(("q", condition) for condition in conditions)
        self._page_size = page_size
        self._sleep = sleep

    async def model_services(self) -> Listing:
        """All model services, listed a second time if the first list is not proven whole."""
        await self._auth.refresh(QUERY_MODEL_SERVICE)
        try:
            return await self._list()
        except IncompleteError:
            return await self._list()

    async def time_zone(self) -> tzinfo | None:
        """The zone of the platform's dates; None where it cannot say (it has no such API)."""
        await self._auth.refresh(GET_TIME_ZONE)
        try:
            named = await self._call(GET_TIME_ZONE, schema.time_zone)
        except UnsupportedError:
            return None
        return zone_named(named.timezone, named.offset)

    async def close(self) -> None:
        """Leave no session behind."""
        await self._auth.close()

    async def _list(self) -> Listing:
        reading = Reading(QUERY_MODEL_SERVICE, self._page_size)
        while not reading.finished:
            start, limit = reading.next_page
            query = (
                *self._conditions,
                ("limit", str(limit)),
                ("start", str(start)),
                ("sort", "+uuid"),  # without it the order, and so the offset, means nothing
                ("replyWithCount", "true"),
            )
            reading.add(await self._call(QUERY_MODEL_SERVICE, schema.model_services, query=query))
        return reading.listing()

    async def _call(
        self,
        operation: Operation,
        decode: Callable[[bytes], T],
        query: Sequence[tuple[str, str]] = (),
    ) -> T:
        """An authorized exchange, tried again while its failure may pass by itself."""
        retrying = tenacity.AsyncRetrying(
            sleep=self._sleep,
            retry=tenacity.retry_if_exception(_worth_another_try),
            wait=_back_off,
            stop=tenacity.stop_after_attempt(TRIES),
            reraise=True,
        )
        return await retrying(self._authorized, operation, decode, query)

    async def _authorized(
        self,
        operation: Operation,
        decode: Callable[[bytes], T],
        query: Sequence[tuple[str, str]],
        *,
        again: bool = True,
    ) -> T:
        """One exchange, and a second if the first taught what to do better (renew a session)."""
        headers = await self._auth.headers(operation)
        try:
            return await self._transport.send(operation, decode, headers=headers, query=query)
        except ExchangeError as error:
            if not (self._auth.learn(headers, error) and again):
                raise
        return await self._authorized(operation, decode, query, again=False)


def _worth_another_try(error: BaseException) -> bool:
    if isinstance(error, RateLimitedError) and error.retry_after > LONGEST_BACK_OFF_SECONDS:
        return False  # the next poll comes sooner than waiting for it in this one would end
    # A login (not repeatable) is tried once a poll, whatever became of it: it may have arrived.
    return isinstance(error, ZStackError) and error.transient and error.operation.repeatable


def _back_off(retry: tenacity.RetryCallState) -> float:
    """Seconds: doubling with full jitter, or what the platform asks for."""
    error = retry.outcome.exception() if retry.outcome else None
    asked = error.retry_after if isinstance(error, RateLimitedError) else 0.0
    return max(asked, _JITTERED(retry))
