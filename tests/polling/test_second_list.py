"""A list that the exporter does not know: four declarations, and it is fetched like any other."""

import json
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field

import msgspec
from structlog.testing import capture_logs

from exporter.metrics.family import Family, RecordRow
from exporter.metrics.lines import RecordLines
from exporter.polling.fetcher import ListFetcher
from exporter.polling.time_zone import TimeZone
from exporter.state.columns import Conventions, Numbers, known_numbers
from exporter.state.drift import Drift, combined_drift, drift_of
from exporter.state.labels import sanitize_labels
from exporter.state.reduction import Reduction
from exporter.zstack import Drifted, Listing, Operation, Resource
from exporter.zstack.records import PageDecoder, Uuid
from tests.support.client_fixture import SHANGHAI, client_at, reply, replying

# 1. What the API answers: a struct, and the operation.


class Group(msgspec.Struct, frozen=True, rename="camel"):
    uuid: Uuid
    name: str | None = None
    instance_count: float | None = None


class DriftedGroup(Group, Drifted, frozen=True):
    unreadable: tuple[str, ...] = ()
    unknown: tuple[str, ...] = ()


GROUPS = Resource(
    "group",
    Operation("QueryGroup", "GET", "/v1/groups"),
    PageDecoder(Group, DriftedGroup, known_fields={"uuid", "name", "instanceCount"}, otherwise={}),
)

# 2. What is known of it: columns, the summary of a page, and the whole.


@dataclass(frozen=True)
class Groups:
    uuid: Sequence[str]
    name: Sequence[str]
    instances: Numbers

    def __len__(self) -> int:
        return len(self.uuid)


@dataclass(frozen=True, eq=False)
class Summary:
    groups: int
    drift: Drift


@dataclass(frozen=True)
class Known:
    groups: int
    drift: Drift = field(default_factory=dict)
    dates: int = 0
    undecodable: int = 0
    duplicates: int = 0


def columns(records: Sequence[Group], _conventions: Conventions) -> Groups:
    return Groups(
        [record.uuid for record in records],
        sanitize_labels([record.name for record in records]),
        known_numbers([record.instance_count for record in records])[0],
    )


def summarize(records: Sequence[Group], _groups: Groups) -> Summary:
    return Summary(len(records), drift_of(records, Counter()))


def combine(listing: Listing[Summary], _before: Known | None) -> Known:
    pages = listing.parts
    return Known(sum(page.groups for page in pages), combined_drift(page.drift for page in pages))


REDUCTION = Reduction("groups", GROUPS, columns, summarize, combine)

# 3. A row of the table of metrics.

INSTANCES: RecordRow[Groups] = RecordRow(
    Family("zstack_group_instances", "Instances of a group.", ("uuid", "name")),
    lambda groups: groups.instances,
)


def page(*rows: dict[str, object], total: int) -> bytes:
    return reply(json.dumps({"inventories": rows, "total": total}).encode())


async def test_a_second_list_needs_a_struct_a_reduction_and_rows() -> None:
    first = page(
        {"uuid": "a", "name": "chat", "instanceCount": "2"}, {"uuid": "b", "phase": 1}, total=3
    )
    second = page({"uuid": "b", "phase": 1}, {"uuid": "c", "instanceCount": [4]}, total=3)
    async with replying(first, second) as server, client_at(server.url, page_size=2) as fixture:
        client = fixture.client
        zone = TimeZone("lab", client.time_zone, zone=SHANGHAI)
        write = RecordLines((INSTANCES,), "lab")
        fetcher = ListFetcher("lab", client, REDUCTION, write, zone, memory_unit="auto")
        with capture_logs() as logs:
            fetched = await fetcher.fetch()
    assert fetched.found == Known(3, {("instanceCount", "unreadable"): 1, ("phase", "unknown"): 1})
    text = b"".join(block.text() for block in fetched.lines["zstack_group_instances"])
    assert text == b'zstack_group_instances{name="chat",target="lab",uuid="a"} 2.0\n'
    assert "/v1/groups?limit=2&start=0" in server.heads[0]
    assert any("fields of groups cannot be read" in entry["event"] for entry in logs)
