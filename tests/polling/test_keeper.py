"""First sights are shown once they are safe, and a disk that is slow or full holds up no poll."""

import asyncio
import threading
import time
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path

import pytest
from structlog.testing import capture_logs
from typing_extensions import override

from exporter.polling import keeper as module
from exporter.polling.keeper import UNUSED_SECONDS, Keeper
from exporter.polling.pending_since import pending_since
from exporter.polling.state_document import TargetState, TargetStates, encode
from exporter.polling.state_file import StateFile, StateInUseError, check_state
from exporter.state.first_sights import FirstSights
from exporter.state.inventory import Inventory
from exporter.zstack import ModelService
from tests.support.builders import found
from tests.support.exporting import PATIENCE, until_seen

URL, OTHER_URL = "http://10.0.0.5:8080", "http://10.0.0.6:8080"


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "state.json"


@pytest.fixture(autouse=True)
def _quick(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "PAUSE_SECONDS", 0.01)
    monkeypatch.setattr(module, "RETRY_SECONDS", 0.05)


def with_new(*uuids: str) -> Inventory:
    return found(*(ModelService(uuid, has_new_version=True) for uuid in uuids))


@asynccontextmanager
async def kept_in(path: Path | None) -> AsyncIterator[Keeper]:
    """A keeper, as a process has it from its start to its end."""
    keeper = await asyncio.to_thread(Keeper.open, path)
    async with keeper.writing():
        yield keeper


async def polled(
    keeper: Keeper, *inventories: Inventory, at: float, target: str = "lab", url: str = URL
) -> FirstSights:
    """What is shown after polls that began at this moment and each a second later."""
    shown: FirstSights = {}
    async with pending_since(keeper, target, url) as since:
        assert since is not None
        for number, inventory in enumerate(inventories):
            shown = await since(inventory, at + number)
    return shown


async def in_file(path: Path, target: str = "lab") -> FirstSights:
    states = await asyncio.to_thread(check_state, path)
    return states[target].pending_since


@dataclass(eq=False)
class SlowFile(StateFile):
    """A file on a disk that takes as long as a test sets, or has no space."""

    path: Path
    may_write: threading.Event = field(default_factory=threading.Event)
    error: OSError | None = None
    contents: list[bytes] = field(default_factory=list)
    attempts: list[bool] = field(default_factory=list)

    def __post_init__(self) -> None:
        super().__init__(self.path)
        self.may_write.set()

    def attempted(self, *, successful: bool) -> None:
        self.attempts.append(successful)

    @override
    def write(self, content: bytes) -> None:
        assert self.may_write.wait(30)
        if self.error is not None:
            raise self.error
        self.contents.append(content)
        super().write(content)


@pytest.fixture
def slow(path: Path) -> Iterator[SlowFile]:
    file = SlowFile(path)
    yield file
    file.may_write.set()


@pytest.fixture
def keeper(slow: SlowFile) -> Keeper:
    return Keeper(slow, slow.read(), slow.attempted)


async def test_what_is_shown_is_in_the_file_at_that_moment(path: Path) -> None:
    async with kept_in(path) as keeper, pending_since(keeper, "lab", URL) as since:
        assert since is not None
        for number in range(1, 8):
            shown = await since(with_new(*"abcdefg"[:number]), number)
            assert shown == {uuid: at for at, uuid in enumerate("abcdefg"[:number], 1)}
            assert await in_file(path) == shown


async def test_the_next_process_goes_on_with_the_same_dates(path: Path) -> None:
    async with kept_in(path) as keeper:
        await polled(keeper, with_new("a"), with_new("a", "b"), at=10)
    async with kept_in(path) as keeper:
        assert await polled(keeper, with_new("a", "b", "c"), at=20) == {"a": 10, "b": 11, "c": 20}


async def test_without_a_file_the_dates_last_as_long_as_the_process() -> None:
    async with kept_in(None) as keeper:
        await polled(keeper, with_new("a"), at=10)
        assert await polled(keeper, with_new("a"), at=20) == {"a": 10}
    async with kept_in(None) as keeper:
        assert await polled(keeper, with_new("a"), at=30) == {"a": 30}


async def test_another_platform_under_the_same_name_begins_anew(path: Path) -> None:
    async with kept_in(path) as keeper:
        await polled(keeper, with_new("a"), at=10)
        assert await polled(keeper, with_new("a"), at=20, url=OTHER_URL) == {"a": 20}
    async with kept_in(path) as keeper:
        assert await polled(keeper, with_new("a"), at=30) == {"a": 30}


async def test_each_target_has_its_own_dates(path: Path) -> None:
    async with kept_in(path) as keeper:
        await polled(keeper, with_new("a"), at=10)
        assert await polled(keeper, with_new("a"), at=20, target="other") == {"a": 20}
    assert await in_file(path) == {"a": 10}
    assert await in_file(path, "other") == {"a": 20}


@pytest.mark.parametrize(("seconds", "goes_on"), [(-60, True), (60, False)])
async def test_a_target_that_is_not_polled_is_kept_for_a_month(
    path: Path, seconds: float, *, goes_on: bool
) -> None:
    since = time.time() - UNUSED_SECONDS - seconds
    states: TargetStates = {"gone": TargetState(URL, {"a": 10}, since)}
    await asyncio.to_thread(path.write_bytes, encode(states))
    async with kept_in(path) as keeper:
        await polled(keeper, with_new("b"), at=20)
    states = await asyncio.to_thread(check_state, path)
    assert ("gone" in states) is goes_on
    async with kept_in(path) as keeper:
        shown = await polled(keeper, with_new("a"), at=30, target="gone")
        assert shown == {"a": 10 if goes_on else 30}


async def test_a_target_that_is_polled_again_after_a_long_time_goes_on(path: Path) -> None:
    states: TargetStates = {"lab": TargetState(URL, {"a": 10}, time.time() - 2 * UNUSED_SECONDS)}
    await asyncio.to_thread(path.write_bytes, encode(states))
    async with kept_in(path) as keeper:
        assert await polled(keeper, with_new("a"), with_new("a", "b"), at=20) == {"a": 10, "b": 21}


async def test_while_the_disk_hangs_polls_do_not_wait_and_dates_come_later(
    slow: SlowFile, keeper: Keeper, monkeypatch: pytest.MonkeyPatch
) -> None:
    with capture_logs() as logs:
        async with keeper.writing(), pending_since(keeper, "lab", URL) as since:
            assert since is not None
            assert await since(with_new("a"), 1) == {"a": 1}
            slow.may_write.clear()
            monkeypatch.setattr(module, "WAIT_SECONDS", 0.1)
            assert await since(with_new("a", "b"), 2) == {"a": 1}
            monkeypatch.setattr(module, "WAIT_SECONDS", 3600)
            async with asyncio.timeout(PATIENCE):  # it is known to hang
                assert await since(with_new("a", "b", "c"), 3) == {"a": 1}
                assert await since(with_new("c"), 4) == {}
            slow.may_write.set()
            newest = with_new("c")
            await until_seen(lambda: since(newest, 5), lambda shown: shown == {"c": 3})
    assert [line["event"] for line in logs] == ["state not written", "state written again"]
    assert logs[0]["error"] == "not written within 0.1 seconds"
    assert slow.contents[-1] == encode({"lab": TargetState(URL, {"c": 3})})


async def test_a_full_disk_is_reported_once_and_tried_again(slow: SlowFile, keeper: Keeper) -> None:
    slow.error = OSError(28, "No space left on device")
    with capture_logs() as logs:
        async with keeper.writing(), pending_since(keeper, "lab", URL) as since:
            assert since is not None
            one = with_new("a")
            assert await since(one, 1) == {}
            assert await since(with_new("a", "b"), 2) == {}

            async def attempted() -> int:
                return len(slow.attempts)

            await until_seen(attempted, lambda number: number > 2)
            slow.error = None
            newest = with_new("a", "b")
            await until_seen(lambda: since(newest, 3), lambda shown: shown == {"a": 1, "b": 2})
    assert [(line["event"], line["log_level"]) for line in logs] == [
        ("state not written", "error"),
        ("state written again", "info"),
    ]
    assert logs[0]["error"] == "No space left on device"
    assert slow.attempts[:2] == [False, False]
    assert slow.attempts[-1] is True


async def test_what_a_process_could_not_write_it_writes_at_its_end(
    slow: SlowFile, keeper: Keeper, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "RETRY_SECONDS", 3600)
    slow.error = OSError(28, "No space left on device")
    async with keeper.writing():
        assert await polled(keeper, with_new("a"), at=1) == {}
        slow.error = None
    assert await in_file(slow.path) == {"a": 1}
    await asyncio.to_thread(Keeper.open, slow.path)  # which is free


async def test_a_process_ends_though_its_disk_hangs_and_leaves_the_file_to_no_other_meanwhile(
    slow: SlowFile, keeper: Keeper, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "WAIT_SECONDS", 0.05)
    slow.may_write.clear()
    async with keeper.writing():
        assert await polled(keeper, with_new("a"), at=1) == {}
    with pytest.raises(StateInUseError):
        await asyncio.to_thread(StateFile, slow.path)
    slow.may_write.set()
    keeper.close()


async def test_many_targets_that_change_at_once_are_written_together(
    slow: SlowFile, keeper: Keeper
) -> None:
    targets = [f"target {number}" for number in range(50)]
    async with keeper.writing():
        shown = await asyncio.gather(
            *(polled(keeper, with_new("a"), at=7, target=target) for target in targets)
        )
    assert shown == [{"a": 7}] * 50
    assert len(slow.contents) < 10
    assert len(await asyncio.to_thread(check_state, slow.path)) == 50


async def test_a_poll_that_finds_nothing_new_writes_nothing(slow: SlowFile, keeper: Keeper) -> None:
    async with keeper.writing():
        await polled(keeper, with_new("a"), *[with_new("a") for _ in range(5)], at=1)
        await polled(keeper, with_new("a"), at=9)
    assert len(slow.contents) == 1


async def test_a_target_that_is_cancelled_while_it_waits_for_the_disk_harms_no_other(
    slow: SlowFile,
    keeper: Keeper,
) -> None:
    async with keeper.writing():
        slow.may_write.clear()
        async with asyncio.TaskGroup() as tasks:
            cancelled = tasks.create_task(polled(keeper, with_new("a"), at=1))
            other = tasks.create_task(polled(keeper, with_new("b"), at=2, target="other"))
            await asyncio.sleep(0)
            cancelled.cancel()
            slow.may_write.set()
        assert other.result() == {"b": 2}
        assert await polled(keeper, with_new("a"), at=3) in ({"a": 1}, {"a": 3})


async def test_beyond_the_bound_of_all_targets_there_are_no_new_dates_and_the_log_says_so(
    path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "MOST_SIGHTS", 4)
    async with kept_in(path) as keeper:
        await polled(keeper, with_new("a", "b", "c"), at=1, target="large")
        with capture_logs() as logs:
            assert await polled(keeper, with_new("d"), with_new("d", "e"), at=2) == {"d": 2}
        assert [line["target"] for line in logs] == ["lab"]
        assert "too many new versions" in logs[0]["event"]
        assert await polled(keeper, with_new("c"), at=3, target="large") == {"c": 1}
        assert await polled(keeper, with_new("d", "e"), at=4) == {"d": 2, "e": 4}
