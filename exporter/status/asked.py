"""What a reader asked the page for: its language, a search, an order, one target."""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from typing import Any, Final, Self
from urllib.parse import urlencode

from exporter.advice import Language
from exporter.services import label

from .outdated import ORDERS

LANGUAGES: Final[Mapping[Language, str]] = {"en": "en", "zh": "zh-Hans"}
"""The languages of the page by the tag that HTML and HTTP give them; the first is the default."""

DEFAULT_ORDER: Final = next(iter(ORDERS))

_LONGEST: Final = 1000
"""Characters of a header that are read."""

_RANGE: Final = re.compile(
    r"\s*(?P<language>[a-z]{1,8}|\*)(?:-[a-z0-9]{1,8})*"
    r"\s*(?:;\s*q=(?P<quality>0(?:\.\d{0,3})?|1(?:\.0{0,3})?)\s*)?",
    re.ASCII | re.IGNORECASE,
)


@dataclass(frozen=True, slots=True)
class Asked:
    """One request for the page. `target` is empty for all of them; so is `search` for no search.

    `chosen` is whether the language was asked for by name, so that links have to carry it on.
    """

    language: Language = "en"
    chosen: bool = False
    search: str = ""
    sort: str = DEFAULT_ORDER
    descending: bool = False
    target: str = ""

    @classmethod
    def of(cls, accept_language: str, query: Mapping[str, str]) -> Self:
        """What the header and the query say; whatever makes no sense there is passed over."""
        chosen = next((known for known in LANGUAGES if known == query.get("lang")), None)
        sort = query.get("sort", "")
        asked = cls(
            language=chosen or language(accept_language),
            chosen=chosen is not None,
            search=label(query.get("search")),
            target=label(query.get("target")),
        )
        if (order := sort.removeprefix("-")) in ORDERS:
            return replace(asked, sort=order, descending=sort.startswith("-"))
        return asked

    @property
    def tag(self) -> str:
        """The language as HTML's `lang` and the header Content-Language spell it."""
        return LANGUAGES[self.language]

    @property
    def parameters(self) -> dict[str, str]:
        """The query that asks for the same again."""
        sort = f"-{self.sort}" if self.descending else self.sort
        given = {
            "lang": self.language if self.chosen else "",
            "target": self.target,
            "search": self.search,
            "sort": "" if sort == DEFAULT_ORDER else sort,
        }
        return {name: value for name, value in given.items() if value}

    def link(self, **changes: Any) -> str:
        """A relative link to the page with these things asked otherwise."""
        return "?" + urlencode(replace(self, **changes).parameters)

    def sorted_by(self, order: str) -> str:
        """A link to this order, or to its reverse where it is the order now."""
        return self.link(sort=order, descending=order == self.sort and not self.descending)


def language(accept_language: str) -> Language:
    """The language of ours that the header likes best (RFC 9110, 12.5.4); English between equals.

    Chinese of any region or script counts: simplified is nearer to its reader than English.
    """
    qualities: dict[str, float] = {}
    for name, quality in _ranges(accept_language):
        qualities[name] = max(quality, qualities.get(name, 0.0))
    rest = qualities.get("*", 0.0)
    return max(LANGUAGES, key=lambda known: qualities.get(known, rest))


def _ranges(header: str) -> Iterator[tuple[str, float]]:
    """Primary language and quality of each member; one that is not well formed is passed over."""
    for member in header[:_LONGEST].split(","):
        if found := _RANGE.fullmatch(member):
            yield found["language"].lower(), float(found["quality"] or 1)
