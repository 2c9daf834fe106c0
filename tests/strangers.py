"""What strangers may send as a platform's answer, and what the exporter makes of it, for tests."""

import asyncio
import json
from collections.abc import Iterable
from dataclasses import replace
from typing import Any, Final

from hypothesis import strategies as st
from prometheus_client import CollectorRegistry
from prometheus_client.parser import text_string_to_metric_families

from exporter.exposition import Exposition, Format, OnStale
from exporter.inventory import Inventory, Sums, inventory
from exporter.snapshot import Snapshot
from exporter.zstack import QUERY_MODEL_SERVICE, Listing
from exporter.zstack.paging import Reading, UnsortedError
from exporter.zstack.schema import Page
from fuzz.targets import batch_of

from .inventories import CONVENTIONS

_INFO: Final = "zstack_model_service_info"

TEXT = st.text(st.characters(codec=None), max_size=20)
ANYTHING = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | TEXT,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(TEXT, inner, max_size=3),
    max_leaves=6,
)
_DATES = st.sampled_from(["Nov 14, 2017 10:20:57 PM", "2017-11-14T22:20:57Z", 1.5e12, 1e300, "no"])
_LIKELY = st.fixed_dictionaries(
    {},
    optional={
        "name": st.none() | TEXT,
        "framework": TEXT | st.sampled_from(["vLLM", 'a"b', "\\", "\n"]),
        "version": TEXT,
        "requestCpu": st.floats() | st.integers() | st.text("0123456789.eE+-", max_size=9),
        "requestMemory": st.floats() | st.integers(),
        "size": st.integers() | st.just(10**400),
        "hasNewVersion": st.none() | st.booleans() | st.sampled_from(["true", 1, "perhaps"]),
        "createDate": _DATES | TEXT | st.floats(),
        "cpuArchitectures": st.lists(TEXT | st.none(), max_size=3),
        "vendorToSpecUuidsMap": st.dictionaries(TEXT, st.none() | st.just(["s"]), max_size=3),
        "unheardOf": ANYTHING,
    },
)
RECORDS = st.builds(lambda uuid, fields: {"uuid": uuid, **fields}, TEXT, _LIKELY)
ROWS = RECORDS | _LIKELY | ANYTHING


def body_of(rows: Iterable[Any], total: Any, *, escaped: bool) -> bytes:
    page = {"inventories": list(rows), "total": total}
    return json.dumps(page, ensure_ascii=escaped).encode("utf-8", "surrogatepass")


def inventory_of(page: Page) -> Inventory:
    """What a poll makes of a platform that has this page and no other, whatever its order."""
    rows = len({row.uuid for row in page.rows if row.uuid}) + sum(not r.uuid for r in page.rows)
    page = replace(page, total=rows)
    reading: Reading[None] = Reading(QUERY_MODEL_SERVICE, 1000)
    try:
        cut = reading.cut(page)
    except UnsortedError:
        cut = Reading[None](QUERY_MODEL_SERVICE, 1000, order=False).cut(page)
    made = batch_of(cut.services, CONVENTIONS)
    return inventory(Listing((made,), rows, cut.undecodable, cut.duplicates), Sums())


def page_of(found: Inventory, page_format: Format) -> str:
    exposition = Exposition({"lab": OnStale.KEEP})
    asyncio.run(exposition.publish(Snapshot("lab", 60, 180, attempted_at=1.0, inventory=found)))
    page = exposition.page(page_format, CollectorRegistry())
    return b"".join(page.text()).decode()


def uuids_shown(text: str) -> list[str]:
    """The services of a page, which both of prometheus_client's parsers have to agree on."""
    families = {family.name: family for family in text_string_to_metric_families(text)}
    return [sample.labels["uuid"] for sample in families[_INFO].samples]
