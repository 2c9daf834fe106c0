"""What the check finds in files, before anything is asked."""

from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
import trustme

from exporter.simulator import Cloud, serving

from .trying import checking, checking_target


@pytest.fixture
def secret(tmp_path: Path) -> Path:
    file = tmp_path / "secret"
    file.write_text("password")
    file.chmod(0o600)
    return file


async def test_a_secret_that_others_can_read_is_a_warning(secret: Path) -> None:
    async with serving(Cloud(services=3)) as url:
        told = await checking_target(url, account="admin", password_file=str(secret))
        assert told.outcomes["secret"] == "pass"
        secret.chmod(0o644)
        told = await checking_target(url, account="admin", password_file=str(secret))
    assert told.ready
    assert told.outcomes["secret"] == "warn"
    assert told.steps["secret"]["mend"] == f"chmod o= {secret}"


@pytest.mark.parametrize(
    ("content", "found"),
    [(None, "No such file"), (b"", "is empty"), (b"\xff\xfe", "is not UTF-8")],
    ids=["missing", "empty", "no text"],
)
async def test_a_secret_that_cannot_be_read(
    content: bytes | None, found: str, tmp_path: Path
) -> None:
    file = tmp_path / "secret"
    if content is not None:
        file.write_bytes(content)
    told = await checking_target("http://127.0.0.1:1", account="admin", password_file=str(file))
    assert told.broken["step"] == "secret"
    assert str(file) in told.broken["found"]
    assert found in told.broken["found"]
    assert told.steps["the rest"]["found"] == "not tried, as secret failed"


async def test_a_configuration_with_a_secret_that_others_can_read_is_a_warning(
    tmp_path: Path,
) -> None:
    file = tmp_path / "exporter.yml"
    async with serving(Cloud(services=3)) as url:
        for secret, mode, outcome in (
            ("password: password", 0o644, "warn"),
            ("password: password", 0o640, "pass"),
            (f"password_file: {tmp_path / 'secret'}", 0o644, "pass"),
        ):
            (tmp_path / "secret").write_text("password")
            file.write_text(f"targets: {{lab: {{url: '{url}', account: admin, {secret}}}}}")
            file.chmod(mode)
            told = await checking(config={"file": str(file)})
            [step] = told.document["steps"]
            assert told.ready
            assert step["outcome"] == outcome
            assert step["mend"].startswith(f"chmod o= {file}" if outcome == "warn" else "")


async def test_a_key_of_ours_that_others_can_read_is_a_warning(tmp_path: Path) -> None:
    ours = tmp_path / "ours.pem"
    trustme.CA().issue_cert("exporter.example").private_key_and_cert_chain_pem.write_to_path(ours)
    async with serving(Cloud(services=3)) as url:
        for mode, outcome in ((0o644, "warn"), (0o600, "pass")):
            ours.chmod(mode)
            told = await checking_target(url, client_cert_file=str(ours))
            assert told.ready
            assert told.outcomes["certificates"] == outcome


async def test_white_space_around_a_secret_is_a_warning(secret: Path) -> None:
    secret.write_text("password ")
    async with serving(Cloud(services=3)) as url:
        told = await checking_target(url, account="admin", password_file=str(secret))
    assert told.outcomes["secret"] == "warn"
    assert told.broken["step"] == "login"


async def test_certificates_that_do_not_load(tmp_path: Path) -> None:
    file = tmp_path / "ca.pem"
    file.write_text("nothing")
    told = await checking_target(
        "https://127.0.0.1:1", account="admin", password="x", ca_file=str(file)
    )
    assert told.broken["step"] == "certificates"
    assert str(file) in told.broken["found"]


async def test_the_web_configuration_is_checked_too(tmp_path: Path) -> None:
    file = tmp_path / "web.yml"
    file.write_text("basic_auth_user: {}\n")
    async with serving(Cloud(services=3)) as url:
        target = {"url": url, "account": "admin", "password": "password"}
        told = await checking(target=target, web={"config_file": str(file)})
        assert not told.ready
        [fault] = [s for s in told.document["steps"] if s["step"] == "web configuration"]
        assert "basic_auth_user" in fault["found"]
        assert told.outcomes["list"] == "pass"

        file.write_text("basic_auth_user: {}\nrate_limt: {}\n")
        told = await checking(target=target, web={"config_file": str(file)})
        faults = [s for s in told.document["steps"] if s["outcome"] == "fail"]
        assert [fault["mend"] for fault in faults] == [
            "did you mean basic_auth_users?",
            "did you mean rate_limit?",
        ]

        file.write_text("basic_auth_users: {}\n")
        assert (await checking(target=target, web={"config_file": str(file)})).ready


@pytest.mark.parametrize(
    ("lasts", "outcome", "found", "mode"),
    [
        (timedelta(days=90), "pass", "in 90 days", 0o600),
        (timedelta(days=2), "warn", "in 2 days", 0o600),
        (timedelta(days=-2), "fail", "its certificate ended on", 0o600),
        (timedelta(days=90), "warn", "every user can read its key", 0o644),
    ],
    ids=["good", "ending", "ended", "a key for all"],
)
async def test_the_certificate_and_the_key_of_the_exporter(
    lasts: timedelta, outcome: str, found: str, mode: int, tmp_path: Path
) -> None:
    end = datetime.now(UTC) + lasts + timedelta(hours=1)
    issued = trustme.CA().issue_cert(
        "exporter.example", not_before=end - timedelta(days=365), not_after=end
    )
    issued.cert_chain_pems[0].write_to_path(tmp_path / "c.pem")
    issued.private_key_pem.write_to_path(tmp_path / "k.pem")
    (tmp_path / "k.pem").chmod(mode)
    file = tmp_path / "web.yml"
    file.write_text("tls_server_config: {cert_file: c.pem, key_file: k.pem}\n")
    async with serving(Cloud(services=3)) as url:
        target = {"url": url, "account": "admin", "password": "password"}
        told = await checking(target=target, web={"config_file": str(file)})
    assert told.ready is (outcome != "fail")
    step = told.document["steps"][-1]
    assert (step["step"], step["outcome"]) == ("web configuration", outcome)
    assert found in step["found"]
