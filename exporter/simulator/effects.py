"""What a fault does to a request: an effect stands around the platform as a middleware does.

It may answer itself, wait, change the platform before it answers or the answer afterwards.
"""

import asyncio
import json
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, replace
from http import HTTPStatus
from typing import Any, TypeAlias

from .accounts import Session
from .answers import Answer, ApiError, Refusal
from .inventory import Json
from .records import Records
from .wire import html_safe_json

Proceed: TypeAlias = Callable[[], Awaitable[Answer]]
Row: TypeAlias = dict[str, Json]


@dataclass(frozen=True, slots=True)
class Exchange:
    """One request on its way through the platform; `proceed` gives its true answer.

    `records` are those that the operation asks for.
    """

    operation: str
    path: str
    records: Records[Any]
    sessions: dict[str, Session]
    proceed: Proceed


Effect: TypeAlias = Callable[[Exchange], Awaitable[Answer]]


def answering(answer: Answer) -> Effect:
    """Always this, in place of the platform."""

    async def effect(_exchange: Exchange) -> Answer:
        return answer

    return effect


def raising(error: ApiError) -> Effect:
    """This error, in the form of the platform's release."""

    async def effect(_exchange: Exchange) -> Answer:
        raise error

    return effect


def answering_late(seconds: float) -> Effect:
    """The request is executed at once, and answered later."""

    async def effect(exchange: Exchange) -> Answer:
        answer = await exchange.proceed()
        await asyncio.sleep(seconds)
        return answer

    return effect


def delaying(seconds: float) -> Effect:
    """The true answer, later."""

    async def effect(exchange: Exchange) -> Answer:
        await asyncio.sleep(seconds)
        return await exchange.proceed()

    return effect


async def hanging(_exchange: Exchange) -> Answer:
    """No answer until the client goes away, which cancels this."""
    never: asyncio.Future[Answer] = asyncio.get_running_loop().create_future()
    return await never


async def unregistered(exchange: Exchange) -> Answer:
    """No path of AIOS is known."""
    if exchange.path.startswith("/v1/ai/"):
        raise Refusal(HTTPStatus.NOT_FOUND, f"no api mapping to {exchange.path}")
    return await exchange.proceed()


def before(change: Callable[[Exchange], object]) -> Effect:
    """The true answer of a platform that has just been changed."""

    async def effect(exchange: Exchange) -> Answer:
        change(exchange)
        return await exchange.proceed()

    return effect


def after(alter: Callable[[Answer], Answer]) -> Effect:
    """The true answer, altered."""

    async def effect(exchange: Exchange) -> Answer:
        return alter(await exchange.proceed())

    return effect


def rewriting(change: Callable[[dict[str, Any]], None]) -> Effect:
    """A success with other members; failures pass as they are."""

    def rewritten(answer: Answer) -> Answer:
        if answer.status != HTTPStatus.OK:
            return answer
        members = json.loads(answer.body)
        change(members)
        return replace(answer, body=html_safe_json(members))

    return after(rewritten)


def on_rows(alter: Callable[[list[Row]], list[Row]]) -> Effect:
    """A success with other rows; one without rows passes as it is."""

    def change(members: dict[str, Any]) -> None:
        if "inventories" in members:
            members["inventories"] = alter(members["inventories"])

    return rewriting(change)


def by_operation(choose: Callable[[str], Effect]) -> Effect:
    """The effect that is chosen for the operation of the request."""

    async def effect(exchange: Exchange) -> Answer:
        return await choose(exchange.operation)(exchange)

    return effect


def on_first_row(alter: Callable[[Row], Row]) -> Effect:
    """A success whose first row is another."""
    return on_rows(lambda rows: [alter(row) for row in rows[:1]] + rows[1:])
