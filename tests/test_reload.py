"""Settings that are read anew while it runs."""

import asyncio
import signal
import ssl
from pathlib import Path
from typing import Any

import aiohttp
import pytest
import trustme
import yaml

from exporter.simulator import Account, Cloud, Fault, serving

from .exporting import Samples, exporting, exporting_file, is_down, is_up, logins, target
from .test_commands import page_of, run, started

SERVICES = "zstack_model_services_reported"
SUCCESSFUL = "zstack_exporter_config_last_reload_successful"
SUCCEEDED_AT = "zstack_exporter_config_last_reload_success_timestamp_seconds"


@pytest.fixture
def file(tmp_path: Path) -> Path:
    return tmp_path / "exporter.yml"


def write(file: Path, **settings: Any) -> None:
    file.write_text(yaml.safe_dump(settings))


def both_up(page: Samples) -> bool:
    return page.value("zstack_up", target="a") == 1 == page.value("zstack_up", target="b")


async def test_a_target_that_is_added_is_polled_and_the_others_keep_what_they_have(
    file: Path,
) -> None:
    first, second = Cloud(services=3), Cloud(services=5)
    async with serving(first) as one, serving(second) as two:
        write(file, targets={"a": target(one)})
        async with exporting_file(file) as exporter:
            before = await exporter.until(is_up)
            write(file, targets={"a": target(one), "b": target(two)})
            assert await exporter.reload() == (200, "reloaded\n")
            assert (await exporter.scrape()).value(SERVICES, target="a") == 3

            page = await exporter.until(both_up)
            assert page.value(SERVICES, target="b") == 5
            polled = {"target": "a", "outcome": "success"}
            kept = page.value("zstack_polls_total", **polled) or 0
            assert kept >= (before.value("zstack_polls_total", **polled) or 0)
            assert logins(first) == 1
            assert "zstack_up" in (await exporter.scrape("/probe?target=b")).names


async def test_a_target_that_is_removed_disappears_and_is_logged_out(file: Path) -> None:
    first, second = Cloud(services=3), Cloud(services=5)
    async with serving(first) as one, serving(second) as two:
        write(file, targets={"a": target(one), "b": target(two)})
        async with exporting_file(file) as exporter:
            await exporter.until(both_up)
            write(file, targets={"a": target(one)})
            assert (await exporter.reload())[0] == 200

            assert 'target="b"' not in await exporter.text()
            assert (await exporter.http.get("/probe?target=b")).status == 404
            assert not second.sessions
            assert len(first.sessions) == 1


async def test_other_credentials_are_used_after_the_session_of_the_old_ones_is_closed(
    file: Path,
) -> None:
    cloud = Cloud(services=3)
    cloud.accounts["reader"] = Account("reader", "other")
    async with serving(cloud) as url:
        write(file, target=target(url))
        async with exporting_file(file) as exporter:
            await exporter.until(is_up)
            old = set(cloud.sessions)
            write(file, target=target(url, account="reader", password="other"))
            assert (await exporter.reload())[0] == 200
            assert not old & set(cloud.sessions)
            # What was known of the platform is shown until it is polled anew.
            assert (await exporter.scrape()).value(SERVICES) == 3

            await exporter.next_polls()
            assert {session.account.name for session in cloud.sessions.values()} == {"reader"}
            assert logins(cloud) == 2


async def test_another_schedule_is_taken_up_with_the_data_that_is_there(file: Path) -> None:
    async with serving(Cloud(services=3)) as url:
        write(file, target=target(url, interval=3600, stale_after=7200))
        async with exporting_file(file) as exporter:
            await exporter.until(is_up)
            write(file, target=target(url, interval=0.05, stale_after=600))
            assert (await exporter.reload())[0] == 200
            page = await exporter.until(
                lambda page: page.value("zstack_poll_stale_after_seconds") == 600
            )
            assert page.value("zstack_poll_interval_seconds") == 0.05
            assert page.value(SERVICES) == 3
            await exporter.next_polls()


async def test_another_platform_under_the_same_name_inherits_nothing(file: Path) -> None:
    failing = Cloud(services=5)
    failing.faults.append(Fault.error("SYS.1000"))
    async with serving(Cloud(services=3)) as one, serving(failing) as two:
        write(file, target=target(one))
        async with exporting_file(file) as exporter:
            await exporter.until(is_up)
            write(file, target=target(two))
            assert (await exporter.reload())[0] == 200
            page = await exporter.until(is_down)
            assert SERVICES not in page.names


async def test_a_bad_file_changes_nothing_and_is_told(file: Path) -> None:
    cloud = Cloud(services=3)
    async with serving(cloud) as url:
        write(file, target=target(url))
        async with exporting_file(file) as exporter:
            good = await exporter.until(is_up)
            assert good.value(SUCCESSFUL) == 1

            write(file, target=target(url, intervall="1m"), log={"level": "loud"})
            status, text = await exporter.reload()
            assert status == 500
            assert "target.intervall" in text
            assert "did you mean interval?" in text
            assert "log.level" in text
            page = await exporter.next_polls()
            assert is_up(page)
            assert page.value(SUCCESSFUL) == 0
            assert page.value(SUCCEEDED_AT) == good.value(SUCCEEDED_AT)
            assert logins(cloud) == 1

            write(file, target=target(url))
            assert await exporter.reload() == (200, "reloaded\n")
            page = await exporter.scrape()
            assert page.value(SUCCESSFUL) == 1
            assert (page.value(SUCCEEDED_AT) or 0) > (good.value(SUCCEEDED_AT) or 0)
            assert logins(cloud) == 1


async def test_certificates_that_do_not_load_change_nothing(file: Path, tmp_path: Path) -> None:
    (tmp_path / "ca.pem").write_text("no certificate")
    async with serving(Cloud(services=3)) as url:
        write(file, target=target(url))
        async with exporting_file(file) as exporter:
            await exporter.until(is_up)
            write(file, targets={"a": target(url), "b": target(url, ca_file="ca.pem")})
            status, text = await exporter.reload()
            assert status == 500
            assert "target b" in text
            assert "ca.pem" in text
            assert is_up(await exporter.next_polls())


async def test_refused_credentials_are_tried_once_more_after_a_reload(file: Path) -> None:
    cloud = Cloud(services=3)
    cloud.accounts["admin"] = Account("admin", "other")
    async with serving(cloud) as url:
        write(file, target=target(url))
        async with exporting_file(file) as exporter:
            await exporter.until(is_down)
            await exporter.next_polls(5)
            assert logins(cloud) == 1
            cloud.accounts["admin"] = Account("admin", "password")
            assert (await exporter.reload())[0] == 200
            await exporter.until(is_up)
            assert logins(cloud) == 2


async def test_another_authority_in_the_same_file_is_taken_up(file: Path, tmp_path: Path) -> None:
    ours, theirs = trustme.CA(), trustme.CA()
    tls = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    theirs.issue_cert("127.0.0.1").configure_cert(tls)
    ca = tmp_path / "ca.pem"
    ours.cert_pem.write_to_path(ca)
    async with serving(Cloud(services=3), ssl_context=tls) as url:
        write(file, target=target(url, ca_file="ca.pem"))
        async with exporting_file(file) as exporter:
            await exporter.until(is_down)
            theirs.cert_pem.write_to_path(ca)
            assert (await exporter.reload())[0] == 200
            await exporter.until(is_up)


async def test_what_takes_a_restart_is_named(file: Path, capfd: pytest.CaptureFixture[str]) -> None:
    async with serving(Cloud(services=3)) as url:
        write(file, target=target(url))
        async with exporting_file(file) as exporter:
            write(file, target=target(url), web={"telemetry_path": "/m"}, log={"format": "json"})
            assert (await exporter.reload())[0] == 200
            assert '"settings": "web.telemetry_path"' in capfd.readouterr().err
            await exporter.until(is_up)


async def test_reloads_asked_for_at_once_come_one_after_the_other(file: Path) -> None:
    cloud = Cloud(services=3)
    async with serving(cloud) as url:
        write(file, target=target(url))
        async with exporting_file(file) as exporter:
            await exporter.until(is_up)
            write(file, target=target(url, page_size=2))
            answers = await asyncio.gather(*(exporter.reload() for _ in range(20)))
            assert {status for status, _ in answers} == {200}
            await exporter.next_polls()
            assert len(cloud.sessions) == 1
            assert logins(cloud) == 2


async def test_a_request_reloads_only_where_that_is_enabled() -> None:
    async with serving(Cloud(services=3)) as url, exporting(target=target(url)) as exporter:
        status, text = await exporter.reload()
        assert status == 403
        assert "--web.enable-lifecycle" in text
        assert (await exporter.http.get("/-/reload")).status == 405


async def test_a_storm_of_signals_ends_with_the_newest_settings(file: Path, tmp_path: Path) -> None:
    (tmp_path / "password").write_text("password")
    cloud = Cloud(services=3)
    async with serving(cloud) as url:

        def targets(*names: str) -> None:
            each = {"url": url, "account": "admin", "password_file": "password"}
            write(file, targets={name: each | {"interval": "100ms"} for name in names})

        targets("a")
        flags = ("--config.file", str(file), "--web.listen-address", "127.0.0.1:0")
        async with started(*flags) as (process, exporter):
            for number in range(30):
                targets("a", f"b{number}")
                process.send_signal(signal.SIGHUP)
            shown = ""
            while 'target="b29"' not in shown or 'target="b28"' in shown:
                async with aiohttp.ClientSession() as http, http.get(f"{exporter}/metrics") as page:
                    shown = await page.text()
            assert (await page_of(exporter)).value("zstack_up", target="a") is not None
            process.terminate()
            _, err = await process.communicate()
    assert process.returncode == 0
    assert b"configuration reloaded" in err
    assert b"Traceback" not in err
    assert not cloud.sessions


@pytest.mark.parametrize("seconds", [0.5, 600], ids=["slow", "hanging"])
async def test_it_ends_also_while_a_reload_waits_for_a_platform(seconds: float, file: Path) -> None:
    cloud = Cloud(services=3)
    given = {"account": "admin", "password": "password", "interval": "100ms"}
    flags = ("--config.file", str(file), "--web.listen-address", "127.0.0.1:0")
    async with serving(cloud) as url, aiohttp.ClientSession() as http:
        write(file, targets={"a": {"url": url, **given}})
        async with started(*flags, "--web.enable-lifecycle") as (process, exporter):
            while (await page_of(exporter)).value("zstack_up", target="a") != 1:
                pass
            slow = Fault.slow(seconds, operation="LogOut")
            cloud.faults.append(slow)
            write(file, targets={"b": {"url": url, **given}})
            reload = asyncio.ensure_future(http.post(f"{exporter}/-/reload"))
            while not slow.struck:
                await page_of(exporter)
            process.terminate()
            async with asyncio.timeout(15):
                _, err = await process.communicate()
            await asyncio.wait({reload})
            reload.exception()  # whether it still got its answer does not matter
    assert process.returncode == 0
    assert b"Traceback" not in err


async def test_a_check_of_the_configuration_says_that_it_is_good_and_polls_nothing(
    file: Path,
) -> None:
    cloud = Cloud(services=3)
    async with serving(cloud) as url:
        write(file, target={"url": url, "account": "admin", "password": "password"})
        code, out, err = await run("--config.check", "--config.file", str(file))
    assert (code, out, err) == (0, "the configuration is good\n", "")
    assert not cloud.operations


@pytest.mark.parametrize(
    ("wrong", "told"),
    [
        ({"page_size": 0}, "target.page_size"),
        ({"ca_file": "none.pem"}, "none.pem: No such file or directory"),
        ({"password": None, "password_file": "none"}, "none: No such file or directory"),
    ],
)
async def test_a_check_of_the_configuration_says_what_is_wrong(
    wrong: dict[str, Any], told: str, file: Path
) -> None:
    good = {"url": "http://127.0.0.1:1", "account": "admin", "password": "password"}
    write(file, target=good | wrong)
    code, out, err = await run("--config.check", "--config.file", str(file))
    assert code == 2
    assert told in err
    assert out == ""


async def test_a_check_of_the_configuration_reads_the_web_configuration_too(
    file: Path, tmp_path: Path
) -> None:
    (tmp_path / "web.yml").write_text(
        "tls_server_config: {cert_file: none.crt, key_file: none.key}"
    )
    target = {"url": "http://127.0.0.1:1", "account": "admin", "password": "password"}
    write(file, target=target, web={"config_file": "web.yml"})
    code, _, err = await run("--config.check", "--config.file", str(file))
    assert code == 2
    assert "web.yml" in err
    assert "tls_server_config.cert_file: cannot be read" in err
