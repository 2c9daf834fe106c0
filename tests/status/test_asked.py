"""What a request for the page means: its language, search, order and target."""

from urllib.parse import parse_qsl

import pytest
from hypothesis import given
from hypothesis import strategies as st

from exporter.status.asked import LANGUAGES, Asked, language
from exporter.status.outdated import ORDERS

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
def test_the_language_that_is_liked_best_by_real_q_values(header: str, expected: str) -> None:
    assert language(header) == expected


@given(st.text())
def test_no_header_is_too_strange(header: str) -> None:
    assert language(header) in LANGUAGES


@given(QUALITIES, QUALITIES, st.lists(st.tuples(TAGS, QUALITIES), max_size=5))
def test_only_what_is_said_of_our_languages_decides(
    english: str, chinese: str, others: list[tuple[str, str]]
) -> None:
    ours = [("zh-CN", chinese), ("en-GB", english)]
    foreign = [pair for pair in others if pair[0].lower().split("-")[0] not in LANGUAGES]
    header = ", ".join(f"{tag};q={quality}" for tag, quality in [*foreign, *ours])
    assert language(header) == ("zh" if float(chinese) > float(english) else "en")


def test_a_language_by_name_beats_the_header_and_stays_in_links() -> None:
    asked = Asked.of("en", {"lang": "zh"})
    assert asked.language == "zh"
    assert asked.tag == "zh-Hans"
    assert dict(parse_qsl(asked.link(search="a b")[1:])) == {"lang": "zh", "search": "a b"}
    assert Asked.of("zh", {"lang": "fr"}).language == "zh"
    assert Asked.of("zh", {}).link(search="x") == "?search=x"


def test_a_heading_sorts_and_then_turns_the_order_round() -> None:
    asked = Asked.of("", {"search": "qwen"})
    first = dict(parse_qsl(asked.sorted_by("version")[1:]))
    assert first == {"search": "qwen", "sort": "version"}
    second = dict(parse_qsl(Asked.of("", first).sorted_by("version")[1:]))
    assert second == {"search": "qwen", "sort": "-version"}
    third = dict(parse_qsl(Asked.of("", second).sorted_by("version")[1:]))
    assert third == first


@given(
    st.dictionaries(st.sampled_from(["lang", "search", "sort", "target", "other"]), st.text()),
    st.sampled_from(sorted(ORDERS)),
)
def test_a_link_asks_for_the_same_again(query: dict[str, str], order: str) -> None:
    asked = Asked.of("zh", query)
    again = Asked.of("zh", dict(parse_qsl(asked.link()[1:])))
    assert again == asked
    assert dict(parse_qsl(asked.sorted_by(order)[1:])).keys() <= {
        "lang",
        "search",
        "sort",
        "target",
    }
