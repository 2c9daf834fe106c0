"""A platform that is another one at each poll, and scrapers who see that no page is of two."""

import asyncio
import gzip
import re
import zlib
from collections import Counter
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from hashlib import blake2b
from itertools import count

from prometheus_client.parser import text_string_to_metric_families

from exporter.simulator import Cloud
from tests.support.exporting import PATIENCE

from .raw_http import Answer, connected

HEALTHY = b"GET /-/healthy HTTP/1.1\r\nHost: here\r\n\r\n"
PARSED = 5
"""Pages that are parsed; it takes seconds for one that is large."""

_GENERATION = re.compile(r',version="(g\d+)"')

AGAIN_SECONDS = 0.3
"""Until a scraper that was refused asks again."""


@asynccontextmanager
async def changing(cloud: Cloud) -> AsyncIterator[None]:
    """Every service gets another version, the same for all, time and again until the block ends."""
    async with asyncio.TaskGroup() as tasks:
        changes = tasks.create_task(_change(cloud))
        yield
        changes.cancel()


async def _change(cloud: Cloud) -> None:
    for generation in count():
        for uuid in cloud.estate:
            cloud.estate.alter(uuid, version=f"g{generation}")
        await asyncio.sleep(0.2)


@dataclass
class Scrapes:
    """What came of scrapes: how many ended how, and each page that was seen, once and packed."""

    statuses: Counter[int] = field(default_factory=Counter)
    pages: dict[bytes, bytes] = field(default_factory=dict)

    async def all_at_once(self, address: tuple[str, int], number: int) -> None:
        """So many scrapers that are connected ask at one moment, and again where refused."""
        ready = asyncio.Barrier(number)
        async with asyncio.TaskGroup() as tasks:
            for one in range(number):
                encoding = "gzip" if one % 2 else "identity"
                tasks.create_task(self._scrape(address, encoding, ready))

    async def _scrape(
        self, address: tuple[str, int], encoding: str, ready: asyncio.Barrier
    ) -> None:
        head = f"GET /metrics HTTP/1.1\r\nHost: here\r\nAccept-Encoding: {encoding}\r\n\r\n"
        async with connected(address) as connection:
            connection.send(HEALTHY)  # a silent client is dropped after ten seconds
            await connection.answer(patience=2 * PATIENCE)
            await ready.wait()
            while True:
                connection.send(head.encode())
                answer = await connection.answer(patience=2 * PATIENCE)
                assert answer is not None, "no answer"
                self.statuses[answer.status] += 1
                if answer.status == 200:
                    return self._keep(answer)
                assert answer.status == 503
                assert "web.max_requests" in answer.text
                await asyncio.sleep(AGAIN_SECONDS)

    def _keep(self, answer: Answer) -> None:
        body = answer.body
        if answer.headers.get("Content-Encoding") == "gzip":
            member = zlib.decompressobj(16 + zlib.MAX_WBITS)
            body = member.decompress(body)
            assert member.eof
            assert not member.unused_data
        digest = blake2b(body).digest()
        if digest not in self.pages:
            self.pages[digest] = gzip.compress(body, 1)

    def generations(self, services: int) -> set[str]:
        """That the pages are of: each is whole and of one generation, and some are parsed."""
        found = set()
        every = max(1, len(self.pages) // PARSED)
        for number, packed in enumerate(self.pages.values()):
            page = gzip.decompress(packed).decode()
            if number % every == 0:
                assert len(list(text_string_to_metric_families(page))) == page.count("# TYPE ")
            found.add(_generation(page, services))
        return found


def scraped_at_once(address: tuple[str, int], number: int) -> Scrapes:
    """In a process of its own, which takes no time from the others."""
    scrapes = Scrapes()
    asyncio.run(scrapes.all_at_once(address, number))
    return scrapes


def _generation(page: str, services: int) -> str:
    assert page.endswith("\n")
    of = _GENERATION.findall(page)
    assert len(of) == services
    for name in ("zstack_model_service_models{", "zstack_model_service_has_new_version{"):
        assert 0 < page.count(f"\n{name}") <= services
    [generation] = set(of)
    return str(generation)
