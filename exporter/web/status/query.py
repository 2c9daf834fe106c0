"""The queries of the status page and of its JSON; an invalid value in one is ignored.

What can be asked for is listed here, apart from what answers it: that is loaded when it is needed.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any, Final, Self
from urllib.parse import urlencode

from exporter.state.hints import Language
from exporter.state.labels import sanitize_label
from exporter.web.negotiation import header_members

LANGUAGES: Final[Mapping[Language, str]] = {"en": "en", "zh": "zh-Hans"}
"""The page's languages with their tags in HTML and HTTP; the first is the default."""

STATES: Final = ("failing", "stale", "waiting", "empty", "up")
"""What targets can be chosen by, the worst first. Data can be stale in any state, and a target that
is up can be empty: without model services.
"""

ORDERS: Final = (
    "name",
    "target",
    "framework",
    "type",
    "source",
    "version",
    "created",
    "changed",
)
"""What the table of services with a new version can be sorted by, the default first."""

DEFAULT_ORDER: Final = ORDERS[0]

PER_PAGE: Final = 50
"""Targets on a page, and in a document that asks for no other number."""

MOST_PER_PAGE: Final = 200
"""That a document may ask for: each target has up to 50 polls in it."""

_RANGE: Final = re.compile(r"([a-z]{1,8}|\*)(?:-[a-z0-9]{1,8})*", re.ASCII)

_LISTS: Final = {"target", "search", "state", "sort", "descending", "services"}
"""Of a page's query: what decides on the rows, so that another one begins on the first page."""

_MOST_DIGITS: Final = 9
"""Of a number; a longer one is cut, and still larger than any that has a meaning."""


@dataclass(frozen=True, slots=True)
class PageQuery:
    """Language and target requested, and what of a table: its search, sort order and page.

    `target` is empty for all of them. Then a fleet has a table of targets, narrowed by `state`, or
    that of all their `services` with a new version. `chosen` is whether the language was requested
    by name, so that links have to carry it on.
    """

    language: Language = "en"
    chosen: bool = False
    services: bool = False
    search: str = ""
    state: str = ""
    sort: str = DEFAULT_ORDER
    descending: bool = False
    target: str = ""
    page: int = 1

    @classmethod
    def from_request(cls, accept_language: str, parameters: Mapping[str, str]) -> Self:
        """Read the header and the URL's parameters."""
        chosen = next((known for known in LANGUAGES if known == parameters.get("lang")), None)
        sort = parameters.get("sort", "")
        query = cls(
            language=chosen or best_language(accept_language),
            chosen=chosen is not None,
            services=parameters.get("show") == "services",
            search=sanitize_label(parameters.get("search")),
            state=_state(parameters),
            target=sanitize_label(parameters.get("target")),
            page=_number(parameters, "page", 1),
        )
        if (order := sort.removeprefix("-")) in ORDERS:
            return replace(query, sort=order, descending=sort.startswith("-"))
        return query

    @property
    def language_tag(self) -> str:
        """The language for HTML's `lang` and the header Content-Language."""
        return LANGUAGES[self.language]

    @property
    def parameters(self) -> dict[str, str]:
        """The URL's parameters for this query."""
        sort = f"-{self.sort}" if self.descending else self.sort
        given = {
            "lang": self.language if self.chosen else "",
            "target": self.target,
            "show": "services" if self.services else "",
            "search": self.search,
            "state": self.state,
            "sort": "" if sort == DEFAULT_ORDER else sort,
            "page": "" if self.page == 1 else str(self.page),
        }
        return {name: value for name, value in given.items() if value}

    def link(self, **changes: Any) -> str:
        """A relative link to the page with these changes."""
        first = {"page": 1} if changes.keys() & _LISTS else {}
        return "?" + urlencode(replace(self, **(first | changes)).parameters)

    def elsewhere(self, **changes: Any) -> str:
        """A link to another table, for which this one's search and order mean nothing."""
        return PageQuery(self.language, self.chosen).link(**changes)

    def sorted_by(self, order: str) -> str:
        """A link to this order, or to its reverse if the page has it already."""
        return self.link(sort=order, descending=order == self.sort and not self.descending)


@dataclass(frozen=True, slots=True)
class DocumentQuery:
    """The targets that the JSON is requested of: one, or a page of those that match."""

    target: str = ""
    search: str = ""
    state: str = ""
    by_name: bool = False
    page: int = 1
    per_page: int = PER_PAGE

    @classmethod
    def from_request(cls, parameters: Mapping[str, str]) -> Self:
        """Read the URL's parameters. A name is taken as it is: it has to be one that exists."""
        return cls(
            target=parameters.get("target", ""),
            search=sanitize_label(parameters.get("search")),
            state=_state(parameters),
            by_name=parameters.get("sort") == "name",
            page=_number(parameters, "page", 1),
            per_page=min(_number(parameters, "per_page", PER_PAGE), MOST_PER_PAGE),
        )

    def link(self, page: int) -> str:
        """A relative link to a page of the same."""
        given = {
            "target": self.target,
            "search": self.search,
            "state": self.state,
            "sort": "name" if self.by_name else "",
            "page": "" if page == 1 else str(page),
            "per_page": "" if self.per_page == PER_PAGE else str(self.per_page),
        }
        query = urlencode({name: value for name, value in given.items() if value})
        return f"?{query}" if query else ""


def _state(parameters: Mapping[str, str]) -> str:
    state = parameters.get("state", "")
    return state if state in STATES else ""


def _number(parameters: Mapping[str, str], name: str, default: int) -> int:
    """A number from 1 on."""
    text = parameters.get(name, "")
    if not (text.isascii() and text.isdigit()):
        return default
    return int(text[:_MOST_DIGITS]) or default


def best_language(accept_language: str) -> Language:
    """The language that the header prefers (RFC 9110, 12.5.4); English between equals.

    Chinese of any region or script counts: simplified is nearer to its reader than English.
    """
    qualities: dict[str, float] = {}
    for member in header_members(accept_language):
        if found := _RANGE.fullmatch(member.name):
            name = found[1]
            qualities[name] = max(member.quality, qualities.get(name, 0.0))
    rest = qualities.get("*", 0.0)
    return max(LANGUAGES, key=lambda known: qualities.get(known, rest))
