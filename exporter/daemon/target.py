"""One target's objects, put together: connection, client, fetcher and poller."""

import ssl
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, replace
from functools import partial
from typing import Any, Final

import structlog

from exporter.metrics.lines import RecordLines
from exporter.metrics.list_families import ListFamilies
from exporter.metrics.rows.centers import CENTER_FAMILIES
from exporter.metrics.rows.instances import INSTANCE_FAMILIES
from exporter.metrics.rows.services import SERVICE_FAMILIES, SERVICE_TOTALS
from exporter.metrics.target_telemetry import TargetTelemetry
from exporter.polling.connection import client_over, transport_to
from exporter.polling.fetcher import ListFetcher
from exporter.polling.further_lists import FurtherList, FurtherLists
from exporter.polling.keeper import Keeper
from exporter.polling.pending_since import pending_since
from exporter.polling.poller import Poller, Publisher
from exporter.polling.schedule import Schedule
from exporter.polling.time_zone import TimeZone
from exporter.settings import Settings, TargetSettings
from exporter.state.centers import CENTERS
from exporter.state.instances import INSTANCES
from exporter.state.inventory import INVENTORY, Inventory
from exporter.state.platform import Platform
from exporter.state.reduction import Reduction
from exporter.state.services import Services
from exporter.state.snapshot import Snapshot
from exporter.zstack import LOG_IN, Client, Exchange

log = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True)
class Further:
    """A list beside the model services; `setting` of the metrics says whether it is polled."""

    setting: str
    reduction: Reduction[Any, Any, Any, Any]
    families: ListFamilies[Any, Any]


FURTHER: Final = (
    Further("model_centers", CENTERS, CENTER_FAMILIES),
    Further("instances", INSTANCES, INSTANCE_FAMILIES),
)
"""In the order in which they are polled; a list that is read quickly comes first."""


@dataclass(frozen=True, slots=True)
class PolledLists:
    """What is polled of every target; `further` lists with whether they are demanded."""

    services: ListFamilies[Services, Inventory] = SERVICE_FAMILIES
    further: Sequence[tuple[Further, bool]] = ()

    @classmethod
    def of(cls, settings: Settings) -> "PolledLists":
        metrics = settings.metrics
        demands = ((each, getattr(metrics, each.setting)) for each in FURTHER)
        return cls(
            SERVICE_FAMILIES if metrics.per_service else SERVICE_TOTALS,
            tuple((each, demand == "true") for each, demand in demands if demand != "false"),
        )

    @property
    def families(self) -> Sequence[ListFamilies[Any, Any]]:
        return (self.services, *(each.families for each, _ in self.further))

    def fetched_by(self, client: Client, target: str) -> FurtherLists:
        """The further lists, as this client fetches them."""
        return FurtherLists(
            target,
            [
                FurtherList(
                    target,
                    each.families.name,
                    each.reduction.resource.operation,
                    ListFetcher(
                        target, client, each.reduction, RecordLines(each.families.records, target)
                    ).fetch,
                    demanded=demanded,
                    setting=f"metrics.{each.setting}",
                )
                for each, demanded in self.further
            ],
        )


@asynccontextmanager
async def polling(
    name: str,
    target: TargetSettings,
    tls: ssl.SSLContext,
    before: Snapshot | None = None,
    *,
    lists: PolledLists,
    keeper: Keeper | None,
    telemetry: TargetTelemetry,
    publisher: Publisher,
) -> AsyncIterator[Poller]:
    """A poller that is connected; at the end its session and its connections are closed.

    `before` is the newest snapshot of this target, if another poller has made one. Without a keeper
    it finds no first sights.
    """
    if target.insecure_skip_verify:
        log.warning("the platform's certificate is not verified", target=name)
    given = target.credentials
    observe, on_illegal_cookie = partial(_count, telemetry), partial(_log_cookie, name)
    async with (
        pending_since(keeper, name, target.url) as since,
        transport_to(target, tls, observe, on_illegal_cookie=on_illegal_cookie) as transport,
        client_over(transport, target) as client,
    ):
        time_zone = TimeZone(name, client.time_zone, zone=target.zone)
        write = RecordLines(lists.services.records, name)
        fetcher = ListFetcher(
            name, client, INVENTORY, write, time_zone, memory_unit=target.memory_unit
        )
        schedule = Schedule.spread(
            name, target.interval, target.timeout, target.effective_stale_after
        )
        yield Poller(
            name,
            fetcher.fetch,
            publisher,
            schedule=schedule,
            telemetry=telemetry,
            pending_since=since,
            before=replace(
                before or Snapshot(name, schedule.interval, schedule.stale_after),
                platform=Platform.of(target.url, given.kind, given.identity),
            ),
            further=lists.fetched_by(client, name),
        )


def _count(telemetry: TargetTelemetry, exchange: Exchange) -> None:
    telemetry.requested(exchange.operation.name, exchange.status, exchange.seconds)
    if exchange.error is not None:
        error = exchange.error
        telemetry.failed(error.operation.name, error.reason, error.code)
    if exchange.operation is LOG_IN:
        telemetry.logged_in(success=exchange.succeeded)


def _log_cookie(target: str) -> None:
    log.warning(
        "a cookie with an illegal name is ignored",
        target=target,
        hint="look for it in the Set-Cookie headers of the platform or of a balancer before it",
    )
