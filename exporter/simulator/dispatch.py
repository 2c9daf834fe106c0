"""From a call to its answer, in the order of ZStack's RestServer."""

from collections import deque
from functools import partial
from http import HTTPStatus

from . import answers, legacy
from .answers import Answer, ApiError, Refusal
from .call import Call
from .cloud import Cloud, SeenRequest
from .effects import Exchange, Proceed
from .routes import TRAP, Operation, route

_MINUTE = 60.0
_CALLS_A_MINUTE = {"5.2.1": None, "5.3.20": 12_000, "5.5": 12_000}


async def answer(cloud: Cloud, call: Call) -> Answer:
    """The answer of the platform, through the faults that strike it; the request is remembered."""
    name = _operation_name(cloud, call)
    cloud.operations[name] += 1
    _spring_trap(cloud, call, name)
    status = None
    try:
        given = await _through_faults(cloud, call, name)
        status = None if given.cut == 0 else given.status
    finally:
        cloud.requests.append(_seen(cloud, call, name, status))
        cloud.statuses[status] += 1
    return given


def _operation_name(cloud: Cloud, call: Call) -> str:
    if call.path == legacy.PATH:
        return legacy.operation(call)
    found = _routed(cloud, call)
    return found[0].name if isinstance(found, tuple) else ""


def _routed(cloud: Cloud, call: Call) -> tuple[Operation, Call] | Refusal:
    try:
        return route(cloud, call)
    except Refusal as refusal:
        return refusal


def _spring_trap(cloud: Cloud, call: Call, name: str) -> None:
    """Remember what a reader must never send: it changes, or it would on an older release."""
    found = _routed(cloud, call)
    changes = isinstance(found, tuple) and found[0].changes
    if changes or call.path == TRAP:
        cloud.trap_hits.append(_seen(cloud, call, name, None))


def _seen(cloud: Cloud, call: Call, name: str, status: int | None) -> SeenRequest:
    query = "&".join(f"{key}={value}" for key, value in call.query)
    return SeenRequest(cloud.now(), call.method, call.path, query, status, name)


async def _through_faults(cloud: Cloud, call: Call, name: str) -> Answer:
    async def plainly() -> Answer:
        return _answer(cloud, call)

    proceed: Proceed = plainly
    for fault in reversed(cloud.strike(name, call.path, call.start)):
        exchange = Exchange(name, call.path, cloud.records(name), cloud.sessions, proceed)
        proceed = partial(fault.effect, exchange)
    try:
        return await proceed()
    except (Refusal, ApiError) as reason:
        return _refused(cloud, call, reason)


def _answer(cloud: Cloud, call: Call) -> Answer:
    try:
        _limit_rate(cloud, call)
        if call.path == legacy.PATH:
            return legacy.answer(cloud, call)
        operation, routed = route(cloud, call)
        if not cloud.ready:
            raise ApiError("SYS.1010", "management node is not ready")  # noqa: TRY301 - as any API
        return operation.run(cloud, routed)
    except (Refusal, ApiError) as reason:
        return _refused(cloud, call, reason)


def _refused(cloud: Cloud, call: Call, reason: Refusal | ApiError) -> Answer:
    if isinstance(reason, Refusal):
        return answers.text(reason.status, reason.text)
    if call.path == legacy.PATH:
        return legacy.failed(cloud, call, reason)
    return answers.failure(reason, cloud.profile)


def _limit_rate(cloud: Cloud, call: Call) -> None:
    """A sliding minute for each client, before routing and before authentication."""
    limit = _CALLS_A_MINUTE[cloud.profile] if cloud.rate_limit is None else cloud.rate_limit
    if limit is None:
        return
    now = cloud.now()
    calls = cloud.recent_calls.setdefault(call.client, deque())
    while calls and calls[0] <= now - _MINUTE:
        calls.popleft()
    if len(calls) >= limit:
        raise Refusal(HTTPStatus.TOO_MANY_REQUESTS, "Rate limit exceeded")
    calls.append(now)
