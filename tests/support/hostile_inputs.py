"""Untrusted answers of a platform, and what the exporter makes of them, for tests."""

import asyncio
import json
from collections.abc import Iterable
from dataclasses import replace
from typing import Any, Final

from hypothesis import strategies as st
from prometheus_client import CollectorRegistry
from prometheus_client.parser import text_string_to_metric_families

from exporter.metrics.exposition import Exposition, OnStale
from exporter.metrics.page import Format
from exporter.metrics.page import Page as ShownPage
from exporter.state.snapshot import Snapshot
from exporter.zstack import QUERY_MODEL_SERVICE, ModelService
from exporter.zstack.paging import ListReader, UnsortedError, new_rows
from exporter.zstack.records import Page

from .builders import Listed, listed, publish

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


def inventory_of(page: Page[ModelService]) -> Listed:
    """What a poll makes of a platform that has this page and no other, in any order."""
    rows = len({row.uuid for row in page.rows if row.uuid}) + sum(not r.uuid for r in page.rows)
    page = replace(page, total=rows)
    start: ListReader[None] = ListReader(QUERY_MODEL_SERVICE, 1000)
    try:
        new = new_rows(page, start.position)
    except UnsortedError:
        new = new_rows(page, replace(start.position, seen=frozenset()))
    return listed([new.records], rows, new.undecodable, new.duplicates)


def page_of(found: Listed, page_format: Format) -> str:
    exposition = Exposition({"lab": OnStale.KEEP})
    snapshot = Snapshot("lab", 60, 180, attempted_at=1.0, inventory=found)

    async def shown() -> ShownPage:
        await publish(exposition, snapshot)
        return await exposition.page(page_format, CollectorRegistry())

    page = asyncio.run(shown())
    return b"".join(page.text()).decode()


def uuids_shown(text: str) -> list[str]:
    """The services of a page, which both of prometheus_client's parsers have to agree on."""
    families = {family.name: family for family in text_string_to_metric_families(text)}
    return [sample.labels["uuid"] for sample in families[_INFO].samples]
