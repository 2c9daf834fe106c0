"""Slow work of the exporter itself: what outlives its poll changes nothing that is shown later."""

from pathlib import Path

import pytest

from exporter.daemon import logs
from exporter.simulator import serving
from tests.support.exporting import exporting_file, is_up

from .cells import CELLS, EVERY, NOT_HELD, WORKS, Cell
from .platform import ChangingCloud
from .scenario import Scenario
from .threads import HeldThreads


@pytest.fixture(autouse=True)
def _quiet(_log_as_it_was: None) -> None:
    """Polls fail as they should."""
    logs.configure("error", "logfmt")


@pytest.mark.parametrize("cell", CELLS, ids=str)
async def test_slow_work_changes_nothing_that_is_shown_later(cell: Cell, tmp_path: Path) -> None:
    await Scenario(cell, tmp_path).run()


async def test_every_kind_of_work_in_a_thread_is_held_up_in_some_cell(tmp_path: Path) -> None:
    pools: list[HeldThreads] = []

    def threads(most: int) -> HeldThreads:
        pools.append(HeldThreads(most))
        return pools[0]

    scenario = Scenario(EVERY[0], tmp_path)
    async with serving(ChangingCloud(services=12)) as url:
        scenario._write({"a": scenario._target(url, in_file=True)})  # noqa: SLF001 - the settings of every cell
        async with exporting_file(tmp_path / "exporter.yml", threads=threads) as exporter:
            await exporter.until(is_up)
            await exporter.next_polls(2)
            await exporter.reload()
            for path in ("/", "/api/v1/status"):
                await exporter.text(path)
    assert set(pools[0].calls) - NOT_HELD == {work.function for work in WORKS}
