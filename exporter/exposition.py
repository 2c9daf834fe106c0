"""Newest snapshots to the bytes that a scrape gets.

A target's snapshot is rendered once, in a worker thread, into compressed blocks, one list of them
a family; then one reference is swapped. A scrape puts blocks together and never waits for, or sees
half of, a poll. (docs/decisions/0002-own-writer.md)
"""

import asyncio
import time
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from enum import Enum
from itertools import islice
from typing import Final, TypeVar

from prometheus_client import generate_latest
from prometheus_client.openmetrics.exposition import generate_latest as generate_openmetrics
from prometheus_client.registry import Collector
from prometheus_client.utils import floatToGoString

from .family import Family, Sample
from .gzipped import Block, gzip_member, gzip_size
from .inventory import Inventory
from .metrics import AGGREGATED, PER_SERVICE, POLLING, Row
from .snapshot import Snapshot, UnpublishableError
from .zstack import QUERY_MODEL_SERVICE

SAMPLES_PER_BLOCK: Final = 1000

S = TypeVar("S", Inventory, Snapshot)
Blocks = tuple[Block, ...]


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
    """A whole page in one format."""

    format: Format
    blocks: Sequence[Block]

    @property
    def size(self) -> int:
        return sum(block.size for block in self.blocks)

    @property
    def gzip_size(self) -> int:
        return gzip_size(self.blocks)

    def text(self) -> Iterator[bytes]:
        return (block.text() for block in self.blocks)

    def gzip(self) -> Iterator[bytes]:
        return gzip_member(self.blocks)


@dataclass(frozen=True, slots=True)
class _Rendered:
    """A snapshot and its blocks by family."""

    snapshot: Snapshot
    polling: Mapping[str, Blocks] = field(default_factory=dict)
    inventory: Mapping[str, Blocks] = field(default_factory=dict)


class Exposition:
    """The newest rendered snapshot of each target; `targets` says what to do when one is stale."""

    def __init__(self, targets: Mapping[str, OnStale], *, per_service: bool = True) -> None:
        self._on_stale = dict(targets)
        self._inventory_rows = AGGREGATED + PER_SERVICE if per_service else AGGREGATED
        self._headers = _headers(self._inventory_rows) | _headers(POLLING)
        self._rendered: dict[str, _Rendered] = {}

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

    def snapshot(self, target: str) -> Snapshot | None:
        """The newest snapshot of one target, None before its first."""
        rendered = self._rendered.get(target)
        return None if rendered is None else rendered.snapshot

    async def publish(self, snapshot: Snapshot) -> None:
        """Render and swap. Raises UnpublishableError; the page is then what it was."""
        before = self._rendered.get(snapshot.target)
        try:
            rendered = await asyncio.to_thread(self._render, snapshot, before)
        except (ValueError, TypeError, OverflowError) as error:
            message = f"the answers cannot be rendered: {error}"
            raise UnpublishableError(message, QUERY_MODEL_SERVICE) from error
        self._rendered[snapshot.target] = rendered

    def page(self, page_format: Format, telemetry: Collector, target: str | None = None) -> Page:
        """The page of one target, or of all, with the families of `telemetry` after them.

        Raises StaleError where a target that is set to fail is stale.
        """
        now = time.monotonic()
        newest, on_stale = self._rendered, self._on_stale  # pages are made beside the event loop
        names = on_stale if target is None else (target,)
        rendered = [found for name in names if (found := newest.get(name)) is not None]
        shown = [(r, _shows_inventory(r.snapshot, on_stale, now)) for r in rendered]
        blocks = [*self._blocks(self._inventory_rows, [r.inventory for r, fresh in shown if fresh])]
        blocks += self._blocks(POLLING, [r.polling for r, _ in shown])
        blocks.append(Block.of(_telemetry(page_format, telemetry)))
        return Page(page_format, blocks)

    def _blocks(
        self, rows: Iterable[Row[S]], rendered: Sequence[Mapping[str, Blocks]]
    ) -> Iterator[Block]:
        """Family by family: its header, then its samples of all targets."""
        for row in rows:
            name = row.family.name
            samples = [block for blocks in rendered for block in blocks[name]]
            if samples:
                yield self._headers[name]
                yield from samples

    def _render(self, snapshot: Snapshot, before: _Rendered | None) -> _Rendered:
        inventory: Mapping[str, Blocks] = {}
        if before is not None and snapshot.inventory is before.snapshot.inventory:
            inventory = before.inventory
        elif snapshot.inventory is not None:
            inventory = _family_blocks(self._inventory_rows, snapshot.inventory, snapshot.target)
        polling = _family_blocks(POLLING, snapshot, snapshot.target)
        return _Rendered(snapshot, polling, inventory)


def _shows_inventory(snapshot: Snapshot, on_stale: Mapping[str, OnStale], now: float) -> bool:
    if not snapshot.stale(now):
        return True
    policy = on_stale.get(snapshot.target, OnStale.DROP)
    if policy is OnStale.FAIL:
        raise StaleError(f"the data of target {snapshot.target} is stale")
    return policy is OnStale.KEEP and snapshot.inventory is not None


def _family_blocks(rows: Iterable[Row[S]], value: S, target: str) -> dict[str, Blocks]:
    return {
        row.family.name: tuple(_sample_blocks(row.family, row.samples(value), target))
        for row in rows
    }


def _sample_blocks(family: Family, samples: Iterable[Sample], target: str) -> Iterator[Block]:
    """Blocks of many lines: few enough that compressing one does not hold up the event loop."""
    lines = _lines(family, samples, target)
    while chunk := "".join(islice(lines, SAMPLES_PER_BLOCK)):
        yield Block.of(chunk.encode())


def _lines(family: Family, samples: Iterable[Sample], target: str) -> Iterator[str]:
    """Sample lines, alike in both formats as long as the family is a gauge.

    The labels are in the order of their names, as prometheus_client writes them.
    """
    line = _template(family, target)
    own = family.own_labels
    order = sorted(range(len(own)), key=own.__getitem__)
    for values, value in samples:
        texts = (_escaped(values[i]) for i in order)
        yield line % (*texts, floatToGoString(value))


def _template(family: Family, target: str) -> str:
    """A line with `%s` for each label of the family's own and for the value."""
    constant = f'target="{_escaped(target)}"'.replace("%", "%%")
    labels = (constant if name == "target" else f'{name}="%s"' for name in sorted(family.labels))
    return f"{family.name}{{{','.join(labels)}}} %s\n"


def _headers(rows: Iterable[Row[S]]) -> dict[str, Block]:
    return {row.family.name: Block.of(_header(row.family).encode()) for row in rows}


def _header(family: Family) -> str:
    return f"# HELP {family.name} {family.help}\n# TYPE {family.name} {family.type}\n"


def _escaped(text: str) -> str:
    if '"' not in text and "\\" not in text and "\n" not in text:  # nearly always
        return text
    return text.replace("\\", r"\\").replace("\n", r"\n").replace('"', r"\"")


def _telemetry(page_format: Format, collector: Collector) -> bytes:
    """The page's end: the exporter's own families, and OpenMetrics' EOF."""
    text: bytes
    if page_format is Format.OPENMETRICS:
        text = generate_openmetrics(collector)
    else:
        text = generate_latest(collector)
    return text
