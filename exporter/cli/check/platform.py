"""The platform itself, before any credentials are sent: whether it is ZStack, and its clock."""

from collections.abc import AsyncIterator, Sequence

import msgspec

from exporter.settings import TargetSettings
from exporter.zstack import QUERY_MODEL_SERVICE, Exchange, Transport, ZStackError, errors

from .clock import clock
from .finding import Finding, Outcome, failed, failed_step, passed, warned
from .time_limit import deadline


async def platform(
    target: TargetSettings, transport: Transport, exchanges: Sequence[Exchange]
) -> AsyncIterator[Finding]:
    """Ask without credentials, which identifies ZStack and costs no login."""
    try:
        async with deadline(target, QUERY_MODEL_SERVICE):
            await transport.send(QUERY_MODEL_SERVICE, _decode_listed)
    except ZStackError as error:
        found = _unauthenticated_answer(error)
    else:
        hint = "check what stands before it, such as a proxy: ZStack itself asks for credentials"
        found = warned("platform", "it answers even without credentials", hint)
    yield found
    if found.outcome is not Outcome.FAIL:
        yield clock(exchanges[-1].date)


class _Listed(msgspec.Struct):
    """The part of an answer that shows it to be one to a query."""

    inventories: list[msgspec.Raw]


def _decode_listed(body: bytes) -> None:
    msgspec.json.decode(body, type=_Listed)


def _unauthenticated_answer(error: ZStackError) -> Finding:
    match error:
        case errors.UnsupportedError():
            hint = "install AIOS there, or correct url: the platform has no API of model services"
            return failed("platform", "ZStack without AIOS", hint)
        case errors.NotReadyError() | errors.RateLimitedError():
            return failed_step("platform", error)
        case _ if error.symptom is not None:
            return failed_step("platform", error)
        case _ if error.code or "Authorization" in str(error):
            # ZStack answers a request without credentials so: the header is missing, or the code
            # of no session. After any other answer no credentials may be sent.
            return passed("platform", "ZStack with AIOS answers")
        case errors.RejectedError():
            hint = "correct url: it must lead to ZStack's API, by default on port 8080"
            return failed("platform", str(error), hint)
        case _:
            return failed_step("platform", error)
