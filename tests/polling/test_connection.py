"""What the exporter logs about the connection to a platform."""

import asyncio
import subprocess
import sys
from pathlib import Path

import pytest
from structlog.testing import capture_logs

from exporter.daemon.warnings import warn_of_targets
from exporter.polling.secret_files import check_secrets
from exporter.settings import load
from tests.support.checking import checking_target
from tests.support.client_fixture import page, reply, replying
from tests.support.exporting import exporting, is_down, is_up, target

SESSION = "5e551015e551015f551016e551015e55"


async def test_cookie_with_an_illegal_name_is_logged_once_with_its_target() -> None:
    answer = reply(page("a"), Set_Cookie="s3cret name=s3cret; Path=/")
    async with replying(answer) as server:
        polled = target(server.url, session_uuid="5e55", time_zone="+08:00")
        with capture_logs() as logs:
            async with exporting(targets={"east": polled, "west": polled}) as exporter:
                await exporter.until(lambda page: page.total("zstack_polls_total") > 8)

    about = [line for line in logs if "cookie" in line["event"]]
    assert sorted(line["target"] for line in about) == ["east", "west"]
    assert {line["log_level"] for line in about} == {"warning"}
    assert "s3cret" not in str(logs)


async def test_other_cookies_of_the_same_answer_are_kept(
    caplog: pytest.LogCaptureFixture,
) -> None:
    answer = reply(page("a"), Set_Cookie="bad name=1").replace(
        b"Connection: close\r\n", b"Connection: close\r\nSet-Cookie: good=1; Path=/\r\n"
    )
    async with replying(answer) as server:
        polled = target(server.url, session_uuid="5e55", time_zone="+08:00")
        async with exporting(target=polled) as exporter, asyncio.timeout(30):
            await exporter.next_polls()

    assert "Cookie: good=1\r\n" in server.heads[-1]
    assert "cookie" not in caplog.text.lower()


@pytest.mark.parametrize("written", [f" {SESSION}", f"{SESSION} \r\n", f"\t{SESSION}\n\n "])
async def test_white_space_around_a_session_is_no_part_of_it(written: str, tmp_path: Path) -> None:
    file = tmp_path / "session"
    file.write_text(written)
    file.chmod(0o600)
    async with replying(reply(page("a"))) as server:
        polled = target(server.url, session_uuid_file=file, time_zone="+08:00")
        async with exporting(target=polled) as exporter:
            await exporter.until(is_up)
        result = await checking_target(server.url, session_uuid_file=str(file))

    assert f"Authorization: OAuth {SESSION}\r\n" in server.heads[0]
    assert result.steps["secret"]["outcome"] == "pass"


@pytest.mark.parametrize("quote", ["'", '"'])
@pytest.mark.parametrize("in_file", [False, True], ids=["variable", "file"])
async def test_secret_that_is_written_with_quotes_is_taken_with_a_warning(
    quote: str, tmp_path: Path, *, in_file: bool
) -> None:
    secret = f"{quote}pass-word{quote}"
    file = tmp_path / "password"
    file.write_text(f"{secret}\n")
    file.chmod(0o600)
    given = {"password_file": str(file)} if in_file else {"password": secret}
    settings = {"url": "http://127.0.0.1:1", "account": "admin", **given}
    loaded = await asyncio.to_thread(load, {"targets": {"east": settings}}, environ={})
    with capture_logs() as logs:
        await asyncio.to_thread(check_secrets, loaded.named_targets)
        await warn_of_targets(loaded.named_targets)
    result = await checking_target(settings["url"], account="admin", **given)

    [line] = logs
    assert "east" in str(line)
    assert line["log_level"] == "warning"
    assert "docker's --env-file" in line["hint"]
    assert result.steps["secret"]["outcome"] == "warn"
    assert "docker's --env-file" in result.steps["secret"]["fix"]
    assert "pass-word" not in str(logs) + str(result)


@pytest.mark.parametrize("secret", ["pass", "'pass", "pass'", "\"pass'", "'", "p'a'ss"])
async def test_quotes_that_do_not_match_are_a_part_of_the_secret(secret: str) -> None:
    settings = {"url": "http://127.0.0.1:1", "account": "admin", "password": secret}
    loaded = await asyncio.to_thread(load, {"target": settings}, environ={})
    with capture_logs() as logs:
        await asyncio.to_thread(check_secrets, loaded.named_targets)
    assert logs == []


@pytest.mark.parametrize(
    "given",
    [
        {"account": "admin", "password": "s3cret word"},
        {"access_key_id": "i", "access_key_secret": "s3cret word"},
    ],
    ids=["password", "secret of a key"],
)
async def test_secret_that_never_leaves_the_exporter_is_masked_too(given: dict[str, str]) -> None:
    answer = reply(b"no such user: admin:s3cret word", "400 Bad Request")
    async with replying(answer) as server:
        with capture_logs() as logs:
            async with exporting(target=target(server.url, **given)) as exporter:
                await exporter.until(is_down)
                shown = await exporter.text("/api/v1/status")

    assert "no such user: admin:***" in shown
    assert "no such user: admin:***" in str(logs)
    assert "s3cret" not in shown + str(logs)


def test_http_library_quotes_no_cookie_in_the_log() -> None:
    program = (
        "import logging; from exporter.daemon import logs; logs.configure('debug', 'logfmt');"
        "log = logging.getLogger('aiohttp.internal');"
        "log.debug('dropped s3cret'); log.warning('illegal s3cret'); log.error('a bug')"
    )
    ended = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, check=True
    )
    assert "a bug" in ended.stderr
    assert "s3cret" not in ended.stderr


async def test_failure_that_becomes_another_one_of_the_same_class_is_logged_anew() -> None:
    moved = reply(b"", "302 Found", Location="http://elsewhere.example/")
    refused = reply(b"bad", "400 Bad Request")
    async with replying(moved, refused) as server:
        with capture_logs() as logs:
            polled = target(server.url, session_uuid="5e55", time_zone="+08:00")
            async with exporting(target=polled) as exporter:
                await exporter.until(lambda page: page.total("zstack_polls_total") > 3)

    failed = [line for line in logs if line["event"] == "poll failed"]
    assert [line["error"][:8] for line in failed] == ["HTTP 302", "HTTP 400"]
    assert "set url to the address it redirects to" in failed[0]["hint"]
