"""The lists beside the model services: what of each the account may see."""

import asyncio
from collections.abc import Mapping
from typing import Any

from exporter.daemon.target import Further
from exporter.polling.further_lists import REFUSALS
from exporter.settings import MetricsSettings, TargetSettings
from exporter.state.centers import ModelCenters
from exporter.state.hints import hint_for
from exporter.state.instances import InstanceGroups
from exporter.state.reduction import Found
from exporter.zstack import Client, Listing, ZStackError

from .finding import Finding, Outcome, failed_step, passed, skipped, warned
from .polled import PolledOnce, reduced
from .records import records
from .time_limit import deadline


async def further_list(
    target: TargetSettings,
    client: Client,
    further: Further,
    metrics: MetricsSettings,
    polled: PolledOnce,
) -> Finding:
    """List it once, in the way that its setting asks for; `polled` gets its series."""
    step, demand = further.reduction.records, getattr(metrics, further.setting)
    if demand == "false":
        return skipped(step, f"not asked, as metrics.{further.setting} is false")
    resource = further.reduction.resource
    try:
        async with deadline(target, resource.operation):
            listed = await client.list(resource, _unchanged)
        found, series = await asyncio.to_thread(
            reduced,
            further.reduction,
            further.families,
            listed,
            polled.conventions,
            polled.inventory,
        )
    except ZStackError as error:
        return _unread(step, error, demanded=demand == "true")
    polled.series.append(series)
    return _read(step, listed, found)


def _unread(step: str, error: ZStackError, *, demanded: bool) -> Finding:
    if isinstance(error, REFUSALS) and not demanded:
        found = f"left out: {error}"
        return Finding(step, Outcome.WARN, found, hint_for(error).fix, error.code)
    return failed_step(step, error)


def _read(step: str, listed: Listing[tuple[Any, ...]], found: Found) -> Finding:
    about_records = records(step, listed, found)
    if about_records.outcome is Outcome.WARN:
        return about_records
    if listed.total == 0:
        hint = f"an account sees only what it may: if there are {step}, grant it the query"
        return warned(step, "none", hint)
    return passed(step, f"whole: {listed.total}{_details(found)}")


def _details(found: Found) -> str:
    match found:
        case InstanceGroups():
            instances = sum(found.instances.values())
            return f" ({_statuses(found.by_status)}), with {instances} instances"
        case ModelCenters():
            return f" ({_statuses(found.centers)})"
        case _:
            return ""


def _statuses(by_status: Mapping[str, int]) -> str:
    """`9 Running, 3 Starting`."""
    return ", ".join(f"{number} {status}" for status, number in by_status.items())


def _unchanged(records: tuple[Any, ...]) -> tuple[Any, ...]:
    return records
