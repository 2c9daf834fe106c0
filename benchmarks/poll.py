"""The exporter's part of a poll, from the bytes of the answers to the page, beside decoding them.

The yardstick is the least that any exporter has to do: msgspec, the fastest decoder that makes
typed records, reads the 16 fields of the same bytes, page by page, and lets them go.
"""

import asyncio
import sys
from collections.abc import Callable, Iterator, Sequence
from datetime import timedelta, timezone
from functools import partial
from time import perf_counter, time
from typing import Any, Final, TypeVar

import msgspec
from typing_extensions import override

from exporter.daemon.memory import freeze_startup_objects, limit_malloc_arenas
from exporter.daemon.serve import SWITCH_SECONDS
from exporter.metrics.exposition import Exposition, OnStale
from exporter.metrics.lines import RecordLines
from exporter.metrics.rows.services import PER_SERVICE
from exporter.metrics.target_telemetry import TargetTelemetry
from exporter.polling.fetcher import ListFetcher
from exporter.polling.keeper import Keeper
from exporter.polling.pending_since import TargetSights
from exporter.polling.time_zone import TimeZone
from exporter.state.inventory import INVENTORY
from exporter.state.snapshot import Snapshot
from exporter.zstack import Client, GivenSession, Operation, SessionAuth, Transport, Worker

from .estate import Estate, Shape
from .measure import rounds
from .program import SERVICES, Plan, duration, main
from .table import Row, at_most, row

T = TypeVar("T")

TARGET: Final = "x"
ZONE: Final = timezone(timedelta(hours=8))
HOUR: Final = 3600.0

DECODE: Final = "decode"
NOTHING: Final = "nothing"
ONE: Final = "one service"
SOME: Final = "one in a hundred"
ALL: Final = "everything"
REPEATS: Final = {NOTHING: 3, ONE: 3, DECODE: 3}
BUDGETS: Final = {NOTHING: 0.1, ONE: 0.3, ALL: 10}


class Record(msgspec.Struct, frozen=True, rename="camel", gc=False):
    """The fields of a projected record, as they are sent."""

    uuid: str
    name: str
    type: str
    framework: str
    source: str
    version: str
    has_new_version: bool
    request_cpu: int
    request_memory: int
    size: int
    model_center_uuid: str
    gpu_compute_capability: str
    python_version: str
    system: bool
    support_distributed: bool
    create_date: str


class Answer(msgspec.Struct, frozen=True):
    """One page of QueryModelService."""

    inventories: list[Record]
    total: int


class ReadyAnswers(Transport):
    """Hands out the pages of an estate, made beforehand, where the network would deliver them."""

    def __init__(self, estate: Estate) -> None:
        self.worker = Worker()
        self._estate = estate
        self._pages: dict[tuple[int, int], bytes] = {}

    @property
    def bodies(self) -> Sequence[bytes]:
        """Every page that is asked for in a poll, as it is now."""
        return [*self._pages.values()]

    def change(self, services: int) -> None:
        """All answers are bytes that were not seen before, as those of a network are."""
        changed = self._estate.change(services)
        for place, page in self._pages.items():
            start, limit = place
            if any(start <= i < start + limit for i in changed):
                self._pages[place] = self._estate.page(*place)
            else:
                self._pages[place] = bytes(memoryview(page))

    @override
    async def send(
        self,
        operation: Operation,
        decode: Callable[[bytes], T],
        *,
        query: Sequence[tuple[str, str]] = (),
        lookup: Callable[[bytes], T | None] = lambda _: None,
        **_: Any,
    ) -> T:
        asked = dict(query)
        place = (int(asked["start"]), int(asked["limit"]))
        if place not in self._pages:  # in the first poll
            self._pages[place] = self._estate.page(*place)
        body = self._pages[place]
        known = lookup(body)
        return known if known is not None else await self.worker.run(decode, body)


class Poller:
    """Polls that are timed, of a platform that answers at once."""

    def __init__(self, runner: asyncio.Runner, services: int) -> None:
        self._runner = runner
        self._answers = ReadyAnswers(Estate(services, Shape.PROJECTED))
        self._exposition = Exposition({TARGET: OnStale.KEEP})
        self._telemetry = TargetTelemetry()
        client = Client(self._answers, SessionAuth(_session), page_size=1000, projection=True)
        write = RecordLines(PER_SERVICE, TARGET)
        time_zone = TimeZone(TARGET, client.time_zone, zone=ZONE)
        self._fetcher = ListFetcher(TARGET, client, INVENTORY, write, time_zone, memory_unit="auto")
        keeper = Keeper()
        keeper.begin(TARGET, "")
        self._pending_since = TargetSights(keeper, TARGET)
        self._decoder = msgspec.json.Decoder(Answer)
        _be_like_the_exporter()
        for changed in (0, services):
            self.poll(changed)

    def poll(self, changed: int) -> float:
        """Seconds that a poll takes after so many services have changed."""
        self._answers.change(changed)
        return self._runner.run(self._poll())

    def decode(self) -> float:
        """Seconds for decoding what the poll before was given."""
        bodies = self._answers.bodies
        began = perf_counter()
        for body in bodies:
            self._decoder.decode(body)
        return perf_counter() - began

    async def _poll(self) -> float:
        began = perf_counter()
        fetched = await self._fetcher.fetch()
        since = await self._pending_since(fetched.found, time())
        snapshot = Snapshot(TARGET, HOUR, HOUR, inventory=fetched.found, pending_since=since)
        rendered = await self._exposition.render(snapshot, fetched.lines)
        self._exposition.publish(rendered, self._telemetry)
        return perf_counter() - began


def changes_among(services: int) -> dict[str, int]:
    """How many services change before each kind of poll."""
    return {NOTHING: 0, ONE: 1, SOME: services // 100, ALL: services}


def _be_like_the_exporter() -> None:
    """What its process does when it starts; and the estate is not its to look through."""
    sys.setswitchinterval(SWITCH_SECONDS)
    limit_malloc_arenas()
    freeze_startup_objects()


async def _session() -> GivenSession:
    return GivenSession("0123456789abcdef0123456789abcdef")


def measure(plan: Plan) -> Iterator[Row]:
    """A row for each kind of poll."""
    with asyncio.Runner() as runner:
        poller = Poller(runner, plan.services)
        changes = changes_among(plan.services)
        turns = {what: partial(poller.poll, changes[what]) for what in BUDGETS}
        found = rounds(2 * plan.rounds, turns | {DECODE: poller.decode}, repeats=REPEATS)
    for what, limit in BUDGETS.items():
        # With fewer services the one page that is made anew is a larger part of them all.
        budget = None if what is ONE and plan.services < SERVICES else at_most(limit)
        times = {name: duration(found.seconds(name).median) for name in (what, DECODE)}
        hint = f"poll {times[what]}, decoding {times[DECODE]}"
        ratio = found.ratio(what, DECODE)
        yield row(f"poll, {what} changed, to decoding", ratio, "times as long", budget, hint)


if __name__ == "__main__":
    main(measure, __doc__)
