"""Targets of files that exporters share: each reads all files, and polls its own targets."""

import json
from collections.abc import AsyncIterator, Iterable
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from functools import partial
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

GOOD: Final = "zstack_exporter_targets_file_last_reload_successful"
OWN_OF_0: Final = shares(2)[0]
OWN_OF_1: Final = shares(2)[1]


pytestmark = pytest.mark.usefixtures("_impatient")


@dataclass(frozen=True)
class Sharing:
    """Two exporters with one configuration: a target of its own, the others in a file each."""

    folder: Path
    url: str
    cloud: Cloud
    exporters: list[Exporter]

    @property
    def config(self) -> Path:
        return self.folder / "exporter.yaml"

    def configure(self, total: int = 2) -> None:
        own = {"targets": {NAMES[0]: target(self.url)}, "targets_files": "files/*.yaml"}
        self.config.write_text(yaml.safe_dump(own | {"shard": {"total": total}}))

    def write(self, file: str, names: Iterable[str], **settings: Any) -> Path:
        written = self.folder / "files" / f"{file}.yaml"
        content = {name: target(self.url, **settings) for name in names}
        written.write_text(yaml.safe_dump(content))
        return written

    async def start(self, stack: AsyncExitStack, ordinal: int) -> None:
        flags = {
            "config": {"file": self.config},
            "web": WEB | {"enable_lifecycle": True},
            "shard": {"ordinal": ordinal},
        }
        starting = exporting_what(partial(load, flags, environ={}))
        self.exporters.append(await stack.enter_async_context(starting))

    async def until_polled(self, *wanted: set[str]) -> None:
        async def polled() -> tuple[set[str], ...]:
            return tuple([up(await each.scrape()) for each in self.exporters])

        await until_seen(polled, lambda names: names == wanted)


@asynccontextmanager
async def sharing(folder: Path, exporters: int = 2) -> AsyncIterator[Sharing]:
    cloud = Cloud(services=2)
    (folder / "files").mkdir()
    async with serving(cloud) as url, AsyncExitStack() as stack:
        shared = Sharing(folder, url, cloud, [])
        shared.configure()
        for name in NAMES[1:]:
            shared.write(name, [name])
        for ordinal in range(exporters):
            await shared.start(stack, ordinal)
        yield shared


async def test_each_target_of_a_file_is_polled_by_one_shard_and_counted_by_all(
    tmp_path: Path,
) -> None:
    async with sharing(tmp_path) as shared:
        await shared.until_polled(OWN_OF_0, OWN_OF_1)
        assert logins(shared.cloud) == len(NAMES)
        for ordinal, exporter in enumerate(shared.exporters):
            page = await exporter.scrape()
            assert place(page) == (ordinal, 2, 3, 3)
            assert [value for _, value in page.all(GOOD)] == [1] * len(NAMES[1:])
            listed = json.loads(await exporter.text("/sd/targets"))
            assert {each["labels"]["instance"] for each in listed} == shares(2)[ordinal]
            assert await exporter.text("/-/ready") == "ready\n"
        elsewhere = next(iter(OWN_OF_1 - {NAMES[0]}))
        answer = await shared.exporters[0].text(f"/probe?target={elsewhere}")
        assert answer == "this target is polled by another shard, the one with the ordinal 1\n"


async def test_a_changed_file_touches_its_targets_in_their_shards_alone(tmp_path: Path) -> None:
    new = next(name for name in map("new-{}".format, range(99)) if shard_of(name, 2) == 1)
    async with sharing(tmp_path) as shared:
        await shared.until_polled(OWN_OF_0, OWN_OF_1)
        shared.write("new", [new])
        await shared.until_polled(OWN_OF_0, OWN_OF_1 | {new})
        first = shared.exporters[0]
        await first.until(lambda page: place(page) == (0, 2, 3, 4))
        assert logins(shared.cloud) == len(NAMES) + 1
        assert (await first.http.get(f"/probe?target={new}")).status == 404

        (tmp_path / "files" / "new.yaml").unlink()
        await shared.until_polled(OWN_OF_0, OWN_OF_1)
        await first.until(lambda page: place(page) == (0, 2, 3, 3))
        assert logins(shared.cloud) == len(NAMES) + 1


async def test_targets_of_files_move_when_there_is_one_more_shard(tmp_path: Path) -> None:
    async with sharing(tmp_path) as shared:
        await shared.until_polled(OWN_OF_0, OWN_OF_1)
        shared.configure(total=3)
        for exporter in shared.exporters:
            assert (await exporter.reload())[0] == 200
        await shared.until_polled(*shares(3)[:2])
        assert len(shared.cloud.sessions) == len(NAMES) - len(moving(2))
        assert logins(shared.cloud) == len(NAMES), "no other target was touched"


async def test_certificates_are_read_for_targets_of_the_own_shard_alone(tmp_path: Path) -> None:
    name = next(iter(OWN_OF_1 - {NAMES[0]}))
    async with sharing(tmp_path) as shared:
        await shared.until_polled(OWN_OF_0, OWN_OF_1)
        file = str(shared.write(name, [name], ca_file=f"{tmp_path}/none.pem"))
        first, second = shared.exporters
        await second.until(lambda page: page.value(GOOD, file=file) == 0)
        assert (await first.scrape()).value(GOOD, file=file) == 1
        assert (await first.reload())[0] == 200
        await shared.until_polled(OWN_OF_0, OWN_OF_1)

        flags = ("--config.file", str(shared.config), "--shard.ordinal")
        assert (await run("--config.check", *flags, "0"))[0] == 0
        code, _, err = await run("--config.check", *flags, "1")
        assert (code, f"{tmp_path}/none.pem: cannot be read: no such file" in err) == (2, True)
        assert (await run("once", *flags, "0"))[0] == 0
        assert (await run("once", *flags, "1"))[0] == 1


@pytest.mark.parametrize("name", [min(OWN_OF_0), max(OWN_OF_1)])
async def test_every_shard_has_the_same_owner_of_a_name(tmp_path: Path, name: str) -> None:
    """Whichever of them polls it; or a file would be wrong for one and good for the other."""
    async with sharing(tmp_path) as shared:
        await shared.until_polled(OWN_OF_0, OWN_OF_1)
        again = str(shared.write("~again", [name]))
        for exporter in shared.exporters:
            page = await exporter.until(lambda page: page.value(GOOD, file=again) is not None)
            assert page.value(GOOD, file=again) == 0
            assert page.total(GOOD) == len(NAMES[1:])


async def test_once_polls_the_targets_of_its_shard_from_all_files(tmp_path: Path) -> None:
    async with sharing(tmp_path, exporters=0) as shared:
        flags = ("--config.file", str(shared.config), "--shard.ordinal", "1")
        code, out, _ = await run("once", *flags)
    page = Samples(out)
    assert (code, up(page), place(page)) == (0, OWN_OF_1, (1, 2, 3, 3))
    assert logins(shared.cloud) == len(OWN_OF_1)


async def test_check_names_all_files_and_checks_the_targets_of_its_shard(tmp_path: Path) -> None:
    async with sharing(tmp_path, exporters=0) as shared:
        flags = ("--config.file", str(shared.config), "--shard.ordinal", "1", "--json")
        code, out, _ = await run("check", *flags)
    document = json.loads(out)
    assert (code, {each["target"] for each in document["targets"]}) == (0, OWN_OF_1)
    steps = [step["step"] for step in document["steps"]]
    assert steps == ["configuration", *["targets files"] * len(NAMES[1:]), "shard"]
    assert document["steps"][-1]["found"].startswith("1 of 2 polls 3 of 6 targets: ")
