"""The newest snapshots as the bytes that a scrape gets.

A target's snapshot is rendered once, in a worker thread, into compressed blocks, some a family;
then one reference is swapped. The lines of its records come with it: they were written when their
page of the platform's list was read. A scrape joins finished blocks; it never waits for a poll and
never mixes two. (docs/decisions/0002-own-writer.md)
"""

import asyncio
import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from enum import Enum
from itertools import chain
from types import MappingProxyType
from typing import Any, Final

from prometheus_client import generate_latest
from prometheus_client.openmetrics.exposition import generate_latest as generate_openmetrics
from prometheus_client.registry import Collector, CollectorRegistry

from exporter.state.snapshot import Snapshot, UnpublishableError
from exporter.zstack import QUERY_MODEL_SERVICE, clock

from .blocks import Block, Run
from .lines import Blocks
from .list_families import DRIFT, ListFamilies
from .page import Body, Format, Page, headers, runs_of_one
from .rendered import Rendered, Stale, render
from .rows.polling import POLLING
from .table import LISTS
from .target_telemetry import TELEMETRY, TargetTelemetry

PAGE_SECONDS: Final = 1.0
"""How long a page may be served again: the exporter's own numbers are at most that old."""

_NO_LINES: Final[Blocks] = MappingProxyType({})
_PAST: Final = -math.inf
_NO_FAMILIES: Final = CollectorRegistry()


class OnStale(Enum):
    """The policy for an inventory that is older than its target's `stale_after`."""

    DROP = "drop"
    FAIL = "fail"
    KEEP = "keep"


class StaleError(Exception):
    """A target that is set to `fail` is stale; the message names it."""


@dataclass(frozen=True, slots=True)
class _Hiding:
    """The stale lists of a target that are hidden, which stays so `until` another one is stale."""

    lists: Stale
    until: float


@dataclass(frozen=True, slots=True, eq=False)
class _View:
    """What a scrape shows. It is never changed, only replaced."""

    on_stale: Mapping[str, OnStale]
    rendered: Mapping[str, Rendered] = field(default_factory=dict)
    body: Body = field(default_factory=Body)
    hidings: Mapping[str, _Hiding] = field(default_factory=dict)
    """Of each target, what is not in the body."""

    def with_rendered(self, rendered: Rendered, hiding: _Hiding) -> "_View":
        target = rendered.snapshot.target
        body = self.body.with_target(target, rendered.families(hiding.lists))
        all_rendered = {**self.rendered, target: rendered}
        return _View(self.on_stale, all_rendered, body, {**self.hidings, target: hiding})

    def with_targets(self, on_stale: Mapping[str, OnStale]) -> "_View":
        kept = {name: each for name, each in self.rendered.items() if name in on_stale}
        body = self.body
        if len(kept) < len(self.rendered):
            body = Body.of({name: self.body.blocks[name] for name in kept})
        hidings = {
            name: each if on_stale[name] is self.on_stale.get(name) else replace(each, until=_PAST)
            for name, each in self.hidings.items()
            if name in kept
        }
        return _View(on_stale, kept, body, hidings)

    def source(self, target: str | None) -> object:
        """What the page of this target, or of all, is made from: equal while it is the same."""
        return self if target is None else (self.on_stale.get(target), self.rendered.get(target))


@dataclass(frozen=True, slots=True)
class _Kept:
    """A page, and what it was made from."""

    page: Page
    source: object


class Exposition:
    """The newest rendered snapshot of each target; `targets` has the policy for a stale one.

    Only the event loop reads and replaces the view; a thread gets it, or a part of it, as an
    argument. `lists` have the families that the published lines belong to. A target with more than
    `max_series` series of single records is shown without them.
    """

    def __init__(
        self,
        targets: Mapping[str, OnStale],
        lists: Sequence[ListFamilies[Any, Any]] = LISTS,
        *,
        max_series: int | None = None,
    ) -> None:
        self._view = _View(dict(targets))
        self._pages: dict[tuple[Format, str | None], _Kept] = {}
        self._lists = lists
        self._max_series = max_series
        of_lists = chain.from_iterable(each.families for each in lists)
        rest = (*(row.family for row in POLLING), *(row.family for row in TELEMETRY))
        self._headers = headers((*of_lists, DRIFT, *rest))

    @property
    def targets(self) -> tuple[str, ...]:
        return tuple(self._view.on_stale)

    @property
    def lists(self) -> tuple[str, ...]:
        """The names of the lists that are polled."""
        return tuple(each.name for each in self._lists)

    @property
    def snapshots(self) -> tuple[Snapshot, ...]:
        """The newest snapshot of each target that has been published."""
        return tuple(rendered.snapshot for rendered in self._view.rendered.values())

    def set_targets(self, targets: Mapping[str, OnStale]) -> None:
        """Show these targets from now on, and drop the snapshots of all others."""
        self._view = self._view.with_targets(dict(targets))
        self._pages.clear()

    def snapshot(self, target: str) -> Snapshot | None:
        """The newest snapshot of one target, None before its first."""
        rendered = self._view.rendered.get(target)
        return None if rendered is None else rendered.snapshot

    async def render(self, snapshot: Snapshot, lines: Blocks = _NO_LINES) -> Rendered:
        """Render a snapshot. Raises UnpublishableError.

        `lines` are those of the records of its lists. A list that is that of the snapshot before
        needs none: it keeps the blocks.
        """
        before = self._view.rendered.get(snapshot.target)
        try:
            if before is not None and not snapshot.brings_more_than(before.snapshot):
                return self._rendered(snapshot, lines, before)  # quicker than to call a thread
            return await asyncio.to_thread(self._rendered, snapshot, lines, before)
        except (ValueError, TypeError, OverflowError) as error:
            message = f"the answers cannot be rendered: {error}"
            raise UnpublishableError(message, QUERY_MODEL_SERVICE) from error

    def publish(self, rendered: Rendered, telemetry: TargetTelemetry) -> None:
        """Show a snapshot and the telemetry of its target from now on."""
        target = rendered.snapshot.target
        if target in self._view.on_stale:
            before = self._view.rendered.get(target, rendered)
            self._show(rendered.with_telemetry(telemetry, before))

    def drop(self, target: str) -> None:
        """Drop the snapshot of this target."""
        if target in self._view.rendered:
            others = {name: each for name, each in self._view.on_stale.items() if name != target}
            on_stale = self._view.on_stale
            self._view = replace(self._view.with_targets(others), on_stale=on_stale)

    def drop_inventory(self, target: str) -> None:
        """Show no list of this target until the next one is published."""
        rendered = self._view.rendered.get(target)
        if rendered is not None:
            snapshot = replace(rendered.snapshot, inventory=None, lists={}, series=None)
            self._show(rendered.without_lists(snapshot))

    def cached_page(self, page_format: Format, target: str | None = None) -> Page | None:
        """The page that was made last, unless it is too old or something was published since."""
        kept = self._pages.get((page_format, target))
        if kept is None or clock.now() >= kept.page.until:
            return None
        return kept.page if kept.source == self._view.source(target) else None

    async def page(
        self,
        page_format: Format,
        telemetry: Collector | None = None,
        target: str | None = None,
    ) -> Page:
        """The page of one target, or of all, with the families of `telemetry` after them.

        Raises StaleError where a target that is set to fail is stale.
        """
        view = self._view
        page = await asyncio.to_thread(self._page, view, page_format, telemetry, target)
        source = view.source(target)
        if source == self._view.source(target):
            self._pages[page_format, target] = _Kept(page, source)
        return page

    def _show(self, rendered: Rendered) -> None:
        policy = self._view.on_stale[rendered.snapshot.target]
        hiding = _hiding(rendered.snapshot, policy, clock.now())
        self._view = self._view.with_rendered(rendered, hiding)

    def _rendered(self, snapshot: Snapshot, lines: Blocks, before: Rendered | None) -> Rendered:
        return render(self._lists, snapshot, lines, before, self._max_series)

    def _page(
        self, view: _View, page_format: Format, telemetry: Collector | None, target: str | None
    ) -> Page:
        now = clock.now()
        family_headers = self._headers[page_format]
        runs: Iterable[Run]
        if target is None:
            hidings = _hidings_now(view, now)
            runs = _body(view, hidings).runs(family_headers)
        else:
            names = view.rendered.keys() & {target}
            hidings = {name: _hiding_now(view, name, now) for name in names}
            visible = [view.rendered[name].families(hidings[name].lists) for name in names]
            runs = chain.from_iterable(runs_of_one(each, family_headers) for each in visible)
        own = Run.of([Block.compressed(_own_families(page_format, telemetry))])
        until = min((each.until for each in hidings.values()), default=math.inf)
        if telemetry is not None:
            until = min(until, now + PAGE_SECONDS)
        return Page.joined(page_format, Run.joined([*runs, own]), until)


def _body(view: _View, hidings: Mapping[str, _Hiding]) -> Body:
    """The body of now: a list may have become stale since it was published."""
    body = view.body
    if hidings is not view.hidings:
        for name, hiding in hidings.items():
            if hiding.lists != view.hidings[name].lists:
                body = body.with_target(name, view.rendered[name].families(hiding.lists))
    return body


def _hidings_now(view: _View, now: float) -> Mapping[str, _Hiding]:
    """What is hidden of each target: mostly what was when it was published."""
    if now <= min((each.until for each in view.hidings.values()), default=math.inf):
        return view.hidings
    return {name: _hiding_now(view, name, now) for name in view.rendered}


def _hiding_now(view: _View, target: str, now: float) -> _Hiding:
    """What is hidden of a target. Raises StaleError if the target is to fail."""
    snapshot, policy = view.rendered[target].snapshot, view.on_stale[target]
    if policy is OnStale.FAIL and snapshot.stale(now):
        raise StaleError(f"the data of target {target} is stale")
    known = view.hidings[target]
    return known if now <= known.until else _hiding(snapshot, policy, now)


def _hiding(snapshot: Snapshot, policy: OnStale, now: float) -> _Hiding:
    if policy is OnStale.KEEP:
        return _Hiding(frozenset(), math.inf)
    states = snapshot.states
    lists = frozenset(name for name, state in states.items() if state.stale(now))
    if policy is OnStale.FAIL and snapshot.stale(now):
        return _Hiding(lists, _PAST)  # no scrape may go by this: each is to fail
    ends = (state.good_until for name, state in states.items() if name not in lists)
    return _Hiding(lists, min(ends, default=math.inf))


def _own_families(page_format: Format, collector: Collector | None) -> bytes:
    """The page's end: the exporter's own families, and OpenMetrics' EOF."""
    generate = generate_openmetrics if page_format is Format.OPENMETRICS else generate_latest
    text: bytes = generate(collector or _NO_FAMILIES)
    return text
