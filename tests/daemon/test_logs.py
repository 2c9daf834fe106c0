"""Untrusted text in the log and in what `check` writes: nothing in it changes its line."""

import io
import json
import logging
from collections.abc import Iterator
from pathlib import Path

import pytest
import structlog

from exporter.cli.check.finding import warned
from exporter.cli.check.report import JsonReport, TextReport
from exporter.daemon import logs
from exporter.daemon.logs import LogFormat, printable
from exporter.simulator import Cloud, Fault, serving
from tests.support.commands import flags, run

TURNED = "a\u202eb\u2066c\u2028d\u2029e\u0085f\u200bg\ufeffh\x1b[31mi\tj\x9bk\ud800l"
SHOWN = r"a\u202eb\u2066c\u2028d\u2029e\x85f\u200bg\ufeffh\x1b[31mi\tj\x9bk\ud800l"


@pytest.fixture(autouse=True)
def _configured_as_before() -> Iterator[None]:
    root = logging.getLogger()
    handlers, level, before = root.handlers[:], root.level, structlog.get_config()
    yield
    root.handlers[:] = handlers
    root.setLevel(level)
    structlog.configure(**before)


def test_unprintable_characters_are_escaped_and_the_rest_stays() -> None:
    assert printable(TURNED) == SHOWN
    for plain in ("", "plain", "上海 é", "two\nlines", "\\u202e"):
        assert printable(plain) == plain


@pytest.mark.parametrize("log_format", ["logfmt", "json"])
def test_no_field_of_an_event_has_it_raw(
    log_format: LogFormat, capsys: pytest.CaptureFixture[str]
) -> None:
    logs.configure("info", log_format)
    structlog.get_logger("a").warning("happened", target="上海", error=TURNED, number=1)
    logging.getLogger("b").warning("of a library: %s", TURNED)
    first, second = capsys.readouterr().err.splitlines()
    assert (first + second).isprintable()
    assert "上海" in first
    if log_format == "json":
        assert json.loads(first)["error"] == SHOWN
        assert json.loads(first)["number"] == 1
        assert json.loads(second)["msg"] == f"of a library: {SHOWN}"


@pytest.mark.parametrize("terminal", [False, True])
def test_no_line_of_the_check_has_it_raw(*, terminal: bool) -> None:
    out = io.StringIO()
    report = TextReport(out, terminal=terminal)
    report.begin("a", "http://a")
    report.add(warned("records", TURNED, TURNED))
    text = out.getvalue()
    for mark in "\u202e\u2066\u2028\u2029\u0085\u200b\ufeff\x9b\ud800":
        assert mark not in text
    assert "\x1b[31mi" not in text


def test_the_document_of_the_check_has_it_escaped_as_the_lines_have() -> None:
    out = io.StringIO()
    report = JsonReport(out)
    report.begin("a", "http://a")
    report.add(warned("records", TURNED, ""))
    report.end()
    [step] = json.loads(out.getvalue())["targets"][0]["steps"]
    assert step["found"] == SHOWN


@pytest.mark.parametrize("command", [["check"], ["check", "--json"]])
async def test_the_name_of_an_unknown_field_is_on_one_line(
    command: list[str], tmp_path: Path
) -> None:
    secret = tmp_path / "password"
    secret.write_text("password")
    cloud = Cloud(services=3, faults=[Fault.dialect("!\u202eevil\u2028end", "7")])
    async with serving(cloud) as url:
        _, out, err = await run(*command, *flags(url, secret))
    assert "!\ufffdevil\ufffdend" in out
    assert not {"\u202e", "\u2028"} & {*out, *err}
