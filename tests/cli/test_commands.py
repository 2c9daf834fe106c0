"""The commands as a user runs them: real processes, real signals, exit codes."""

import asyncio
import json
import os
import re
import shlex
import signal
import stat
import sys
from asyncio.subprocess import PIPE
from importlib.metadata import version
from pathlib import Path

import pytest

from exporter.cli.command import COMMANDS
from exporter.metrics.table import SECTIONS
from exporter.simulator import Cloud, Fault, serving
from tests.support.commands import flags, page_of, run, start, started
from tests.support.exporting import PATIENCE, Samples, is_up, until_seen

pytestmark = pytest.mark.usefixtures("measured_processes")

QUERY = "QueryModelService"
SECRET = "hunter2-is-not-to-be-seen"


@pytest.mark.small_sample
@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
@pytest.mark.parametrize("hung", [False, True], ids=["between polls", "in a hung poll"])
async def test_a_signal_ends_it_cleanly_and_logs_out(
    number: signal.Signals, *, hung: bool, secret_file: Path
) -> None:
    cloud = Cloud(services=3)
    async with serving(cloud) as url, started(*flags(url, secret_file)) as (process, exporter):
        await until_seen(lambda: page_of(exporter), is_up)
        assert len(cloud.sessions) == 1
        if hung:
            hang = Fault.hang(operation=QUERY)
            cloud.faults.append(hang)
            while not hang.struck:
                await page_of(exporter)
        process.send_signal(number)
        async with asyncio.timeout(PATIENCE):
            _, err = await process.communicate()
        assert process.returncode == 0
        assert b"stopping" in err
        assert b"Traceback" not in err
        assert not cloud.sessions


@pytest.mark.small_sample(1)
@pytest.mark.parametrize(
    "shouted",
    [b"GET / HTTP/1.1\r\nX: " + b"x" * 100_000 + b"\r\n\r\n", b"GET * HTTP/9\r\n\r\n", b"\x16\x03"],
    ids=["long header", "no HTTP", "TLS"],
)
async def test_an_invalid_request_gets_an_answer_and_no_log_line(
    shouted: bytes, secret_file: Path
) -> None:
    async with (
        serving(Cloud(services=3)) as url,
        started(*flags(url, secret_file)) as (process, exporter),
    ):
        host, port = exporter.removeprefix("http://").split(":")
        reader, writer = await asyncio.open_connection(host, int(port))
        writer.write(shouted + b"\r\n\r\n")
        assert b" 400 " in await reader.readline()
        writer.close()
        assert (await page_of(exporter)).names
        process.terminate()
        _, err = await process.communicate()
    assert b"Traceback" not in err
    assert b"level=error" not in err


async def test_once_prints_a_page(secret_file: Path) -> None:
    async with serving(Cloud(services=3)) as url:
        code, out, err = await run("once", *flags(url, secret_file))
    page = Samples(out)
    assert code == 0, err
    assert page.value("zstack_model_services_reported") == 3
    # Of a process that is gone, and that node_exporter has metrics of its own of.
    assert not [name for name in page.names if name.startswith(("process_", "python_"))]


async def test_once_replaces_a_file_that_others_may_read(tmp_path: Path, secret_file: Path) -> None:
    output = tmp_path / "textfile" / "zstack.prom"
    output.parent.mkdir()
    output.write_text("old")
    cloud = Cloud(services=3)
    async with serving(cloud) as url:
        code, out, _ = await run("once", "--output", str(output), *flags(url, secret_file))
        assert (code, out) == (0, "")
        assert Samples(output.read_text()).value("zstack_model_services_reported") == 3
        assert stat.S_IMODE(output.stat().st_mode) == 0o644
        assert list(output.parent.iterdir()) == [output]
        assert not cloud.sessions

        cloud.faults.append(Fault.error("SYS.1000", operation=QUERY))
        code, _, err = await run("once", "--output", str(output), *flags(url, secret_file))
        page = Samples(output.read_text())
        assert code == 1
        assert "reason=rejected" in err
        assert page.value("zstack_up") == 0
        assert page.value("zstack_api_error", code="SYS.1000") == 1
        assert "zstack_model_services_reported" not in page.names


async def test_once_into_a_missing_folder_names_it(secret_file: Path) -> None:
    async with serving(Cloud(services=3)) as url:
        code, _, err = await run("once", "--output", "/nowhere/x", *flags(url, secret_file))
    assert code == 1
    assert "/nowhere/x: No such file or directory" in err
    assert "Traceback" not in err


async def test_once_writes_into_a_pipe_and_through_a_link_without_replacing_them(
    tmp_path: Path, secret_file: Path
) -> None:
    pipe, file, link = tmp_path / "pipe", tmp_path / "file", tmp_path / "link"
    os.mkfifo(pipe)
    link.symlink_to(file)
    async with serving(Cloud(services=3)) as url:
        process = await start("once", "--output", str(pipe), *flags(url, secret_file))
        piped = await asyncio.to_thread(pipe.read_text)
        await process.communicate()
        assert process.returncode == 0
        code, _, _ = await run("once", "--output", str(link), *flags(url, secret_file))
    assert code == 0
    assert pipe.is_fifo()
    assert link.is_symlink()
    for text in (piped, file.read_text()):
        assert Samples(text).value("zstack_model_services_reported") == 3


async def test_once_that_cannot_write_leaves_nothing_behind(
    tmp_path: Path, secret_file: Path
) -> None:
    folder = tmp_path / "textfile"
    (folder / "page.prom").mkdir(parents=True)
    async with serving(Cloud(services=3)) as url:
        code, _, err = await run(
            "once", "--output", str(folder / "page.prom"), *flags(url, secret_file)
        )
    assert code == 1
    assert "page.prom: Is a directory" in err
    assert [each.name for each in folder.iterdir()] == ["page.prom"]


async def test_once_has_a_page_also_where_stale_data_would_fail_a_scrape(secret_file: Path) -> None:
    cloud = Cloud(services=3)
    cloud.faults.append(Fault.error("SYS.1000", operation=QUERY))
    async with serving(cloud) as url:
        code, out, err = await run("once", *flags(url, secret_file), "--target.on-stale", "fail")
    assert code == 1
    assert Samples(out).value("zstack_up") == 0
    assert "Traceback" not in err


async def test_a_closed_pipe_prints_no_error(secret_file: Path) -> None:
    reader, writer = os.pipe()
    os.close(reader)
    async with serving(Cloud(services=300)) as url:
        process = await asyncio.create_subprocess_exec(
            *(sys.executable, "-m", "exporter", "once", *flags(url, secret_file)),
            stdout=writer,
            stderr=PIPE,
        )
        os.close(writer)
        _, err = await process.communicate()
    assert process.returncode == 1
    assert b"Traceback" not in err
    assert b"Broken pipe" not in err


async def test_once_that_is_interrupted_logs_out_and_writes_nothing(
    tmp_path: Path, secret_file: Path
) -> None:
    cloud = Cloud(services=3)
    asked = asyncio.Event()
    cloud.faults += [Fault.changing(lambda _: asked.set()), Fault.hang(operation=QUERY)]
    output = tmp_path / "page.prom"
    async with serving(cloud) as url:
        process = await start("once", "--output", str(output), *flags(url, secret_file))
        await asked.wait()
        process.terminate()
        await process.communicate()
    assert process.returncode == 1
    assert not cloud.sessions
    assert not output.exists()


@pytest.mark.usefixtures("secret_file")
async def test_settings_come_from_the_environment_and_the_file_too(tmp_path: Path) -> None:
    async with serving(Cloud(services=3)) as url, serving(Cloud(services=4)) as other:
        file = tmp_path / "exporter.yml"
        file.write_text(
            f"targets:\n"
            f"  east: {{url: '{url}', account: admin, password_file: password}}\n"
            f"  west: {{url: '{other}', account: admin, password_file: password}}\n"
        )
        environment = {"ZSTACK_EXPORTER_METRICS__PER_SERVICE": "false"}
        code, out, err = await run("once", "--config.file", str(file), **environment)
    page = Samples(out)
    assert code == 0, err
    assert page.value("zstack_model_services_reported", target="east") == 3
    assert page.value("zstack_model_services_reported", target="west") == 4
    assert "zstack_model_service_info" not in page.names


async def test_wrong_settings_are_reported_one_a_line_with_exit_code_2() -> None:
    code, out, err = await run(
        *("--target.interval", "soon", "--target.account", "admin", "--log.level", "loud"),
        ZSTACK_EXPORTER_TARGET__PASSWORD=SECRET,
    )
    assert code == 2
    assert out == ""
    assert len(err.splitlines()) == 3
    assert all(line.startswith("zstack-aios-exporter: ") for line in err.splitlines())
    assert "target.url" in err
    assert SECRET not in err


async def test_certificates_that_do_not_load_are_a_wrong_setting(
    tmp_path: Path, secret_file: Path
) -> None:
    missing, garbage = tmp_path / "missing.pem", tmp_path / "garbage.pem"
    garbage.write_text("no PEM")
    for file, expected in ((missing, "no such file"), (garbage, "holds no certificate")):
        code, _, err = await run(
            *flags("https://127.0.0.1:1", secret_file), "--target.ca-file", str(file)
        )
        assert code == 2
        assert expected in err
        assert str(file) in err


async def test_an_address_in_use_is_a_failure_of_one_line(secret_file: Path) -> None:
    async with serving(Cloud(services=1)) as url:
        taken = url.removeprefix("http://")
        code, _, err = await run(*flags(url, secret_file), "--web.listen-address", taken)
    assert code == 1
    assert "address already in use" in err
    assert "--web.listen-address" in err
    assert "Traceback" not in err


@pytest.mark.small_sample(2)
@pytest.mark.parametrize(
    ("arguments", "expected"),
    [
        (["serv"], "is not a command; did you mean serve?"),
        (["nonsense"], "is not a command; --help lists serve, check, once,"),
        (["--web.listen-adress", ":1"], "did you mean --web.listen-address?"),
        (["once", "--nonsense"], "unknown flag --nonsense"),
        (["demo", "--services", "-5"], "write a number of 0 or more"),
        (["hepl"], "is not a command; did you mean help?"),
        (["help", "chek"], "is not a command; did you mean check?"),
        (["check", "--jsn"], "unknown flag --jsn, did you mean --json?"),
        (["once", "--outptu=page.prom"], "unknown flag --outptu, did you mean --output?"),
        (["simulate", "--servces", "5"], "unknown flag --servces, did you mean --services?"),
        (["demo", "--prot=1"], "unknown flag --prot, did you mean --port?"),
        (["simulate", "--services", "many"], "--services: must be a whole number"),
    ],
    ids=lambda value: value[0] if isinstance(value, list) else "",
)
async def test_an_unknown_command_or_flag_is_misuse(arguments: list[str], expected: str) -> None:
    code, _, err = await run(*arguments)
    assert code == 2
    assert len(err.splitlines()) == 1
    assert expected in err


@pytest.mark.parametrize("ask", ["--version", "-V", "version"])
async def test_the_version_is_shown(ask: str) -> None:
    code, out, _ = await run(ask)
    assert code == 0
    assert out.startswith(f"zstack-aios-exporter, version {version('zstack-aios-exporter')} (")


@pytest.mark.parametrize("ask", ["--help", "-h", "help", "help serve"])
async def test_the_help_of_the_program_has_its_commands_and_settings(ask: str) -> None:
    code, out, _ = await run(*ask.split())
    assert code == 0
    for word in (*COMMANDS, "--target.url", "--web.listen-address", "--web.config.file"):
        assert word in out


async def test_help_of_a_command_is_that_of_its_flag() -> None:
    assert await run("help", "check") == await run("check", "--help")


@pytest.mark.parametrize("columns", [60, 80])
@pytest.mark.parametrize("command", COMMANDS)
def test_no_line_of_a_help_overflows_the_terminal(
    command: str, columns: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("COLUMNS", str(columns))
    lines = COMMANDS[command].parser().format_help().splitlines()
    assert max(map(len, lines)) <= columns
    assert lines[0].startswith("usage: zstack-aios-exporter")


async def test_an_unverified_certificate_is_logged_at_the_start(secret_file: Path) -> None:
    async with serving(Cloud(services=1)) as url:
        unverified = (*flags(url, secret_file), "--target.insecure-skip-verify")
        code, _, err = await run("once", *unverified)
    assert code == 0
    assert "certificate is not verified" in err


async def test_metrics_lists_every_family() -> None:
    code, out, _ = await run("metrics")
    assert code == 0
    for family in (family for section in SECTIONS.values() for family in section):
        assert f"  {family.name} ({family.type})\n" in out
    assert max(map(len, out.splitlines())) <= 100


def parsed(log_format: str, line: str) -> dict[str, object]:
    """The fields of a line of the log, in their order."""
    fields: dict[str, object]
    if log_format == "json":
        fields = json.loads(line)
    else:
        fields = {key: value for key, _, value in (w.partition("=") for w in shlex.split(line))}
    return fields


@pytest.mark.small_sample(1)
@pytest.mark.parametrize("log_format", ["logfmt", "json"])
async def test_a_failure_and_a_recovery_are_logged_once_each(
    log_format: str, secret_file: Path
) -> None:
    cloud = Cloud(services=1)
    given = (*flags("", secret_file), "--log.format", log_format)
    async with serving(cloud) as url:
        exporter = await start(*given, "--target.url", url)
        assert exporter.stderr is not None
        lines: list[dict[str, object]] = []

        async def until(message: str) -> None:
            assert exporter.stderr is not None
            while not lines or lines[-1]["msg"] != message:
                lines.append(parsed(log_format, (await exporter.stderr.readline()).decode()))

        await until("first poll")
        trouble = Fault.error("LICENSE.1000", "license expired", operation=QUERY)
        cloud.faults.append(trouble)
        await until("poll failed")
        seen = trouble.struck
        while trouble.struck < seen + 3:  # noqa: ASYNC110 - another process makes it so
            await asyncio.sleep(0.01)
        cloud.faults.clear()
        await until("recovered")
        exporter.terminate()
        await until("stopping")
        await exporter.communicate()
    messages = [line["msg"] for line in lines]
    assert messages[2:] == ["first poll", "poll failed", "recovered", "stopping"]
    failed = lines[3]
    assert list(failed)[:4] == ["ts", "level", "msg", "target"]
    assert failed["code"] == "LICENSE.1000"
    assert failed["hint"] == "renew the licence"


async def test_simulate_is_a_platform_that_can_be_polled(secret_file: Path) -> None:
    process = await start("simulate", "--listen", "127.0.0.1:0", "--services", "7")
    assert process.stdout is not None
    try:
        found = None
        while found is None:
            line = (await process.stdout.readline()).decode()
            assert line
            found = re.search(r"http://127\.0\.0\.1:\d+", line)
        code, out, err = await run("once", *flags(found[0], secret_file))
        assert code == 0, err
        assert Samples(out).value("zstack_model_services_reported") == 7
    finally:
        process.terminate()
        await process.communicate()
    assert process.returncode == 0


@pytest.mark.small_sample(1)
@pytest.mark.parametrize("name", ["PROMETHEUS_MULTIPROC_DIR", "prometheus_multiproc_dir"])
@pytest.mark.parametrize("exists", [True, False], ids=["a folder", "no folder"])
async def test_files_for_metrics_of_many_processes_are_not_made(
    name: str, tmp_path: Path, secret_file: Path, *, exists: bool
) -> None:
    folder = tmp_path / "metrics"
    environment = {name: str(folder)}
    if exists:
        folder.mkdir()
    async with serving(Cloud(services=3)) as url:
        given = flags(url, secret_file)
        for command in (["once"], ["check"], ["metrics"], ["--config.check"]):
            code, _, err = await run(
                *command, *(given if "metrics" not in command else ()), **environment
            )
            assert code == 0, err
            assert "multiproc" not in err
        async with started(*given, **environment) as (process, exporter):
            page = await page_of(exporter)
            assert page.value("zstack_exporter_config_last_reload_successful") == 1
            process.terminate()
            assert await process.wait() == 0
    async with started("demo", "--port=0", "--no-prometheus", **environment) as (process, _):
        process.terminate()
        assert await process.wait() == 0
    assert folder.exists() == exists
    assert not exists or not list(folder.iterdir())
