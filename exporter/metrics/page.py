"""A page: the families of many targets, joined from their blocks.

Joining a block costs about as much as a hundred bytes of its page, and a thousand targets have
thirty thousand of them. So they are joined in bundles, and a poll joins anew the bundles of its own
target alone; a scrape joins the bundles of families that have changed since the one before.
(docs/decisions/0025-fleet.md)
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from enum import Enum
from functools import cached_property
from itertools import chain, islice, repeat
from typing import Final, Self

from .blocks import Block, Run, gzip_member
from .family import Family
from .lines import Blocks, header

JOINED_UP_TO: Final = 512 * 1024
"""Bytes of a compressed page up to which it is kept in one piece beside its blocks."""

PLACES: Final = 16
"""Targets in a bundle: a poll joins these, a scrape of a thousand targets joins 63 of them."""

Member = tuple[Block, ...]
"""The blocks of one family and one target."""


class Format(Enum):
    """The formats that a page can have, by their Content-Type."""

    TEXT = "text/plain; version=0.0.4; charset=utf-8"
    OPENMETRICS = "application/openmetrics-text; version=1.0.0; charset=utf-8"


@dataclass(frozen=True, slots=True)
class Page:
    """A whole page in one format, valid `until` an instant of `clock.now`.

    `gzip` is its gzip member, in one piece where it is small: many scrapes get the same one.
    """

    format: Format
    run: Run
    gzip: Sequence[bytes]
    until: float

    @classmethod
    def joined(cls, page_format: Format, run: Run, until: float) -> Self:
        gzip = tuple(gzip_member(run))
        if sum(map(len, gzip)) <= JOINED_UP_TO:
            gzip = (b"".join(gzip),)
        return cls(page_format, run, gzip, until)

    @property
    def size(self) -> int:
        return self.run.size

    @property
    def gzip_size(self) -> int:
        return sum(map(len, self.gzip))

    def text(self) -> Iterator[bytes]:
        return self.run.texts()


@dataclass(frozen=True, slots=True, eq=False)
class Bundle:
    """One family of a few targets: the blocks of each, and all of them joined."""

    members: tuple[Member, ...] = ()
    run: Run = field(default_factory=lambda: Run.of(()))

    @classmethod
    def joined(cls, members: tuple[Member, ...]) -> Self:
        return cls(members, Run.of([*chain.from_iterable(members)]))

    def with_member(self, place: int, member: Member) -> "Bundle":
        missing = place + 1 - len(self.members)
        members = [*self.members, *repeat((), missing)]
        members[place] = member
        return Bundle.joined(tuple(members))


@dataclass(frozen=True, eq=False)
class Bundles:
    """One family of all targets. Its join is made for the first page that shows it, and kept."""

    bundles: tuple[Bundle, ...] = ()

    @classmethod
    def of(cls, members: Iterable[Member]) -> Self:
        bundles, remaining = list[Bundle](), iter(members)
        while some := tuple(islice(remaining, PLACES)):
            bundles.append(Bundle.joined(some))
        return cls(tuple(bundles))

    @cached_property
    def run(self) -> Run:
        return Run.joined([bundle.run for bundle in self.bundles])

    def with_member(self, place: int, member: Member) -> "Bundles":
        number, inside = divmod(place, PLACES)
        bundles = [*self.bundles, *repeat(Bundle(), number + 1 - len(self.bundles))]
        bundles[number] = bundles[number].with_member(inside, member)
        return Bundles(tuple(bundles))


_NONE: Final = Bundles()


@dataclass(frozen=True, slots=True, eq=False)
class Body:
    """The families of all targets, in bundles. It is never changed, only replaced."""

    blocks: Mapping[str, Blocks] = field(default_factory=dict)
    """Of each target, in the order of their places."""
    places: Mapping[str, int] = field(default_factory=dict)
    bundles: Mapping[str, Bundles] = field(default_factory=dict)
    """Of each family."""

    @classmethod
    def of(cls, targets: Mapping[str, Blocks]) -> Self:
        """All bundles anew."""
        families = dict.fromkeys(chain.from_iterable(targets.values()))
        bundles = {
            name: Bundles.of(blocks.get(name, ()) for blocks in targets.values())
            for name in families
        }
        places = {target: place for place, target in enumerate(targets)}
        return cls(targets, places, bundles)

    def with_target(self, target: str, blocks: Blocks) -> "Body":
        """The body with these blocks of a target; only the bundles that they change are joined."""
        place = self.places.get(target, len(self.places))
        before = self.blocks.get(target, {})
        bundles = dict(self.bundles)
        for name in before.keys() | blocks.keys():
            if before.get(name, ()) != blocks.get(name, ()):
                of_family = bundles.get(name, _NONE)
                bundles[name] = of_family.with_member(place, blocks.get(name, ()))
        places = self.places if target in self.places else {**self.places, target: place}
        return Body({**self.blocks, target: blocks}, places, bundles)

    def runs(self, headers: Mapping[str, Run]) -> Iterator[Run]:
        """Family by family, in the order of the headers: a header and samples, if there are any."""
        for name, family_header in headers.items():
            run = self.bundles.get(name, _NONE).run
            if run.size:
                yield family_header
                yield run


def runs_of_one(blocks: Blocks, headers: Mapping[str, Run]) -> Iterator[Run]:
    """The same for a single target."""
    for name, family_header in headers.items():
        if samples := blocks.get(name, ()):
            yield family_header
            yield Run.of(samples)


def headers(families: Sequence[Family]) -> Mapping[Format, Mapping[str, Run]]:
    """The headers of the families in each format."""
    return {
        each: {
            family.name: Run.of([header(family, openmetrics=each is Format.OPENMETRICS)])
            for family in families
        }
        for each in Format
    }
