"""The lines of a page's records, of which a few can be replaced without writing all of them."""

from array import array
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Self

from xxhash import xxh3_64_intdigest

from exporter.state.labels import are_labels

from .blocks import Block
from .lines import Lines, Texts


@dataclass(frozen=True, slots=True, eq=False)
class Still:
    """Families that stayed as they were when others changed, with a line for each record.

    They need not be inflated as long as `digests`, which has one of each record's lines in all of
    them, shows that they stay so; that would take a third of the time.
    """

    families: tuple[str, ...]
    digests: "array[int]"

    @classmethod
    def create(cls, texts: Mapping[str, bytes], records: int) -> Self | None:
        lines = {name: text.split(b"\n")[:-1] for name, text in texts.items()}
        whole = {name: each for name, each in lines.items() if len(each) == records}
        return cls((*whole,), _digests(whole.values())) if whole else None

    def holds(self, places: Sequence[int], texts: Texts) -> bool:
        """Whether the lines at these places are what they were."""
        now = _digests(texts[name] for name in self.families)
        return now == array("Q", map(self.digests.__getitem__, places))


@dataclass(frozen=True, slots=True, eq=False)
class PageLines:
    """The lines of so many records, in a block for each family that has some."""

    blocks: Lines
    records: int
    still: Still | None = None

    def replaced(
        self, places: Sequence[int], uuids: Sequence[str], texts: Texts
    ) -> "PageLines | None":
        """The lines of a page in which no more than the records at these places have changed.

        None where that cannot be done line by line: a record is not of this page, or has a value
        where it had none, or the other way round.
        """
        if not are_labels(uuids):
            return None
        still = self.still if self.still and self.still.holds(places, texts) else None
        names = [name for name in texts if still is None or name not in still.families]
        before = {name: self._text(name) for name in names}
        spans = {name: [*_spans(text, uuids)] for name, text in before.items()}
        if any([*map(bool, spans[name])] != [*map(bool, texts[name])] for name in names):
            return None
        # As many others as before are the same, so if these were here, they are in their places.
        if still is None and not all(map(any, zip(*spans.values(), strict=True))):
            return None
        parts = {name: _parts(before[name], spans[name], texts[name]) for name in names}
        blocks = {
            name: Block.compressed(*each, samples=self.blocks[name].samples)
            for name, each in parts.items()
            if each
        }
        if still is None:
            still = self._still({name: before[name] for name in names if name not in blocks})
        return PageLines({**self.blocks, **blocks}, self.records, still)

    def _text(self, name: str) -> bytes:
        return self.blocks[name].text() if name in self.blocks else b""

    def _still(self, texts: Mapping[str, bytes]) -> Still | None:
        """Of the families that have not changed now, those that have not changed before either."""
        if self.still is not None:
            texts = {name: texts[name] for name in self.still.families if name in texts}
        return Still.create(texts, self.records)


def _digests(lines: Iterable[Sequence[bytes]]) -> "array[int]":
    return array("Q", map(xxh3_64_intdigest, map(b"\n".join, zip(*lines, strict=True))))


def _spans(text: bytes, uuids: Iterable[str]) -> Iterator[slice | None]:
    """Where the line of each record is, if it has one; they come in the order of the lines.

    A quote within a label is escaped, and behind the last one is neither letter nor digit. So this
    is found nowhere but in the label `uuid`, which is never the first of a line.
    """
    end = 0
    for uuid in uuids:
        found = text.find(b',uuid="%b"' % uuid.encode(), end)
        if found < 0:
            yield None
            continue
        start, end = text.rfind(b"\n", 0, found) + 1, text.index(b"\n", found)
        yield slice(start, end)


def _parts(
    text: bytes, spans: Sequence[slice | None], lines: Sequence[bytes]
) -> list[bytes | memoryview]:
    """The text with other lines in these places, in parts; none where all are what they were."""
    view, parts, end = memoryview(text), list[bytes | memoryview](), 0
    for span, line in zip(spans, lines, strict=True):
        if span is not None and view[span] != line:
            parts += [view[end : span.start], line]
            end = span.stop
    return [*parts, view[end:]] if parts else []
