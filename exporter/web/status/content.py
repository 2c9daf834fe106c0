"""What a status page shows of the targets: each in full, one of them, or tables."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from itertools import chain

from exporter.state.snapshot import Snapshot

from .excerpt import Excerpt, page_count
from .fleet import FLEET, choose, worst_first
from .outdated import Selection, outdated, select
from .query import PER_PAGE, DocumentQuery, PageQuery
from .view import Now, TargetView


@dataclass(frozen=True, slots=True)
class Content:
    """The rows of the table of targets, the targets in full, and the services with a new version.

    `excerpt` is the part of a fleet the table has. `document` is what the JSON has of it all.
    """

    rows: Sequence[TargetView] = ()
    views: Sequence[TargetView] = ()
    excerpt: Excerpt[Snapshot] | None = None
    services: Selection | None = None
    document: DocumentQuery = field(default_factory=DocumentQuery)


def content(snapshots: Sequence[Snapshot], now: Now, query: PageQuery) -> Content:
    """What the query asks for. Few targets are all shown in full, of a fleet one that is chosen."""
    if query.target:
        return _one(snapshots, now, query)
    if query.services:
        return Content(services=_services(snapshots, query))
    return (_few if len(snapshots) <= FLEET else _fleet)(snapshots, now, query)


def _one(snapshots: Iterable[Snapshot], now: Now, query: PageQuery) -> Content:
    chosen = [each for each in snapshots if each.target == query.target]
    document = DocumentQuery(target=query.target)
    return Content(
        views=_views(chosen, now),
        services=_services(chosen, query) if chosen else None,
        document=document,
    )


def _few(snapshots: Iterable[Snapshot], now: Now, query: PageQuery) -> Content:
    views = _views(worst_first(snapshots, now), now)
    return Content(
        rows=views if len(views) > 1 else (),
        views=views,
        services=_services((view.snapshot for view in views), query) if views else None,
    )


def _fleet(snapshots: Iterable[Snapshot], now: Now, query: PageQuery) -> Content:
    found = worst_first(choose(snapshots, now, search=query.search, state=query.state), now)
    number = min(query.page, page_count(len(found), PER_PAGE))
    excerpt = Excerpt.cut(found, number, PER_PAGE)
    return Content(
        rows=_views(excerpt.rows, now),
        excerpt=excerpt,
        document=DocumentQuery(search=query.search, state=query.state, page=number),
    )


def _views(snapshots: Iterable[Snapshot], now: Now) -> list[TargetView]:
    return [TargetView.from_snapshot(each, now) for each in snapshots]


def _services(snapshots: Iterable[Snapshot], query: PageQuery) -> Selection:
    rows = chain.from_iterable(
        outdated(each.target, each.inventory.outdated)
        for each in snapshots
        if each.inventory is not None
    )
    return select(
        rows,
        search=query.search,
        sort=query.sort,
        descending=query.descending,
        page=query.page,
    )
