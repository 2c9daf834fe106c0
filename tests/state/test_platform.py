"""What is shown of a target's settings: which platform it is, and who asks it."""

import pytest

from exporter.settings import load
from exporter.state.platform import Platform

SESSION = {"session_uuid": "0f1e2d3c4b5a69788796a5b4c3d2e1f0"}


def platform(**given: str) -> Platform:
    target = load({"target": given}, {}).named_targets["default"]
    return Platform.of(target.url, target.credentials.kind, target.credentials.identity)


@pytest.mark.parametrize(
    ("url", "address"),
    [
        ("http://10.0.0.5:8080", "http://10.0.0.5:8080"),
        ("https://[2001:db8::5]:8443/a/zstack/v1", "https://[2001:db8::5]:8443"),
        ("https://zstack.example.com", "https://zstack.example.com"),
    ],
)
def test_the_address_is_scheme_host_and_port(url: str, address: str) -> None:
    assert platform(url=url, **SESSION).address == address


@pytest.mark.parametrize(
    ("key_id", "identity"), [("LTAI0123456789abcdef", "LTAI01…"), ("abc", "a…"), ("a", "…")]
)
def test_of_an_access_key_only_the_beginning_of_its_id_is_shown(key_id: str, identity: str) -> None:
    shown = platform(url="http://a", access_key_id=key_id, access_key_secret="secret")
    assert (shown.credentials, shown.identity) == ("access_key", identity)


def test_an_account_is_shown_by_name_and_a_session_by_nothing() -> None:
    account = platform(url="http://a", account="ops\tteam", password="secret")
    assert (account.credentials, account.identity) == (
        "account",
        "ops\N{REPLACEMENT CHARACTER}team",
    )
    session = platform(url="http://a", **SESSION)
    assert (session.credentials, session.identity) == ("session", "")
    assert "secret" not in repr(account)
    assert SESSION["session_uuid"] not in repr(session)
