"""Reloads of the settings while the exporter runs."""

import asyncio
import signal
import ssl
from functools import partial
from pathlib import Path
from typing import Any

import aiohttp
import pytest
import trustme
import yaml

from exporter.daemon import logs
from exporter.simulator import Account, Cloud, Fault, serving
from tests.support.commands import page_of, run, started
from tests.support.exporting import (
    PATIENCE,
    Exporter,
    Samples,
    exporting,
    exporting_file,
    is_down,
    is_up,
    logins,
    target,
    until_seen,
)
from tests.support.material import make

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
            await exporter.next_polls()
            assert {session.account.name for session in cloud.sessions.values()} == {"reader"}
            assert logins(cloud) == 2


async def test_another_schedule_is_applied_and_the_data_stays(file: Path) -> None:
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


async def test_a_bad_file_changes_nothing_and_is_reported(file: Path) -> None:
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
            assert "targets.b.ca_file" in text
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


async def test_an_account_that_was_unlocked_is_tried_by_the_next_reload(file: Path) -> None:
    lock = Fault.error("LOGIN_CONTROL.1002", "remaining time: 86400 s", operation="LogInByAccount")
    cloud = Cloud(services=3, faults=[lock])
    async with serving(cloud) as url:
        write(file, target=target(url))
        async with exporting_file(file) as exporter:
            await exporter.until(is_down)
            await exporter.next_polls(5)
            assert logins(cloud) == 1
            cloud.faults.clear()
            assert (await exporter.reload())[0] == 200
            await exporter.until(is_up)
            assert logins(cloud) == 2


async def test_many_reloads_try_a_refused_account_once_more_and_log_the_next_time(
    file: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    cloud = Cloud(services=3)
    cloud.accounts["admin"] = Account("admin", "other")
    async with serving(cloud) as url:
        write(file, target=target(url))
        async with exporting_file(file) as exporter:
            for _ in range(7):
                await exporter.until(is_down)
                assert (await exporter.reload())[0] == 200
                await exporter.next_polls(2)
            assert logins(cloud) == 2, "six failures may lock an account"
            lines = capfd.readouterr().err.splitlines()
            refused = [line for line in lines if "not tried again yet" in line]
            assert len(refused) == 6
            assert "reload again in " in refused[0]

            write(file, target=target(url, password="other"))
            assert (await exporter.reload())[0] == 200
            await exporter.until(is_up)


async def test_an_access_key_that_is_enabled_again_is_tried_by_every_reload(file: Path) -> None:
    cloud = Cloud(services=3)
    [key] = cloud.access_keys.values()
    given = {"access_key_id": key.id, "access_key_secret": "x" * 40}
    async with serving(cloud) as url:
        write(file, target=target(url, **given))
        async with exporting_file(file) as exporter:
            for _ in range(3):
                await exporter.until(is_down)
                refused = cloud.operations["QueryModelService"]
                assert (await exporter.reload())[0] == 200
                await exporter.next_polls(2)
                assert cloud.operations["QueryModelService"] > refused


OTHER_QUESTIONS: dict[str, dict[str, Any]] = {
    "conditions": {"conditions": ["framework=vLLM"]},
    "memory unit": {"memory_unit": "GiB"},
    "account": {"account": "reader", "password": "other"},
    "projection": {"projection": True},
    "time zone": {"time_zone": "UTC"},
}


@pytest.mark.parametrize("question", OTHER_QUESTIONS)
async def test_the_answer_to_another_question_is_dropped_at_once(question: str, file: Path) -> None:
    cloud = Cloud(services=3, faults=[Fault.error("SYS.1016", times=3)])
    cloud.accounts["reader"] = Account("reader", "other")
    async with serving(cloud) as url:
        write(file, target=target(url, on_stale="keep"))
        async with exporting_file(file) as exporter:
            page = await exporter.until(is_up)
            assert page.value(SERVICES) == 3
            cloud.faults.append(Fault.error("SYS.1000"))
            write(file, target=target(url, on_stale="keep", **OTHER_QUESTIONS[question]))
            assert (await exporter.reload())[0] == 200
            page = await exporter.scrape()
            assert not [name for name in page.names if name.startswith("zstack_model_service")]
            assert page.value("zstack_api_error", code="SYS.1016") is not None, "errors stay known"
            page = await exporter.until(is_down)
            assert SERVICES not in page.names

            cloud.faults.clear()
            await exporter.until(lambda page: SERVICES in page.names)


async def test_the_old_answer_is_gone_before_the_old_session_is_closed(file: Path) -> None:
    cloud = Cloud(services=3)
    cloud.accounts["reader"] = Account("reader", "other")
    async with serving(cloud) as url:
        write(file, target=target(url, on_stale="keep"))
        async with exporting_file(file) as exporter:
            await exporter.until(is_up)
            slow = Fault.slow(60, operation="LogOut")
            cloud.faults.append(slow)
            write(file, target=target(url, on_stale="keep", **OTHER_QUESTIONS["account"]))
            reload = asyncio.create_task(exporter.reload())
            while not slow.struck:
                await exporter.text("/-/healthy")
            assert SERVICES not in (await exporter.scrape()).names
            assert (await reload)[0] == 200


async def test_a_platform_at_another_address_is_shown_from_its_first_poll_on(file: Path) -> None:
    other = Cloud(services=5, faults=[Fault.slow(60)])
    async with serving(Cloud(services=3)) as one, serving(other) as two:
        write(file, target=target(one, on_stale="keep"))
        async with exporting_file(file) as exporter:
            await exporter.until(is_up)
            write(file, target=target(two, on_stale="keep"))
            assert (await exporter.reload())[0] == 200
            page = await exporter.scrape()
            assert not page.names & {SERVICES, "zstack_up"}


async def test_another_authority_in_the_same_file_is_used(file: Path, tmp_path: Path) -> None:
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


async def test_settings_that_need_a_restart_are_named(
    file: Path, capfd: pytest.CaptureFixture[str]
) -> None:
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


OF_ANOTHER_SITE: dict[str, dict[str, str]] = {
    "another origin": {"Origin": "https://evil.example"},
    "a sandboxed page": {"Origin": "null"},
    "no origin at all": {"Origin": ""},
    "a file": {"Origin": "file://"},
    "another port": {"Origin": "http://127.0.0.1:1"},
    "no port": {"Origin": "http://127.0.0.1"},
    "a name that begins like ours": {"Origin": "http://127.0.0.1:{port}.evil.example"},
    "a user": {"Origin": "http://127.0.0.1:{port}@evil.example"},
    "another page, by fetch metadata": {"Sec-Fetch-Site": "cross-site"},
    "another host of the domain": {"Sec-Fetch-Site": "same-site", "Origin": "http://{host}"},
    "an unknown word": {"Sec-Fetch-Site": "", "Origin": "http://{host}"},
    "only the origin": {"Sec-Fetch-Site": "same-origin", "Origin": "http://evil.example"},
}

OWN: dict[str, dict[str, str]] = {
    "a program": {},
    "our origin": {"Origin": "http://{host}"},
    "our page": {"Sec-Fetch-Site": "same-origin", "Origin": "http://{host}"},
    "a person": {"Sec-Fetch-Site": "none"},
    "through a proxy that ends TLS": {"Origin": "https://our.example", "Host": "our.example"},
    "the port of the scheme": {"Origin": "https://our.example", "Host": "our.example:443"},
    "in capitals": {"Origin": "HTTP://Our.Example:81", "Host": "our.example:81"},
    "IPv6": {"Origin": "http://[::1]", "Host": "[::1]:80"},
    "IPv6 with a port": {"Origin": "http://[::1]:81", "Host": "[::1]:81"},
}


def with_address(headers: dict[str, str], exporter: Exporter) -> dict[str, str]:
    host, port = exporter.address
    named = {"{host}": f"{host}:{port}", "{port}": str(port)}
    for name, value in named.items():
        headers = {key: header.replace(name, value) for key, header in headers.items()}
    return headers


@pytest.mark.parametrize("headers", OF_ANOTHER_SITE.values(), ids=OF_ANOTHER_SITE.keys())
async def test_a_page_of_another_site_reloads_nothing(file: Path, headers: dict[str, str]) -> None:
    cloud = Cloud(services=3)
    cloud.accounts["admin"] = Account("admin", "other")
    async with serving(cloud) as url:
        write(file, target=target(url))
        async with exporting_file(file) as exporter:
            before = await exporter.until(is_down)
            given = with_address(headers, exporter)
            for _ in range(7):
                async with exporter.http.post("/-/reload", headers=given) as response:
                    assert response.status == 403
                    assert "a page of another site" in await response.text()
            after = await exporter.next_polls()
            assert after.value(SUCCEEDED_AT) == before.value(SUCCEEDED_AT)
            assert logins(cloud) == 1


@pytest.mark.parametrize("headers", OWN.values(), ids=OWN.keys())
async def test_a_program_or_a_page_of_ours_reloads(file: Path, headers: dict[str, str]) -> None:
    async with serving(Cloud(services=3)) as url:
        write(file, target=target(url))
        async with exporting_file(file) as exporter:
            given = with_address(headers, exporter)
            async with exporter.http.post("/-/reload", headers=given) as response:
                assert (response.status, await response.text()) == (200, "reloaded\n")


async def test_over_tls_a_plain_origin_is_another_site(file: Path, tmp_path: Path) -> None:
    authority = trustme.CA()
    material = make(tmp_path, authority)
    web = material.write("tls_server_config: {cert_file: c.pem, key_file: k.pem}\n")
    trusting = ssl.create_default_context()
    authority.configure_trust(trusting)
    async with serving(Cloud(services=3)) as url:
        write(file, target=target(url))
        async with exporting_file(file, config_file=web) as exporter:
            for scheme, expected in (("https", 200), ("http", 403)):
                origin = {"Origin": f"{scheme}://our.example", "Host": "our.example"}
                post = exporter.http.post("/-/reload", headers=origin, ssl=trusting)
                async with post as response:
                    assert response.status == expected


async def test_of_many_targets_a_log_line_has_the_first_names_and_how_many_more(
    file: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    logs.configure("info", "logfmt")
    async with serving(Cloud(services=0)) as url:
        settings = target(url, interval=600)
        write(file, targets={f"old-{number:03}": settings for number in range(25)})
        async with exporting_file(file) as exporter:
            write(file, targets={f"new-{number:03}": settings for number in range(400)})
            assert (await exporter.reload())[0] == 200
    lines = [line for line in capsys.readouterr().err.splitlines() if "msg=" in line]
    [starting] = [line for line in lines if "msg=starting" in line]
    [reloaded] = [line for line in lines if "configuration reloaded" in line]
    assert 'old-019 and 5 more"' in starting
    assert 'new-019 and 380 more"' in reloaded
    assert 'old-019 and 5 more"' in reloaded
    assert len(reloaded) < 1000


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
            polled = 'zstack_up{target="a"}'
            while not (polled in shown and 'target="b29"' in shown and 'target="b28"' not in shown):
                async with aiohttp.ClientSession() as http, http.get(f"{exporter}/metrics") as page:
                    shown = await page.text()
            process.terminate()
            _, err = await process.communicate()
    assert process.returncode == 0
    assert b"configuration reloaded" in err
    assert b"Traceback" not in err
    assert not cloud.sessions


@pytest.mark.small_sample(1)
@pytest.mark.parametrize("seconds", [0.5, 600], ids=["slow", "hanging"])
async def test_it_ends_also_while_a_reload_waits_for_a_platform(seconds: float, file: Path) -> None:
    cloud = Cloud(services=3)
    given = {"account": "admin", "password": "password", "interval": "100ms"}
    flags = ("--config.file", str(file), "--web.listen-address", "127.0.0.1:0")
    async with serving(cloud) as url, aiohttp.ClientSession() as http:
        write(file, targets={"a": {"url": url, **given}})
        async with started(*flags, "--web.enable-lifecycle") as (process, exporter):
            await until_seen(partial(page_of, exporter), is_up)
            slow = Fault.slow(seconds, operation="LogOut")
            cloud.faults.append(slow)
            write(file, targets={"b": {"url": url, **given}})
            reload = asyncio.ensure_future(http.post(f"{exporter}/-/reload"))
            while not slow.struck:
                await page_of(exporter)
            process.terminate()
            async with asyncio.timeout(PATIENCE):
                _, err = await process.communicate()
            await asyncio.wait({reload})
            reload.exception()  # whether it still got its answer does not matter
    assert process.returncode == 0
    assert b"Traceback" not in err


async def test_a_check_of_a_good_configuration_succeeds_and_polls_nothing(
    file: Path,
) -> None:
    cloud = Cloud(services=3)
    async with serving(cloud) as url:
        write(file, target={"url": url, "account": "admin", "password": "password"})
        file.chmod(0o600)
        code, out, err = await run("--config.check", "--config.file", str(file))
    assert (code, out, err) == (0, "the configuration is good\n", "")
    assert not cloud.operations


@pytest.mark.small_sample(1)
@pytest.mark.parametrize(
    ("wrong", "expected"),
    [
        ({"page_size": 0}, "target.page_size"),
        ({"ca_file": "none.pem"}, "none.pem: cannot be read: no such file or directory"),
        ({"password": None, "password_file": "none"}, "none: no such file or directory"),
    ],
)
async def test_a_check_of_the_configuration_lists_the_faults(
    wrong: dict[str, Any], expected: str, file: Path
) -> None:
    good = {"url": "http://127.0.0.1:1", "account": "admin", "password": "password"}
    write(file, target=good | wrong)
    code, out, err = await run("--config.check", "--config.file", str(file))
    assert code == 2
    assert expected in err
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
