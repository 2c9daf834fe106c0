"""What is wrong though it looks well, and what looks worse than it is, on the page and as JSON."""

import re
from pathlib import Path

import pytest

from exporter.build import PAGES
from exporter.metrics.telemetry import Loaded
from exporter.simulator import Cloud, Fault, serving
from exporter.web.status import PageQuery, Sources, status_page
from exporter.web.status.runbooks import ALERTS
from tests.support.exporting import (
    WEB,
    exporting,
    exporting_file,
    is_down,
    is_up,
    logins,
    target,
)

from .reading import CHINESE, read, status, text_of

ROOT = Path(__file__).parents[3]


async def test_a_platform_without_model_services_is_not_simply_up() -> None:
    async with serving(Cloud(services=0)) as url, exporting(target=target(url)) as exporter:
        await exporter.until(is_up)
        page = await exporter.text("/")
        assert '<span class="state warn">up, no model services</span>' in page
        assert "An account sees only what it owns and what is shared with it" in page
        assert f"{PAGES}/docs/runbooks/ZStackAIOSServicesVanished.md" in page
        assert "1 target: 1 up, 1 without model services; 0 model services" in text_of(page)
        chinese = await read(exporter, **CHINESE)
        assert "正常，但没有模型服务" in chinese
        assert "账户只能看到自己拥有和共享给它的资源" in chinese
        document = await status(exporter)
        assert document["summary"]["empty"] == 1
        (warning,) = document["targets"][0]["warnings"]
        assert warning["kind"] == "no_services"
        assert "grant the account" in warning["fix"]
        assert warning["runbook"].endswith("/docs/runbooks/ZStackAIOSServicesVanished.md")


async def test_the_warning_goes_when_there_are_services_or_the_poll_fails() -> None:
    cloud = Cloud(services=0)
    async with serving(cloud) as url, exporting(target=target(url)) as exporter:
        await exporter.until(is_up)
        cloud.faults.append(Fault.error("SYS.1000", operation="QueryModelService"))
        await exporter.until(is_down)
        document = await status(exporter)
        assert (document["summary"]["empty"], document["targets"][0]["warnings"]) == (0, [])
        assert "no model services" not in await exporter.text("/")


async def test_refused_credentials_are_shown_as_not_tried_again(tmp_path: Path) -> None:
    cloud = Cloud(services=5)
    secret = tmp_path / "password"
    secret.write_text("wrong")
    settings = target("", account="admin", password_file=str(secret))
    async with serving(cloud) as url, exporting(target=settings | {"url": url}) as exporter:
        await exporter.until(is_down)
        await exporter.next_polls(3)
        shown = await read(exporter)
        assert (
            "Next try Not tried again until the credentials change or the configuration is"
            " reloaded. This keeps the account from being locked."
        ) in shown
        assert "Next poll" not in shown
        assert re.search(r"0 succeeded, 1 failed, [3-9]\d* without a request;", shown)
        assert re.search(r"UTC: no request, credentials refused", shown)
        (reported,) = (await status(exporter))["targets"]
        assert reported["credentials_withheld"] == {"until": None}
        assert [poll["asked"] for poll in reported["polls"][:4]] == [True, False, False, False]
        assert logins(cloud) == 1

        secret.write_text("password")
        await exporter.until(is_up)
        (reported,) = (await status(exporter))["targets"]
        assert reported["credentials_withheld"] is None
        assert reported["polls"][-1]["asked"] is True
        assert "Next poll" in await read(exporter)


async def test_a_lock_is_shown_with_its_end() -> None:
    cloud = Cloud(services=3)
    cloud.faults.append(
        Fault.error(
            "LOGIN_CONTROL.1002", "the identity[admin] is locked, remaining time: 300 seconds"
        )
    )
    async with serving(cloud) as url, exporting(target=target(url)) as exporter:
        await exporter.until(is_down)
        await exporter.next_polls(2)
        assert re.search(
            r"Next try Not tried again until \S+ \S+ UTC, in (\d+ s|5 min); sooner if",
            await read(exporter),
        )
        (reported,) = (await status(exporter))["targets"]
        failed_at = reported["polls"][0]["at"]
        assert reported["credentials_withheld"]["until"] == pytest.approx(failed_at + 300, abs=30)


async def test_a_refused_access_key_is_not_tried_again_and_locks_no_account() -> None:
    settings = {"access_key_id": "LTAI0123456789abcdef", "access_key_secret": "s3cr3tKey"}
    async with serving(Cloud(services=3)) as url:
        given = {"url": url, "interval": 0.1, **settings}
        async with exporting(target=given) as exporter:
            await exporter.until(is_down)
            await exporter.next_polls(2)
            shown = await read(exporter)
            assert "Not tried again until the credentials change" in shown
            assert "from being locked" not in shown
            (reported,) = (await status(exporter))["targets"]
            assert [poll["asked"] for poll in reported["polls"][:2]] == [True, False]


async def test_credentials_that_cannot_be_read_are_read_at_the_next_poll(tmp_path: Path) -> None:
    settings = {"account": "admin", "password_file": str(tmp_path / "missing")}
    async with (
        serving(Cloud(services=3)) as url,
        exporting(target=target(url, **settings)) as exporter,
    ):
        await exporter.until(is_down)
        (reported,) = (await status(exporter))["targets"]
        assert reported["credentials_withheld"] is None
        assert reported["polls"][0]["asked"] is False
        assert "Next poll" in await read(exporter)


@pytest.mark.parametrize(
    ("fault", "alert"),
    [
        (Fault.error("ID.1000"), "CredentialsRefused"),
        (Fault.error("SYS.1000", operation="QueryModelService"), "APIErrors"),
        (Fault.text(404, "no api mapping", operation="QueryModelService"), "Unsupported"),
    ],
    ids=["credentials", "api", "unsupported"],
)
async def test_each_reason_leads_to_its_runbook(fault: Fault, alert: str) -> None:
    cloud = Cloud(services=3, faults=[fault])
    async with serving(cloud) as url, exporting(target=target(url)) as exporter:
        await exporter.until(is_down)
        runbook = f"{PAGES}/docs/runbooks/ZStackAIOS{alert}.md"
        assert f'href="{runbook}"' in await exporter.text("/")
        assert (await status(exporter))["targets"][0]["error"]["runbook"] == runbook


async def test_a_list_that_fails_leads_to_its_own_runbook() -> None:
    cloud = Cloud(services=3)
    async with serving(cloud) as url, exporting(target=target(url)) as exporter:
        await exporter.until(is_up)
        cloud.faults.append(Fault.error("SYS.1000", operation="QueryModelCenter"))
        await exporter.until(
            lambda page: page.value("zstack_resource_up", resource="model_center") == 0
        )
        assert "/docs/runbooks/ZStackAIOSListFailing.md" in await exporter.text("/")


def test_every_runbook_that_the_page_names_exists() -> None:
    assert len(ALERTS) > 10
    for alert in ALERTS:
        assert (ROOT / "docs" / "runbooks" / f"{alert}.md").is_file()


async def test_the_exporter_shows_its_uptime_and_what_became_of_the_last_reload(
    tmp_path: Path,
) -> None:
    file = tmp_path / "exporter.yaml"
    async with serving(Cloud(services=3)) as url:
        good = (
            f"target: {{name: lab, url: '{url}', account: admin, password: password}}\n"
            "web: {listen_address: ['127.0.0.1:0'], enable_lifecycle: true}\n"
        )
        file.write_text(good)
        async with exporting_file(file) as exporter:
            await exporter.until(is_up)
            shown = await read(exporter)
            assert re.search(
                r"Exporter up for [\d.]+ m?s · configuration loaded \S+ m?s ago", shown
            )
            began = (await status(exporter))["exporter"]
            assert began["started_at"] <= began["files"]["config"]["last_success_at"]
            assert began["files"]["config"]["failed_at"] is None

            file.write_text(good + "nonsense: 1\n")
            assert (await exporter.reload())[0] == 500
            page = await exporter.text("/")
            assert "The configuration could not be reloaded" in page
            assert "/docs/runbooks/ZStackAIOSConfigReloadFailed.md" in page
            failed = (await status(exporter))["exporter"]["files"]["config"]
            assert failed["last_success_at"] == began["files"]["config"]["last_success_at"]
            assert failed["failed_at"] > failed["last_success_at"]

            file.write_text(good)
            assert (await exporter.reload())[0] == 200
            loaded = (await status(exporter))["exporter"]["files"]["config"]
            assert loaded["failed_at"] is None
            assert loaded["last_success_at"] > failed["failed_at"]


@pytest.mark.parametrize(
    ("credentials", "shown", "platform"),
    [
        (
            {"account": "exporter", "password": "password"},
            "account exporter",
            {"credentials": "account", "identity": "exporter"},
        ),
        (
            {"access_key_id": "LTAI0123456789abcdef", "access_key_secret": "s3cr3tKey"},
            "access key LTAI01…",
            {"credentials": "access_key", "identity": "LTAI01…"},
        ),
        (
            {"session_uuid": "0f1e2d3c4b5a69788796a5b4c3d2e1f0"},
            "a session opened elsewhere",
            {"credentials": "session", "identity": ""},
        ),
    ],
    ids=["account", "access key", "session"],
)
async def test_a_target_shows_which_platform_it_is_and_who_asks(
    credentials: dict[str, str], shown: str, platform: dict[str, str]
) -> None:
    async with serving(Cloud(services=3)) as url:
        settings = {"url": f"{url}/gate/zstack", "name": "beijing", "interval": 60, **credentials}
        async with exporting(target=settings) as exporter:
            await exporter.until(is_down)
            page = await exporter.text("/")
            assert "beijing failing" in text_of(page)
            assert f"{url} · {shown}" in text_of(page)
            document = await exporter.text("/api/v1/status")
            (reported,) = (await status(exporter))["targets"]
            assert (reported["name"], reported["platform"]) == (
                "beijing",
                {"address": url, **platform},
            )
            for name, secret in credentials.items():
                if name != "account" and secret != "password":
                    assert secret not in page + document
            assert f"{url}/" not in page + document


async def test_a_web_configuration_that_fails_is_shown(tmp_path: Path) -> None:
    web = tmp_path / "web.yml"
    web.write_text("{}")
    async with (
        serving(Cloud(services=3)) as url,
        exporting(
            target=target(url),
            web={**WEB, "config_file": str(web)},
        ) as exporter,
    ):
        await exporter.until(is_up)
        assert 'class="trouble' not in await exporter.text("/")
        web.write_text("nonsense: 1")
        await exporter.until(
            lambda page: page.value("zstack_exporter_web_config_last_reload_successful") == 0
        )
        page = await exporter.text("/")
        assert "The web configuration could not be reloaded" in page
        assert "/docs/runbooks/ZStackAIOSWebConfigReloadFailed.md" in page
        files = (await status(exporter))["exporter"]["files"]
        assert files["web_config"]["failed_at"] > files["web_config"]["last_success_at"]


def test_a_state_file_that_cannot_be_written_is_shown() -> None:
    for language, text in (
        ("en", "The state file could not be written"),
        ("zh", "写入状态文件失败"),
    ):
        loads = {"state": Loaded(at=1e9, failed_at=1e9 + 60)}
        page = status_page(Sources(loads=loads), PageQuery.from_request("", {"lang": language}))
        assert text in page
        assert "/docs/runbooks/ZStackAIOSStateNotWritten.md" in page
