"""A snapshot in blocks. Each list is a part of its own, kept while the list is the same."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from itertools import chain
from typing import Any, Final

from exporter.state.reduction import Found
from exporter.state.snapshot import Snapshot

from .lines import Blocks, RecordLines, blocks_by_family, by_family
from .list_families import DRIFT, Joined, ListFamilies
from .rows.polling import POLLING
from .series_limit import limited
from .target_telemetry import TELEMETRY, TargetTelemetry

_POLLING: Final = "polling"
_TELEMETRY: Final = "telemetry"
"""Parts that are of no list."""

Stale = frozenset[str]
"""The names of lists that are hidden."""


@dataclass(frozen=True, slots=True, eq=False)
class Rendered:
    """A snapshot, and the blocks of its target in parts: of each list, of polling, of telemetry.

    The families of `left_out` have too many series to be shown.
    """

    snapshot: Snapshot
    parts: Mapping[str, Blocks] = field(default_factory=dict)
    left_out: frozenset[str] = frozenset()

    def families(self, hidden: Stale = frozenset()) -> Blocks:
        """The blocks by family, but for those of lists that are hidden, and those left out."""
        shown = [blocks for name, blocks in self.parts.items() if name not in hidden]
        families = {
            name: each
            for blocks in shown
            for name, each in blocks.items()
            if name not in self.left_out
        }
        drift = tuple(chain.from_iterable(blocks.get(DRIFT.name, ()) for blocks in shown))
        return {**families, DRIFT.name: drift} if drift else families

    def with_telemetry(self, telemetry: TargetTelemetry, before: "Rendered") -> "Rendered":
        """The same with these numbers; what `before` has of them is kept where it is alike."""
        written = before.parts.get(_TELEMETRY, {})
        blocks = blocks_by_family(TELEMETRY, telemetry, self.snapshot.target, written)
        return replace(self, parts={**self.parts, _TELEMETRY: blocks})

    def without_lists(self, snapshot: Snapshot) -> "Rendered":
        """What is of no list, for a snapshot that has none."""
        parts = {name: self.parts.get(name, {}) for name in (_POLLING, _TELEMETRY)}
        return Rendered(snapshot, parts)


def render(
    lists: Sequence[ListFamilies[Any, Any]],
    snapshot: Snapshot,
    lines: Blocks,
    before: Rendered | None,
    max_series: int | None = None,
) -> Rendered:
    """Render a snapshot, with the lines of its records; for a worker thread.

    Above `max_series`, those of single records are left out: the snapshot has how many there are.
    Raises ValueError, TypeError or OverflowError for what cannot be rendered.
    """
    before = before or Rendered(replace(snapshot, inventory=None, lists={}))
    parts = {
        each.name: _part(each, snapshot, lines, before)
        for each in lists
        if _found(snapshot, each.name) is not None
    }
    families = frozenset(family.name for each in lists for family in each.of_records)
    series = limited(parts.values(), families, max_series, before.snapshot.series)
    snapshot = replace(snapshot, series=series)
    written = before.parts.get(_POLLING, {})
    polling = blocks_by_family(POLLING, snapshot, snapshot.target, written)
    left_out = families if series is not None and series.left_out else frozenset[str]()
    return Rendered(snapshot, {**parts, _POLLING: polling}, left_out)


def _found(snapshot: Snapshot, name: str) -> Found | None:
    state = snapshot.states.get(name)
    return None if state is None else state.found


def _part(
    families: ListFamilies[Any, Any], snapshot: Snapshot, lines: Blocks, before: Rendered
) -> Blocks:
    """The blocks of one list, which are kept while the list is the same."""
    found = _found(snapshot, families.name)
    written = before.parts.get(families.name, {})
    found_before = _found(before.snapshot, families.name)
    if found is found_before:
        part = dict(written)
    else:
        rows = (*families.totals, families.drift)
        own = {row.family.name for row in families.records}
        of_records = {name: blocks for name, blocks in lines.items() if name in own}
        part = {**blocks_by_family(rows, found, snapshot.target, written), **of_records}
    if families.joined is not None:
        part |= _joined(
            families.joined, (snapshot, found), (before.snapshot, found_before), written
        )
    return part


def _joined(
    joined: Joined[Any, Any],
    now: tuple[Snapshot, Found | None],
    before: tuple[Snapshot, Found | None],
    written: Blocks,
) -> Blocks:
    """The blocks of what is joined to a list, kept while all that they show is the same."""
    (snapshot, found), (snapshot_before, found_before) = now, before
    names = [row.family.name for row in joined.rows]
    kept = {name: written.get(name, ()) for name in names}
    needed = joined.needed(snapshot)
    is_same = found is found_before or (
        found_before is not None and joined.shown(found) == joined.shown(found_before)
    )
    if is_same and needed is joined.needed(snapshot_before):
        return kept
    write: RecordLines[Any] = RecordLines(joined.rows, snapshot.target)
    blocks = {block.key: block for block in chain.from_iterable(kept.values())}
    lines = [write(columns, blocks) for columns in joined.pages(found, needed)]
    return dict.fromkeys(names, ()) | by_family(lines)
