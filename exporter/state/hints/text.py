"""A hint, in two languages."""

from dataclasses import dataclass
from typing import Literal, Self

Language = Literal["en", "zh"]


class Text(str):
    """English that knows its Chinese (simplified): a plain string wherever one is wanted."""

    __slots__ = ("zh",)
    zh: str

    def __new__(cls, english: str, zh: str) -> Self:
        text = super().__new__(cls, english)
        text.zh = zh
        return text

    def in_language(self, language: Language) -> str:
        """The text in that language."""
        return self.zh if language == "zh" else str(self)


@dataclass(frozen=True, slots=True)
class Hint:
    """What happened, and what an operator should do, each as part of a sentence."""

    happened: Text
    fix: Text
