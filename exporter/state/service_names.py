"""Names and frameworks of model services by uuid, for lists that know services by uuid alone.

A dict of a hundred thousand would take 25 MiB. They are kept compressed, some 25 bytes a service,
and looked up all at once, in a worker thread.
"""

from collections.abc import Iterator, Sequence
from collections.abc import Set as AbstractSet
from dataclasses import dataclass
from itertools import chain
from typing import Final, NamedTuple, Self

from isal import isal_zlib

_LEVEL: Final = 1
_BETWEEN: Final = "\n"
"""No label has a line's end in it."""


class ServiceName(NamedTuple):
    """What a service is called, and what it runs with."""

    name: str
    framework: str


NO_SERVICE: Final = ServiceName("", "")
"""Of a service that is not known."""


@dataclass(frozen=True, slots=True)
class NamesPage:
    """The names of the services of one page; `lowest` and `highest` are of their uuids."""

    lowest: str
    highest: str
    packed: bytes

    @classmethod
    def create(cls, uuids: Sequence[str], names: Sequence[str], frameworks: Sequence[str]) -> Self:
        """Labels, three of each service."""
        text = _BETWEEN.join(chain(uuids, names, frameworks)).encode()
        packed = isal_zlib.compress(text, _LEVEL)
        return cls(min(uuids, default=""), max(uuids, default=""), packed)

    def uuids(self) -> Sequence[str]:
        """Of each service, in the order of the page."""
        uuids, _, _ = self._columns()
        return uuids

    def find(self, uuids: AbstractSet[str]) -> Iterator[tuple[str, ServiceName]]:
        """Those of its services that are asked for."""
        for uuid, name, framework in zip(*self._columns(), strict=True):
            if uuid in uuids:
                yield uuid, ServiceName(name, framework)

    def replaced(self, places: Sequence[int], rows: "NamesPage") -> "NamesPage":
        """The page with the services of `rows` at these places; itself where they are the same."""
        columns, changes = self._columns(), rows._columns()  # noqa: SLF001 - of the same class
        pairs = [*zip(columns, changes, strict=True)]
        if all([column[place] for place in places] == values for column, values in pairs):
            return self
        for column, values in pairs:
            for place, value in zip(places, values, strict=True):
                column[place] = value
        return NamesPage.create(*columns)

    def _columns(self) -> tuple[list[str], list[str], list[str]]:
        """The uuid, the name and the framework of each service."""
        texts = isal_zlib.decompress(self.packed).decode().split(_BETWEEN)
        third = len(texts) // 3
        return texts[:third], texts[third : 2 * third], texts[2 * third :]


@dataclass(frozen=True, slots=True)
class ServiceNames:
    """The names and frameworks of all model services of a platform."""

    pages: tuple[NamesPage, ...] = ()

    def find(self, uuids: AbstractSet[str]) -> dict[str, ServiceName]:
        """Those that there are; for a worker thread."""
        if not uuids:
            return {}
        lowest, highest = min(uuids), max(uuids)
        pages = (page for page in self.pages if page.lowest <= highest and lowest <= page.highest)
        return dict(chain.from_iterable(page.find(uuids) for page in pages))
