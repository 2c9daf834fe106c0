"""The check as a command: its lines, exit codes, a terminal, an interrupt."""

import asyncio
import json
import re
import signal
from pathlib import Path

import pytest

from exporter.simulator import Cloud, Fault, serving
from tests.support.commands import run, start
from tests.support.exporting import PATIENCE
from tests.support.terminal import on_terminal

pytestmark = pytest.mark.usefixtures("measured_processes")

SECRET = "hunter2-is-not-to-be-seen"


def account(url: str, password: str = "password") -> tuple[tuple[str, ...], dict[str, str]]:
    flags = ("--target.url", url, "--target.account", "admin")
    return flags, {"ZSTACK_EXPORTER_TARGET__PASSWORD": password}


async def test_a_line_a_step_and_exit_code_0() -> None:
    async with serving(Cloud(services=3, instance_groups=2)) as url:
        flags, environment = account(url)
        code, out, err = await run("check", *flags, **environment)
    assert (code, err) == (0, "")
    assert "\x1b" not in out
    assert set(re.findall(r"^  (PASS|WARN|FAIL|SKIP)  ", out, re.MULTILINE)) == {"PASS"}
    assert out.endswith("1 target: 1 ready, 0 failing\n")


async def test_a_failure_is_exit_code_1_and_shows_no_secret() -> None:
    async with serving(Cloud(services=3)) as url:
        flags, environment = account(url, SECRET)
        code, out, err = await run("check", *flags, **environment)
    assert code == 1
    assert "  FAIL  login " in out
    assert "\n                          -> " in out
    assert SECRET not in out + err


@pytest.mark.small_sample(1)
@pytest.mark.parametrize(
    ("content", "expected"),
    [
        ("target: [", "is not usable YAML"),
        ("target: {url: 'http://h', acount: x}", "did you mean account?"),
        ("{}", "there is nothing to poll"),
    ],
    ids=["bad YAML", "unknown key", "nothing"],
)
async def test_settings_that_do_not_load_are_reported_as_a_step_and_exit_code_2(
    content: str, expected: str, tmp_path: Path
) -> None:
    file = tmp_path / "exporter.yml"
    file.write_text(content)
    code, out, _ = await run("check", "--config.file", str(file))
    assert code == 2
    assert "  FAIL  configuration " in out
    assert expected in out

    code, out, _ = await run("check", "--json", "--config.file", str(file))
    assert code == 2
    steps = json.loads(out)["steps"]
    assert {step["outcome"] for step in steps} == {"fail"}


async def test_an_interrupt_ends_it_and_closes_the_session() -> None:
    cloud = Cloud(services=3)
    hang = Fault.hang(operation="QueryModelService", page=2)
    async with serving(cloud) as url:
        flags, environment = account(url)
        cloud.faults.append(hang)
        process = await start("check", *flags, **environment)
        while not hang.struck:  # noqa: ASYNC110 - another process makes it so
            await asyncio.sleep(0.01)
        process.send_signal(signal.SIGINT)
        async with asyncio.timeout(PATIENCE):
            out, err = await process.communicate()
    assert process.returncode == 1
    last = " ".join(out.decode().splitlines()[-1].split())
    assert last == "SKIP the rest not tried, as it was interrupted"
    assert b"Traceback" not in err
    assert not cloud.sessions


async def test_a_terminal_sees_what_is_under_way_and_colours() -> None:
    cloud = Cloud(services=3)
    async with serving(cloud) as url:
        flags, environment = account(url)
        cloud.faults.append(Fault.slow(1.0, operation="QueryModelService"))
        _, shown = await asyncio.to_thread(on_terminal, "check", *flags, environment=environment)
        assert "....  " in shown
        assert "\x1b[32mPASS\x1b[0m" in shown
        lines = [line.rpartition("\x1b[K")[2] for line in shown.splitlines()]
        assert lines[-1] == "1 target: 1 ready, 0 failing"

        environment["NO_COLOR"] = "1"
        _, shown = await asyncio.to_thread(on_terminal, "check", *flags, environment=environment)
        assert "\x1b[32m" not in shown
