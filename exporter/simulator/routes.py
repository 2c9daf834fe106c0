"""Which API a path and a method mean."""

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from functools import partial
from http import HTTPStatus
from typing import NamedTuple, TypeAlias

from . import operations as apis
from .answers import Answer, Refusal
from .call import Call
from .centers import CENTERS
from .cloud import Cloud
from .groups import GROUPS
from .inventory import Inventory, Profile, has
from .queries import get_one, query, query_nothing
from .services import SERVICES

Run: TypeAlias = Callable[[Cloud, Call], Answer]

TRAP = "/v1/ai/model-services/instances/groups"
"""A query for instance groups that lost its last slash; ZStack 5.3.20 registers a delete there."""

_CONTAINER = re.compile(r"\{\w+\}")


class Operation(NamedTuple):
    """An API by the name that its Java message has; `changes` means that it does not only read."""

    name: str
    run: Run
    changes: bool = False


@dataclass(frozen=True)
class Route:
    """The APIs of one path, by method or, for actions, by `PUT` and the key in the body."""

    pattern: str
    apis: Mapping[str, Operation]
    since: Profile = "5.2.1"

    def takes(self, path: str) -> re.Match[str] | None:
        """The match, if the path is of this route; a slash more or less is another path."""
        return re.fullmatch(_CONTAINER.sub("(?P<uuid>[^/]+)", self.pattern), path)


def _reading(name: str, run: Run) -> Mapping[str, Operation]:
    return {"GET": Operation(name, run)}


def _changing(**names: str) -> Mapping[str, Operation]:
    return {
        method: Operation(name, apis.change_something, changes=True)
        for method, name in names.items()
    }


def _querying(inventory: Inventory) -> Mapping[str, Operation]:
    return _reading(inventory.operation, partial(query, inventory))


def _getting(inventory: Inventory) -> Mapping[str, Operation]:
    return _reading(inventory.operation, partial(get_one, inventory))


_ROUTES = (
    Route(
        "/v1/ai/model-services",
        {**_querying(SERVICES), **_changing(POST="AddModelService")},
    ),
    Route("/v1/ai/model-services/instances/groups/", _querying(GROUPS), GROUPS.since),
    Route(TRAP, _changing(DELETE="DeleteModelServiceInstanceGroups"), GROUPS.since),
    Route(
        "/v1/ai/model-services/instances/groups/{uuid}",
        {**_getting(GROUPS), **_changing(PUT="UpdateModelServiceInstanceGroup")},
        GROUPS.since,
    ),
    Route(
        "/v1/ai/model-services/{uuid}",
        {
            **_getting(SERVICES),
            **_changing(
                POST="DeployModelService", PUT="UpdateModelService", DELETE="DeleteModelService"
            ),
        },
    ),
    Route("/v1/ai/models", _reading("QueryModel", query_nothing)),
    Route(
        "/v1/ai/model-centers",
        {**_querying(CENTERS), **_changing(POST="AddModelCenter")},
        CENTERS.since,
    ),
    Route(
        "/v1/ai/model-centers/{uuid}",
        {**_getting(CENTERS), **_changing(PUT="UpdateModelCenter", DELETE="DeleteModelCenter")},
        CENTERS.since,
    ),
    Route("/v1/accounts/login", {"PUT": Operation("LogInByAccount", apis.log_in_by_account)}),
    Route("/v1/accounts/sessions/{uuid}", {"DELETE": Operation("LogOut", apis.log_out)}),
    Route("/v1/accounts/sessions/{uuid}/valid", _reading("ValidateSession", apis.validate_session)),
    Route(
        "/v1/accounts/sessions/{uuid}/renew", {"PUT": Operation("RenewSession", apis.renew_session)}
    ),
    Route("/v1/management-nodes/ready", _reading("IsReadyToGo", apis.is_ready)),
    Route(
        "/v1/management-nodes/platform-timezone",
        _reading("GetPlatformTimeZone", apis.platform_time_zone),
    ),
    Route(
        "/v1/management-nodes/actions",
        {
            "PUT getCurrentTime": Operation("GetCurrentTime", apis.current_time),
            "PUT getVersion": Operation("GetVersion", apis.version),
        },
    ),
)
"""In the order of matching: exact paths stand before those with a uuid."""

_JOBS = Route("/v1/api-jobs/{uuid}", _reading("QueryApiJob", apis.query_job))


def route(cloud: Cloud, call: Call) -> tuple[Operation, Call]:
    """The API that is called, and the call with the uuid of its path."""
    if match := _JOBS.takes(call.path):
        return _JOBS.apis["GET"], replace(call, uuid=match["uuid"])
    for candidate in _ROUTES:
        match = candidate.takes(call.path)
        if match and _is_registered(cloud, candidate):
            operation = _chosen(cloud, candidate, call)
            uuid = match.groupdict().get("uuid", "")
            return operation, replace(call, uuid=uuid, operation=operation.name)
    raise Refusal(HTTPStatus.NOT_FOUND, f"no api mapping to {call.path}")


def _is_registered(cloud: Cloud, found: Route) -> bool:
    is_of_aios = found.pattern.startswith("/v1/ai/")
    return (cloud.aios or not is_of_aios) and has(cloud.profile, found.since)


def _chosen(cloud: Cloud, found: Route, call: Call) -> Operation:
    if len(found.apis) == 1:
        ((method, only),) = found.apis.items()
        # Up to 5.3.20 the only API of a path is called for any method: GET may delete.
        if cloud.profile == "5.5" and call.method != method:
            raise _not_allowed(call)
        return only
    if call.method in found.apis:
        return found.apis[call.method]
    for key in call.members():
        if f"{call.method} {key}" in found.apis:
            return found.apis[f"{call.method} {key}"]
    raise _none_of_them(found, call)


def _none_of_them(found: Route, call: Call) -> Refusal:
    if call.method == "PUT":
        message = f"the body doesn't contain action mapping to the URL[{call.path}]"
        return Refusal(HTTPStatus.BAD_REQUEST, message)
    kinds = {"GET": "query", "POST": "creational", "DELETE": "delete"}
    if call.method not in kinds:
        return _not_allowed(call)
    message = f"No {kinds[call.method]} API found for the path[{found.pattern}]"
    return Refusal(HTTPStatus.INTERNAL_SERVER_ERROR, message)


def _not_allowed(call: Call) -> Refusal:
    message = f"The method[{call.method}] is not allowed for the path[{call.path}]"
    return Refusal(HTTPStatus.METHOD_NOT_ALLOWED, message)
