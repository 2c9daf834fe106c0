"""Which series an expression of PromQL asks for."""

import re
from typing import Final

# What is no metric and no function: comments, label sets, ranges, lists of labels, figures.
_APART: Final = re.compile(
    r'"(?:\\.|[^"\\])*"|#[^\n]*|\{[^}]*\}|\[[^\]]*\]'
    r"|\b(?:by|without|on|ignoring|group_left|group_right)\s*\([^)]*\)"
    r"|\b(?:offset|@)\s*\S+|\$\w+|\b\d[\w.]*"
)
_WORDS: Final = {"and", "or", "unless", "bool", "group_left", "group_right", "inf", "nan"}
_NAME: Final = re.compile(r"[a-zA-Z_:][\w:]*(?!\s*\(|[\w:])")


def metrics(expression: str) -> set[str]:
    """The names of the series that an expression asks for, recorded ones included."""
    # Texts first: a brace in one is none.
    plain = re.sub(r'"(?:\\.|[^"\\])*"', '""', expression)
    return set(_NAME.findall(_APART.sub(" ", plain))) - _WORDS
