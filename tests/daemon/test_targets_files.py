"""Targets files while the exporter runs: changes need no signal, and touch nothing else."""

import asyncio
import errno
import os
import shutil
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

import pytest
import yaml
from structlog.testing import capture_logs
from structlog.typing import EventDict

from exporter.daemon import targets_files
from exporter.daemon.target import PolledLists, polling
from exporter.metrics.exposition import Exposition
from exporter.metrics.telemetry import Telemetry
from exporter.polling.targets import TargetManager
from exporter.settings.looks import Look
from exporter.simulator import Account, Cloud, serving
from tests.support.certificates import authority
from tests.support.commands import run
from tests.support.exporting import (
    Exporter,
    Samples,
    exporting_file,
    is_down,
    logins,
    polls,
    target,
    until_seen,
)
from tests.support.jumping import JumpingLoop, NothingIsLeftError
from tests.support.shards import up

GOOD = "zstack_exporter_targets_file_last_reload_successful"
GOOD_AT = "zstack_exporter_targets_file_last_reload_success_timestamp_seconds"
CONFIG_GOOD = "zstack_exporter_config_last_reload_successful"


pytestmark = pytest.mark.usefixtures("_impatient")


@dataclass(frozen=True)
class Fleet:
    """An exporter that takes its targets from the files of a folder, and a platform for them."""

    exporter: Exporter
    cloud: Cloud
    url: str
    folder: Path

    def write(self, name: str, *targets: str, **settings: Any) -> Path:
        """Write a file of these targets in one step."""
        file = self.folder / f"{name}.yaml"
        return replaced(file, {each: target(self.url, **settings) for each in targets})

    async def until_polled(self, *targets: str) -> Samples:
        return await self.exporter.until(lambda page: up(page) == set(targets))

    async def until_good(self, name: str, value: float) -> Samples:
        file = str(self.folder / f"{name}.yaml")
        return await self.exporter.until(lambda page: page.value(GOOD, file=file) == value)


def replaced(file: Path, targets: dict[str, Any]) -> Path:
    new = file.with_name(f".{file.name}.new")
    new.write_text(yaml.safe_dump(targets))
    return new.replace(file)


@asynccontextmanager
async def fleet(
    folder: Path, files: dict[str, tuple[str, ...]], **platform: Any
) -> AsyncIterator[Fleet]:
    """A fleet whose first files have these targets."""
    cloud = Cloud(**{"services": 2} | platform)
    (folder / "targets").mkdir(exist_ok=True)
    config = folder / "exporter.yml"
    config.write_text("targets_files: targets/*.yaml\n")
    async with serving(cloud) as url:
        for name, targets in files.items():
            file = folder / "targets" / f"{name}.yaml"
            replaced(file, {each: target(url) for each in targets})
        async with exporting_file(config) as exporter:
            yield Fleet(exporter, cloud, url, folder / "targets")


async def status_of(exporter: Exporter) -> dict[str, Any]:
    async with exporter.http.get("/api/v1/status") as response:
        document: dict[str, Any] = (await response.json())["targets_files"]
        return document


def logged(entries: list[EventDict], level: str) -> list[EventDict]:
    return [each for each in entries if each["log_level"] == level and "file" in each]


async def test_a_file_that_comes_is_polled_and_one_that_goes_is_not(tmp_path: Path) -> None:
    async with fleet(tmp_path, {"a": ("one",)}) as fleeting:
        page = await fleeting.until_polled("one")
        assert logins(fleeting.cloud) == 1
        added = fleeting.write("b", "two", "three")
        assert page.value(GOOD, file=str(added)) is None
        page = await fleeting.until_polled("one", "two", "three")
        assert page.value(GOOD, file=str(added)) == 1
        assert (page.value(GOOD_AT, file=str(added)) or 0) > 0

        added.unlink()
        page = await fleeting.exporter.until(lambda page: page.value(GOOD, file=str(added)) is None)
        assert up(page) == {"one"}
        assert page.value(GOOD_AT, file=str(added)) is None
        assert logins(fleeting.cloud) == 3
        assert len(fleeting.cloud.sessions) == 1, "those of the removed targets are closed"


async def test_a_file_that_is_empty_now_has_no_targets(tmp_path: Path) -> None:
    async with fleet(tmp_path, {"a": ("one",), "b": ("two",)}) as fleeting:
        await fleeting.until_polled("one", "two")
        fleeting.write("b")
        await fleeting.until_polled("one")
        assert (await fleeting.until_good("b", 1)).value(CONFIG_GOOD) == 1


async def test_an_exporter_starts_without_any_file_and_waits_for_one(tmp_path: Path) -> None:
    with capture_logs() as entries:
        async with fleet(tmp_path, {}) as fleeting:
            assert not up(await fleeting.exporter.scrape())
            fleeting.write("a", "one")
            await fleeting.until_polled("one")
    [warning] = [each for each in entries if each["event"] == "no targets file matches"]
    assert warning["glob"] == f"{tmp_path}/targets/*.yaml"


async def test_a_configmap_is_followed(tmp_path: Path) -> None:
    """A symbolic link to a folder is swapped; each file is a link through it."""
    volume = tmp_path / "targets"

    def swap(version: str, **files: dict[str, Any]) -> None:
        folder = volume / f"..{version}"
        folder.mkdir(parents=True)
        for name, targets in files.items():
            (folder / f"{name}.yaml").write_text(yaml.safe_dump(targets))
        before = (volume / "..data").resolve() if (volume / "..data").exists() else None
        (volume / "..new").symlink_to(folder.name)
        os.replace(volume / "..new", volume / "..data")  # noqa: PTH105 - as the kubelet does
        for name in files:
            if not (volume / f"{name}.yaml").is_symlink():
                (volume / f"{name}.yaml").symlink_to(f"..data/{name}.yaml")
        if before is not None:
            shutil.rmtree(before)

    async with serving(Cloud(services=1)) as url:
        swap("1", a={"one": target(url)}, b={"two": target(url)})
        async with fleet(tmp_path, {}) as fleeting:
            await fleeting.until_polled("one", "two")
            swap("2", a={"one": target(url)}, b={"two": target(url), "three": target(url)})
            page = await fleeting.until_polled("one", "two", "three")
            assert [value for _, value in page.all(GOOD)] == [1, 1]
            swap("3", a={"one": target(url)}, b={"three": target(url)}, c={"four": target(url)})
            await fleeting.until_polled("one", "three", "four")


async def test_a_wrong_file_keeps_its_targets_and_says_so_everywhere(tmp_path: Path) -> None:
    with capture_logs() as entries:
        async with fleet(tmp_path, {"a": ("one",), "b": ("two",)}) as fleeting:
            good = await fleeting.until_polled("one", "two")
            wrong = fleeting.write("b", "two", intervall="5m")
            page = await fleeting.until_good("b", 0)
            assert up(page) == {"one", "two"}
            assert page.value(GOOD_AT, file=str(wrong)) == good.value(GOOD_AT, file=str(wrong))
            assert page.value(GOOD, file=str(fleeting.folder / "a.yaml")) == 1
            assert page.value(CONFIG_GOOD) == 1
            assert polls(await fleeting.exporter.next_polls()) > polls(page)

            where = f"two.intervall (in {wrong}, line 4)"
            document = await status_of(fleeting.exporter)
            assert (document["files"], document["failing_left_out"]) == (2, 0)
            [failing] = document["failing"]
            assert (failing["file"], failing["targets"]) == (str(wrong), 1)
            [fault] = failing["faults"]
            assert fault == {
                "where": where,
                "what": "is not a setting",
                "fix": "did you mean interval?",
            }
            english = await fleeting.exporter.text("/")
            chinese = await fleeting.exporter.text("/?lang=zh")
            assert "1 targets file could not be loaded" in english
            assert "1 个目标文件未能加载" in chinese
            for shown in (english, chinese):
                assert f"{where}: is not a setting" in shown
                assert "did you mean interval?" in shown

            fleeting.write("b", "two", "three")
            await fleeting.until_polled("one", "two", "three")
            assert (await status_of(fleeting.exporter))["failing"] == []
            assert "could not be loaded" not in await fleeting.exporter.text("/")
    [error] = logged(entries, "error")
    assert (error["file"], error["hint"]) == (str(wrong), "did you mean interval?")
    assert error["error"] == f"{where}: is not a setting"
    assert [each["event"] for each in logged(entries, "info")] == ["targets file loaded again"]


async def test_a_wrong_file_at_the_start_costs_its_own_targets_alone(tmp_path: Path) -> None:
    (tmp_path / "targets").mkdir()
    (tmp_path / "targets" / "b.yaml").write_text("two: [")
    with capture_logs() as entries:
        async with fleet(tmp_path, {"a": ("one",)}) as fleeting:
            await fleeting.until_polled("one")
            page = await fleeting.until_good("b", 0)
            assert page.value(GOOD_AT, file=f"{tmp_path}/targets/b.yaml") is None
            assert "ready" in await fleeting.exporter.text("/-/ready")
            fleeting.write("b", "two")
            await fleeting.until_polled("one", "two")
    assert len(logged(entries, "error")) == 1


async def test_a_name_in_two_files_belongs_to_the_first(tmp_path: Path) -> None:
    async with fleet(tmp_path, {"a": ("one",), "b": ("two",)}) as fleeting:
        await fleeting.until_polled("one", "two")
        fleeting.write("b", "two", "one", "three")
        page = await fleeting.until_good("b", 0)
        assert up(page) == {"one", "two"}
        [failing] = (await status_of(fleeting.exporter))["failing"]
        assert failing["faults"][0]["what"] == f"is also in {fleeting.folder}/a.yaml"
        assert logins(fleeting.cloud) == 2

        fleeting.write("a")  # the other file becomes good by this
        page = await fleeting.until_polled("one", "two", "three")
        assert page.value(GOOD, file=f"{fleeting.folder}/b.yaml") == 1


async def test_a_file_that_is_older_than_the_one_before_is_read(tmp_path: Path) -> None:
    """As after a clock was set back, or a copy that keeps its times."""
    async with fleet(tmp_path, {"a": ("one",)}) as fleeting:
        await fleeting.until_polled("one")
        replaced(fleeting.folder / ".old", {"two": target(fleeting.url)})
        os.utime(fleeting.folder / ".old", (0, 0))
        (fleeting.folder / ".old").replace(fleeting.folder / "a.yaml")
        await fleeting.until_polled("two")


async def test_a_file_that_could_not_be_read_is_tried_again(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As on a share: afterwards its size and times are what they were."""
    broken, read_bytes = list[Path](), Path.read_bytes

    def read_bytes_of_share(file: Path) -> bytes:
        if file in broken:
            raise OSError(errno.EIO, "Input/output error", str(file))
        return read_bytes(file)

    monkeypatch.setattr(Path, "read_bytes", read_bytes_of_share)
    with capture_logs() as entries:
        async with fleet(tmp_path, {"a": ("one",), "b": ("two",)}) as fleeting:
            await fleeting.until_polled("one", "two")
            broken.append(fleeting.folder / "b.yaml")
            fleeting.write("b", "three")
            page = await fleeting.until_good("b", 0)
            assert up(page) == {"one", "two"}
            fleeting.write("c", "four")
            await fleeting.until_polled("one", "two", "four")
            broken.clear()
            await fleeting.until_polled("one", "three", "four")
    [error] = logged(entries, "error")
    assert error["error"].endswith("b.yaml: cannot be read: input/output error")


async def test_a_reload_reads_the_files_at_once_and_answers_with_their_faults(
    tmp_path: Path,
) -> None:
    async with fleet(tmp_path, {"a": ("one",)}) as fleeting:
        await fleeting.until_polled("one")
        fleeting.write("a", "one", "two")
        assert await fleeting.exporter.reload() == (200, "reloaded\n")
        assert (await fleeting.exporter.http.get("/probe?target=two")).status == 200

        wrong = fleeting.write("a", "one", page_size=0)
        status, text = await fleeting.exporter.reload()
        assert status == 500
        assert text.startswith(f"one.page_size (in {wrong}, line 4): must be greater than")
        page = await fleeting.exporter.scrape()
        assert (page.value(GOOD), page.value(CONFIG_GOOD)) == (0, 1)
        assert (await fleeting.exporter.http.get("/probe?target=two")).status == 200


async def test_other_globs_take_effect_with_a_reload(tmp_path: Path) -> None:
    async with fleet(tmp_path, {"a": ("one",), "b": ("two",)}) as fleeting:
        await fleeting.until_polled("one", "two")
        (tmp_path / "exporter.yml").write_text("targets_files: targets/b.yaml\n")
        assert (await fleeting.exporter.reload())[0] == 200
        page = await fleeting.until_polled("two")
        assert [labels["file"] for labels, _ in page.all(GOOD)] == [f"{fleeting.folder}/b.yaml"]
        fleeting.write("a", "one", "three")
        fleeting.write("b", "two", "four")
        await fleeting.until_polled("two", "four")


async def test_globs_that_come_and_go_with_reloads_are_followed_meanwhile(tmp_path: Path) -> None:
    config = tmp_path / "exporter.yml"
    async with serving(Cloud(services=1)) as url:
        own = {"targets": {"own": target(url)}}
        config.write_text(yaml.safe_dump(own))
        async with exporting_file(config) as exporter:
            await exporter.until(lambda page: up(page) == {"own"})
            config.write_text(yaml.safe_dump(own | {"targets_files": "*.targets"}))
            assert (await exporter.reload())[0] == 200
            replaced(tmp_path / "a.targets", {"one": target(url)})
            await exporter.until(lambda page: up(page) == {"own", "one"})
            config.write_text(yaml.safe_dump(own))
            assert (await exporter.reload())[0] == 200
            page = await exporter.until(lambda page: up(page) == {"own"})
            assert [*page.all(GOOD)] == []


async def test_refused_credentials_are_not_tried_again_for_another_file(tmp_path: Path) -> None:
    """Or every change of any file would bring each such account nearer to its lock."""
    async with fleet(tmp_path, {"a": ("one",)}) as fleeting:
        await fleeting.until_polled("one")
        fleeting.cloud.accounts["other"] = Account("other", "right")
        fleeting.write("b", "two", account="other", password="wrong")
        await fleeting.exporter.until(lambda page: page.value("zstack_up", target="two") == 0)
        assert logins(fleeting.cloud) == 2
        fleeting.write("c", "three")
        await fleeting.until_polled("one", "three")
        await fleeting.exporter.next_polls(4)
        assert logins(fleeting.cloud) == 3


async def test_certificates_of_unchanged_targets_are_not_read_again(tmp_path: Path) -> None:
    ca = authority().write(tmp_path, "ca.pem")
    async with fleet(tmp_path, {"a": ("one",)}) as fleeting:
        fleeting.write("b", "two", ca_file=str(ca))
        await fleeting.until_polled("one", "two")
        ca.unlink()
        fleeting.write("a", "one", "three")
        page = await fleeting.until_polled("one", "two", "three")
        assert [value for _, value in page.all(GOOD)] == [1, 1]


async def test_a_file_whose_certificates_do_not_load_is_wrong_until_they_do(
    tmp_path: Path,
) -> None:
    ca = tmp_path / "ca.pem"
    ca.write_text("no certificate")
    async with fleet(tmp_path, {"a": ("one",), "b": ("two",)}) as fleeting:
        await fleeting.until_polled("one", "two")
        fleeting.write("b", "two", "three", ca_file=str(ca))
        fleeting.write("c", "four")
        page = await fleeting.until_polled("one", "two", "four")
        page = await fleeting.until_good("b", 0)
        [failing] = (await status_of(fleeting.exporter))["failing"]
        where = failing["faults"][0].pop("where")
        assert where.startswith(f"three.ca_file (in {fleeting.folder}/b.yaml, line ")
        assert failing["faults"][0] == {
            "what": f"{ca}: holds no certificate in PEM",
            "fix": "name a PEM file with a certificate; openssl turns DER into PEM",
        }
        assert (await fleeting.exporter.reload())[0] == 500

        authority().write(tmp_path, "ca.pem")  # the targets file itself stays as it is
        page = await fleeting.until_polled("one", "two", "three", "four")
        assert page.value(GOOD, file=f"{fleeting.folder}/b.yaml") == 1


async def test_a_certificate_that_ceases_to_load_stops_no_target_at_a_reload(
    tmp_path: Path,
) -> None:
    ca = authority().write(tmp_path, "ca.pem")
    async with fleet(tmp_path, {"a": ("one",)}) as fleeting:
        fleeting.write("a", "one", ca_file=str(ca))
        assert (await fleeting.exporter.reload())[0] == 200
        await fleeting.exporter.next_polls()
        before = logins(fleeting.cloud)
        ca.write_text("no certificate")
        status, text = await fleeting.exporter.reload()
        assert (status, "holds no certificate" in text) == (500, True)
        assert up(await fleeting.exporter.next_polls()) == {"one"}
        assert logins(fleeting.cloud) == before


async def test_a_change_of_one_among_many_touches_that_one(tmp_path: Path) -> None:
    number = 100
    names = [f"t{each}" for each in range(number)]
    cloud = Cloud(services=0, max_sessions=2 * number, rate_limit=10**6)
    (tmp_path / "targets").mkdir()
    ca = authority().write(tmp_path, "ca.pem")
    (tmp_path / "exporter.yml").write_text("targets_files: targets/*.yaml\n")
    async with serving(cloud) as url:
        once = {"interval": 3600, "time_zone": "+08:00", "timeout": 300}
        settings = target(url, ca_file=str(ca), **once)
        for name in names:
            replaced(tmp_path / "targets" / f"{name}.yaml", {name: settings})
        async with exporting_file(tmp_path / "exporter.yml") as exporter:
            await until_seen(partial(exporter.text, "/-/ready"), lambda text: text == "ready\n")
            assert (logins(cloud), lists(cloud)) == (number, number)
            ca.unlink()  # an attempt to read one of the others would fail
            changed = {name: value for name, value in settings.items() if name != "ca_file"}
            replaced(tmp_path / "targets" / "t7.yaml", {"t7": changed | {"page_size": 10}})
            await until_seen(partial(asyncio.to_thread, lists, cloud), lambda n: n > number)
            page = await exporter.scrape()
            assert len(up(page)) == number
            assert [value for _, value in page.all(GOOD)] == [1] * number
    assert (logins(cloud), lists(cloud)) == (number + 1, number + 1)


def lists(cloud: Cloud) -> int:
    return cloud.operations["QueryModelService"]


async def test_once_polls_what_is_good_and_fails_for_a_wrong_file(tmp_path: Path) -> None:
    (tmp_path / "targets").mkdir()
    async with serving(Cloud(services=2)) as url:
        good = replaced(tmp_path / "targets" / "a.yaml", {"one": target(url)})
        globs = ("--targets-files", f"{tmp_path}/targets/*.yaml")
        code, out, _ = await run("once", *globs)
        assert code == 0
        assert up(Samples(out)) == {"one"}

        wrong = replaced(tmp_path / "targets" / "b.yaml", {"two": target(url, page_size=0)})
        worse = target(url, ca_file="none.pem")
        worse_file = replaced(tmp_path / "targets" / "c.yaml", {"three": worse})
        code, out, err = await run("once", *globs)
        assert code == 1
        assert up(Samples(out)) == {"one"}
        values = {labels["file"]: value for labels, value in Samples(out).all(GOOD)}
        assert values == {str(good): 1, str(wrong): 0, str(worse_file): 0}
        assert "two.page_size" in err
        assert "none.pem: cannot be read: no such file" in err

        code, out, err = await run("--config.check", *globs)
        assert code == 2
        assert f"two.page_size (in {wrong}, line 4)" in err
        assert "none.pem: cannot be read: no such file" in err

        code, _, _ = await run("once", "--targets-files", f"{tmp_path}/none/*.yaml")
        assert code == 1, "there is nothing to poll"


async def test_targets_of_the_configuration_and_of_files_are_polled_together(
    tmp_path: Path,
) -> None:
    config = tmp_path / "exporter.yml"
    async with serving(Cloud(services=1)) as url:
        both = {"targets": {"own": target(url)}, "targets_files": "*.targets"}
        config.write_text(yaml.safe_dump(both))
        replaced(tmp_path / "a.targets", {"one": target(url)})
        replaced(tmp_path / "b.targets", {"own": target(url), "two": target(url)})
        async with exporting_file(config) as exporter:
            page = await exporter.until(lambda page: up(page) == {"own", "one"})
            assert page.value(GOOD, file=f"{tmp_path}/b.targets") == 0


@pytest.mark.parametrize("content", ["a: [", ""])
async def test_an_exporter_ends_while_its_files_are_wrong_or_empty(
    tmp_path: Path, content: str
) -> None:
    (tmp_path / "a.targets").write_text(content)
    (tmp_path / "exporter.yml").write_text("targets_files: '*.targets'")
    async with asyncio.timeout(20), exporting_file(tmp_path / "exporter.yml") as exporter:
        assert not is_down(await exporter.scrape())


def test_an_exporter_without_targets_files_does_not_wake_up_to_look_for_any() -> None:
    exposition = Exposition({})
    connect = partial(polling, lists=PolledLists(), keeper=None, publisher=exposition)

    async def follow() -> None:
        async with asyncio.TaskGroup() as tasks:
            manager = TargetManager(exposition, Telemetry(process=False), tasks, connect)
            files = targets_files.TargetsFiles(manager, Telemetry(process=False), (Look(), {}))
            await files.follow(files.update)

    with asyncio.Runner(loop_factory=JumpingLoop) as runner:
        with pytest.raises(NothingIsLeftError):
            runner.run(follow())
        assert runner.get_loop().time() <= targets_files.LOOK_SECONDS
