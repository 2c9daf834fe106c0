"""One list of one platform, fetched again and again: only what has changed is made anew."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import cache, partial
from typing import Final, Generic

import structlog

from exporter.metrics.blocks import Block
from exporter.metrics.lines import C, RecordLines, blocks_by_key, by_family
from exporter.metrics.page_lines import PageLines
from exporter.state.columns import Conventions, MemoryUnit
from exporter.state.drift import DriftLog
from exporter.state.reduction import F, P, R, Reduction, first_faults
from exporter.zstack import Client, Listing, PageCache, Replace

from .time_zone import TimeZone

log = structlog.get_logger(__name__)

LOGGED_RECORDS: Final = 3
"""How many of the records that do not decode are named in the log."""


@dataclass(frozen=True, slots=True)
class Fetched(Generic[F]):
    """What a fetch found, and the lines of its records, family by family."""

    found: F
    lines: Mapping[str, tuple[Block, ...]]


@dataclass(frozen=True, slots=True, eq=False)
class _Page(Generic[P]):
    """What is kept of a page for as long as the platform sends the same bytes."""

    summary: P
    lines: PageLines


class ListFetcher(Generic[R, C, P, F]):
    """Fetches one list; `reduction` makes values of its records, `write` makes lines."""

    def __init__(
        self,
        target: str,
        client: Client,
        reduction: Reduction[R, C, P, F],
        write: RecordLines[C],
        time_zone: TimeZone | None = None,
        *,
        memory_unit: MemoryUnit = "auto",
    ) -> None:
        """Records with dates need a `time_zone`."""
        self._client = client
        self._reduction = reduction
        self._write = write
        self._time_zone = time_zone
        self._memory_unit = memory_unit
        self._cache: PageCache[_Page[P]] = PageCache()
        self._listing: Listing[_Page[P]] | None = None
        self._fetched: Fetched[F] | None = None
        self._undecodable = 0
        self._log = log.bind(target=target)
        self._drift_log = DriftLog(reduction.records, self._log.warning, self._log.info)

    async def fetch(self) -> Fetched[F]:
        """The list as it is now: the object of the fetch before if nothing has changed.

        Raises ZStackError.
        """
        if self._time_zone is not None and self._time_zone.begin_poll():
            # It waits for a page, which shows that the platform answers; and all pages wait for it.
            self._cache.clear()
            self._cache.before_first_miss = self._time_zone.ask
        listing = await self._list()
        if self._fetched is not None and listing == self._listing:
            return self._fetched
        before = None if self._fetched is None else self._fetched.found
        whole = self._reduction.whole
        fetched: Fetched[F] = await self._client.worker.run(_combined, listing, whole, before)
        self._fetched, self._listing = fetched, listing
        self._log_undecodable(listing, fetched.found.undecodable)
        self._drift_log.update(fetched.found.drift, fetched.found.dates)
        return fetched

    async def _list(self) -> Listing[_Page[P]]:
        resource = self._reduction.resource
        projected = self._client.projects(resource)
        listing = await self._client.list(resource, self._make(), self._cache, self._replace())
        if projected and not self._client.projects(resource):
            self._log.warning(
                "projection is off: the platform does not know every field that is asked for",
                hint="remove projection, or upgrade the platform",
            )
        return listing

    def _make(self) -> Callable[[tuple[R, ...]], _Page[P]]:
        """Makes the pages of one poll: called in a thread, it changes nothing but its own."""
        parts = () if self._listing is None else self._listing.parts
        written = cache(partial(_written, parts))  # most polls find no page changed

        def make(records: tuple[R, ...]) -> _Page[P]:
            columns = self._columns(records)
            summary = self._reduction.summarize(records, columns)
            lines = self._write(columns, written())
            return _Page(summary, PageLines(lines, len(columns)))

        return make

    def _replace(self) -> Replace[_Page[P], R] | None:
        """Puts records that have changed into the page before, as `_make` would make them."""
        summaries = self._reduction.replace
        if summaries is None:
            return None

        def replace(
            before: _Page[P], places: Sequence[int], records: tuple[R, ...]
        ) -> _Page[P] | None:
            if not records:
                return before
            columns = self._columns(records)
            rows = self._reduction.summarize(records, columns)
            summary = summaries(before.summary, places, rows)
            if summary is None:
                return None
            uuids = [record.uuid for record in records]
            lines = before.lines.replaced(places, uuids, self._write.texts(columns))
            return None if lines is None else _Page(summary, lines)

        return replace

    def _columns(self, records: tuple[R, ...]) -> C:
        zone = None if self._time_zone is None else self._time_zone.zone
        return self._reduction.columns(records, Conventions(self._memory_unit, zone))

    def _log_undecodable(self, listing: Listing[_Page[P]], number: int) -> None:
        """Log when the number of records that no metric has changes, with the first few of them."""
        if number and number != self._undecodable:
            event = f"some {self._reduction.records} could not be decoded"
            faults = first_faults(listing, LOGGED_RECORDS)
            self._log.warning(event, records=number, first=faults)
        self._undecodable = number


def _written(pages: Sequence[_Page[P]]) -> Mapping[bytes, Block]:
    return blocks_by_key(page.lines.blocks for page in pages)


def _combined(
    listing: Listing[_Page[P]], whole: Callable[[Listing[P], F | None], F], before: F | None
) -> Fetched[F]:
    summaries = Listing(
        tuple(page.summary for page in listing.parts),
        listing.total,
        listing.undecodable,
        listing.duplicates,
    )
    return Fetched(
        whole(summaries, before), by_family([page.lines.blocks for page in listing.parts])
    )
