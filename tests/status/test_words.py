"""Every text in both languages, every number as a glance needs it."""

import re
from collections.abc import Iterable, Iterator
from pathlib import Path
from string import Formatter

import pytest

import exporter.status
from exporter.advice import ADVICE, Advice, Text
from exporter.codes import CODES, explained, told
from exporter.status.speech import Speech, duration, figure, size, utc
from exporter.status.words import UNITS, WORDS
from exporter.zstack import Operation
from exporter.zstack.errors import DeniedError, RejectedError

PACKAGE = Path(exporter.status.__file__).parent
SOURCES = "".join(
    file.read_text("utf-8")
    for file in PACKAGE.rglob("*")
    if file.suffix in {".py", ".html"} and file.name != "words.py"
)
HAN = re.compile("[\u4e00-\u9fff]")


def said(advised: Iterable[Advice]) -> Iterator[Text]:
    for each in advised:
        yield each.happened
        yield each.fix


TEXTS = [*WORDS.values(), *UNITS.values(), *said(ADVICE.values()), *said(CODES.values())]


def places(text: str) -> set[str]:
    return {name for _, name, _, _ in Formatter().parse(text) if name is not None}


@pytest.mark.parametrize("text", TEXTS, ids=str)
def test_every_text_is_there_in_both_languages_with_the_same_values(text: Text) -> None:
    assert text
    assert not HAN.search(text)
    assert HAN.search(text.zh)
    assert places(text.zh) == places(text)
    assert (text.said("en"), text.said("zh")) == (str(text), text.zh)


def test_every_word_that_is_said_exists_and_every_word_that_exists_is_said() -> None:
    named = set(re.findall(r"""(?:say|count)\(\s*["'](\w+)["']""", SOURCES))
    assert named <= WORDS.keys()
    quoted = set(re.findall(r"""["'](\w+)["']""", SOURCES))
    states = {f"{state}_number" for state in ("up", "failing", "waiting", "stale")}
    assert not WORDS.keys() - quoted - states


@pytest.mark.parametrize(
    ("number", "english", "chinese"),
    [
        (0, "0 targets", "0 个目标"),
        (1, "1 target", "1 个目标"),
        (2000, "2,000 targets", "2,000 个目标"),
    ],
)
def test_one_is_said_otherwise_than_many(number: int, english: str, chinese: str) -> None:
    assert Speech("en", 0.0).count("targets_number", number) == english
    assert Speech("zh", 0.0).count("targets_number", number) == chinese


@pytest.mark.parametrize(
    ("seconds", "told"),
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
def test_a_duration_is_as_precise_as_a_glance_needs(seconds: float, told: str) -> None:
    assert duration(seconds) == told


def test_a_duration_in_chinese() -> None:
    assert duration(180, "zh") == "3 分钟"
    assert Speech("zh", 1000.0).ago(820.0) == "3 分钟前"
    assert Speech("en", 1000.0).ago(1180.0) == "in 3 min"


@pytest.mark.parametrize(
    ("number", "told"),
    [(0, "0"), (1234567, "1,234,567"), (2.5, "2.5"), (3.0, "3"), (1e300, "1e+300")],
)
def test_a_number_stays_readable_whatever_it_is(number: float, told: str) -> None:
    assert figure(number) == told
    assert len(figure(number)) < 20


@pytest.mark.parametrize(
    ("value", "told"),
    [(0, "0 B"), (1023, "1,023 B"), (1.5 * 2**40, "1.5 TiB"), (2**60, "1,024 PiB")],
)
def test_bytes_come_in_the_unit_that_suits_them(value: float, told: str) -> None:
    assert size(value) == told


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
    assert explained(code) is CODES[row]


@pytest.mark.parametrize("code", ["", "ACME.1", "id.1000"])
def test_an_unknown_code_is_not_explained(code: str) -> None:
    assert explained(code) is None


def test_a_denial_is_told_as_one_where_its_code_stands_for_many_failures() -> None:
    query = Operation("QueryModelService", "GET", "/v1/ai/model-services")
    assert told(DeniedError("denied", query, code="SYS.1006")) is ADVICE[DeniedError]
    assert told(RejectedError("failed", query, code="SYS.1006")) is CODES["SYS.1006"]
    assert told(DeniedError("denied", query, code="ID.1002")) is CODES["ID.1002"]
    assert told(RejectedError("who knows", query)) is ADVICE[RejectedError]
