"""What a list of the API is."""

from dataclasses import dataclass
from typing import Final, Generic

from .errors import Operation
from .records import PageDecoder, R

LARGEST_PAGE: Final = 10_000
"""Rows; more are not asked for at a time."""


@dataclass(frozen=True, slots=True)
class Resource(Generic[R]):
    """A list of the API: the operation that asks for it, and how its pages are decoded.

    `name` is that of one record, as labels have it. `projection` names the fields that are read,
    for the platforms that know them all (protocol: `fields`); empty to ask for every field always.
    `conditional` lists take the operator's conditions. `largest_page` bounds the rows of a page,
    for lists whose records are large.
    """

    name: str
    operation: Operation
    decode: PageDecoder[R]
    projection: str = ""
    conditional: bool = False
    largest_page: int = LARGEST_PAGE
