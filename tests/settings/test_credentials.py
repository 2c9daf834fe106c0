"""Credentials and certificates of a target, and which of them fit together."""

from pathlib import Path

import pytest

from exporter.settings import load
from tests.settings.loading import CANARY, E, complaint, complaint_of_target, target


def test_every_kind_of_credentials_is_accepted() -> None:
    def credentials(**given: str) -> tuple[str, str | None, bool, Path | None]:
        flags = {"target": {"url": "http://a", **given}}
        found = load(flags, {}).named_targets["default"].credentials
        return found.kind, found.identity, found.secret is not None, found.secret_file

    assert credentials(access_key_id="i", access_key_secret="s") == ("access_key", "i", True, None)
    assert credentials(account="a", password_file="/p") == ("account", "a", False, Path("/p"))
    assert credentials(session_uuid="s") == ("session", None, True, None)


@pytest.mark.parametrize(
    ("given", "expected"),
    [
        (
            {},
            "target: has no credentials; set access_key_id and access_key_secret_file, or account",
        ),
        (
            {"account": "a"},
            "target.password_file: is missing: account is given, but neither password_file",
        ),
        (
            {"access_key_secret": CANARY},
            "target.access_key_id: is missing: access_key_secret is given without it; ",
        ),
        (
            {"account": "a", "password": CANARY, "password_file": "/p"},
            "target.password: is given twice, as password and as password_file; keep one of them",
        ),
        (
            {"session_uuid": CANARY, "session_uuid_file": "/p"},
            "target.session_uuid: is given twice",
        ),
        (
            {"account": "a", "access_key_id": "i", "session_uuid": CANARY},
            "target: has credentials of several kinds: access_key_id and account and session_uuid",
        ),
    ],
)
def test_credentials_that_do_not_fit_together_are_reported(
    given: dict[str, str], expected: str
) -> None:
    reported = complaint({"target": {"url": "http://a", **given}})
    assert reported.startswith(expected)
    assert CANARY not in reported


def test_what_is_missing_is_reported_with_each_way_to_set_it() -> None:
    reported = complaint({"target": {"url": "http://a", "account": "a"}})
    assert reported.endswith(
        f"set --target.password-file or {E}TARGET__PASSWORD_FILE or target.password_file "
        "in the file"
    )


def test_a_client_key_needs_its_certificate() -> None:
    assert target(client_cert_file="c", client_key_file="k").client_key_file == Path("k")
    assert target(client_cert_file="c").client_key_file is None
    reported = complaint_of_target(client_key_file="k")
    assert reported.startswith(
        "target.client_cert_file: is missing: client_key_file is given without"
    )


def test_to_verify_with_an_authority_and_not_to_verify_contradict_each_other() -> None:
    assert target(insecure_skip_verify=True).insecure_skip_verify
    reported = complaint_of_target(insecure_skip_verify=True, ca_file="/ca")
    assert "insecure_skip_verify contradicts ca_file; remove" in reported


@pytest.mark.parametrize("name", ["account", "password"])
def test_empty_credentials_are_refused(name: str) -> None:
    given = {"url": "http://a", "account": "a", "password": "p", name: " "}
    assert f"target.{name}" in complaint({"target": given})
    assert "is empty" in complaint({"target": given})
