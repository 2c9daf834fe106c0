"""The query of the page: its language, search, order and target."""

from urllib.parse import parse_qsl

import pytest
from hypothesis import given
from hypothesis import strategies as st

from exporter.web.status.query import LANGUAGES, ORDERS, PageQuery, best_language

TAGS = st.from_regex(r"[A-Za-z]{1,8}(-[A-Za-z0-9]{1,8}){0,2}", fullmatch=True)
QUALITIES = st.integers(0, 1000).map(lambda thousandths: f"{thousandths / 1000:.3f}")


@pytest.mark.parametrize(
    ("header", "expected"),
    [
        ("", "en"),
        ("zh", "zh"),
        ("zh-CN", "zh"),
        ("zh-Hans-CN", "zh"),
        ("ZH-tw", "zh"),
        ("zh-CN,zh;q=0.9,en;q=0.8", "zh"),
        ("en-US,en;q=0.9,zh-CN;q=0.8", "en"),
        ("de-DE, de;q=0.9, zh;q=0.2, en;q=0.1", "zh"),
        ("fr, *;q=0.5", "en"),
        ("*", "en"),
        ("en;q=0, *", "zh"),
        ("en;q=0.5, *;q=0.6", "zh"),
        ("zh;q=0, *", "en"),
        ("zh;q=0", "en"),
        ("zh ; q=0.7 , en ; Q=0.3", "zh"),
        ("zh;q=2, en;q=0.1", "en"),
        ("zh;q=0.1, zh-CN;q=0.9, en;q=0.5", "zh"),
        ("zhuang, en-GB;q=0.1", "en"),
        ("zh_CN", "en"),
        ("，zh", "en"),
    ],
)
def test_the_preferred_language_by_q_values(header: str, expected: str) -> None:
    assert best_language(header) == expected


@given(st.text())
def test_any_header_gives_a_language(header: str) -> None:
    assert best_language(header) in LANGUAGES


@given(QUALITIES, QUALITIES, st.lists(st.tuples(TAGS, QUALITIES), max_size=5))
def test_only_the_q_values_of_our_languages_decide(
    english: str, chinese: str, others: list[tuple[str, str]]
) -> None:
    ours = [("zh-CN", chinese), ("en-GB", english)]
    foreign = [pair for pair in others if pair[0].lower().split("-")[0] not in LANGUAGES]
    header = ", ".join(f"{tag};q={quality}" for tag, quality in [*foreign, *ours])
    assert best_language(header) == ("zh" if float(chinese) > float(english) else "en")


def test_a_language_by_name_beats_the_header_and_stays_in_links() -> None:
    query = PageQuery.from_request("en", {"lang": "zh"})
    assert query.language == "zh"
    assert query.language_tag == "zh-Hans"
    assert dict(parse_qsl(query.link(search="a b")[1:])) == {"lang": "zh", "search": "a b"}
    assert PageQuery.from_request("zh", {"lang": "fr"}).language == "zh"
    assert PageQuery.from_request("zh", {}).link(search="x") == "?search=x"


def test_a_heading_sorts_and_then_reverses_the_order() -> None:
    query = PageQuery.from_request("", {"search": "qwen"})
    first = dict(parse_qsl(query.sorted_by("version")[1:]))
    assert first == {"search": "qwen", "sort": "version"}
    second = dict(parse_qsl(PageQuery.from_request("", first).sorted_by("version")[1:]))
    assert second == {"search": "qwen", "sort": "-version"}
    third = dict(parse_qsl(PageQuery.from_request("", second).sorted_by("version")[1:]))
    assert third == first


@given(
    st.dictionaries(
        st.sampled_from(["lang", "search", "sort", "state", "page", "show", "target", "other"]),
        st.text(),
    ),
    st.sampled_from(sorted(ORDERS)),
)
def test_a_link_keeps_the_query(parameters: dict[str, str], order: str) -> None:
    query = PageQuery.from_request("zh", parameters)
    again = PageQuery.from_request("zh", dict(parse_qsl(query.link()[1:])))
    assert again == query
    assert dict(parse_qsl(query.sorted_by(order)[1:])).keys() <= {
        "lang",
        "search",
        "sort",
        "state",
        "show",
        "target",
    }
