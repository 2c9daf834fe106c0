"""The demo: the simulator, the exporter and a Prometheus together."""

import asyncio
import os
import re
import shlex
import signal
import socket
from asyncio.subprocess import Process
from collections.abc import AsyncIterator
from contextlib import ExitStack, asynccontextmanager, suppress
from functools import partial
from pathlib import Path
from typing import Any

import aiohttp
import pytest

from exporter.cli.demo import HOST, PORT
from exporter.simulator import Cloud, serving
from exporter.simulator.trouble import TROUBLES
from tests.support.commands import flags, page_of, run, start
from tests.support.exporting import PATIENCE, is_up, until_seen
from tests.system.programs import MISSING, installed

NOWHERE = {"PATH": "/nonexistent"}
"""Where there is no Prometheus."""

LAST_WORDS = "Ctrl-C ends all of it."


@asynccontextmanager
async def demo(*arguments: str, **environment: str) -> AsyncIterator[tuple[Process, str]]:
    """A demo, and what it has printed of itself."""
    process = await start("demo", "--services", "40", *arguments, **environment)
    assert process.stdout is not None
    try:
        shown = ""
        while LAST_WORDS not in shown:
            line = await process.stdout.readline()
            assert line, "it ended before it has introduced itself"
            shown += line.decode()
        yield process, shown
    finally:
        if process.returncode is None:
            process.kill()
        await process.communicate()


def place(of: str, shown: str) -> str:
    """The URL that is printed for it."""
    found = re.search(rf"^ +{of} +(http://[\d.:]+)", shown, re.MULTILINE)
    assert found, shown
    return found[1]


async def end(process: Process, number: signal.Signals = signal.SIGINT) -> int:
    process.send_signal(number)
    await process.communicate()
    assert process.returncode is not None
    return process.returncode


async def json_of(url: str) -> Any:
    async with aiohttp.ClientSession() as http, http.get(url) as response:
        return await response.json()


def program(folder: Path, script: str) -> dict[str, str]:
    """An environment in which this shell script is the Prometheus."""
    file = folder / "prometheus"
    file.write_text(f"#!/bin/sh\n{script}\n")
    file.chmod(0o755)
    return {"PATH": f"{folder}:/usr/bin:/bin"}


async def until_written(file: Path) -> int:
    """The number in the file, once it is there."""
    async with asyncio.timeout(PATIENCE):
        while not file.exists() or not file.read_text():  # noqa: ASYNC110 - a shell writes it
            await asyncio.sleep(0.05)
    return int(file.read_text())


async def test_it_shows_a_platform_that_changes() -> None:
    async with demo("--web.listen-address", "127.0.0.1:0", **NOWHERE) as (process, shown):
        page = await until_seen(partial(page_of, place("metrics", shown)), is_up)
        assert page.total("zstack_model_services") == 40
        assert list(page.all("zstack_model_service_has_new_version"))
        assert await end(process, signal.SIGTERM) == 0


async def test_the_check_that_it_proposes_succeeds() -> None:
    async with demo("--port", "0", **NOWHERE) as (_, shown):
        proposed = re.search(r"(ZSTACK_EXPORTER_\w+=.*?admin)$", shown, re.DOTALL | re.MULTILINE)
        assert proposed
        words = shlex.split(proposed[1])
        variable, _, value = words[0].partition("=")
        code, out, _ = await run(*words[words.index("check") :], **{variable: value})
    assert code == 0, out


async def test_it_takes_any_free_port_where_the_usual_one_is_in_use_and_none_was_chosen() -> None:
    with ExitStack() as held:
        with suppress(OSError):  # something else has it
            held.enter_context(socket.create_server((HOST, PORT)))
        async with demo(**NOWHERE) as (_, shown):
            assert f"{HOST}:{PORT}: address already in use, so the demo takes any" in shown
            assert place("metrics", shown) != f"http://{HOST}:{PORT}"


@pytest.mark.parametrize("flag", ["--web.listen-address", "--port"])
async def test_a_chosen_port_that_is_in_use_is_a_failure_that_names_the_flag(flag: str) -> None:
    async with serving(Cloud(services=1)) as taken:
        address = taken.removeprefix("http://")
        given = address if flag == "--web.listen-address" else address.rpartition(":")[2]
        code, _, err = await run("demo", flag, given)
    assert code == 1
    assert f"{address}: address already in use" in err
    assert "choose another with --web.listen-address" in err
    assert "Traceback" not in err


async def test_an_address_that_is_none_is_misuse() -> None:
    code, _, err = await run("demo", "--web.listen-address", "here")
    assert code == 2
    assert "(flag --web.listen-address): is not an address to listen on; " in err


@pytest.mark.skipif(not installed(), reason=MISSING)
@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
async def test_a_prometheus_with_the_shipped_rules_scrapes_it_and_ends_with_it(
    number: signal.Signals,
) -> None:
    path = f"{installed()[0].folder}:{os.environ['PATH']}"
    async with demo("--web.listen-address", ":0", PATH=path) as (process, shown):
        url = place("Prometheus", shown)
        async with asyncio.timeout(PATIENCE):
            while True:
                with suppress(aiohttp.ClientError):
                    found = await json_of(f"{url}/api/v1/targets?state=active")
                    if [each["health"] for each in found["data"]["activeTargets"]] == ["up"]:
                        break
                await asyncio.sleep(0.1)
        rules = await json_of(f"{url}/api/v1/rules")
        assert "ZStackAIOSExporterDown" in str(rules)
        assert await end(process, number) == 0
        with pytest.raises(aiohttp.ClientError):
            await json_of(url)


async def test_without_a_prometheus_a_line_names_that() -> None:
    async with demo("--port", "0", **NOWHERE) as (_, shown):
        assert re.search(r"Prometheus +none: there is none on PATH\n", shown)


async def test_a_prometheus_that_is_not_wanted_does_not_run(tmp_path: Path) -> None:
    environment = program(tmp_path, f"touch {tmp_path}/ran; exec sleep 60")
    async with demo("--port", "0", "--no-prometheus", **environment) as (process, shown):
        assert "none, as you asked" in shown
        assert await end(process) == 0
    assert not (tmp_path / "ran").exists()


async def test_a_prometheus_that_ends_by_itself_is_reported_and_the_demo_goes_on(
    tmp_path: Path,
) -> None:
    environment = program(tmp_path, "echo no space left; exit 3")
    async with demo("--port", "0", **environment) as (process, _):
        assert process.stdout is not None
        line = b""
        while b"ended" not in line:
            line = await process.stdout.readline()
            assert line
        assert line.decode().strip() == "Prometheus has ended by itself: no space left"
        assert await end(process) == 0


async def test_a_prometheus_that_cannot_be_run_is_reported(tmp_path: Path) -> None:
    environment = program(tmp_path, "")
    (tmp_path / "prometheus").write_bytes(b"\x7fELF of another machine")
    async with demo("--port", "0", **environment) as (process, shown):
        assert re.search(r"Prometheus +none: \S+/prometheus: exec format error\n", shown)
        assert await end(process) == 0


async def test_a_prometheus_that_does_not_end_is_killed(tmp_path: Path) -> None:
    environment = program(
        tmp_path, f"trap '' TERM; echo $$ > {tmp_path}/pid; while :; do sleep 1; done"
    )
    async with demo("--port", "0", **environment) as (process, _):
        number = await until_written(tmp_path / "pid")
        assert await end(process) == 0
    with pytest.raises(ProcessLookupError):
        os.kill(number, 0)


MADE = [make() for make in TROUBLES]
WITH_WORDS = {"error", "rate_limited", "not_ready"}
"""The others are a page of a proxy, half an answer, a late or no answer, a session that ends."""


@pytest.mark.small_sample(3)
@pytest.mark.parametrize("number", range(len(TROUBLES)), ids=lambda n: f"{n} {MADE[n].kind}")
async def test_its_trouble_is_named_as_simulated_and_leads_to_no_log_that_is_not_there(
    number: int, secret_file: Path
) -> None:
    cloud = Cloud(services=2)
    async with serving(cloud) as platform:
        cloud.faults.append(TROUBLES[number]())
        _, _, err = await run("once", *flags(platform, secret_file), "--target.timeout", "2s")
    assert "management-server.log" not in err
    errors = re.findall(r'error="(?:[A-Z]+\.\d+|HTTP 429): ([^"]+)"', err)
    assert bool(errors) == (MADE[number].kind in WITH_WORDS)
    assert all(error.startswith("simulated: ") for error in errors)
