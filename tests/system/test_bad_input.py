"""Pages made of untrusted input, read by an independent parser."""

import asyncio
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from exporter.metrics.page import Format
from exporter.zstack.schema import model_services
from tests.support.hostile_inputs import RECORDS, body_of, inventory_of, page_of

from .programs import Programs

PAGES = 25


async def test_promtool_accepts_such_pages(programs: Programs) -> None:
    pages: list[str] = []

    @settings(max_examples=PAGES, database=None)
    @given(st.lists(RECORDS, min_size=1, max_size=12))
    def collect(rows: list[Any]) -> None:
        found = inventory_of(model_services(body_of(rows, len(rows), escaped=True)))
        pages.append(page_of(found, Format.TEXT))

    await asyncio.to_thread(collect)
    assert len(pages) >= PAGES
    for page in pages:
        assert await programs.check_metrics(page) == (0, ""), page
