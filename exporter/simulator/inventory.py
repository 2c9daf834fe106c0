"""What a kind of record shows in each release: its columns, and the JSON that is made of them."""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from enum import Enum, auto
from functools import cache
from typing import Any, Literal, NamedTuple, TypeAlias, get_args

Profile = Literal["5.2.1", "5.3.20", "5.5"]
PROFILES: tuple[Profile, ...] = get_args(Profile)
"""The releases between the profiles are rounded up: what 5.4.6 added, "5.5" (5.5.28) has."""

Json: TypeAlias = "dict[str, Json] | list[Json] | str | int | float | bool | None"
Date: TypeAlias = Callable[[float], str]
"""Prints Unix seconds as the server does."""

Writer: TypeAlias = Callable[[Any, Date, Profile], Json]
"""Makes a value of a record; called only where the column's attribute is not None."""

Place: TypeAlias = tuple[str, str]
"""Where an object is nested in a record, such as `.instances[0]`, and its Java class."""


class Kind(Enum):
    """How a column is compared and written."""

    TEXT = auto()
    NUMBER = auto()
    FLAG = auto()
    DATE = auto()
    COLLECTION = auto()  # or an object: in no condition, no order and no projection


class Column(NamedTuple):
    """A field of the inventory: `name` on the wire, `attribute` here, the profiles that have it.

    A `primitive` one is none of Java's objects: never null, and in every projection.
    """

    name: str
    attribute: str
    kind: Kind = Kind.TEXT
    since: Profile = "5.2.1"
    until: Profile = "5.5"
    primitive: bool = False
    write: Writer | None = None

    def read(self, record: Any) -> Any:
        """The value of this column, as the record holds it."""
        return getattr(record, self.attribute)

    def writer(self) -> Writer | None:
        """What turns the value into JSON; None where it is JSON already."""
        if self.kind is Kind.DATE:
            return lambda record, date, _profile: date(self.read(record))
        return self.write


class Nested(NamedTuple):
    """Records within a record, whose columns a condition may name: `instances.status=Running`."""

    attribute: str
    columns: tuple[Column, ...]


# Compared by identity: a key of the caches below.
@dataclass(frozen=True, eq=False)
class Inventory:
    """A kind of record that can be queried.

    operation    the API that queries it, by the name that its Java message has
    java_class   of a record; the server's classes of AIOS are not public, the names follow the
                 packages of its messages
    all_columns  of all releases; one name may stand for different attributes in different ones
    since        the first profile that has the API
    nested       by the name of the collection
    places       the objects nested in a record that have a Java class; the second argument is
                 whether the reply shows a column
    """

    operation: str
    java_class: str
    all_columns: tuple[Column, ...]
    since: Profile = "5.2.1"
    nested: Mapping[str, Nested] = field(default_factory=dict)
    places: Callable[[Any, Callable[[str], bool]], tuple[Place, ...]] = lambda *_: ()

    def columns(self, profile: Profile) -> Mapping[str, Column]:
        """The columns of a release by their names on the wire."""
        return in_release(self.all_columns, profile)


def has(profile: Profile, since: Profile) -> bool:
    """Whether the release has what came with the other one."""
    return PROFILES.index(profile) >= PROFILES.index(since)


@cache
def in_release(columns: tuple[Column, ...], profile: Profile) -> Mapping[str, Column]:
    """Those of the columns that the release has, by their names."""
    release = PROFILES.index(profile)
    return {
        column.name: column
        for column in columns
        if PROFILES.index(column.since) <= release <= PROFILES.index(column.until)
    }


# Compared by identity, as records are: both are keys of the cache of rendered records.
class Projection:
    """The columns that a reply shows, each with what turns its value into JSON."""

    def __init__(self, chosen: Iterable[Column], profile: Profile) -> None:
        self._columns = tuple((each.name, each.attribute, each.writer()) for each in chosen)
        self._names = frozenset(name for name, *_ in self._columns)
        self._profile = profile

    def shows(self, name: str) -> bool:
        """Whether the column of that name is among them."""
        return name in self._names

    def json(self, record: Any, date: Date) -> dict[str, Json]:
        """The record as the platform's reply has it; a null is left out."""
        shown: dict[str, Json] = {}
        for name, attribute, write in self._columns:
            value = getattr(record, attribute)
            if value is not None:
                shown[name] = write(record, date, self._profile) if write else value
        return shown


@cache
def everything(columns: tuple[Column, ...], profile: Profile) -> Projection:
    """The projection that shows every column of the release."""
    return Projection(in_release(columns, profile).values(), profile)


def listed(attribute: str) -> Writer:
    """Writes a tuple of texts or numbers as a list."""
    return lambda record, _date, _profile: list(getattr(record, attribute))
