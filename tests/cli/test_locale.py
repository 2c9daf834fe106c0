"""Every command where standard output and standard error have no bytes for Chinese."""

import asyncio
import json
import sys
from asyncio.subprocess import PIPE
from collections.abc import AsyncIterator
from pathlib import Path

import bcrypt
import pytest
import yaml

from exporter.cli.command import COMMANDS
from exporter.simulator import Cloud, serving
from tests.support.commands import start
from tests.support.exporting import Samples
from tests.support.terminal import on_terminal

NAMES = ("Köln", "上海")
POSIX = {"LC_ALL": "C", "PYTHONCOERCECLOCALE": "0", "PYTHONUTF8": "0", "PYTHONIOENCODING": ""}
LOCALES: dict[str, dict[str, str]] = {
    "ASCII": {"PYTHONIOENCODING": "ascii"},
    "Latin-1": {"PYTHONIOENCODING": "latin-1"},
    "POSIX": POSIX,
    "UTF-8": {"PYTHONIOENCODING": "utf-8"},
}
in_each_locale = pytest.mark.parametrize("locale", LOCALES.values(), ids=LOCALES.keys())


@pytest.fixture
async def file(tmp_path: Path) -> AsyncIterator[Path]:
    """Settings of targets whose names are not ASCII."""
    secret = tmp_path / "password"
    secret.write_text("password\n")
    async with serving(Cloud(services=3)) as url:
        target = {"url": url, "account": "admin", "password_file": "password"}
        settings = {"targets": dict.fromkeys(NAMES, target)}
        path = tmp_path / "exporter.yml"
        path.write_text(yaml.safe_dump(settings, allow_unicode=True), "utf-8")
        yield path


async def run(locale: dict[str, str], *arguments: str) -> tuple[int | None, bytes, bytes]:
    process = await start(*arguments, **locale)
    out, err = await process.communicate()
    assert b"Traceback" not in err
    assert b"internal error" not in err
    return process.returncode, out, err


@pytest.mark.small_sample(1)
@in_each_locale
async def test_check_names_every_target(file: Path, locale: dict[str, str]) -> None:
    code, out, err = await run(locale, "check", "--config.file", str(file))
    assert (code, err) == (0, b"")
    for name in NAMES:
        kept = {name.encode(encoding, "backslashreplace") for encoding in ("ascii", "latin-1")}
        assert any(written in out for written in kept | {name.encode()})
    assert out.endswith(b"2 targets: 2 ready, 0 failing\n")


@pytest.mark.small_sample(1)
@in_each_locale
async def test_the_json_of_check_is_utf_8(file: Path, locale: dict[str, str]) -> None:
    code, out, err = await run(locale, "check", "--json", "--config.file", str(file))
    assert (code, err) == (0, b"")
    assert [each["target"] for each in json.loads(out.decode())["targets"]] == [*NAMES]
    assert NAMES[1].encode() in out


@pytest.mark.small_sample(1)
@in_each_locale
async def test_the_json_of_check_is_whole_where_the_settings_are_wrong(
    file: Path, locale: dict[str, str]
) -> None:
    file.write_text("targets: {上海: {url: 'http://h', 账户: x}}\n", "utf-8")
    code, out, err = await run(locale, "check", "--json", "--config.file", str(file))
    assert (code, err) == (2, b"")
    document = json.loads(out.decode())
    assert not document["ready"]
    assert {step["outcome"] for step in document["steps"]} == {"fail"}


@pytest.mark.small_sample(1)
@in_each_locale
async def test_once_writes_utf_8(file: Path, locale: dict[str, str]) -> None:
    code, out, _ = await run(locale, "once", "--config.file", str(file))
    assert code == 0
    page = Samples(out.decode())
    assert [page.value("zstack_up", target=name) for name in NAMES] == [1, 1]


@pytest.mark.small_sample(1)
@in_each_locale
async def test_lines_of_a_json_log_are_json(file: Path, locale: dict[str, str]) -> None:
    text = file.read_text("utf-8").replace("password_file: password", "password_file: none")
    file.write_text(text, "utf-8")
    _, _, err = await run(locale, "once", "--log.format=json", "--config.file", str(file))
    encoding = "utf-8" if locale["PYTHONIOENCODING"] == "utf-8" else "ascii"
    assert {json.loads(line)["target"] for line in err.decode(encoding).splitlines()} == {*NAMES}


@pytest.mark.small_sample(1)
@in_each_locale
async def test_lines_of_a_text_log_are_written(file: Path, locale: dict[str, str]) -> None:
    text = file.read_text("utf-8").replace("password_file: password", "password_file: none")
    file.write_text(text, "utf-8")
    _, _, err = await run(locale, "once", "--config.file", str(file))
    assert err.count(b'msg="poll failed" target=') == len(NAMES)


@pytest.mark.small_sample(4)
@in_each_locale
@pytest.mark.parametrize("command", COMMANDS)
async def test_help_is_whole(command: str, locale: dict[str, str]) -> None:
    code, out, err = await run(locale, command, "--help")
    assert (code, err) == (0, b"")
    assert b"usage: " in out


@pytest.mark.small_sample
@in_each_locale
@pytest.mark.parametrize(
    ("arguments", "expected"),
    [
        (("metrics",), 0),
        (("--version",), 0),
        (("completion", "bash"), 0),
        (("上海",), 2),
        (("check", "--上海"), 2),
        (("completion", "上海"), 2),
        (("healthy", "--url", "上海"), 2),
        (("--config.check", "--config.file", "/上海"), 2),
        (("check", "--config.file", "/上海"), 2),
        (("once", "--output", "/上海/x"), 2),
    ],
)
async def test_other_commands_and_errors_end_as_they_should(
    arguments: tuple[str, ...], expected: int, locale: dict[str, str]
) -> None:
    code, out, err = await run(locale, *arguments)
    assert code == expected
    assert out + err


@pytest.mark.small_sample(1)
@in_each_locale
async def test_a_password_that_is_piped_in_is_utf_8(locale: dict[str, str]) -> None:
    process = await start("hash-password", **locale)
    out, err = await process.communicate("pässword\n".encode())
    assert (process.returncode, err) == (0, b"")
    assert bcrypt.checkpw("pässword".encode(), out.strip())


async def test_a_password_outside_the_locales_encoding_is_refused_without_its_bytes() -> None:
    answers = (("Password: ", "pässword"),)
    code, shown = await asyncio.to_thread(
        on_terminal, "hash-password", answers=answers, environment=POSIX
    )
    assert code == 2
    assert "is not text in the encoding of the terminal" in shown
    assert "0xc3" not in shown


@pytest.mark.small_sample
@pytest.mark.parametrize("closed", ["1", "2", "1 2"])
@pytest.mark.parametrize("command", ["metrics", "nonsense", "once"])
async def test_closed_streams_are_no_error(closed: str, command: str) -> None:
    redirections = " ".join(f"{each}>&-" for each in closed.split())
    process = await asyncio.create_subprocess_exec(
        *("sh", "-c", f'exec "$0" -m exporter {command} {redirections}', sys.executable),
        stdout=PIPE,
        stderr=PIPE,
    )
    out, err = await process.communicate()
    assert process.returncode == {"metrics": 0, "nonsense": 2, "once": 2}[command]
    assert b"Traceback" not in out + err
