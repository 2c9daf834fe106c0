"""One cell: an exporter whose own work is slow, and what it must show all the while."""

import asyncio
import time
from collections.abc import AsyncIterator, Callable
from contextlib import AsyncExitStack, asynccontextmanager
from functools import partial
from pathlib import Path
from typing import Any, Final

import yaml

from exporter.simulator import Cloud, serving
from tests.support.exporting import (
    BETWEEN_LOOKS,
    PATIENCE,
    Exporter,
    Samples,
    exporting_file,
    is_down,
    is_up,
    polls,
)

from .cells import Cell, Event, Release, Stage
from .platform import PAGE_SIZE, SERVICES, ChangingCloud
from .threads import HeldThreads, Hold

INTERVAL: Final = 1.0
TIMEOUT: Final = 0.8
END_SECONDS: Final = 15.0
"""In which an exporter ends whose thread hangs: three for a log-out, one for threads, and a margin
for a busy machine."""

MEMORY: Final = {"MiB": 1024.0 * 2**20, "GiB": 1024.0 * 2**30}
"""What a service of the platform requests, by the unit that the settings name."""

_STARTS: Final = {
    Release.FIRST_PAGE: 0,
    Release.MIDDLE_PAGE: PAGE_SIZE - 1,
    Release.LAST_PAGE: 2 * PAGE_SIZE - 1,
}
"""The offset of each page, which begins with the last row of the page before."""

_REPORTED: Final = "zstack_model_services_reported"
_INFO: Final = "zstack_model_service_info"
_MEMORY: Final = "zstack_model_service_requested_memory_bytes"


def failing(page: Samples) -> set[str]:
    """The reasons for which the last poll failed."""
    return {of["reason"] for of, value in page.all("zstack_api_error") if value}


class Scenario:
    """Runs a cell. Every page that it sees has to be right."""

    def __init__(self, cell: Cell, folder: Path) -> None:
        self.cell = cell
        self.cloud = ChangingCloud(services=SERVICES)
        self.hold = Hold(cell.work.function, cell.work.occurrence)
        self._file = folder / "exporter.yml"
        (folder / "password").write_text("password")
        self._memory_unit = "MiB"
        self._errors: list[dict[str, Any]] = []

    async def run(self) -> None:
        """Raises AssertionError where the exporter is not right."""
        asyncio.get_running_loop().set_exception_handler(
            lambda _, error: self._errors.append(error)
        )
        async with serving(self.cloud) as url, serving(Cloud(services=1)) as other:
            self._targets = {
                "a": self._target(url, in_file=self.cell.secret_in_file),
                "b": self._target(other, in_file=False) | {"time_zone": "UTC"},
            }
            self._write(self._targets)
            async with self._exporter() as (exporter, end):
                await self._hold_up(exporter)
                await self._meanwhile(exporter, end)
            self.hold.release()
        assert not self._errors, self._errors

    @asynccontextmanager
    async def _exporter(self) -> AsyncIterator[tuple[Exporter, Callable[[], Any]]]:
        threads = partial(HeldThreads, hold=self.hold)
        if self.cell.work.stage is Stage.FIRST_POLL:
            self.hold.arm()
        async with AsyncExitStack() as stack:
            exporter = await stack.enter_async_context(
                exporting_file(self._file, threads=threads, max_requests=0)
            )
            yield exporter, stack.aclose

    async def _hold_up(self, exporter: Exporter) -> None:
        """Begin the work that is slow, with a list that is another one than before."""
        if self.cell.work.stage is not Stage.FIRST_POLL:
            await self._until(exporter, is_up)
            await self._until(exporter, is_up, "b")
            self.cloud.upcoming = ["b", "a", "a", "b", "b", "a"]
            self.hold.arm()
        if self.cell.work.stage is Stage.LOGIN:
            self.cloud.sessions.clear()
        self._begun: asyncio.Task[Any] | None = None
        if self.cell.work.stage is Stage.SCRAPE:
            self._begun = asyncio.create_task(exporter.text(self.cell.work.path))
        elif self.cell.work.stage is Stage.RELOAD:
            self._begun = asyncio.create_task(exporter.reload())
        async with asyncio.timeout(PATIENCE):
            await self.hold.struck.wait()

    async def _meanwhile(self, exporter: Exporter, end: Callable[[], Any]) -> None:
        match self.cell.event:
            case Event.DEADLINE:
                await self._deadline(exporter)
            case Event.RELOAD:
                await self._reload(exporter)
            case Event.REMOVAL:
                await self._removal(exporter)
            case Event.END:
                await self._end(end)
                return
        await self._settled(exporter)

    async def _deadline(self, exporter: Exporter) -> None:
        if self.cell.work.stage in {Stage.FIRST_POLL, Stage.LOGIN, Stage.POLL}:
            page = await self._until(exporter, lambda page: self.cell.work.reason in failing(page))
            assert is_down(page)
            # on a busy machine an earlier poll may have been late, or its connection
            allowed = {"timeout", "unreachable", self.cell.work.reason}
            assert {of["reason"] for of, _ in page.all("zstack_api_error")} <= allowed, str(page)
        else:
            await self._polls_of_another(exporter)
        if self.cell.release is not Release.AT_ONCE:
            await self._page_of_the_next_list(exporter, _STARTS[self.cell.release])
        self.hold.release()

    async def _page_of_the_next_list(self, exporter: Exporter, start: int) -> None:
        """Until it is asked for; work that every poll needs before that keeps it away."""
        asked = asyncio.Event()

        def on_page(of: int) -> None:
            if of == start:
                asked.set()

        self.cloud.on_page = on_page
        other = polls(await self._look(exporter, "b"))
        while not asked.is_set() and polls(await self._look(exporter, "b")) < other + 3:
            await self._look(exporter)
            await asyncio.sleep(BETWEEN_LOOKS)

    async def _reload(self, exporter: Exporter) -> None:
        """Other settings while the work of the old ones is under way."""
        self._targets["a"] |= {"memory_unit": "GiB", "on_stale": "keep"}
        self._write(self._targets)
        again = asyncio.create_task(exporter.reload())
        if self.cell.work.stage is Stage.RELOAD:  # one reload waits for the other
            await self._polls_of_another(exporter)
            self.hold.release()
        assert (await again)[0] == 200
        self._memory_unit = "GiB"
        await self._look(exporter)
        self.hold.release()

    async def _removal(self, exporter: Exporter) -> None:
        self._write({"b": self._targets["b"]})
        again = asyncio.create_task(exporter.reload())
        if self.cell.work.stage is Stage.RELOAD:
            await self._polls_of_another(exporter)
            self.hold.release()
        assert (await again)[0] == 200
        await self._is_gone(exporter)
        self.hold.release()
        async with asyncio.timeout(PATIENCE):
            await self.hold.ended.wait()
        await self._polls_of_another(exporter)
        await self._is_gone(exporter)
        self._write(self._targets)
        assert (await exporter.reload())[0] == 200

    async def _end(self, end: Callable[[], Any]) -> None:
        began = time.monotonic()
        if self._begun is not None:
            self._begun.cancel()
        await end()
        assert time.monotonic() - began < END_SECONDS
        polled = self.cloud.operations.copy()
        self.hold.release()
        async with asyncio.timeout(PATIENCE):
            await self.hold.ended.wait()
        assert self.cloud.operations == polled

    async def _settled(self, exporter: Exporter) -> None:
        """Up again, with the list of the platform as it is now."""
        async with asyncio.timeout(PATIENCE):
            await self.hold.ended.wait()
            if self._begun is not None:
                await self._begun
        await self._until(exporter, is_up)
        self.cloud.upcoming = ["a", "a", "b", "a"]
        polled = polls(await self._look(exporter))
        # on a busy machine a poll may be late, and the next one is not
        page = await self._until(exporter, lambda page: polls(page) >= polled + 5 and is_up(page))
        assert {of["version"] for of, _ in page.all(_INFO)} == {"a"}

    async def _polls_of_another(self, exporter: Exporter) -> None:
        """Two whole polls of the other target, which nothing may hold up."""
        polled = polls(await self._look(exporter, "b"))
        await self._until(exporter, lambda page: polls(page) >= polled + 2 and is_up(page), "b")

    async def _is_gone(self, exporter: Exporter) -> None:
        assert 'target="a"' not in await exporter.text("/metrics")
        assert (await exporter.http.get("/probe?target=a")).status == 404

    async def _until(
        self, exporter: Exporter, holds: Callable[[Samples], object], target: str = "a"
    ) -> Samples:
        until = time.monotonic() + PATIENCE
        while not holds(page := await self._look(exporter, target)):
            assert time.monotonic() < until, f"it never held: {page}"
            await asyncio.sleep(BETWEEN_LOOKS)
        return page

    async def _look(self, exporter: Exporter, target: str = "a") -> Samples:
        page = await exporter.scrape(f"/probe?target={target}")
        if target == "a" and _REPORTED in page.names:
            self._assert_right(page)
        return page

    def _assert_right(self, page: Samples) -> None:
        """One whole list, of the poll that the page names, by the current settings."""
        shown = list(page.all(_INFO))
        assert len(shown) == page.value(_REPORTED) == SERVICES
        polled_at = page.value("zstack_poll_last_success_timestamp_seconds") or 0
        polled = self.cloud.generations_since(polled_at, polled_at + (INTERVAL + TIMEOUT) / 2)
        versions = {of["version"] for of, _ in shown}
        assert len(versions) == 1, f"of several lists: {versions}"
        assert versions <= polled, f"{versions}, but the poll read {polled}"
        assert {value for _, value in page.all(_MEMORY)} == {MEMORY[self._memory_unit]}

    def _target(self, url: str, *, in_file: bool) -> dict[str, Any]:
        secret = {"password_file": "password"} if in_file else {"password": "password"}
        return {
            "url": url,
            "account": "admin",
            **secret,
            "interval": INTERVAL,
            "timeout": TIMEOUT,
            "stale_after": 60,
            "page_size": PAGE_SIZE,
            "memory_unit": "MiB",
        }

    def _write(self, targets: dict[str, dict[str, Any]]) -> None:
        self._file.write_text(yaml.safe_dump({"targets": targets}))
