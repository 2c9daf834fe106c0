"""The list of model services: one login, all its pages, and what of them can be read."""

import asyncio
from collections.abc import AsyncIterator, Callable, Sequence
from datetime import tzinfo
from typing import Final

from exporter.metrics.list_families import ListFamilies
from exporter.settings import TargetSettings
from exporter.state.columns import Conventions
from exporter.state.drift import no_date_read
from exporter.state.hints import NO_SERVICES
from exporter.state.inventory import INVENTORY, Inventory
from exporter.state.labels import sanitize_label
from exporter.state.services import Services
from exporter.zstack import (
    LOG_IN,
    MODEL_SERVICES,
    QUERY_MODEL_SERVICE,
    Client,
    Exchange,
    Listing,
    ModelService,
    ZStackError,
    errors,
)

from .clock import seconds_ahead
from .finding import Finding, failed_step, passed, warned
from .login import clock_skew, logged_in, login_failed, login_ok
from .polled import PolledOnce, reduced
from .records import records
from .time_limit import deadline

ZONE_SECONDS: Final = 5.0

Records = tuple[ModelService, ...]


async def model_services(
    target: TargetSettings,
    client: Client,
    exchanges: Sequence[Exchange],
    families: ListFamilies[Services, Inventory],
    polled: PolledOnce,
) -> AsyncIterator[Finding]:
    """List them once; `polled` gets what they come to."""
    try:
        async with deadline(target, QUERY_MODEL_SERVICE):
            listed = await client.list(MODEL_SERVICES, _unchanged)
    except ZStackError as error:
        for finding in _failed_poll(target, error, exchanges):
            yield finding
        return
    zone, about_zone = await _zone(client, target)
    yield login_ok(target, exchanges)
    yield passed("permission", "it may query model services")
    yield _complete(listed)
    conventions = Conventions(target.memory_unit, zone)
    try:
        totals, series = await asyncio.to_thread(reduced, INVENTORY, families, listed, conventions)
    except errors.UnreadableError as error:
        yield failed_step("records", error)
        return
    polled.conventions, polled.inventory = conventions, totals
    polled.series.append(series)
    yield records("records", listed, totals)
    yield about_zone
    if no_date_read(totals.drift, totals.dates):
        yield _no_date_read(listed, client.redact)


def _failed_poll(
    target: TargetSettings, error: ZStackError, exchanges: Sequence[Exchange]
) -> list[Finding]:
    """The steps that succeeded, and the one that failed."""
    match error:
        case errors.ClockSkewError():
            return [clock_skew(error, seconds_ahead(exchanges[0].date))]
        case errors.UnauthorizedError() | errors.CredentialsError():
            return [login_failed(target, error)]
        case _ if error.operation is LOG_IN or not logged_in(target, exchanges):
            return [login_failed(target, error)]
        case errors.DeniedError():
            return [login_ok(target, exchanges), failed_step("permission", error)]
        case errors.IncompleteError():
            permission = passed("permission", "it may query model services")
            return [login_ok(target, exchanges), permission, failed_step("list", error)]
        case _:
            return [login_ok(target, exchanges), failed_step("list", error)]


def _complete(listed: Listing[Records]) -> Finding:
    if listed.total == 0:
        return warned("list", "no model services", NO_SERVICES.fix)
    return passed("list", f"whole: {listed.total} model services, as the platform counts")


def _no_date_read(listed: Listing[Records], redact: Callable[[str], str]) -> Finding:
    """Quotes one date: a report without its format would be of no use."""
    dates = (record.create_date for records in listed.parts for record in records)
    some = next((date for date in dates if date is not None), None)
    example = "" if some is None else f", such as {sanitize_label(redact(str(some)))}"
    hint = "report it with the platform's release: until then dates are left out"
    return warned("dates", f"none can be read{example}", hint)


async def _zone(client: Client, target: TargetSettings) -> tuple[tzinfo | None, Finding]:
    if target.zone is not None:
        return target.zone, passed("time zone", f"{target.time_zone}, as set")
    hint = "set time_zone, such as Asia/Shanghai; without it dates are left out"
    try:
        async with asyncio.timeout(ZONE_SECONDS):
            zone = await client.time_zone()
    except (ZStackError, TimeoutError) as error:
        return None, warned("time zone", str(error) or "no answer", hint)
    if zone is None:
        return None, warned(
            "time zone", "the platform has no API for it, or names no zone that is known", hint
        )
    return zone, passed("time zone", f"{zone}, as the platform reports")


def _unchanged(records: Records) -> Records:
    return records
