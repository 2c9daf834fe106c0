"""A secret is nowhere to be seen, whatever goes wrong."""

import hashlib
from pathlib import Path

import aiohttp
import pytest

from exporter.settings import load
from exporter.simulator import AccessKey, Account, Cloud, Fault, serving
from exporter.zstack import AccessKey as Key
from exporter.zstack import Account as Who
from exporter.zstack import GivenSession

from .exporting import Samples
from .test_commands import page_of, run, started
from .test_daemon import FAULTS

PASSWORD = "correct-horse-battery-staple"
KEY_SECRET = "Zm9ydHktY2hhcmFjdGVycy1vZi1hY2Nlc3Mta2V5"
PAGES = ("/", "/?lang=zh", "/api/v1/status")
PATHS = ("/metrics", *PAGES, "/-/healthy", "/-/ready", "/probe?target=default")

LOGIN_FAULTS = {
    "wrong password": Fault.error("ID.1000", "wrong account name or password"),
    "locked": Fault.error("LOGIN_CONTROL.1002", "remaining time: 1 seconds"),
    "second factor": Fault.error("ID.2001", '{"authentications":["totp"]}'),
    "too many sessions": Fault.error("ID.1006"),
    "session expired": Fault.error("ID.1001", "Session expired"),
    "truncated": Fault.truncated(operation="LogInByAccount"),
    "hanging": Fault.hang(),
    "reset": Fault.reset(),
    "proxy page": Fault.html(502),
}


async def everything_shown(http: aiohttp.ClientSession, url: str) -> str:
    shown = []
    for path in PATHS:
        for accept in ("*/*", "application/openmetrics-text"):
            async with http.get(url + path, headers={"Accept": accept}) as response:
                shown.append(f"{response.headers}{await response.text()}")
    return "".join(shown)


@pytest.mark.parametrize("kind", ["account", "access key", "session"])
async def test_no_page_and_no_log_line_holds_a_secret(kind: str, tmp_path: Path) -> None:
    cloud = Cloud(services=3)
    cloud.accounts["admin"] = Account("admin", PASSWORD)
    cloud.access_keys["1234567890"] = AccessKey("1234567890", KEY_SECRET, "admin")
    secret = tmp_path / "secret"
    secrets = {PASSWORD, hashlib.sha512(PASSWORD.encode()).hexdigest(), KEY_SECRET}
    async with serving(cloud) as url:
        given = await credentials(kind, url, secret, secrets)
        flags = [
            *("--target.url", url, "--target.interval", "50ms", "--target.timeout", "300ms"),
            *("--web.listen-address", "127.0.0.1:0", "--log.level", "debug"),
        ]
        shown = ""
        async with started(*flags, **given) as (process, exporter), aiohttp.ClientSession() as http:
            for fault in (*(fault for fault, _, _ in FAULTS.values()), *LOGIN_FAULTS.values()):
                secrets |= set(cloud.sessions)
                if kind == "account":
                    cloud.sessions.clear()
                cloud.faults.append(fault)
                await polls_further(exporter)
                shown += await everything_shown(http, exporter)
                cloud.faults.clear()
                await renew(secret, exporter)
            shown += Path(f"/proc/{process.pid}/cmdline").read_text()
            process.terminate()
            _, err = await process.communicate()
    log = err.decode()
    assert "poll failed" in log
    assert "zstack_api_error{" in shown
    for hidden in secrets:
        assert hidden not in shown
        assert hidden not in log
    assert "Authorization" not in log


async def credentials(kind: str, url: str, secret: Path, secrets: set[str]) -> dict[str, str]:
    """The environment that gives these credentials; the secret is put into its file."""
    prefix = "ZSTACK_EXPORTER_TARGET__"
    if kind == "account":
        secret.write_text(PASSWORD)
        return {f"{prefix}ACCOUNT": "admin", f"{prefix}PASSWORD_FILE": str(secret)}
    if kind == "access key":
        secret.write_text(KEY_SECRET)
        return {
            f"{prefix}ACCESS_KEY_ID": "1234567890",
            f"{prefix}ACCESS_KEY_SECRET_FILE": str(secret),
        }
    digest = hashlib.sha512(PASSWORD.encode()).hexdigest()
    body = {"logInByAccount": {"accountName": "admin", "password": digest}}
    async with (
        aiohttp.ClientSession() as http,
        http.put(f"{url}/zstack/v1/accounts/login", json=body) as response,
    ):
        session = (await response.json(content_type=None))["inventory"]["uuid"]
    secrets.add(session)
    secret.write_text(session)
    return {f"{prefix}SESSION_UUID_FILE": str(secret)}


async def renew(secret: Path, exporter: str) -> None:
    """Change the secret and change it back, so that no refusal stands any more."""
    right = secret.read_text()
    secret.write_text("wrong")
    await polls_further(exporter)
    secret.write_text(right)


async def polls_further(exporter: str) -> None:
    def ended(page: Samples) -> float:
        return page.total("zstack_polls_total", outcome="success") + page.total(
            "zstack_polls_total", outcome="failure"
        )

    before = ended(await page_of(exporter))
    while ended(await page_of(exporter)) < before + 2:
        pass


def test_no_repr_holds_a_secret() -> None:
    settings = load(
        {
            "targets": {
                "a": {"url": "http://h", "account": "admin", "password": PASSWORD},
                "b": {"url": "http://h", "access_key_id": "i", "access_key_secret": KEY_SECRET},
                "c": {
                    "url": "http://h",
                    "session_uuid": PASSWORD,
                    "proxy": f"http://user:{PASSWORD}@proxy:1",
                },
            }
        },
        environ={},
    )
    values = (settings, Key("i", KEY_SECRET), Who("admin", PASSWORD), GivenSession(PASSWORD))
    for value in values:
        for text in (repr(value), str(value)):
            assert PASSWORD not in text
            assert KEY_SECRET not in text
    assert PASSWORD not in settings.model_dump_json()


async def test_a_secret_file_that_is_no_text_is_not_quoted(tmp_path: Path) -> None:
    secret = tmp_path / "secret"
    secret.write_bytes(PASSWORD.encode() + b"\xff")
    account = ("--target.account", "admin", "--target.password-file", str(secret))
    code, _, err = await run("once", "--target.url", "http://127.0.0.1:1", *account)
    assert code == 1
    assert f"{secret}: is not UTF-8 text" in err
    assert PASSWORD not in err
