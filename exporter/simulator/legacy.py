r"""The older API at `/zstack/api/`: one message as JSON, its reply as JSON in a string.

    {"org.zstack.header.identity.APILogOutMsg": {"session": {"uuid": "..."}}}
    {"state": "Done", "result": "{\"org.zstack...APILogOutReply\": {\"success\": true}}"}

Errors come with status 200, inside the reply.
"""

import json
from collections.abc import Callable
from functools import partial
from typing import Any, NamedTuple

from . import login
from .answers import Answer, ApiError, error_code, reply
from .call import Call
from .callers import permitted
from .centers import CENTERS
from .cloud import Cloud
from .groups import GROUPS
from .inventory import Inventory, Profile, has
from .queries import query_reply
from .query import DEFAULT_LIMIT, Condition, Query
from .services import SERVICES

PATH = "/api/"


class Message(NamedTuple):
    """A message by its Java class, with the name of its operation and of its reply."""

    operation: str
    reply: str
    run: Callable[[Cloud, dict[str, Any]], dict[str, Any]]
    since: Profile = "5.2.1"


def operation(call: Call) -> str:
    """The name of the operation in the body, empty if it is unknown."""
    name = next(iter(call.members()), "")
    return _MESSAGES[name].operation if name in _MESSAGES else ""


def answer(cloud: Cloud, call: Call) -> Answer:
    """The reply to the message in the body."""
    name, parameters = next(iter(call.members().items()), ("", {}))
    message = _MESSAGES.get(name)
    if message is None or not has(cloud.profile, message.since):
        error = ApiError("SYS.1008", f"no service can deal with the message[{name}]")
        return _done("org.zstack.header.message.APIReply", _failed(cloud, error))
    try:
        if not cloud.ready:
            raise ApiError("SYS.1010", "management node is not ready")  # noqa: TRY301 - as any API
        members = {"success": True, **message.run(cloud, parameters)}
    except ApiError as error:
        members = _failed(cloud, error)
    return _done(message.reply, members)


def failed(cloud: Cloud, call: Call, error: ApiError) -> Answer:
    """The error as the reply to the message in the body."""
    message = _MESSAGES.get(next(iter(call.members()), ""))
    return _done(message.reply if message else "", _failed(cloud, error))


def _failed(cloud: Cloud, error: ApiError) -> dict[str, Any]:
    return {"success": False, "error": error_code(error, cloud.profile)}


def _done(name: str, members: dict[str, Any]) -> Answer:
    result = json.dumps({name: members}, ensure_ascii=False)
    return reply({"state": "Done", "result": result})


def _log_in(cloud: Cloud, parameters: dict[str, Any]) -> dict[str, Any]:
    session = login.log_in(cloud, parameters)
    return {"inventory": login.session_inventory(cloud, session)}


def _log_out(cloud: Cloud, parameters: dict[str, Any]) -> dict[str, Any]:
    cloud.sessions.pop(parameters.get("sessionUuid", ""), None)
    return {}


def _query(inventory: Inventory, cloud: Cloud, parameters: dict[str, Any]) -> dict[str, Any]:
    session = login.use(cloud, (parameters.get("session") or {}).get("uuid", ""))
    account = permitted(session.account, inventory.operation)
    page = query_reply(inventory, cloud, _read(parameters), account)
    members: dict[str, Any] = json.loads(page.body)
    del members["schema"]
    return members


def _read(parameters: dict[str, Any]) -> Query:
    """The same query as REST's, whose conditions need no cutting here."""
    fields = parameters.get("fields")
    return Query(
        conditions=tuple(
            Condition(str(each.get("name")), str(each.get("op")), str(each.get("value", "")))
            for each in parameters.get("conditions") or ()
        ),
        limit=parameters.get("limit", DEFAULT_LIMIT),
        start=parameters.get("start", 0),
        count=bool(parameters.get("count")),
        reply_with_count=bool(parameters.get("replyWithCount")),
        sort=parameters.get("sortBy"),
        descending=parameters.get("sortDirection") == "desc",
        fields=tuple(fields) if fields else None,
    )


_IDENTITY = "org.zstack.header.identity"
_MESSAGES = {
    f"{_IDENTITY}.APILogInByAccountMsg": Message(
        "LogInByAccount", f"{_IDENTITY}.APILogInReply", _log_in
    ),
    f"{_IDENTITY}.APILogOutMsg": Message("LogOut", f"{_IDENTITY}.APILogOutReply", _log_out),
    **{
        f"org.zstack.ai.message.API{inventory.operation}Msg": Message(
            inventory.operation,
            f"org.zstack.ai.message.API{inventory.operation}Reply",
            partial(_query, inventory),
            inventory.since,
        )
        for inventory in (SERVICES, GROUPS, CENTERS)
    },
}
