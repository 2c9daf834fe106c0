"""README.zh-CN.md follows README.md, and its reference the generated tables."""

import re
from pathlib import Path

import pytest

from exporter.metrics.table import SECTIONS
from exporter.settings import Settings, declared

ROOT = Path(__file__).parents[2]
CHINESE = re.compile(r"[\u4e00-\u9fff]")
ASCII_PUNCTUATION = re.compile(r"[\u4e00-\u9fff][,;:!?]|[\u4e00-\u9fff]\.(?!\w)")
UNSPACED = re.compile(r"[\u4e00-\u9fff][A-Za-z0-9]|[A-Za-z0-9][\u4e00-\u9fff]")


def read(name: str) -> str:
    text = (ROOT / name).read_text("utf-8")
    return re.sub(r"<!--.*?-->\n", "", text)


ENGLISH_PAGE, CHINESE_PAGE = read("README.md"), read("README.zh-CN.md")
REFERENCE = read("docs/reference.zh-CN.md")


def without_blocks(page: str) -> str:
    return re.sub(r"```.*?```", "", page, flags=re.DOTALL)


def sections(page: str) -> list[str]:
    """The text under each heading, the first one's included."""
    return re.split(r"^#+ .*$", without_blocks(page), flags=re.MULTILINE)[1:]


def levels(page: str) -> list[str]:
    return re.findall(r"^(#+) ", without_blocks(page), re.MULTILINE)


def blocks(page: str) -> list[str]:
    """The blocks to copy, without their comments."""
    found = re.findall(r"```.*?```", page, re.DOTALL)
    return [re.sub(r"#[ ].*$", "", block, flags=re.MULTILINE) for block in found]


def rows(page: str) -> list[list[str]]:
    """The cells of every row of every table."""
    found = re.findall(r"^\|(.*)\|$", without_blocks(page), re.MULTILINE)
    return [[cell.strip() for cell in re.split(r"(?<!\\)\|", row)] for row in found]


def code(text: str) -> set[str]:
    return set(re.findall(r"`([^`]+)`", text))


def links(page: str) -> list[str]:
    """Where a page leads, but for the pages of the other language."""
    found = re.findall(r"\]\(([^)]+)\)", page)
    return [link for link in found if not re.match(r"README|.*\.zh-CN\.md", link)]


def test_it_has_the_same_headings() -> None:
    assert levels(CHINESE_PAGE) == levels(ENGLISH_PAGE)


def test_it_has_the_same_commands_and_examples() -> None:
    assert blocks(CHINESE_PAGE) == blocks(ENGLISH_PAGE)


def test_it_has_the_same_links_in_every_section() -> None:
    for ours, theirs in zip(sections(CHINESE_PAGE), sections(ENGLISH_PAGE), strict=True):
        assert sorted(links(ours)) == sorted(links(theirs))


def test_it_names_the_same_things_in_every_section() -> None:
    for ours, theirs in zip(sections(CHINESE_PAGE), sections(ENGLISH_PAGE), strict=True):
        assert code(ours) == code(theirs)


def test_its_tables_have_the_same_rows() -> None:
    ours, theirs = rows(CHINESE_PAGE), rows(ENGLISH_PAGE)
    assert [len(row) for row in ours] == [len(row) for row in theirs]
    for our, their in zip(ours, theirs, strict=True):
        for our_cell, their_cell in zip(our, their, strict=True):
            assert code(our_cell) == code(their_cell)
            assert bool(our_cell) == bool(their_cell)


def test_its_reference_has_every_metric_with_its_labels() -> None:
    families = [family for section in SECTIONS.values() for family in section]
    wanted = [[family.name, *family.own_labels] for family in families]
    found = [re.findall(r"\w+", row[0] + row[1]) for row in rows(REFERENCE) if "`zstack_" in row[0]]
    assert found == wanted


def test_its_reference_has_every_setting_with_its_default() -> None:
    wanted = [[f"`{s.key}`", f"`{s.default}`" if s.default else ""] for s in declared(Settings)]
    setting = re.compile(r"`(\w+\.\w+|targets_files)`")
    assert [row[:2] for row in rows(REFERENCE) if setting.fullmatch(row[0])] == wanted


def test_each_leads_to_the_other() -> None:
    assert "(README.zh-CN.md)" in ENGLISH_PAGE
    assert "(README.md)" in CHINESE_PAGE


@pytest.mark.parametrize(
    "paragraph", without_blocks(CHINESE_PAGE + REFERENCE).split("\n\n"), ids=lambda _: ""
)
def test_nothing_is_left_in_english(paragraph: str) -> None:
    prose = re.sub(r"`[^`]*`|\]\([^)]*\)|^[#|].*$", "", paragraph, flags=re.MULTILINE)
    if re.search(r"[a-z]{3,} [a-z]{3,}", prose):
        assert CHINESE.search(prose)
    for row in rows(paragraph):
        words = re.sub(r"`[^`]*`", "", row[-1])
        assert not words.strip(" -,") or CHINESE.search(words), row


def test_its_typography_is_chinese() -> None:
    prose = re.sub(r"`[^`]*`", "`", without_blocks(CHINESE_PAGE + REFERENCE))
    assert ASCII_PUNCTUATION.findall(prose) == []
    assert UNSPACED.findall(prose) == []
