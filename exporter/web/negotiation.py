"""Content negotiation by the q-values of request headers (RFC 9110, section 12)."""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from functools import lru_cache
from typing import Final

from exporter.metrics.page import Format

_WORD: Final = r"[!#$%&'*+.^_`|~0-9A-Za-z-]+"
_QUOTED: Final = r'"(?:[^"\\]|\\.)*"'
_MEMBERS: Final = re.compile(rf"(?:[^,\"]|{_QUOTED})+")
_PARAMETER: Final = re.compile(rf";\s*({_WORD})\s*=\s*({_WORD}|{_QUOTED})\s*")
_LONGEST: Final = 2000
"""Characters of a header that are read; an unbalanced quote costs their square."""

_QVALUE: Final = re.compile(r"(?:0(?:\.\d{0,3})?|1(?:\.0{0,3})?)")

_OFFERS: Final[Mapping[Format, tuple[str, str]]] = {
    Format.TEXT: ("text/plain", "0.0.4"),
    Format.OPENMETRICS: ("application/openmetrics-text", "1.0.0"),
}


@dataclass(frozen=True, slots=True)
class HeaderMember:
    """One member of an Accept header: name in lower case, q-value, position, other parameters."""

    name: str
    quality: float
    position: int
    parameters: Mapping[str, str] = field(default_factory=dict)

    def specificity(self, media_type: str, version: str) -> int:
        """How closely this range matches a format: 0 not at all, 4 by its version."""
        if self.name == media_type:
            if "version" not in self.parameters:
                return 3
            return 4 if self.parameters["version"] == version else 0
        if self.name == media_type.partition("/")[0] + "/*":
            return 2
        return 1 if self.name == "*/*" else 0


@lru_cache(maxsize=64)  # a scraper sends the same each time
def page_format(accept: str) -> Format:
    """The format that the client prefers; between equals the one it names first.

    Text, which every Prometheus reads, if it names neither format, or refuses both.
    """
    ranges = list(header_members(accept))
    ranked = [(_rank(ranges, offer), offer) for offer in _OFFERS]
    (quality, _), best = max(ranked, key=lambda ranking: ranking[0])
    return best if quality > 0 else Format.TEXT


@lru_cache(maxsize=64)
def accepts_gzip(accept_encoding: str) -> bool:
    """Whether the client accepts gzip, by name or by `*`."""
    qualities = {member.name: member.quality for member in header_members(accept_encoding)}
    gzip = qualities.get("gzip", qualities.get("x-gzip", qualities.get("*", 0.0)))
    return gzip > 0 and gzip >= qualities.get("identity", 0.0)


def _rank(ranges: list[HeaderMember], offer: Format) -> tuple[float, tuple[int, int]]:
    """Quality by the closest range that matches the offer; then closeness, then position."""
    matches = [(r.specificity(*_OFFERS[offer]), -r.position, r.quality) for r in ranges]
    specificity, position, quality = max(matches, default=(0, 0, 0.0))
    if specificity == 0:
        return 0.0, (0, 0)
    return quality, (specificity, position)


def header_members(header: str) -> Iterator[HeaderMember]:
    """The members of a header; one with an invalid q-value is skipped."""
    for position, member in enumerate(_MEMBERS.findall(header[:_LONGEST])):
        name, semicolon, rest = member.strip().partition(";")
        parameters = dict(_parameters(semicolon + rest))
        quality = parameters.pop("q", "1")
        if _QVALUE.fullmatch(quality):
            yield HeaderMember(name.strip().lower(), float(quality), position, parameters)


def _parameters(text: str) -> Iterator[tuple[str, str]]:
    for name, value in _PARAMETER.findall(text):
        unquoted = re.sub(r"\\(.)", r"\1", value[1:-1]) if value.startswith('"') else value
        yield name.lower(), unquoted
