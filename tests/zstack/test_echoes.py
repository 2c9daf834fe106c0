"""A platform or a proxy that echoes a request leaks no secret through the errors it makes."""

import hashlib
import json
import logging

import pytest

from exporter.zstack import (
    MODEL_SERVICES,
    AccessKey,
    Account,
    GivenSession,
    SessionAuth,
    ZStackError,
)
from tests.support.client_fixture import (
    ClientFixture,
    MakeAuth,
    Secret,
    as_they_are,
    by_account,
    by_key,
    client_at,
    error_texts,
    reply,
    replying,
)
from tests.support.echoing import (
    LIST,
    LOG_IN,
    OPERATIONS,
    SESSION,
    SHAPES,
    Platform,
    echoing,
    shown_parts,
)

PASSWORD = "c0rrect/horse=battery+staple"
KEY_SECRET = "k3y-secret/that+signs=="
GIVEN = "5e551015e551015f551016e551015e55"

WAYS: dict[str, MakeAuth] = {
    "account": by_account(Secret(Account("admin", PASSWORD))),
    "access key": by_key(AccessKey("1234567890abcdedfhij", KEY_SECRET)),
    "session": lambda _transport: SessionAuth(Secret(GivenSession(GIVEN))),
}
SECRETS = (PASSWORD, hashlib.sha512(PASSWORD.encode()).hexdigest(), KEY_SECRET, GIVEN)


async def everything_met(fixture: ClientFixture) -> str:
    """All texts of each operation, those of rows that do not decode included."""
    texts: list[str] = []
    for ask in (
        lambda: fixture.client.list(MODEL_SERVICES, as_they_are),
        fixture.client.time_zone,
        fixture.client.close,
    ):
        try:
            answer = await ask()
            texts += [repr(row) for row in getattr(answer, "undecodable", ())]
        except ZStackError as error:
            texts.append(error_texts(error))
    for exchange in fixture.exchanges:
        texts += [repr(exchange), error_texts(exchange.error) if exchange.error else ""]
    return "\n".join(texts)


def assert_nothing_of(platform: Platform, text: str) -> None:
    for secret in (*SECRETS, *platform.proofs):
        assert shown_parts(secret, text) == set()


@pytest.mark.small_sample
@pytest.mark.parametrize("shape", SHAPES)
@pytest.mark.parametrize("way", WAYS)
@pytest.mark.parametrize("operation", OPERATIONS)
async def test_echo_shows_no_part_of_a_secret(
    operation: str, way: str, shape: str, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    async with (
        echoing(operation, SHAPES[shape]) as platform,
        client_at(platform.url, WAYS[way]) as fixture,
    ):
        text = await everything_met(fixture)
    assert platform.proofs
    assert_nothing_of(platform, text + caplog.text)


@pytest.mark.small_sample(15)
@pytest.mark.parametrize("shape", SHAPES)
async def test_proxy_that_echoes_shows_no_part_of_its_password(
    shape: str, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    password = "pr0xy%2Fpa%3Dss%2Bword"
    async with echoing(LIST, SHAPES[shape]) as platform:
        proxy = platform.url.replace("//", f"//user:{password}@")
        async with client_at("http://platform.invalid", WAYS["session"], proxy=proxy) as fixture:
            text = await everything_met(fixture) + caplog.text
    assert any(len(proof) > 30 for proof in platform.proofs)
    assert_nothing_of(platform, text)
    for form in (password, "pr0xy/pa=ss+word"):
        assert shown_parts(form, text) == set()


@pytest.mark.small_sample(15)
@pytest.mark.parametrize("shape", SHAPES)
async def test_proxy_that_refuses_a_tunnel_with_an_echo_shows_no_part_of_its_password(
    shape: str,
) -> None:
    async with echoing(LIST, SHAPES[shape]) as platform:
        proxy = platform.url.replace("//", "//user:pr0xy-pass-word@")
        async with client_at("https://platform.invalid", WAYS["session"], proxy=proxy) as fixture:
            text = await everything_met(fixture)
    assert_nothing_of(platform, text)
    assert shown_parts("pr0xy-pass-word", text) == set()


async def test_what_a_platform_explains_beside_the_echo_is_still_there() -> None:
    async with (
        echoing(LIST, SHAPES["details"]) as platform,
        client_at(platform.url, WAYS["session"]) as fixture,
    ):
        error = await fixture.failure()
    assert str(error).startswith("SYS.1007: unable to parse GET /zstack/v1/ai/model-services?")
    assert error.code == "SYS.1007"


async def test_code_that_echoes_is_masked_as_a_label_is() -> None:
    async with (
        echoing(LOG_IN, SHAPES["end of the code"]) as platform,
        client_at(platform.url, WAYS["account"]) as fixture,
    ):
        error = await fixture.failure()
    digest = hashlib.sha512(PASSWORD.encode()).hexdigest()
    assert digest in platform.proofs
    assert "***" in error.code
    assert fixture.exchanges[-1].error is error


async def test_session_of_an_earlier_login_is_still_a_secret() -> None:
    async with echoing() as platform, client_at(platform.url, WAYS["account"]) as fixture:
        await fixture.services()
        await fixture.client.close()
        platform.operation = LIST
        platform.shape = lambda _echo: SHAPES["text 500"]("the last one was " + SESSION)
        error = await fixture.failure()
    assert "the last one was ***" in str(error)


async def test_a_row_without_a_readable_uuid_is_described_without_its_content() -> None:
    rows = [{"uuid": [GIVEN], "name": GIVEN}, {"uuid": "good", "version": {GIVEN: GIVEN}}]
    body = json.dumps({"inventories": rows, "total": 2}).encode()
    async with replying(reply(body)) as server, client_at(server.url, WAYS["session"]) as fixture:
        [row] = (await fixture.services()).undecodable
    assert shown_parts(GIVEN, repr(row)) == set()
