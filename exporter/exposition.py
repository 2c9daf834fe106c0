"""Newest snapshots to the bytes that a scrape gets.

A target's snapshot is rendered once, in a worker thread, into compressed blocks, one list of them
a family; then one reference is swapped. The lines of its services were written when their page of
the platform's list was read, and stay for as long as that page does. A scrape puts blocks together
and never waits for, or sees half of, a poll. (docs/decisions/0002-own-writer.md)
"""

import asyncio
import time
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from enum import Enum
from itertools import chain
from typing import Final, Self, TypeVar

from prometheus_client import generate_latest
from prometheus_client.openmetrics.exposition import generate_latest as generate_openmetrics
from prometheus_client.registry import Collector

from .gzipped import Block, gzip_member
from .inventory import Inventory, Lines
from .lines import ServiceLines, header, sample_blocks
from .metrics import AGGREGATED, PER_SERVICE, POLLING, Row, ServiceRow
from .services import Services
from .snapshot import Snapshot, UnpublishableError
from .zstack import QUERY_MODEL_SERVICE

PAGE_SECONDS: Final = 1.0
"""For how long a page may be handed out again: the exporter's own numbers are at most that old."""

JOINED_UP_TO: Final = 512 * 1024
"""Bytes of a compressed page up to which it is kept in one piece beside its blocks."""

S = TypeVar("S", Inventory, Snapshot)
AnyRow = Row[Inventory] | Row[Snapshot] | ServiceRow
Blocks = Mapping[str, tuple[Block, ...]]
"""The samples of each family, by its name."""


class Format(Enum):
    """The formats that a page can have, by their Content-Type."""

    TEXT = "text/plain; version=0.0.4; charset=utf-8"
    OPENMETRICS = "application/openmetrics-text; version=1.0.0; charset=utf-8"


class OnStale(Enum):
    """What becomes of an inventory that is older than its target's `stale_after`."""

    DROP = "drop"
    FAIL = "fail"
    KEEP = "keep"


class StaleError(Exception):
    """A target that is set to `fail` has nothing fresh to show; the message names it."""


@dataclass(frozen=True, slots=True)
class Page:
    """A whole page in one format, good `until` an instant of monotonic time.

    `gzip` is its gzip member, in one piece where it is small: it is handed out again and again.
    """

    format: Format
    blocks: Sequence[Block]
    gzip: Sequence[bytes]
    until: float

    @classmethod
    def of(cls, page_format: Format, blocks: Sequence[Block], until: float) -> Self:
        gzip = tuple(gzip_member(blocks))
        if sum(map(len, gzip)) <= JOINED_UP_TO:
            gzip = (b"".join(gzip),)
        return cls(page_format, blocks, gzip, until)

    @property
    def size(self) -> int:
        return sum(block.size for block in self.blocks)

    @property
    def gzip_size(self) -> int:
        return sum(map(len, self.gzip))

    def text(self) -> Iterator[bytes]:
        return chain.from_iterable(block.texts() for block in self.blocks)


@dataclass(frozen=True, slots=True)
class _Rendered:
    """A snapshot and its blocks."""

    snapshot: Snapshot
    polling: Blocks = field(default_factory=dict)
    inventory: Blocks = field(default_factory=dict)


class Exposition:
    """The newest rendered snapshot of each target; `targets` says what to do when one is stale."""

    def __init__(self, targets: Mapping[str, OnStale], *, per_service: bool = True) -> None:
        self._on_stale = dict(targets)
        self._service_rows = PER_SERVICE if per_service else ()
        rows: tuple[AnyRow, ...] = (*AGGREGATED, *self._service_rows, *POLLING)
        self._headers = {row.family.name: header(row.family) for row in rows}
        self._rendered: dict[str, _Rendered] = {}
        self._pages: dict[tuple[Format, str | None], Page] = {}

    @property
    def targets(self) -> tuple[str, ...]:
        return tuple(self._on_stale)

    @property
    def snapshots(self) -> tuple[Snapshot, ...]:
        """The newest snapshot of each target that has been published."""
        return tuple(rendered.snapshot for rendered in self._rendered.values())

    def follow(self, targets: Mapping[str, OnStale]) -> None:
        """Show these targets from now on; what is known of any other is dropped."""
        self._on_stale = dict(targets)
        self._rendered = {name: r for name, r in self._rendered.items() if name in targets}
        self._pages = {}

    def snapshot(self, target: str) -> Snapshot | None:
        """The newest snapshot of one target, None before its first."""
        rendered = self._rendered.get(target)
        return None if rendered is None else rendered.snapshot

    def writer(self, target: str) -> Callable[[Services], Lines]:
        """Writes the lines of a target's services, as the pages here will have them."""
        return ServiceLines(self._service_rows, target)

    async def publish(self, snapshot: Snapshot) -> None:
        """Render and swap. Raises UnpublishableError; the page is then what it was."""
        before = self._rendered.get(snapshot.target)
        try:
            rendered = await asyncio.to_thread(self._render, snapshot, before)
        except (ValueError, TypeError, OverflowError) as error:
            message = f"the answers cannot be rendered: {error}"
            raise UnpublishableError(message, QUERY_MODEL_SERVICE) from error
        self._rendered[snapshot.target] = rendered
        self._pages = {}

    def ready(self, page_format: Format, target: str | None = None) -> Page | None:
        """A page that was made a moment ago, if nothing was published since."""
        page = self._pages.get((page_format, target))
        return page if page is not None and time.monotonic() < page.until else None

    def page(self, page_format: Format, telemetry: Collector, target: str | None = None) -> Page:
        """The page of one target, or of all, with the families of `telemetry` after them.

        Raises StaleError where a target that is set to fail is stale.
        """
        now = time.monotonic()
        # Pages are made beside the event loop: what is published meanwhile is for the next one.
        newest, on_stale, pages = self._rendered, self._on_stale, self._pages
        names = on_stale if target is None else (target,)
        rendered = [found for name in names if (found := newest.get(name)) is not None]
        shown = [r for r in rendered if _shows_inventory(r.snapshot, on_stale, now)]
        blocks = [
            *self._blocks((*AGGREGATED, *self._service_rows), [r.inventory for r in shown]),
            *self._blocks(POLLING, [r.polling for r in rendered]),
            Block.of(_telemetry(page_format, telemetry)),
        ]
        ends = (r.snapshot.good_until for r in shown if not r.snapshot.stale(now))
        page = Page.of(page_format, blocks, min((now + PAGE_SECONDS, *ends)))
        pages[page_format, target] = page
        return page

    def _blocks(self, rows: Iterable[AnyRow], rendered: Sequence[Blocks]) -> Iterator[Block]:
        """Family by family: its header, then its samples of all targets."""
        for row in rows:
            name = row.family.name
            samples = [block for blocks in rendered for block in blocks.get(name, ())]
            if samples:
                yield self._headers[name]
                yield from samples

    def _render(self, snapshot: Snapshot, before: _Rendered | None) -> _Rendered:
        inventory: Blocks = {}
        if before is not None and snapshot.inventory is before.snapshot.inventory:
            inventory = before.inventory
        elif snapshot.inventory is not None:
            sums = _family_blocks(AGGREGATED, snapshot.inventory, snapshot.target)
            inventory = {**sums, **snapshot.inventory.lines}
        polling = _family_blocks(POLLING, snapshot, snapshot.target)
        return _Rendered(snapshot, polling, inventory)


def _shows_inventory(snapshot: Snapshot, on_stale: Mapping[str, OnStale], now: float) -> bool:
    if not snapshot.stale(now):
        return True
    policy = on_stale.get(snapshot.target, OnStale.DROP)
    if policy is OnStale.FAIL:
        raise StaleError(f"the data of target {snapshot.target} is stale")
    return policy is OnStale.KEEP and snapshot.inventory is not None


def _family_blocks(rows: Iterable[Row[S]], value: S, target: str) -> dict[str, tuple[Block, ...]]:
    return {
        row.family.name: tuple(sample_blocks(row.family, row.samples(value), target))
        for row in rows
    }


def _telemetry(page_format: Format, collector: Collector) -> bytes:
    """The page's end: the exporter's own families, and OpenMetrics' EOF."""
    text: bytes
    if page_format is Format.OPENMETRICS:
        text = generate_openmetrics(collector)
    else:
        text = generate_latest(collector)
    return text
