"""What a client accepts, by the q-values of its headers (RFC 9110, section 12)."""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from functools import lru_cache
from typing import Final

from .exposition import Format

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
class _Range:
    """One member of an Accept header: what it names, at what preference, in which place."""

    name: str
    quality: float
    place: int
    parameters: Mapping[str, str] = field(default_factory=dict)

    def specificity(self, media_type: str, version: str) -> int:
        """How closely this range means a format: 0 not at all, 4 by its version."""
        if self.name == media_type:
            if "version" not in self.parameters:
                return 3
            return 4 if self.parameters["version"] == version else 0
        if self.name == media_type.partition("/")[0] + "/*":
            return 2
        return 1 if self.name == "*/*" else 0


@lru_cache(maxsize=64)  # a scraper sends the same each time
def page_format(accept: str) -> Format:
    """The format that the client likes best; between equals the one it names first.

    Text, which every Prometheus reads, where it names none of ours, or refuses them all.
    """
    ranges = list(_ranges(accept))
    ranked = [(_rank(ranges, offer), offer) for offer in _OFFERS]
    (quality, _), best = max(ranked, key=lambda ranking: ranking[0])
    return best if quality > 0 else Format.TEXT


@lru_cache(maxsize=64)
def accepts_gzip(accept_encoding: str) -> bool:
    """Whether the client takes gzip, by name or by `*`."""
    qualities = {member.name: member.quality for member in _ranges(accept_encoding)}
    gzip = qualities.get("gzip", qualities.get("x-gzip", qualities.get("*", 0.0)))
    return gzip > 0 and gzip >= qualities.get("identity", 0.0)


def _rank(ranges: list[_Range], offer: Format) -> tuple[float, tuple[int, int]]:
    """Quality by the closest range that means the offer; then closeness, then the place."""
    matches = [(r.specificity(*_OFFERS[offer]), -r.place, r.quality) for r in ranges]
    specificity, place, quality = max(matches, default=(0, 0, 0.0))
    if specificity == 0:
        return 0.0, (0, 0)
    return quality, (specificity, place)


def _ranges(header: str) -> Iterator[_Range]:
    """The members of a header; one that is not well formed is passed over."""
    for place, member in enumerate(_MEMBERS.findall(header[:_LONGEST])):
        name, semicolon, rest = member.strip().partition(";")
        parameters = dict(_parameters(semicolon + rest))
        quality = parameters.pop("q", "1")
        if _QVALUE.fullmatch(quality):
            yield _Range(name.strip().lower(), float(quality), place, parameters)


def _parameters(text: str) -> Iterator[tuple[str, str]]:
    for name, value in _PARAMETER.findall(text):
        unquoted = re.sub(r"\\(.)", r"\1", value[1:-1]) if value.startswith('"') else value
        yield name.lower(), unquoted
