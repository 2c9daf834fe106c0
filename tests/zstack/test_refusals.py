"""What each failed answer of ZStack means: class, reason, code, and whether to try again."""

import json
from typing import Any

import pytest

from exporter.simulator import PROFILES, Cloud, Fault, Profile
from exporter.zstack import LOG_IN
from exporter.zstack import QUERY_MODEL_SERVICE as OPERATION
from exporter.zstack.errors import (
    ClockSkewError,
    DeniedError,
    ExchangeError,
    LockedError,
    MalformedError,
    NotReadyError,
    RateLimitedError,
    RejectedError,
    SessionError,
    Symptom,
    UnauthorizedError,
    UnreachableError,
    UnsupportedError,
)
from exporter.zstack.refusals import LOCK_SECONDS, refusal
from tests.support.client_fixture import QUERY, client_at, client_for, reply, replying, send

Kind = type[ExchangeError]

# (code, details): class
CODES: dict[tuple[str, str | None], Kind] = {
    ("SYS.1000", "ModelServiceVO not having field[foo]"): RejectedError,
    ("SYS.1001", None): NotReadyError,
    ("SYS.1002", None): RejectedError,
    ("SYS.1003", None): RejectedError,
    ("SYS.1004", None): RejectedError,
    ("SYS.1005", None): RejectedError,
    ("SYS.1006", None): RejectedError,
    ("SYS.1006", "operation[API:org.zstack.ai.APIQuery] is denied by default"): DeniedError,
    ("SYS.1007", "field[accountName] is mandatory"): RejectedError,
    ("SYS.1008", None): RejectedError,
    ("SYS.1009", None): NotReadyError,
    ("SYS.1010", "management node is not ready"): NotReadyError,
    ("SYS.1011", None): NotReadyError,
    ("SYS.1012", None): NotReadyError,
    ("SYS.1013", None): RejectedError,
    ("SYS.1014", None): RejectedError,
    ("SYS.1015", None): NotReadyError,
    ("SYS.1016", None): NotReadyError,
    ("SYS.1017", None): RejectedError,
    ("ID.1000", "wrong account name or password"): UnauthorizedError,
    ("ID.1001", "Session expired"): SessionError,
    ("ID.1001", "会话已过期"): SessionError,
    ("ID.1002", None): DeniedError,
    ("ID.1003", None): RejectedError,
    ("ID.1004", None): RejectedError,
    ("ID.1005", None): UnauthorizedError,
    ("ID.1006", None): RejectedError,
    ("ID.2000", None): UnauthorizedError,
    ("ID.2001", '{"authentications":["TwoFactor"]}'): UnauthorizedError,
    ("ID.2002", None): UnauthorizedError,
    ("ID.2003", None): UnauthorizedError,
    ("LOGIN_CONTROL.1000", None): UnauthorizedError,
    ("LOGIN_CONTROL.1001", None): UnauthorizedError,
    ("LOGIN_CONTROL.1002", "remaining time: 42 seconds"): LockedError,
    ("LOGIN_CONTROL.1003", None): UnauthorizedError,
    ("LOGIN_CONTROL.1004", "not from 10.0.0.5"): LockedError,
    ("LOGIN_CONTROL.1005", None): UnauthorizedError,
    ("LICENSE.1000", "license expired"): DeniedError,
    ("LICENSE.1008", None): DeniedError,
    ("OPERATION_DENIED", None): DeniedError,
    ("PORTAL.1000", None): RejectedError,
    ("SEARCH.1000", None): RejectedError,
    ("LONG_JOB.1003", None): RejectedError,
    ("QUOTA.1000", None): RejectedError,
}

# (status, text): class
TEXTS: dict[tuple[int, str], Kind] = {
    (400, "missing header 'Authorization'"): RejectedError,
    (400, "Authorization type must be 'OAuth'"): RejectedError,
    (400, "accessKey format is 'ZStack AccessKeyId:Signature'"): RejectedError,
    (400, "'Date' must be incuded in request header"): RejectedError,
    (
        400,
        "'Date' format error, correct format is 'EEE, dd MMM yyyy HH:mm:ss z'",
    ): RejectedError,
    (400, "unable to find RestAuthenticationBackend[provider type: accessKey]"): RejectedError,
    (400, "Invalid query parameter. 'limit' must be an integer"): RejectedError,
    (
        400,
        "Invalid query parameter. The 'x' in the parameter[q] doesn't contain any query operator.",
    ): RejectedError,
    (400, "the body doesn't contain action mapping to the URL[/v1/accounts/login]"): RejectedError,
    (403, "requestTimeTooSkewed"): ClockSkewError,
    (403, "access key id: 1234567890 does not existed or disabled"): UnauthorizedError,
    (403, "wrong accessKey signature"): UnauthorizedError,
    (403, "the address 10.0.0.1 is not in the white list"): DeniedError,
    (404, "no api mapping to /v1/ai/model-services"): UnsupportedError,
    (404, "the job has been expired"): RejectedError,
    (405, "The method[HEAD] is not allowed for the path[/v1/ai/model-services]"): RejectedError,
    (407, "who are you"): UnreachableError,
    (429, "Rate limit exceeded"): RateLimitedError,
    (429, ""): RateLimitedError,
    (500, "No query API found for the path[/v1/ai/model-services]"): NotReadyError,
    (500, "java.lang.NullPointerException"): NotReadyError,
    (500, ""): NotReadyError,
    (502, "Bad Gateway"): NotReadyError,
    (503, ""): NotReadyError,
    (504, "upstream request timeout"): NotReadyError,
    (204, ""): RejectedError,
    (401, ""): RejectedError,
    (413, ""): RejectedError,
}

PAGES = (
    "<html><head><title>502</title></head></html>",
    "  \r\n<!DOCTYPE html>\n<html/>",
    "\ufeff<html/>",
)

TRANSIENT = {UnreachableError, RateLimitedError, NotReadyError, MalformedError}


@pytest.mark.small_sample(50)
@pytest.mark.parametrize("profile", PROFILES)
@pytest.mark.parametrize(("code", "details"), CODES)
async def test_code_decides_what_a_503_means(
    code: str, details: str | None, profile: Profile
) -> None:
    cloud = Cloud(services=1, profile=profile, faults=[Fault.error(code, details, operation=QUERY)])
    async with client_for(cloud) as fixture:
        error = await fixture.failure()

    expected = CODES[code, details]
    assert type(error) is expected
    assert error.reason == expected.reason
    assert error.code == code
    assert error.transient is (expected in TRANSIENT)
    assert str(error).startswith(f"{code}: ")
    assert not details or details in str(error)
    assert error.operation.name == QUERY


@pytest.mark.parametrize(("status", "text"), TEXTS)
async def test_status_and_words_decide_where_there_is_no_code(status: int, text: str) -> None:
    cloud = Cloud(services=1, faults=[Fault.text(status, text, operation=QUERY)])
    async with client_for(cloud) as fixture:
        error = await fixture.failure()

    expected = TEXTS[status, text]
    assert type(error) is expected
    assert error.code == ""
    assert error.transient is (expected in TRANSIENT)
    assert f"HTTP {status}" in str(error)


@pytest.mark.parametrize("status", [403, 404, 500, 502, 503])
@pytest.mark.parametrize("text", PAGES)
async def test_html_page_is_malformed(status: int, text: str) -> None:
    cloud = Cloud(services=1, faults=[Fault.text(status, text)])
    async with client_for(cloud) as fixture:
        error = await fixture.failure()

    assert type(error) is MalformedError
    assert "<" not in str(error)


def refused(error: object, *, status: int = 503, **members: object) -> ExchangeError:
    """The meaning of an answer with this `error`, and these beside it."""
    body = json.dumps({"error": error, **members}, ensure_ascii=False)
    return refusal(OPERATION, status, body.encode("utf-8", "surrogatepass"))


@pytest.mark.parametrize(
    "number",
    ["10006", "10007", "10020"],
)
def test_global_code_alone_means_an_ended_session(number: str) -> None:
    code = f"ORG_ZSTACK_IDENTITY_{number}"
    for error in (
        {"globalErrorCode": code},
        {"code": code},
        {"code": "X", "globalErrorCode": code},
    ):
        refusal = refused(error)
        assert type(refusal) is SessionError
        assert refusal.code in {code, "X"}


def test_unknown_global_code_is_kept() -> None:
    error = refused({"globalErrorCode": "ORG_ZSTACK_AI_10120", "message": "no such center"})
    assert type(error) is RejectedError
    assert error.code == "ORG_ZSTACK_AI_10120"
    assert str(error) == "ORG_ZSTACK_AI_10120: no such center"


@pytest.mark.parametrize(
    ("code", "expected"), [("ID.1001", SessionError), ("LICENSE.1000", DeniedError)]
)
def test_code_of_a_cause_decides_where_the_outer_one_is_general(code: str, expected: Kind) -> None:
    cause: dict[str, Any] = {"code": code, "details": "the true reason"}
    error = refused({"code": "SYS.1000", "cause": {"code": "SYS.1006", "cause": cause}})
    assert type(error) is expected
    assert str(error) == f"{code}: the true reason"


def test_outer_code_decides_before_that_of_its_cause() -> None:
    error = refused({"code": "ID.1002", "cause": {"code": "SYS.1010"}})
    assert type(error) is DeniedError


def test_code_is_read_without_the_error_around_it() -> None:
    error = refusal(OPERATION, 403, b'{"code":"LOGIN_CONTROL.1004","details":"not from there"}')
    assert isinstance(error, LockedError)
    assert error.seconds == LOCK_SECONDS
    assert (error.code, str(error)) == ("LOGIN_CONTROL.1004", "LOGIN_CONTROL.1004: not from there")


def test_no_answer_locks_the_exporter_out_for_more_than_a_day() -> None:
    locked = {"code": "LOGIN_CONTROL.1002", "details": f"remaining time: {'9' * 400} seconds"}
    error = refused(locked)
    assert isinstance(error, LockedError)
    assert error.seconds == 86_400


@pytest.mark.parametrize("body", [b"", b"Unauthorized", b'{"code":401}', b"<html>401</html>"])
def test_401_is_of_something_before_the_platform(body: bytes) -> None:
    for elsewhere in (None, Symptom.OTHER_PORT):
        error = refusal(OPERATION, 401, body, elsewhere=elsewhere)
        assert error.symptom is Symptom.OTHER_LOGIN


@pytest.mark.parametrize(
    ("status", "text", "symptom"),
    [
        (
            *(400, b"unable to find RestAuthenticationBackend[provider type: accessKey]"),
            Symptom.NO_ACCESS_KEYS,
        ),
        (
            *(400, b"Invalid query parameter. The 'x' in the parameter[q] doesn't contain any"),
            Symptom.BAD_CONDITION,
        ),
        (400, b"Invalid query parameter. 'limit' must be an integer", None),
        (403, b"the address 10.0.0.1 is not in the white list", Symptom.ADDRESS_REFUSED),
        (403, b"requestTimeTooSkewed", None),
        (403, b"wrong accessKey signature", None),
    ],
)
def test_texts_about_settings_have_hints_of_their_own(
    status: int, text: bytes, symptom: Symptom | None
) -> None:
    assert refusal(OPERATION, status, text).symptom is symptom


def test_newest_answer_is_read_as_the_older_ones() -> None:
    error = refused(
        {"code": "ID.1001", "globalErrorCode": "ORG_ZSTACK_IDENTITY_10020", "message": "over"},
        id="f" * 32,
        success="false",
        diagnostic={"component": "Cloud", "code": "01001", "raw_message": {"cause": "x"}},
    )
    assert type(error) is SessionError
    assert error.code == "ID.1001"


@pytest.mark.parametrize("details", [{"a": 1}, ["x"], 5, None, "", True])
def test_details_that_are_no_text_give_way_to_the_description(details: object) -> None:
    error = refused({"code": "SYS.1000", "description": "An error", "details": details})
    assert str(error) == "SYS.1000: An error"


@pytest.mark.parametrize("error", [{}, {"code": None}, {"code": "", "details": None}])
def test_error_without_content_is_rejected_with_its_status(error: object) -> None:
    result = refused(error)
    assert type(result) is RejectedError
    assert result.code == ""
    assert "503" in str(result)


@pytest.mark.parametrize(
    "details",
    [
        b'"\xff\xfe"',
        b'"\\ud800"',
        b'"\xd6\xd0\xce\xc4"',
        b'"\xed\xa0\x80"',
        b"NaN",
        b"1" * 5000,
        b'"\x07"',
    ],
    ids=["no UTF-8", "lone surrogate", "GBK", "CESU-8", "NaN", "digits", "bell"],
)
def test_code_counts_regardless_of_its_details(details: bytes) -> None:
    body = b'{"error":{"details":' + details + b',"code":"ID.1000"}}'
    error = refusal(OPERATION, 503, body)
    assert type(error) is UnauthorizedError
    assert error.code == "ID.1000"
    _assert_one_line(error)


@pytest.mark.parametrize(
    "body",
    [
        b"null", b"[]", b'"text"', b"{}", b"1", b'{"error":null}', b'{"error":"text"}',
        b'{"error":{"code":5}}', b'{"status":503,"error":"x","path":"/"}', b"\xff\xfe\x00", b"{",
        b'{"error":' * 100_000, b"\xff" * 100_000, b"x" * 1_000_000, b" " * 100_000,
        b'{"error":{"code":"ID.1000","details":"' + b"\xff" * 100_000 + b'"}}',
        "管理节点正在启动".encode(), "\x1b[31m\x07\u202e\u2028".encode(), b"a\r\nb\tc\x00d",
    ],
    ids=lambda body: repr(body[:12]),
)  # fmt: skip
def test_any_body_gives_one_short_printable_line(body: bytes) -> None:
    error = refusal(OPERATION, 503, body)
    assert type(error) is NotReadyError
    _assert_one_line(error)


def test_details_without_end_are_cut() -> None:
    error = refused({"code": "SYS.1000", "details": "行\n" * 4096})
    _assert_one_line(error)
    assert str(error).endswith("…")


def _assert_one_line(error: ExchangeError) -> None:
    error.redact(str)
    assert str(error).isprintable()
    assert len(str(error)) < 400


def test_rate_limit_of_a_gateway_counts_with_a_code_too() -> None:
    error = refusal(OPERATION, 429, b'{"code":"TOO_MANY","message":"slowly"}', retry_after=7)
    assert type(error) is RateLimitedError
    assert (error.code, error.retry_after) == ("TOO_MANY", 7)


@pytest.mark.parametrize("padding", [0, 4096, 50_000])
async def test_error_counts_with_http_200_too(padding: int) -> None:
    body = json.dumps({"error": {"code": "ID.1002", "details": "x" * padding}})
    async with replying(reply(body.encode())) as server, client_at(server.url) as fixture:
        assert type(await fixture.failure()) is DeniedError


def test_a_login_refused_by_a_code_of_a_later_release_is_not_tried_again() -> None:
    body = b'{"error":{"code":"ORG_ZSTACK_IDENTITY_10999"}}'
    assert type(refusal(LOG_IN, 503, body)) is UnauthorizedError
    assert type(refusal(OPERATION, 503, body)) is RejectedError


async def test_null_error_is_none() -> None:
    body = b'{"error":null,"inventories":[],"total":0}'
    async with replying(reply(body)) as server, client_at(server.url) as fixture:
        assert (await fixture.services()).services == ()


async def test_what_is_missing_a_content_type_is_read_all_the_same() -> None:
    async with replying(reply(b"{}")) as server, client_at(server.url) as fixture:
        assert await send(fixture) == b"{}"
