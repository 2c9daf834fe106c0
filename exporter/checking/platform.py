"""The platform itself: is it ZStack, what time is it there, does it let us in, what has it got."""

import asyncio
from collections.abc import AsyncIterator, Sequence
from datetime import tzinfo
from itertools import chain
from typing import Final

import msgspec

from exporter.codes import told
from exporter.connection import client_over
from exporter.inventory import Sums, batch, inventory
from exporter.metrics import AGGREGATED, PER_SERVICE
from exporter.services import Conventions, label, services
from exporter.settings import TargetSettings
from exporter.zstack import (
    LOG_IN,
    QUERY_MODEL_SERVICE,
    Client,
    Condenser,
    DeadlineError,
    Exchange,
    Listing,
    ModelService,
    Transport,
    ZStackError,
    errors,
)

from .clock import CLOCK_SECONDS, ahead_of_ours, clock
from .finding import Finding, Outcome, failed, passed, warned

ZONE_SECONDS: Final = 5.0
MANY_SERIES: Final = 100_000
TOLD_RECORDS: Final = 3

Records = tuple[ModelService, ...]


async def platform(
    target: TargetSettings, transport: Transport, exchanges: Sequence[Exchange]
) -> AsyncIterator[Finding]:
    """Ask without credentials: that tells ZStack from anything else, and costs no login."""
    try:
        async with asyncio.timeout(target.timeout):
            await transport.send(QUERY_MODEL_SERVICE, _listed)
    except TimeoutError:
        found = _troubled("platform", _late(target))
    except ZStackError as error:
        found = _stranger(error)
    else:
        mend = "see what stands before it: ZStack itself asks for credentials"
        found = warned("platform", "it answers even without credentials", mend)
    yield found
    if found.outcome is not Outcome.FAIL:
        yield clock(exchanges[-1].date)


class _Listed(msgspec.Struct):
    """An answer to a query, as far as one must look to know that it is one."""

    inventories: list[msgspec.Raw]


def _listed(body: bytes) -> None:
    msgspec.json.decode(body, type=_Listed)


def _stranger(error: ZStackError) -> Finding:
    match error:
        case errors.UnsupportedError():
            mend = "install AIOS there, or correct url: the platform has no API of model services"
            return failed("platform", "ZStack without AIOS", mend)
        case errors.NotReadyError() | errors.RateLimitedError():
            return _troubled("platform", error)
        case _ if error.code or "Authorization" in str(error):
            # What ZStack says to a request without credentials: that the header is missing, or
            # the code of no session. Whatever says anything else must not be shown any.
            return passed("platform", "ZStack with AIOS answers")
        case errors.DeniedError():
            mend = "allow the exporter's address on the platform or the proxy before it"
            return failed("platform", str(error), f"{mend}; or correct url")
        case errors.RejectedError():
            mend = "correct url: it must lead to ZStack's API, on port 8080 unless it was moved"
            return failed("platform", str(error), mend)
        case _:
            return _troubled("platform", error)


async def listing(
    target: TargetSettings,
    transport: Transport,
    exchanges: Sequence[Exchange],
    *,
    per_service: bool,
) -> AsyncIterator[Finding]:
    """Poll once: one login, the whole list, and what would be made of it."""
    async with client_over(transport, target) as client:
        try:
            async with asyncio.timeout(target.timeout):
                listed = await client.model_services(Condenser(_as_they_are))
        except TimeoutError:
            for finding in _refused(target, _late(target), exchanges):
                yield finding
            return
        except ZStackError as error:
            for finding in _refused(target, error, exchanges):
                yield finding
            return
        zone, about_zone = await _zone(client, target)
    yield _let_in(target, exchanges)
    yield passed("permission", "it may query model services")
    yield _complete(listed)
    yield _records(listed)
    yield about_zone
    conventions = Conventions(target.memory_unit, zone)
    yield await asyncio.to_thread(_series, listed, conventions, per_service=per_service)


def _refused(
    target: TargetSettings, error: ZStackError, exchanges: Sequence[Exchange]
) -> list[Finding]:
    """The steps that went well, and the one that did not."""
    match error:
        case errors.ClockSkewError():
            return [_skewed(error, ahead_of_ours(exchanges[0].date))]
        case errors.UnauthorizedError() | errors.CredentialsError():
            return [_not_let_in(target, error)]
        case _ if error.operation is LOG_IN or not _logged_in(target, exchanges):
            return [_not_let_in(target, error)]
        case errors.DeniedError():
            return [_let_in(target, exchanges), _troubled("permission", error)]
        case errors.IncompleteError():
            allowed = passed("permission", "it may query model services")
            return [_let_in(target, exchanges), allowed, _troubled("list", error)]
        case _:
            return [_let_in(target, exchanges), _troubled("list", error)]


def _logged_in(target: TargetSettings, exchanges: Sequence[Exchange]) -> bool:
    if target.credentials.kind != "account":
        return True
    return any(each.operation is LOG_IN and each.succeeded for each in exchanges)


def _let_in(target: TargetSettings, exchanges: Sequence[Exchange]) -> Finding:
    given = target.credentials
    match given.kind:
        case "access_key":
            return passed("login", f"access key {label(given.identity or '')} is accepted")
        case "account":
            took = next(each.seconds for each in exchanges if each.operation is LOG_IN)
            return passed("login", f"as {label(given.identity or '')}, in {took * 1000:.0f} ms")
        case "session":
            return passed("login", "the session is accepted; whoever opened it must keep it alive")


def _not_let_in(target: TargetSettings, error: ZStackError) -> Finding:
    match target.credentials.kind, error:
        case _, errors.LockedError(code="LOGIN_CONTROL.1002", seconds=seconds):
            mend = f"wait {seconds:.0f} s, or unlock the account; see who logs in with a wrong"
            return failed("login", str(error), f"{mend} password", error.code)
        case _, errors.UnauthorizedError(code="ID.2001"):
            mend = "use an access key, or an account without a second factor"
            # Its message is JSON for a browser.
            return failed("login", f"{error.code}: a second factor is asked for", mend, error.code)
        case "session", errors.SessionError():
            mend = "open another session, or use an access key, which does not end"
            return failed("login", str(error), mend, error.code)
        case "access_key", errors.UnauthorizedError():
            mend = "correct access_key_id and its secret; see on the platform that it is enabled"
            return failed("login", str(error), mend, error.code)
        case _:
            return _troubled("login", error)


def _skewed(error: ZStackError, ahead: float | None) -> Finding:
    """By default ZStack compares the wall clocks of an access key's date, whatever its zone."""
    if ahead is None:
        return _troubled("login", error)
    if abs(ahead) >= CLOCK_SECONDS:
        mend = "set both clocks by NTP; if it stays, set time_zone to that of the platform"
    else:
        mend = (
            "set time_zone to that of the platform, such as Asia/Shanghai: the clocks agree, so it"
            " is the zone"
        )
    return failed("login", str(error), mend, error.code)


def _complete(listed: Listing[Records]) -> Finding:
    if listed.total == 0:
        mend = (
            "an account sees only what it may: if there are model services, grant it the query,"
            " and look at conditions"
        )
        return warned("list", "no model services", mend)
    return passed("list", f"whole: {listed.total} model services, as the platform counts")


def _records(listed: Listing[Records]) -> Finding:
    if not listed.undecodable:
        return passed("records", "all can be read")
    few = "; ".join(
        f"{label(row.uuid)}: {row.fault}" if row.uuid else row.fault
        for row in listed.undecodable[:TOLD_RECORDS]
    )
    mend = "please report this with the record: it is left out of every count"
    return warned("records", f"{len(listed.undecodable)} cannot be read: {few}", mend)


async def _zone(client: Client, target: TargetSettings) -> tuple[tzinfo | None, Finding]:
    if target.zone is not None:
        return target.zone, passed("time zone", f"{target.time_zone}, as set")
    mend = "set time_zone, such as Asia/Shanghai; without it dates are left out"
    try:
        async with asyncio.timeout(ZONE_SECONDS):
            zone = await client.time_zone()
    except (ZStackError, TimeoutError) as error:
        return None, warned("time zone", str(error) or "no answer", mend)
    if zone is None:
        return None, warned("time zone", "the platform has no API to tell it", mend)
    return zone, passed("time zone", f"{zone}, as the platform says")


def _as_they_are(records: Records) -> Records:
    return records


def _series(listed: Listing[Records], conventions: Conventions, *, per_service: bool) -> Finding:
    batches = tuple(batch(records, conventions, lambda _: {}) for records in listed.parts)
    totals = inventory(Listing(batches, listed.total), Sums())
    number = sum(1 for row in AGGREGATED for _ in row.samples(totals))
    if per_service:
        found = services(chain.from_iterable(listed.parts), conventions)
        number += sum(len(found) - row.values(found).count(None) for row in PER_SERVICE)
    if per_service and number > MANY_SERIES:
        mend = "set metrics.per_service to false if the totals are enough"
        return warned("series", f"{number}, which is many for one target", mend)
    return passed("series", f"{number}, besides those about polling")


def _late(target: TargetSettings) -> DeadlineError:
    return DeadlineError(f"not done within {target.timeout:g} s", QUERY_MODEL_SERVICE)


def _troubled(step: str, error: ZStackError) -> Finding:
    return failed(step, str(error), told(error).fix, error.code)
