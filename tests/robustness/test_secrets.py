"""A secret is nowhere to be seen, whatever goes wrong."""

import asyncio
import hashlib
from collections.abc import Sequence
from functools import partial
from itertools import product
from pathlib import Path

import aiohttp
import pytest

from exporter.settings import load
from exporter.simulator import AccessKey, Account, Cloud, Fault, serving
from exporter.zstack import AccessKey as Key
from exporter.zstack import Account as Who
from exporter.zstack import GivenSession
from tests.support.checking import checking
from tests.support.commands import page_of, run, started
from tests.support.echoing import LIST, OPERATIONS, SETTLED, SHAPES, Platform, echoing, shown_parts
from tests.support.exporting import Samples, until_seen
from tests.support.poll_failures import FAULTS
from tests.support.sample import IS_SMALL

PASSWORD = "correct-horse-battery-staple"
KEY_SECRET = "Zm9ydHktY2hhcmFjdGVycy1vZi1hY2Nlc3Mta2V5"
PAGES = ("/", "/?lang=zh", "/api/v1/status")
PROBES = ("/-/healthy", "/-/ready", "/probe?target=default", "/sd/targets", "/sd/endpoints")
PATHS = ("/metrics", *PAGES, *PROBES)

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


KINDS = ("account", "access key", "session")


def faults(kind: str) -> Sequence[Fault]:
    """Every fault, or in the small sample each with one kind of credentials."""
    every = (*(fault for fault, _, _ in FAULTS.values()), *LOGIN_FAULTS.values())
    return every[KINDS.index(kind) :: len(KINDS)] if IS_SMALL else every


@pytest.mark.parametrize("kind", KINDS)
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
            for fault in faults(kind):
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


CODE = "each word a code"
ECHOED = {
    "account": PASSWORD,
    "access key": KEY_SECRET,
    "session": "5e551015e551015f551016e5510155",
}


def echo_flags(kind: str, platform: Platform, folder: Path) -> list[str]:
    """A target with this kind of credentials, which is its own proxy, with a password."""
    secret, config = folder / "secret", folder / "config.yaml"
    secret.write_text(ECHOED[kind])
    given = {
        "account": f"account: admin, password_file: {secret}",
        "access key": f"access_key_id: '1234567890', access_key_secret_file: {secret}",
        "session": f"session_uuid_file: {secret}",
    }[kind]
    proxy = platform.url.replace("//", "//user:pr0xy-pass%2Fword@")
    config.write_text(f"target: {{url: 'http://platform.invalid', proxy: '{proxy}', {given}}}")
    return ["--config.file", str(config)]


def assert_no_part(kind: str, platform: Platform, shown: str) -> None:
    digest = hashlib.sha512(PASSWORD.encode()).hexdigest()
    for hidden in {ECHOED[kind], digest, "pr0xy-pass/word", *platform.proofs}:
        assert shown_parts(hidden, shown) == set()


@pytest.mark.small_sample(1)
@pytest.mark.parametrize("kind", ECHOED)
async def test_platform_that_echoes_puts_no_part_of_a_secret_on_a_page_or_in_the_log(
    kind: str, tmp_path: Path
) -> None:
    async with echoing() as platform:
        flags = [
            *echo_flags(kind, platform, tmp_path),
            *("--target.interval", "30ms", "--target.timeout", "5s", "--log.level", "debug"),
            *("--web.listen-address", "127.0.0.1:0"),
        ]
        shown = ""
        async with started(*flags) as (process, exporter), aiohttp.ClientSession() as http:
            assert process.stderr is not None
            reading = asyncio.create_task(process.stderr.read())
            for platform.operation, shape in (
                *product([LIST], SETTLED),
                *product(OPERATIONS, [CODE]),
            ):
                platform.shape = SHAPES[shape]
                await polls_further(exporter)
                shown += await everything_shown(http, exporter)
            process.terminate()
            log = (await reading).decode()
    assert "poll failed" in log
    assert "***" in shown
    assert_no_part(kind, platform, shown + log)


@pytest.mark.small_sample(1)
@pytest.mark.parametrize("kind", ECHOED)
async def test_no_command_prints_a_part_of_a_secret_that_is_echoed(
    kind: str, tmp_path: Path
) -> None:
    async with echoing(LIST, SHAPES["details"]) as platform:
        flags = [*echo_flags(kind, platform, tmp_path), "--log.level", "debug"]
        commands = (("check",), ("check", "--json"), ("once",))
        ended = await asyncio.gather(*(run(*command, *flags) for command in commands))
    shown = "".join(f"{out}{err}" for _, out, err in ended)
    assert [code for code, _, _ in ended] == [1, 1, 1]
    assert shown.count("***") >= len(commands)
    assert_no_part(kind, platform, shown)


@pytest.mark.small_sample(3)
@pytest.mark.parametrize("kind", ECHOED)
@pytest.mark.parametrize("operation", OPERATIONS)
async def test_check_shows_no_part_of_a_secret_that_is_echoed(
    operation: str, kind: str, tmp_path: Path
) -> None:
    async with echoing(operation) as platform:
        file = {"config": {"file": echo_flags(kind, platform, tmp_path)[-1]}}
        for shape in SETTLED:
            platform.shape = SHAPES[shape]
            assert_no_part(kind, platform, str(await checking(**file)))


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
    await until_seen(partial(page_of, exporter), lambda page: ended(page) >= before + 2)


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
