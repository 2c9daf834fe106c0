"""Exporters that share their targets: who polls what, and what a change of their number does."""

import asyncio
import json
import subprocess
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field
from functools import partial
from itertools import pairwise
from pathlib import Path
from typing import Any, Final

import pytest
import yaml

from exporter.settings import load
from exporter.settings.shard import shard_of
from exporter.simulator import Cloud, serving
from tests.support.commands import run
from tests.support.exporting import (
    WEB,
    Exporter,
    Samples,
    exporting_what,
    logins,
    target,
    until_seen,
)
from tests.support.shards import NAMES, moving, place, shares, up
from tests.system.installed import COMMAND

INTERVAL: Final = 1.0


@dataclass
class Fleet:
    """Platforms by their names, and the one configuration of all exporters that share them."""

    file: Path
    clouds: Mapping[str, Cloud]
    targets: Mapping[str, dict[str, Any]]
    stack: AsyncExitStack
    exporters: list[Exporter] = field(default_factory=list)

    def write(self, total: int) -> None:
        content = {"targets": self.targets, "shard": {"total": total}}
        self.file.write_text(yaml.safe_dump(content))

    async def start(self, ordinal: int) -> Exporter:
        flags = {
            "config": {"file": self.file},
            "web": WEB | {"enable_lifecycle": True},
            "shard": {"ordinal": ordinal},
        }
        starting = exporting_what(partial(load, flags, environ={}))
        exporter = await self.stack.enter_async_context(starting)
        self.exporters.append(exporter)
        return exporter

    async def polled(self) -> list[set[str]]:
        """The targets that each exporter shows a good poll of."""
        pages = [await each.scrape() for each in self.exporters]
        return [up(page) for page in pages]

    async def until_shared(self, total: int) -> None:
        """Return once each target is shown by its shard alone."""
        wanted = shares(total)
        await until_seen(self.polled, lambda polled: polled == wanted)


@asynccontextmanager
async def fleet(folder: Path, **settings: Any) -> AsyncIterator[Fleet]:
    clouds = {name: Cloud(services=3, unique_session=True) for name in NAMES}
    async with AsyncExitStack() as platforms:
        targets = {
            name: target(await platforms.enter_async_context(serving(cloud)), **settings)
            for name, cloud in clouds.items()
        }
        async with AsyncExitStack() as exporters:
            yield Fleet(folder / "exporter.yaml", clouds, targets, exporters)


async def test_each_target_is_polled_by_one_shard(tmp_path: Path) -> None:
    async with fleet(tmp_path) as sharing:
        sharing.write(3)
        for ordinal in range(3):
            await sharing.start(ordinal)
        await sharing.until_shared(3)
        assert all(shares(3))
        assert {name: len(cloud.sessions) for name, cloud in sharing.clouds.items()} == (
            dict.fromkeys(NAMES, 1)
        )
        assert {logins(cloud) for cloud in sharing.clouds.values()} == {1}


async def test_the_targets_of_other_shards_are_no_targets_here(tmp_path: Path) -> None:
    own = shares(3)[2]
    async with fleet(tmp_path) as sharing:
        sharing.write(3)
        exporter = await sharing.start(2)
        await exporter.until(lambda page: up(page) == own)
        assert await exporter.text("/-/ready") == "ready\n"
        document = json.loads(await exporter.text("/api/v1/status"))
        assert {each["name"] for each in document["targets"]} == own
        assert {s["target"] for s, _ in (await exporter.scrape()).all("zstack_polls_total")} == own


async def test_a_probe_names_the_shard_of_a_target_that_is_polled_elsewhere(tmp_path: Path) -> None:
    async with fleet(tmp_path) as sharing:
        sharing.write(3)
        exporter = await sharing.start(2)
        answers = {}
        for name in ("lab", "nowhere"):
            async with exporter.http.get("/probe", params={"target": name}) as response:
                answers[name] = (response.status, await response.text())
    assert shard_of("lab", 3) == 0
    assert answers == {
        "lab": (404, "this target is polled by another shard, the one with the ordinal 0\n"),
        "nowhere": (404, "no target of this name is configured\n"),
    }


async def test_its_place_among_the_shards_and_its_share_are_metrics(tmp_path: Path) -> None:
    async with fleet(tmp_path) as sharing:
        sharing.write(3)
        exporter = await sharing.start(2)
        assert place(await exporter.scrape()) == (2, 3, len(shares(3)[2]), 6 - len(shares(3)[2]))
        sharing.write(4)
        assert (await exporter.reload())[0] == 200
        assert place(await exporter.scrape()) == (2, 4, len(shares(4)[2]), 6 - len(shares(4)[2]))


async def test_the_log_tells_which_shard_it_is(
    tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    async with fleet(tmp_path) as sharing:
        sharing.write(3)
        exporter = await sharing.start(2)
        sharing.write(4)
        assert (await exporter.reload())[0] == 200
        assert "shard=2/4" in capfd.readouterr().err


async def test_an_exporter_without_shards_is_the_only_one(tmp_path: Path) -> None:
    async with fleet(tmp_path) as sharing:
        flags = {"targets": sharing.targets, "web": WEB}
        async with exporting_what(partial(load, flags, environ={})) as exporter:
            assert place(await exporter.scrape()) == (0, 1, 6, 0)


@pytest.mark.parametrize("order", [(0, 1, 2), (2, 1, 0)], ids=["old first", "new first"])
async def test_one_more_shard_takes_its_targets_over_without_a_gap(
    tmp_path: Path, order: Sequence[int]
) -> None:
    """At platforms with one session an account: two that polled would log each other out."""
    async with fleet(tmp_path, interval=INTERVAL) as sharing:
        sharing.write(2)
        for ordinal in range(2):
            await sharing.start(ordinal)
        await sharing.until_shared(2)

        sharing.write(3)
        for ordinal in order:
            if ordinal == 2:
                await sharing.start(2)
            else:
                assert (await sharing.exporters[ordinal].reload())[0] == 200
        await sharing.until_shared(3)
        await asyncio.gather(*(each.next_polls(6) for each in sharing.exporters))

        assert moving(2) == shares(3)[2] == {"beijing", "changsha"}
        for name, cloud in sharing.clouds.items():
            assert len(cloud.sessions) == 1, name
            assert longest_gap(cloud) < 2 * INTERVAL, name
            if name not in moving(2):
                assert logins(cloud) == 1, f"{name} was not to be touched"
        for exporter in sharing.exporters:
            assert (await exporter.scrape()).total("zstack_polls_total", outcome="failure") == 0


def longest_gap(cloud: Cloud) -> float:
    """The longest time between two good polls, by any exporter."""
    asked = [
        each.time
        for each in cloud.requests
        if each.operation == "QueryModelService" and each.status == 200
    ]
    return max(after - before for before, after in pairwise(asked))


async def test_a_target_that_moves_is_logged_out_before_the_reload_has_ended(
    tmp_path: Path,
) -> None:
    async with fleet(tmp_path) as sharing:
        sharing.write(2)
        exporters = [await sharing.start(ordinal) for ordinal in range(2)]
        await sharing.until_shared(2)
        sharing.write(3)
        for exporter in exporters:
            assert (await exporter.reload())[0] == 200
        assert await sharing.polled() == shares(3)[:2]
        open_sessions = {name for name, cloud in sharing.clouds.items() if cloud.sessions}
        assert open_sessions == set(NAMES) - moving(2)


async def test_targets_come_back_when_there_is_one_shard_less(tmp_path: Path) -> None:
    async with fleet(tmp_path) as sharing:
        sharing.write(3)
        exporters = [await sharing.start(ordinal) for ordinal in range(2)]
        await until_seen(sharing.polled, lambda polled: polled == shares(3)[:2])
        sharing.write(2)
        for exporter in exporters:
            assert (await exporter.reload())[0] == 200
        await sharing.until_shared(2)


async def test_a_shard_that_would_be_beyond_the_last_one_goes_on_as_it_was(tmp_path: Path) -> None:
    async with fleet(tmp_path) as sharing:
        sharing.write(3)
        exporter = await sharing.start(2)
        sharing.write(2)
        status, text = await exporter.reload()
        assert (status, text.partition(": ")[2].partition(";")[0]) == (
            500,
            "ordinal is not less than total",
        )
        await exporter.until(lambda page: up(page) == shares(3)[2])


async def test_a_shard_without_a_target_is_ready_and_shows_itself(tmp_path: Path) -> None:
    async with fleet(tmp_path) as sharing:
        sharing.write(7)
        assert not shares(7)[6]
        exporter = await sharing.start(6)
        assert await exporter.text("/-/ready") == "ready\n"
        assert place(await exporter.scrape()) == (6, 7, 0, 6)
        assert (await exporter.http.get("/")).status == 200
        assert await exporter.text("/api/v1/status")


async def test_once_polls_only_the_targets_of_its_shard(tmp_path: Path) -> None:
    async with fleet(tmp_path) as sharing:
        sharing.write(3)
        flags = ("--config.file", str(sharing.file), "--shard.ordinal", "2")
        code, out, _ = await run("once", *flags)
    assert (code, up(Samples(out)), place(Samples(out))[:2]) == (0, shares(3)[2], (2, 3))
    assert {name for name, cloud in sharing.clouds.items() if cloud.operations} == shares(3)[2]


async def test_check_tells_which_targets_are_of_the_shard_and_checks_those(tmp_path: Path) -> None:
    async with fleet(tmp_path) as sharing:
        sharing.write(3)
        flags = ("--config.file", str(sharing.file), "--shard.ordinal", "2", "--json")
        code, out, _ = await run("check", *flags)
    document = json.loads(out)
    own = [each["target"] for each in document["targets"]]
    assert (code, set(own)) == (0, shares(3)[2])
    [found] = [step["found"] for step in document["steps"] if step["step"] == "shard"]
    assert found == f"2 of 3 polls {len(own)} of 6 targets: {', '.join(own)}"


async def test_check_warns_of_a_shard_without_a_target(tmp_path: Path) -> None:
    async with fleet(tmp_path) as sharing:
        sharing.write(7)
        flags = ("--config.file", str(sharing.file), "--shard.ordinal", "6")
        code, out, _ = await run("check", *flags)
    assert code == 0
    assert "  WARN  shard             6 of 7 polls 0 of 6 targets\n" in out


def test_the_name_of_a_real_host_gives_its_ordinal(tmp_path: Path) -> None:
    """In a namespace of its own, as a pod has one."""
    namespace = ("unshare", "--uts")
    named = (*namespace, "sh", "-c", 'hostname exporter-1 && exec "$0" "$@"', COMMAND)
    if subprocess.run([*namespace, "true"], check=False, capture_output=True).returncode:
        pytest.skip("no namespace for a host's name can be made here")
    only = {"url": "http://127.0.0.1:1", "account": "admin", "password": "password"}
    assert shard_of("default", 2) == 0
    file = tmp_path / "exporter.yaml"
    file.write_text(yaml.safe_dump({"target": only, "shard": {"ordinal": "auto", "total": 2}}))
    done = subprocess.run(
        [*named, "once", "--config.file", file], check=False, capture_output=True, text=True, env={}
    )
    assert done.returncode == 0, done.stderr
    assert place(Samples(done.stdout)) == (1, 2, 0, 1)
