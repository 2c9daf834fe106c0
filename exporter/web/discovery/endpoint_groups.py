"""Endpoints as groups of http_sd: addresses with the labels that they share.

The labels begin with `__meta_`, so that none is on a series that the scrape config does not want
there. (docs/decisions/0033-endpoints.md)
"""

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from itertools import chain
from operator import attrgetter
from typing import Final

import msgspec

from exporter.metrics.blocks import Block, Run
from exporter.state.endpoints import Endpoint, endpoint
from exporter.state.instances import Group, InstanceGroups
from exporter.state.service_names import NO_SERVICE, ServiceName, ServiceNames

Kind = tuple[str, str]
"""Framework and status: what a request can choose by."""

_OPENING, _BETWEEN, _CLOSING = (Block.compressed(text) for text in (b"[", b",\n", b"]\n"))

_encode: Final = msgspec.json.Encoder().encode


def _label(field: str) -> str:
    return "__scheme__" if field == "scheme" else f"__meta_zstack_{field}"


class _Labels(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True, rename=_label):
    """What endpoints share; an empty label is left out, which is the same to Prometheus."""

    target: str
    model_service_uuid: str = ""
    model_service_name: str = ""
    model_service_type: str
    framework: str = ""
    model_uuid: str = ""
    group_uuid: str
    group_name: str = ""
    status: str
    path: str = ""
    scheme: str


class _Group(msgspec.Struct, frozen=True):
    """A group of http_sd."""

    targets: list[str]
    labels: _Labels


def endpoint_groups(
    target: str, found: InstanceGroups, names: ServiceNames
) -> Mapping[Kind, Block]:
    """The groups of a target by kind, both in a stable order; for a worker thread."""
    groups = sorted(found, key=attrgetter("uuid"))
    services = names.find({group.service_uuid for group in groups} - {""})
    kinds: defaultdict[Kind, list[bytes]] = defaultdict(list)
    for group in groups:
        service = services.get(group.service_uuid, NO_SERVICE)
        for status, text in _of_group(target, group, service):
            kinds[service.framework, status].append(text)
    return {kind: Block.compressed(b",\n".join(kinds[kind])) for kind in sorted(kinds)}


def groups_document(kinds: Iterable[Block]) -> Run:
    """The document with these groups."""
    parts = chain.from_iterable((_BETWEEN, block) for block in kinds)
    next(parts, None)
    return Run.of((_OPENING, *parts, _CLOSING))


def _of_group(target: str, group: Group, service: ServiceName) -> Iterator[tuple[str, bytes]]:
    """A group of http_sd for each status, scheme and path that its endpoints have."""
    addresses: defaultdict[tuple[str, str, str], set[str]] = defaultdict(set)
    for instance in group.instances:
        found = endpoint(instance.url)
        if isinstance(found, Endpoint):
            addresses[instance.status, found.scheme, found.path].add(found.address)
    for (status, scheme, path), those in sorted(addresses.items()):
        labels = _Labels(
            target=target,
            model_service_uuid=group.service_uuid,
            model_service_name=service.name,
            model_service_type=group.service_type,
            framework=service.framework,
            model_uuid=group.model_uuid,
            group_uuid=group.uuid,
            group_name=group.name,
            status=status,
            path=path,
            scheme=scheme,
        )
        yield status, _encode(_Group(sorted(those), labels))
