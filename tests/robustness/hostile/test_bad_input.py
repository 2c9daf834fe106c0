"""Untrusted input: no exception, no invalid page, and no good record lost to a bad one."""

import json
import tempfile
from contextlib import suppress
from functools import partial
from pathlib import Path
from typing import Any, Final

import msgspec
import pytest
import yaml
from hypothesis import assume, example, given
from hypothesis import strategies as st
from prometheus_client.openmetrics import parser as openmetrics
from prometheus_client.parser import text_string_to_metric_families

from exporter.metrics.page import Format
from exporter.settings import load
from exporter.state.labels import LABEL_LIMIT, sanitize_label
from exporter.web.config import reading as webconfig
from exporter.zstack import ModelService
from exporter.zstack.records import Page
from exporter.zstack.schema import model_services
from tests.robustness.fuzz import targets
from tests.robustness.fuzz.__main__ import CORPUS
from tests.support.hostile_inputs import (
    ANYTHING,
    ROWS,
    TEXT,
    body_of,
    inventory_of,
    page_of,
    uuids_shown,
)

CANARY: Final = "hunter2canary"


@given(st.lists(ROWS, max_size=5), st.integers(0, 5), st.booleans(), ANYTHING)
def test_a_page_of_bytes_becomes_a_valid_one_with_every_good_record(
    rows: list[Any],
    place: int,
    escaped: bool,  # noqa: FBT001 - as hypothesis gives it
    total: Any,
) -> None:
    good = [{"uuid": "good-1", "requestCpu": 4}, {"uuid": "good-2", "name": "fine"}]
    mixed = [good[0], *rows[:place], good[1], *rows[place:]]
    found = inventory_of(model_services(body_of(mixed, len(mixed), escaped=escaped)))
    text, opened = (page_of(found, each) for each in Format)

    assert {"good-1", "good-2"} <= set(uuids_shown(text))
    assert len(uuids_shown(text)) == found.services
    targets.check_lines(
        line.encode() for line in text.splitlines() if "model_service_" in line[:21]
    )
    ours = [(f.name, f.samples) for f in text_string_to_metric_families(text)]
    theirs = [(f.name, f.samples) for f in openmetrics.text_string_to_metric_families(opened)]
    assert ours == theirs
    with suppress(msgspec.DecodeError):
        model_services(body_of(mixed, total, escaped=escaped))


@given(st.binary(max_size=200), st.integers(0, 400), st.integers(0, 255))
def test_a_page_with_bytes_changed_is_a_page_or_does_not_decode(
    inserted: bytes, place: int, byte: int
) -> None:
    whole = (CORPUS / "page" / "two-rows.json").read_bytes()
    place %= len(whole)
    targets.page(whole[:place] + inserted + whole[place:])
    targets.page(whole[:place] + bytes([byte]) + whole[place + 1 :])
    targets.page(whole[:place])


_CODES = st.sampled_from(
    ["ID.1001", "ID.1000", "LOGIN_CONTROL.1002", "SYS.1006", "LICENSE.1", "ORG_ZSTACK_IDENTITY_1"]
)
_ERROR_CODES = st.recursive(
    st.fixed_dictionaries(
        {},
        optional={
            "code": _CODES | ANYTHING,
            "globalErrorCode": _CODES | ANYTHING,
            "details": st.from_regex(r"remaining time: \d{1,400} ?seconds") | ANYTHING,
            "description": ANYTHING,
            "message": ANYTHING,
        },
    ),
    lambda cause: st.builds(lambda error, cause: {**error, "cause": cause}, cause, cause),
    max_leaves=3,
)


@given(_ERROR_CODES | ANYTHING, st.booleans())
def test_every_failure_is_an_error_that_can_be_shown_and_ends(error: Any, escaped: bool) -> None:  # noqa: FBT001
    for body in (error, {"error": error}):
        targets.answer(json.dumps(body, ensure_ascii=escaped).encode("utf-8", "surrogatepass"))


@given(st.binary(max_size=300) | st.text(max_size=100).map(str.encode))
def test_a_failure_in_any_bytes_is_an_error_that_can_be_shown(body: bytes) -> None:
    targets.answer(body)


_KEYS = st.sampled_from(
    [
        *(
            "config",
            "file",
            "web",
            "listen_address",
            "telemetry_path",
            "config_file",
            "log",
            "level",
        ),
        *("target", "targets", "lab", "url", "account", "password", "password_file", "conditions"),
        *("interval", "time_zone", "ca_file", "proxy", "session_uuid", "access_key_id", "<<"),
        *("tls_server_config", "cert_file", "key_file", "client_auth_type", "cipher_suites"),
        *("http_server_config", "headers", "X-Frame-Options", "rate_limit", "basic_auth_users"),
    ]
)
_SCALARS = st.sampled_from(
    [CANARY, "http://a", "http://\ud800", ":10521", "1h30m", "9" * 500, "\0", "~", "no", "1e999"]
)
_TREES = st.recursive(
    _SCALARS | TEXT | st.none() | st.integers() | st.floats() | st.booleans(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(_KEYS | TEXT, inner, max_size=4),
    max_leaves=12,
)
_SNIPPETS = st.lists(
    st.sampled_from(
        [
            *("target: ", "targets: ", "\n", "  ", "{", "}", "[", "]", "- ", "url: http://a", ": "),
            *(
                "&a ",
                "*a",
                "<<: ",
                "!!int ",
                "!x ",
                "? ",
                "---\n",
                "...\n",
                "%YAML 1.1\n",
                "'",
                '"',
            ),
            *(
                r"\x41",
                r"\ud800",
                r"\U00110000",
                r"\0",
                "\t",
                "# ",
                "|\n",
                "\ufeff",
                "\x85",
                CANARY,
            ),
        ]
    ),
    max_size=15,
).map("".join)


def errors_in(content: bytes) -> str:
    """The errors about such a file of settings, or web configuration."""
    with tempfile.NamedTemporaryFile() as file:
        file.write(content)
        file.flush()
        flags = {"config": {"file": file.name}}
        of_settings = targets.complaint(partial(load, flags, {}))
        return of_settings + targets.complaint(partial(webconfig.read, Path(file.name)))


@given(_TREES)
def test_settings_of_any_shape_are_taken_or_refused_without_a_quotation(tree: Any) -> None:
    for escaped in (True, False):
        text = yaml.safe_dump(tree, allow_unicode=escaped)
        assert CANARY not in errors_in(text.encode("utf-8", "surrogatepass"))


def in_a_key(text: str) -> bool:
    """Whether it may be in the name of a setting: names are shown, to be corrected."""
    try:
        nodes = [yaml.compose(text, Loader=yaml.SafeLoader)]
    except (yaml.YAMLError, ValueError, OverflowError):
        return False
    for node in nodes:  # grows as it is looked through
        if isinstance(node, yaml.MappingNode):
            if any(not isinstance(k, yaml.ScalarNode) or CANARY in k.value for k, _ in node.value):
                return True
            nodes += [value for _, value in node.value if value not in nodes]
        elif isinstance(node, yaml.SequenceNode):
            nodes += [each for each in node.value if each not in nodes]
    return False


@given(_SNIPPETS)
@example(f"{CANARY}target: ")
@example(f"target: {CANARY}")
def test_settings_in_any_text_are_taken_or_refused_without_a_quotation(text: str) -> None:
    assume(not in_a_key(text))
    assert CANARY not in errors_in(text.encode("utf-8", "surrogatepass"))


@given(st.text(st.characters(codec=None), max_size=2 * LABEL_LIMIT) | st.floats() | st.none())
def test_a_label_is_printable_bounded_and_stays_what_it_is(value: str | float | None) -> None:
    made = sanitize_label(value)
    assert sanitize_label(made) == made == made.strip()
    assert len(made) <= LABEL_LIMIT
    assert made.encode().decode() == made
    assert not any(ord(c) < 0x20 or 0x7F <= ord(c) <= 0x9F for c in made)


@pytest.mark.parametrize(
    ("name", "file"),
    [(name, file) for name in targets.TARGETS for file in sorted((CORPUS / name).iterdir())],
    ids=lambda value: value.name if isinstance(value, Path) else value,
)
def test_what_fuzzing_begins_with_holds(name: str, file: Path) -> None:
    targets.TARGETS[name](file.read_bytes())


@pytest.mark.parametrize(
    "lines",
    [
        [b'zstack_x{a="\n"} 1.0'],
        [b'zstack_x{a="""} 1.0'],
        [b'zstack_x{a="\\x"} 1.0'],
        [b'zstack_x{a="b"} NaN'],
        [b'zstack_x{a="b"} 1.0', b'zstack_x{a="b"} 2.0'],
    ],
)
def test_fuzzing_would_see_an_invalid_line(lines: list[bytes]) -> None:
    with pytest.raises(AssertionError):
        targets.check_lines(lines)


def test_fuzzing_would_see_a_record_that_is_lost(monkeypatch: pytest.MonkeyPatch) -> None:
    lost = Page((ModelService("good", request_cpu=4), ModelService("b"), ModelService("good")), 3)
    monkeypatch.setattr(targets, "model_services", lambda _body: lost)
    with pytest.raises(AssertionError, match="a good row became"):
        targets.page(b"{}")
