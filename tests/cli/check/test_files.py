"""What the check finds in files, before anything is asked."""

from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
import trustme

from exporter.polling.state_document import TargetState, encode
from exporter.simulator import Cloud, serving
from tests.support.checking import CheckResult, checking, checking_target


@pytest.fixture
def secret(tmp_path: Path) -> Path:
    file = tmp_path / "secret"
    file.write_text("password")
    file.chmod(0o600)
    return file


async def test_a_secret_that_others_can_read_is_a_warning(secret: Path) -> None:
    async with serving(Cloud(services=3)) as url:
        checked = await checking_target(url, account="admin", password_file=str(secret))
        assert checked.outcomes["secret"] == "pass"
        secret.chmod(0o644)
        checked = await checking_target(url, account="admin", password_file=str(secret))
    assert checked.ready
    assert checked.outcomes["secret"] == "warn"
    assert checked.steps["secret"]["fix"] == f"chmod o= {secret}"


@pytest.mark.parametrize(
    ("content", "found"),
    [(None, "no such file"), (b"", "is empty"), (b"\xff\xfe", "is not UTF-8")],
    ids=["missing", "empty", "no text"],
)
async def test_a_secret_that_cannot_be_read(
    content: bytes | None, found: str, tmp_path: Path
) -> None:
    file = tmp_path / "secret"
    if content is not None:
        file.write_bytes(content)
    checked = await checking_target("http://127.0.0.1:1", account="admin", password_file=str(file))
    assert checked.failure["step"] == "secret"
    assert str(file) in checked.failure["found"]
    assert found in checked.failure["found"]
    assert checked.steps["the rest"]["found"] == "not tried, as secret failed"


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
            checked = await checking(config={"file": str(file)})
            [step] = checked.document["steps"]
            assert checked.ready
            assert step["outcome"] == outcome
            assert step["fix"].startswith(f"chmod o= {file}" if outcome == "warn" else "")


async def test_a_key_of_ours_that_others_can_read_is_a_warning(tmp_path: Path) -> None:
    ours = tmp_path / "ours.pem"
    trustme.CA().issue_cert("exporter.example").private_key_and_cert_chain_pem.write_to_path(ours)
    async with serving(Cloud(services=3)) as url:
        for mode, outcome in ((0o644, "warn"), (0o600, "pass")):
            ours.chmod(mode)
            checked = await checking_target(url, client_cert_file=str(ours))
            assert checked.ready
            assert checked.outcomes["certificates"] == outcome


async def test_white_space_around_a_secret_is_a_warning(secret: Path) -> None:
    secret.write_text("password ")
    async with serving(Cloud(services=3)) as url:
        checked = await checking_target(url, account="admin", password_file=str(secret))
    assert checked.outcomes["secret"] == "warn"
    assert checked.failure["step"] == "login"


async def test_certificates_that_do_not_load(tmp_path: Path) -> None:
    file = tmp_path / "ca.pem"
    file.write_text("nothing")
    checked = await checking_target(
        "https://127.0.0.1:1", account="admin", password="x", ca_file=str(file)
    )
    assert checked.failure["step"] == "certificates"
    assert str(file) in checked.failure["found"]


async def test_the_web_configuration_is_checked_too(tmp_path: Path) -> None:
    file = tmp_path / "web.yml"
    file.write_text("basic_auth_user: {}\n")
    async with serving(Cloud(services=3)) as url:
        target = {"url": url, "account": "admin", "password": "password"}
        checked = await checking(target=target, web={"config_file": str(file)})
        assert not checked.ready
        [fault] = [s for s in checked.document["steps"] if s["step"] == "web configuration"]
        assert "basic_auth_user" in fault["found"]
        assert checked.outcomes["list"] == "pass"

        file.write_text("basic_auth_user: {}\nrate_limt: {}\n")
        checked = await checking(target=target, web={"config_file": str(file)})
        faults = [s for s in checked.document["steps"] if s["outcome"] == "fail"]
        assert [fault["fix"] for fault in faults] == [
            "did you mean basic_auth_users?",
            "did you mean rate_limit?",
        ]

        file.write_text("basic_auth_users: {}\n")
        assert (await checking(target=target, web={"config_file": str(file)})).ready


async def test_the_state_file_is_checked_too(tmp_path: Path) -> None:
    file = tmp_path / "state.json"

    def step(checked: CheckResult) -> dict[str, str]:
        steps: list[dict[str, str]] = checked.document["steps"]
        return next(each for each in steps if each["step"] == "state file")

    async with serving(Cloud(services=3)) as url:
        given = {"target": {"url": url, "account": "admin", "password": "password"}}
        checked = await checking(**given, state={"file": str(file)})
        assert step(checked)["found"] == f"{file}: since when 0 new versions are pending"
        states = {"default": TargetState(url, {"a": 1.0, "b": 2.0})}
        file.write_bytes(encode(states))
        checked = await checking(**given, state={"file": str(file)})
        assert step(checked)["found"] == f"{file}: since when 2 new versions are pending"
        assert checked.ready
        file.write_text("broken")
        checked = await checking(**given, state={"file": str(file)})
        assert step(checked)["outcome"] == "fail"
        assert not checked.ready
    assert file.read_text() == "broken"


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
        checked = await checking(target=target, web={"config_file": str(file)})
    assert checked.ready is (outcome != "fail")
    step = checked.document["steps"][-1]
    assert (step["step"], step["outcome"]) == ("web configuration", outcome)
    assert found in step["found"]


async def test_each_targets_file_is_named_and_its_good_targets_are_checked(tmp_path: Path) -> None:
    globs = [f"{tmp_path}/*.yaml", f"{tmp_path}/*.yml"]
    async with serving(Cloud(services=3)) as url:
        good = f"{{url: '{url}', account: admin, password_file: '{tmp_path}/secret'}}"
        (tmp_path / "secret").write_text("password")
        (tmp_path / "secret").chmod(0o600)
        (tmp_path / "a.yaml").write_text(f"one: {good}\ntwo: {good}\n")
        checked = await checking(targets_files=globs[:1])
        [_, finding] = checked.document["steps"]
        assert checked.ready
        assert (finding["outcome"], finding["step"]) == ("pass", "targets files")
        assert finding["found"] == f"{tmp_path}/a.yaml: 2 targets"

        (tmp_path / "b.yaml").write_text(f"one: {good}\n")
        (tmp_path / "c.yaml").write_text("three: {url: 'http://127.0.0.1:1', session_uuid: s}\n")
        checked = await checking(targets_files=globs)
    assert not checked.ready
    found = {step["found"]: step["outcome"] for step in checked.document["steps"][1:]}
    assert found == {
        f"no file matches {tmp_path}/*.yml": "warn",
        f"{tmp_path}/a.yaml: 2 targets": "pass",
        f"one (in {tmp_path}/b.yaml, line 1): is also in {tmp_path}/a.yaml": "fail",
        f"{tmp_path}/c.yaml: holds a secret, and every user can read it": "warn",
    }
    assert [each["target"] for each in checked.document["targets"]] == ["one", "two", "three"]


async def test_globs_that_no_file_matches_leave_nothing_to_poll(tmp_path: Path) -> None:
    checked = await checking(targets_files=[f"{tmp_path}/*.yaml"])
    assert [step["outcome"] for step in checked.document["steps"][1:]] == ["warn", "fail"]
    assert not checked.ready
