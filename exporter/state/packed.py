"""Columns of few different values, kept in little memory: each value once, and a byte for a row."""

from array import array
from collections.abc import Hashable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Final, Generic, Self, TypeVar

V = TypeVar("V", bound=Hashable)

_BYTE: Final = 256


class _Codes(dict[V, int]):
    """Numbers values in the order in which they come."""

    def __missing__(self, value: V) -> int:
        self[value] = code = len(self)
        return code


@dataclass(frozen=True, slots=True)
class Packed(Generic[V]):
    """A column: in each row, `codes` has the index of its value among `values`.

    Values that compare equal must be the same to those who read them.
    """

    values: tuple[V, ...]
    codes: Sequence[int]

    @classmethod
    def create(cls, column: Iterable[V]) -> Self:
        found = _Codes[V]()
        codes = [*map(found.__getitem__, column)]
        return cls((*found,), _codes(codes, len(found)))

    @classmethod
    def constant(cls, value: V, rows: int) -> Self:
        return cls((value,), bytes(rows))

    def __len__(self) -> int:
        return len(self.codes)

    def __iter__(self) -> Iterator[V]:
        return map(self.values.__getitem__, self.codes)

    def replaced(self, changes: Mapping[int, V]) -> Self:
        """The column with other values in some rows; its `values` may have one that is in none."""
        if all(self.values[self.codes[row]] == value for row, value in changes.items()):
            return self
        if not {*changes.values()} <= {*self.values}:
            return self.create(changes.get(row, value) for row, value in enumerate(self))
        codes = [*self.codes]
        for row, value in changes.items():
            codes[row] = self.values.index(value)
        return type(self)(self.values, _codes(codes, len(self.values)))


def _codes(codes: Iterable[int], values: int) -> Sequence[int]:
    return bytes(codes) if values <= _BYTE else array("L", codes)
