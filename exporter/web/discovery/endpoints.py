"""The inference endpoints that the platforms run, as Prometheus can find them.

A scraper that gets an error goes on with the list that it has. So there is one while a list is not
known, never an empty list; and what was known once stays, however old: an endpoint runs on while
its platform does not answer. (docs/decisions/0033-endpoints.md)
"""

import asyncio
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import cast

from exporter.metrics.blocks import Block, Run
from exporter.metrics.exposition import Exposition
from exporter.state.instances import InstanceGroups, PackedGroups
from exporter.state.service_names import ServiceNames
from exporter.zstack import INSTANCE_GROUPS

from .endpoint_groups import Kind, endpoint_groups, groups_document
from .endpoint_query import EndpointQuery


class EndpointsUnknownError(Exception):
    """The endpoints of a target are not known yet; the message names it."""


@dataclass(frozen=True, slots=True)
class _Source:
    """What the endpoints of a target are made of."""

    target: str
    found: InstanceGroups
    names: ServiceNames


@dataclass(frozen=True, slots=True)
class _Kept:
    """The groups of a target, and what they were made of."""

    pages: tuple[PackedGroups, ...]
    names: ServiceNames
    kinds: Mapping[Kind, Block]

    @classmethod
    def create(cls, source: _Source) -> "_Kept":
        kinds = endpoint_groups(source.target, source.found, source.names)
        return cls(source.found.pages, source.names, kinds)

    def is_of(self, source: _Source) -> bool:
        return self.names is source.names and self.pages == source.found.pages


class EndpointLists:
    """Makes the list when it is asked for; of a target whose groups have changed, and no other."""

    def __init__(self, exposition: Exposition) -> None:
        self._exposition = exposition
        self._kept: Mapping[str, _Kept] = {}
        self._making = asyncio.Lock()

    async def document(self, query: EndpointQuery) -> Run:
        """The endpoints that are asked for, of targets that exist, in a stable order.

        Raises EndpointsUnknownError.
        """
        async with self._making:
            sources = self._sources(query.targets or self._exposition.targets)
            kept = await asyncio.to_thread(_made, sources, self._kept)
            # Without targets that are gone.
            both = {**self._kept, **kept}
            self._kept = {name: both[name] for name in self._exposition.targets if name in both}
        return await asyncio.to_thread(_joined, [*kept.values()], query)

    def _sources(self, targets: Iterable[str]) -> Sequence[_Source]:
        """Those of the targets that were read. Raises EndpointsUnknownError."""
        sources, unread = [], []
        for target in sorted(targets):
            snapshot = self._exposition.snapshot(target)
            state = None if snapshot is None else snapshot.lists.get(INSTANCE_GROUPS.name)
            if snapshot is None or state is None:
                raise EndpointsUnknownError(f"target {target} has not been polled yet")
            found = cast("InstanceGroups | None", state.found)
            if found is not None and snapshot.inventory is not None:
                sources.append(_Source(target, found, snapshot.inventory.names))
            elif state.left_out is None:
                unread.append(target)
        if unread and not sources:
            raise EndpointsUnknownError(f"no poll of target {unread[0]} has read what runs yet")
        return sources


def _made(sources: Sequence[_Source], kept: Mapping[str, _Kept]) -> Mapping[str, _Kept]:
    """The groups of each; in a worker thread."""
    made = {}
    for source in sources:
        known = kept.get(source.target)
        if known is None or not known.is_of(source):
            known = _Kept.create(source)
        made[source.target] = known
    return made


def _joined(targets: Sequence[_Kept], query: EndpointQuery) -> Run:
    return groups_document(
        block for each in targets for kind, block in each.kinds.items() if query.wants(*kind)
    )
