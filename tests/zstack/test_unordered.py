"""A platform that ignores the order that it is asked for, and changes it as rows are touched."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from random import Random

from aiohttp import web

from exporter.web.sockets import bind
from exporter.zstack import QUERY_MODEL_SERVICE, PageCache
from exporter.zstack.errors import IncompleteError
from tests.support.client_fixture import ClientFixture, client_at
from tests.support.client_fixture import page as page_of
from tests.support.sample import sized

PAGE_SIZE = 5
LISTS = sized(small=100, usual=300, whole=300)


class Restless:
    """Rows in the order in which they were last touched, and what happens between two pages."""

    def __init__(self, seed: int, *, is_still: bool = False) -> None:
        self.is_still = is_still
        self.random = Random(seed)
        self.rows = [f"{n:04}" for n in self.random.sample(range(1000), 24)]
        self.always = set(self.rows)
        self.requests = 0

    def page(self, start: int, limit: int) -> bytes:
        shown, total = self.rows[start : start + limit], len(self.rows)
        self.requests += 1
        if not self.is_still:
            self._live()
        return page_of(*shown, total=total)

    def _live(self) -> None:
        """Often nothing happens; or some rows are touched, removed and added at once."""
        for _ in range(self.random.choice((0,) * 14 + (2, 3))):
            row = self.rows.pop(self.random.randrange(len(self.rows)))
            if self.random.random() < 0.5:
                self.rows.insert(0, row)
            else:
                self.always.discard(row)


@asynccontextmanager
async def served(table: list[Restless]) -> AsyncIterator[ClientFixture]:
    """A client of the table that is the last one of the list."""

    async def answer(request: web.Request) -> web.Response:
        start, limit = int(request.query["start"]), int(request.query["limit"])
        return web.Response(body=table[-1].page(start, limit))

    app = web.Application()
    app.router.add_get("/zstack/v1/ai/model-services", answer)
    runner = web.AppRunner(app, shutdown_timeout=0)
    await runner.setup()
    [listening] = bind([("127.0.0.1", 0)])
    try:
        await web.SockSite(runner, listening).start()
        url = f"http://127.0.0.1:{listening.getsockname()[1]}"
        async with client_at(url, page_size=PAGE_SIZE) as fixture:
            yield fixture
    finally:
        await runner.cleanup()


async def test_a_list_without_order_is_accepted_only_if_no_row_is_missing() -> None:
    tables: list[Restless] = []
    accepted, reasons = 0, set()
    async with served(tables) as fixture:
        for seed in range(LISTS):
            tables.append(Restless(seed))
            fixture.cache = PageCache()
            try:
                listed = await fixture.services()
            except IncompleteError as error:
                reasons.add((error.operation, str(error)))
                continue
            accepted += 1
            missing = tables[-1].always - {each.uuid for each in listed.services}
            assert not missing, f"seed {seed}"
    assert accepted > LISTS / 10, "a platform that is restless now and then is still read"
    reason = "the list has no order, and two passes over it found different rows"
    assert (QUERY_MODEL_SERVICE, reason) in reasons


async def test_a_list_on_one_page_needs_no_order() -> None:
    table = Restless(1, is_still=True)
    table.rows = ["b", "a", "c"]
    async with served([table]) as fixture:
        assert len((await fixture.services()).services) == 3
        requests = table.requests
        assert len((await fixture.services()).services) == 3
    assert table.requests == requests + 1, "one answer has the whole list, so one pass will do"
