"""Every text in both languages, every number as a reader needs it."""

import re
from collections.abc import Iterable, Iterator
from pathlib import Path
from string import Formatter as Fields
from typing import get_args

import pytest

import exporter.web.status
from exporter.state.endpoints import UNUSABLE
from exporter.state.hints import (
    CODES,
    ERRORS,
    GRANTS,
    LACKED,
    NO_SERVICES,
    SYMPTOMS,
    Hint,
    Text,
    hint_for,
    hint_for_code,
)
from exporter.state.platform import CredentialKind
from exporter.web.status.i18n import Formatter, duration, figure, size, utc
from exporter.web.status.messages import MESSAGES, REASONS, UNITS
from exporter.web.status.query import STATES
from exporter.zstack import Operation, ZStackError
from exporter.zstack.errors import DeniedError, RejectedError, Symptom, UnreachableError

PACKAGE = Path(exporter.web.status.__file__).parent
SOURCES = "".join(
    file.read_text("utf-8")
    for file in PACKAGE.rglob("*")
    if file.suffix in {".py", ".html"} and file.name != "messages.py"
)
HAN = re.compile("[\u4e00-\u9fff]")


def texts_of(advised: Iterable[Hint]) -> Iterator[Text]:
    for each in advised:
        yield each.happened
        yield each.fix


TABLES = (ERRORS, SYMPTOMS, CODES)
TEXTS = [
    *(*MESSAGES.values(), *REASONS.values(), *UNITS.values(), *GRANTS.values(), *LACKED.values()),
    *(text for table in TABLES for text in texts_of(table.values())),
    *texts_of([NO_SERVICES]),
]


def places(text: str) -> set[str]:
    return {name for _, name, _, _ in Fields().parse(text) if name is not None}


@pytest.mark.parametrize("text", TEXTS, ids=str)
def test_every_text_is_there_in_both_languages_with_the_same_values(text: Text) -> None:
    assert text
    assert not HAN.search(text)
    assert HAN.search(text.zh)
    assert places(text.zh) == places(text)
    assert (text.in_language("en"), text.in_language("zh")) == (str(text), text.zh)


def test_every_message_that_is_used_exists_and_every_message_is_used() -> None:
    named = set(re.findall(r"""(?:text|plural)\(\s*["'](\w+)["']""", SOURCES))
    assert named <= MESSAGES.keys()
    quoted = set(re.findall(r"""["'](\w+)["']""", SOURCES))
    states = {f"{state}_state" for state in STATES}
    assert states <= MESSAGES.keys()
    credentials = {*get_args(CredentialKind)}
    assert credentials <= MESSAGES.keys()
    loads = {"config_failed", "web_config_failed", "state_failed"}
    endpoints = {f"{reason}_endpoint" for reason in UNUSABLE}
    assert endpoints <= MESSAGES.keys()
    assert not MESSAGES.keys() - quoted - states - credentials - loads - endpoints


def test_every_reason_has_a_name() -> None:
    def reasons(kind: type[ZStackError]) -> Iterator[str]:
        yield from {kind.reason} if hasattr(kind, "reason") else ()
        for each in kind.__subclasses__():
            yield from reasons(each)

    assert {*reasons(ZStackError)} == REASONS.keys()
    assert all(reason == str(text) for reason, text in REASONS.items())


@pytest.mark.parametrize(
    ("number", "english", "chinese"),
    [
        (0, "0 targets", "0 个目标"),
        (1, "1 target", "1 个目标"),
        (2000, "2,000 targets", "2,000 个目标"),
    ],
)
def test_a_message_has_a_singular_and_a_plural(number: int, english: str, chinese: str) -> None:
    assert Formatter("en", 0.0).plural("targets_number", number) == english
    assert Formatter("zh", 0.0).plural("targets_number", number) == chinese


@pytest.mark.parametrize(
    ("seconds", "text"),
    [
        (-1, "0 s"),
        (0, "0 s"),
        (0.0123, "12 ms"),
        (0.3, "0.3 s"),
        (4.24, "4.2 s"),
        (42.4, "42 s"),
        (119, "119 s"),
        (180, "3 min"),
        (2e5, "2 d"),
    ],
)
def test_a_duration_is_as_precise_as_a_reader_needs(seconds: float, text: str) -> None:
    assert duration(seconds) == text


def test_a_duration_in_chinese() -> None:
    assert duration(180, "zh") == "3 分钟"
    assert Formatter("zh", 1000.0).ago(820.0) == "3 分钟前"
    assert Formatter("en", 1000.0).ago(1180.0) == "in 3 min"


@pytest.mark.parametrize(
    ("number", "text"),
    [(0, "0"), (1234567, "1,234,567"), (2.5, "2.5"), (3.0, "3"), (1e300, "1e+300")],
)
def test_any_number_stays_readable(number: float, text: str) -> None:
    assert figure(number) == text
    assert len(figure(number)) < 20


@pytest.mark.parametrize(
    ("value", "text"),
    [(0, "0 B"), (1023, "1,023 B"), (1.5 * 2**40, "1.5 TiB"), (2**60, "1,024 PiB")],
)
def test_bytes_come_in_the_unit_that_suits_them(value: float, text: str) -> None:
    assert size(value) == text


def test_an_instant_beyond_every_calendar_is_no_date() -> None:
    assert utc(1e300) is None
    assert utc(float("nan")) is None


@pytest.mark.parametrize(
    ("code", "row"),
    [
        ("ID.1000", "ID.1000"),
        ("LICENSE.1000", "LICENSE.1000"),
        ("LICENSE.1007", "LICENSE.*"),
        ("ORG_ZSTACK_IDENTITY_10020", "ORG_ZSTACK_IDENTITY_10020"),
        ("ORG_ZSTACK_IDENTITY_19999", "ORG_ZSTACK_IDENTITY_*"),
        ("ORG_ZSTACK_NETWORK_10001", "ORG_ZSTACK_*"),
        ("ORG_ZSTACK_RBAC_OPERATION_DENIED", "*OPERATION_DENIED*"),
    ],
)
def test_a_code_is_explained_by_the_row_that_fits_it_best(code: str, row: str) -> None:
    assert hint_for_code(code) is CODES[row]


@pytest.mark.parametrize("code", ["", "ACME.1", "id.1000"])
def test_an_unknown_code_is_not_explained(code: str) -> None:
    assert hint_for_code(code) is None


def test_a_denial_is_explained_as_one_if_its_code_stands_for_many_failures() -> None:
    query = Operation("QueryModelService", "GET", "/v1/ai/model-services")
    assert hint_for(DeniedError("denied", query, code="SYS.1006")) is ERRORS[DeniedError]
    assert hint_for(RejectedError("failed", query, code="SYS.1006")) is CODES["SYS.1006"]
    assert hint_for(DeniedError("denied", query, code="ID.1002")) is CODES["ID.1002"]
    assert hint_for(RejectedError("who knows", query)) is ERRORS[RejectedError]


def test_the_symptom_of_an_error_decides_its_advice() -> None:
    assert SYMPTOMS.keys() == set(Symptom)
    query = Operation("Query", "GET", "/")
    for symptom, advice in SYMPTOMS.items():
        assert hint_for(UnreachableError("no", query, symptom=symptom)) is advice
