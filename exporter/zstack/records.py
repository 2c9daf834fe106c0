"""The rows of a list: one that cannot be decoded costs no other row, and a field no other field.

A JSON null and a field left out are the same (ZStack omits nulls), unknown fields are normal, and
a number may come as a string: `"4"`. The uuid alone decides whether there is a record; any other
field that cannot be read is unknown.
"""

from collections.abc import Callable, Mapping, Sequence, Sized
from collections.abc import Set as AbstractSet
from dataclasses import dataclass
from functools import lru_cache
from typing import Annotated, Any, ClassVar, Final, Generic, Protocol, TypeAlias, TypeVar, cast

import msgspec

from .loose_json import first_objects, has_more_values, strict
from .loose_struct import Drifted, LooseStruct, ReadOtherwise, decoder, string

Uuid = Annotated[str, msgspec.Meta(min_length=1, max_length=256)]
"""Not always hex: shipped templates break that. ZStack's own column has 32 characters."""

_SMALL_BYTES: Final = 4 << 20
"""A page of so many bytes takes at most some 60 MiB for any content."""

_FEWEST_VALUES: Final = 100_000
_VALUES_PER_ROW: Final = 250
"""Three times as many as rows of plain fields, with long texts, have commas."""

_FEWEST_ROWS: Final = 10_000
_TIMES_THE_ROWS: Final = 10
"""A platform that ignores `limit` may send more rows, but a page is not for all it has."""

SAMPLED_ROWS: Final = 10
"""How many rows of each page are searched for fields that no release documents."""

_SAMPLED_BYTES: Final = 128 * 1024
"""As far as they end within these: this is done to every new page, so it has to be quick."""

_MOST_UNKNOWN: Final = 100


class Record(Protocol):
    """A row of a list that has been decoded: a msgspec.Struct whose `uuid` is required."""

    @property
    def uuid(self) -> str: ...


@dataclass(frozen=True, slots=True)
class Undecodable:
    """A row that is there but has no uuid that can be read; `fault` quotes nothing of it."""

    uuid: ClassVar[None] = None
    fault: str


R = TypeVar("R", bound=Record)
Row: TypeAlias = R | Undecodable


@dataclass(frozen=True, slots=True)
class Page(Generic[R]):
    """One page of a list in the order it came; `total` counts all records that match."""

    rows: tuple[Row[R], ...]
    total: int


@dataclass(frozen=True, slots=True)
class RawPage:
    """One page of a list, its rows not yet decoded."""

    rows: tuple[msgspec.Raw, ...]
    total: int


class PageDecoder(Generic[R]):
    """Decodes the pages of one list: bytes and the `limit` that was asked for, to a Page.

    `record` is the struct of a row, `drifted` the same with the fields of Drifted. `known_fields`
    are all that some release documents. `otherwise` reads fields that are of another type; one
    that it does not name may only be an empty text. Rows with lists of objects in them have more
    `values_per_row` than others.
    """

    def __init__(
        self,
        record: type[R],
        drifted: type[Drifted],
        *,
        known_fields: AbstractSet[str],
        otherwise: Mapping[str, ReadOtherwise],
        values_per_row: int = _VALUES_PER_ROW,
    ) -> None:
        self._record = record
        self._drifted = drifted
        self._known_fields = known_fields
        self._values_per_row = values_per_row
        self._struct = LooseStruct(record, otherwise)
        self._page = decoder(_page_of(record))
        self._raw_page = decoder(_page_of(msgspec.Raw))

    def __call__(self, body: bytes, limit: int = 1000) -> Page[R]:
        """The page; a row that does not decode costs no other row.

        Raises msgspec.DecodeError if the page as a whole cannot be read or has far more rows than
        the `limit` that was asked for, RecursionError if it is nested beyond all reason.
        """
        if len(body) > _SMALL_BYTES:
            self._refuse_flood(body, limit)
        try:
            page = self._page.decode(body)
        except (msgspec.DecodeError, UnicodeDecodeError):
            return self._row_by_row(body, limit)
        _refuse_rows(page.inventories, limit)
        return Page(self._with_unknown_fields(page.inventories, body), page.total)

    def split(self, body: bytes, limit: int) -> RawPage:
        """The page with its rows still JSON; takes half as long. Raises as a call does."""
        self._refuse_flood(body, limit)
        page = self._raw_page.decode(body)
        _refuse_rows(page.inventories, limit)
        return RawPage(page.inventories, page.total)

    def _row_by_row(self, body: bytes, limit: int) -> Page[R]:
        """Slower, and only one row at a time is more than its bytes."""
        try:
            page = self.split(body, limit)
        except msgspec.DecodeError:
            body = strict(body)
            page = self.split(body, limit)
        rows = tuple(self.row(raw) for raw in page.rows)
        return Page(self._with_unknown_fields(rows, body), page.total)

    def _refuse_flood(self, body: bytes, limit: int) -> None:
        """Before anything is made of it: an object for each value can take 60 times the bytes."""
        if has_more_values(body, max(_FEWEST_VALUES, self._values_per_row * limit)):
            raise msgspec.DecodeError(f"more values than {limit} rows can have")

    def row(self, raw: msgspec.Raw) -> Row[R]:
        """One row of a page; it is not searched for fields that no release documents."""
        try:
            return self._struct.strict(raw)
        except (msgspec.DecodeError, UnicodeDecodeError):
            return self._field_by_field(raw)

    def _field_by_field(self, raw: msgspec.Raw) -> Row[R]:
        try:
            uuid = msgspec.convert(string(_IDENTIFIED.decode(raw).uuid), Uuid)
        except msgspec.DecodeError as error:
            return _undecodable(str(error))
        values, unreadable = self._struct.fields(raw)
        values["uuid"] = uuid
        unreadable = tuple(name for name in unreadable if name != "uuid")
        if not unreadable:
            return self._record(**values)
        return self._mark(values, unreadable, ())

    def unknown_fields(self, body: bytes, rows: int) -> Sequence[AbstractSet[str]]:
        """The undocumented fields of the first few of a page's rows; none where no row has any."""
        likely = 2 * SAMPLED_ROWS * len(body) // (rows or 1)
        most_bytes = min(likely, _SAMPLED_BYTES)
        names = first_objects(body, b"inventories", most=SAMPLED_ROWS, most_bytes=most_bytes)
        unknown = [each - self._known_fields for each in names]
        return unknown if any(unknown) else ()

    def _with_unknown_fields(self, rows: tuple[Row[R], ...], body: bytes) -> tuple[Row[R], ...]:
        """The rows, of which the first few are marked where they have undocumented fields."""
        unknown = self.unknown_fields(body, len(rows))
        if not unknown:
            return rows
        marked = (self._with_unknown(row, each) for row, each in zip(rows, unknown, strict=False))
        return (*marked, *rows[len(unknown) :])

    def _with_unknown(self, row: Row[R], names: AbstractSet[str]) -> Row[R]:
        if not names or isinstance(row, Undecodable):
            return row
        record: object = row
        unreadable = record.unreadable if isinstance(record, Drifted) else ()
        values = {name: getattr(row, name) for name in self._struct.names}
        return self._mark(values, unreadable, tuple(sorted(names))[:_MOST_UNKNOWN])

    def _mark(
        self, values: dict[str, Any], unreadable: tuple[str, ...], unknown: tuple[str, ...]
    ) -> R:
        make = cast("Callable[..., R]", self._drifted)
        return make(**values, unreadable=unreadable, unknown=unknown)


def _page_of(row: Any) -> type[msgspec.Struct]:
    fields = [("inventories", tuple[row, ...]), ("total", int)]
    return msgspec.defstruct("_Page", fields, frozen=True)


class _Identified(msgspec.Struct, frozen=True):
    """A row of which only the uuid is looked at."""

    uuid: msgspec.Raw


_IDENTIFIED: Final = msgspec.json.Decoder(_Identified)


def _refuse_rows(rows: Sized, limit: int) -> None:
    if len(rows) > max(_FEWEST_ROWS, _TIMES_THE_ROWS * limit):
        raise msgspec.DecodeError(f"{len(rows)} rows, where {limit} were asked for")


@lru_cache(maxsize=64)
def _undecodable(fault: str) -> Undecodable:
    """One for all rows with the same fault: there may be a million of them."""
    return Undecodable(fault)
