"""What a text is without the secrets that a redactor knows."""

import base64
import hashlib
import html
import json
from collections.abc import Callable
from itertools import product
from urllib.parse import quote

import pytest
from hypothesis import given
from hypothesis import strategies as st

from exporter.zstack import Redactor
from exporter.zstack.redaction import one_line

PASSWORD = "c0rrect horse/battery=\u5bc6"
SESSION = "0123456789abcdef0123456789abcdef"
DIGEST = hashlib.sha512(PASSWORD.encode()).hexdigest()


def cleaned(text: str, *secrets: str) -> str:
    redactor = Redactor()
    redactor.conceal(*secrets)
    return redactor.clean(text)


@pytest.mark.parametrize(
    "text",
    [
        PASSWORD, DIGEST, DIGEST.upper(), PASSWORD.upper(), PASSWORD.replace(" ", "\n"),
        PASSWORD.replace(" ", "   "), PASSWORD.replace(" ", ""), "\u200b".join(PASSWORD),
        " ".join(DIGEST), quote(PASSWORD), quote(PASSWORD, safe=""), quote(quote(PASSWORD)),
        quote(quote(quote(PASSWORD))), quote(PASSWORD).lower(), html.escape(PASSWORD),
        json.dumps(PASSWORD)[1:-1], json.dumps(PASSWORD).replace("/", r"\/")[1:-1],
        json.dumps(json.dumps(PASSWORD))[3:-3], "".join(f"&#{ord(c)};" for c in PASSWORD),
        "".join(f"&#x{ord(c):x};" for c in PASSWORD), "".join(f"\\u{ord(c):04X}" for c in PASSWORD),
        DIGEST[:60], DIGEST[-60:], DIGEST[40:48], PASSWORD[:10], DIGEST[:64] + "\n" + DIGEST[64:],
    ],
)  # fmt: skip
def test_secret_is_masked_in_each_of_its_forms(text: str) -> None:
    assert cleaned(f"got <{text}> here", PASSWORD) == "got <***> here"


def test_everything_beside_it_stays_as_it_is_written() -> None:
    text = f"100%25 of &lt;{SESSION}&gt; in C:\\new, {SESSION}"
    assert cleaned(text, SESSION) == "100%25 of &lt;***&gt; in C:\\new, ***"


@pytest.mark.parametrize(
    "secret", ["a%41b%2541cdefgh", r"back\u0041slash\nend", "&amp;lt;&#65;entity"]
)
def test_secret_that_looks_like_an_escape_is_one_all_the_same(secret: str) -> None:
    for text in (secret, quote(secret), html.escape(secret), json.dumps(secret)[1:-1]):
        assert cleaned(f"got {text}.", secret) == "got ***."


@pytest.mark.parametrize("encode", [base64.b64encode, base64.urlsafe_b64encode])
@pytest.mark.parametrize("secret", [PASSWORD, DIGEST, SESSION, "sec>ret?"])
def test_secret_in_base64_is_masked_wherever_it_begins(
    secret: str, encode: Callable[[bytes], bytes]
) -> None:
    for before, after in product(("", "a", "ab", "abc", '{"password":"'), ("", ".", "..", '"}')):
        text = encode(f"{before}{secret}{after}".encode()).decode()
        left, right = cleaned(text, secret).split("***")
        assert len(left) * 6 < (len(before) + 1) * 8  # six bits a character: no whole byte more
        assert (len(right.rstrip("=")) - 1) * 6 < (len(after) + 1) * 8


def test_text_without_a_secret_is_not_decoded() -> None:
    assert cleaned(r"%41 &amp; \u0041", PASSWORD) == r"%41 &amp; \u0041"


@pytest.mark.parametrize(
    ("secret", "text", "shown"),
    [
        ("s3cr", "xs3crx, S3CR", "x***x, S3CR"),
        ("s3cr3t!", "password=s3cr3t!&", "password=***&"),
        ("s3cr", "s3%63r", "***"),
        ("a", "a page of a list, ab", "*** page of *** list, ab"),
        ("1b", "user:1b@proxy, 21b", "user:***@proxy, 21b"),
        ("7chars7", "7char 7chars7", "7char ***"),
        ("8chars88", "8chars8. 8chars88", "8chars8. ***"),
    ],
)
def test_short_secret_is_masked_whole(secret: str, text: str, shown: str) -> None:
    assert cleaned(text, secret) == shown


def test_shorter_secret_does_not_keep_a_longer_one_from_being_masked() -> None:
    assert cleaned("abcdef abc", "abc", "abcdef") == "*** ***"


def test_nothing_known_is_nothing_masked() -> None:
    assert cleaned("anything at all", "") == "anything at all"


def test_newest_secrets_are_remembered_and_the_older_ones_forgotten() -> None:
    redactor = Redactor()
    sessions = [hashlib.md5(bytes([n])).hexdigest() for n in range(200)]
    redactor.conceal(PASSWORD)
    for session in sessions:
        redactor.conceal_tokens(session, sessions[0])
    known = [redactor.clean(session) == "***" for session in sessions]
    assert known == [True] + [False] * 136 + [True] * 63
    assert redactor.clean(DIGEST) == "***"


@given(st.text(min_size=8, max_size=40), st.text(max_size=60), st.text(max_size=60))
def test_no_text_around_it_reveals_a_secret(secret: str, before: str, after: str) -> None:
    assert base64.b64encode(secret.encode("utf-8", "replace"))
    if secret not in cleaned(before + after, secret) and len("".join(secret.split())) >= 8:
        assert secret not in cleaned(before + secret + after, secret)


@given(st.text())
def test_any_text_can_be_cleaned_and_put_on_one_line(text: str) -> None:
    line = one_line(cleaned(text, SESSION, "abcd", "a"), limit=20)
    assert line.isprintable()
    assert len(line) <= 20
