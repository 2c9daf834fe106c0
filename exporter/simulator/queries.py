"""Replies to queries, of any kind of record."""

from functools import lru_cache
from http import HTTPStatus
from typing import Any

from .accounts import Account
from .answers import Answer, ApiError, reply
from .call import Call
from .callers import caller
from .cloud import Cloud
from .inventory import Inventory, Json, Place, Projection
from .query import Condition, Query, parse
from .selection import projection
from .wire import html_safe_json


def query(inventory: Inventory, cloud: Cloud, call: Call) -> Answer:
    """Records by condition."""
    account = caller(cloud, call)
    return query_reply(inventory, cloud, parse(call.query), account())


def get_one(inventory: Inventory, cloud: Cloud, call: Call) -> Answer:
    """The one record: a query that uses only its uuid and finds one or none."""
    account = caller(cloud, call)
    by_uuid = Query((Condition("uuid", "=", call.uuid),))
    return query_reply(inventory, cloud, by_uuid, account())


def query_nothing(cloud: Cloud, call: Call) -> Answer:
    """A kind of record of which this platform has none."""
    account = caller(cloud, call)
    asked = parse(call.query)
    account()
    members: dict[str, Json] = {} if asked.count else {"inventories": []}
    if asked.count or asked.reply_with_count:
        members["total"] = 0
    return reply(members | {"schema": {}})


def query_reply(inventory: Inventory, cloud: Cloud, asked: Query, account: Account) -> Answer:
    """The page of records that the query asks for."""
    chosen = projection(inventory, asked.fields, cloud.profile)
    if min(asked.limit, asked.start) < 0:
        raise ApiError("SYS.1000", "You have an error in your SQL syntax")
    matches = cloud.select(inventory, asked, account)
    if asked.count:
        return reply({"total": len(matches), "schema": {}})
    page = _page(cloud, asked, matches)
    records = b",".join(b"".join(cloud.record(record, chosen)) for record in page)
    total = f'"total":{len(matches)},' if asked.reply_with_count else ""
    tail = f'],{total}"schema":'.encode() + _schema(inventory, page, chosen) + b"}"
    return Answer(HTTPStatus.OK, b'{"inventories":[' + records + tail)


def _page(cloud: Cloud, asked: Query, matches: tuple[Any, ...]) -> list[Any]:
    """The page; where no order is asked for, each answer begins its order somewhere else."""
    number = len(matches)
    turn = cloud.random.randrange(number or 1)
    if asked.sort is not None or cloud.stable_order:
        turn = 0
    stop = min(asked.start + asked.limit, number)
    return [matches[(turn + index) % number] for index in range(asked.start, stop)]


def _schema(inventory: Inventory, page: list[Any], chosen: Projection) -> bytes:
    """The Java class of each place in the reply that has one."""
    rows = (
        _classes(row, inventory.java_class, inventory.places(record, chosen.shows))
        for row, record in enumerate(page)
    )
    return b"{" + b",".join(rows) + b"}"


@lru_cache(maxsize=1 << 15)
def _classes(row: int, java_class: str, nested: tuple[Place, ...]) -> bytes:
    here = f"inventories[{row}]"
    classes: dict[str, Json] = {here: java_class}
    classes |= {here + path: nested_class for path, nested_class in nested}
    return html_safe_json(classes)[1:-1]
