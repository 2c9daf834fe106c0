"""Which records a query means, and in what order."""

import re
from collections import OrderedDict
from collections.abc import Callable, Iterable, Mapping, Sequence
from functools import lru_cache
from operator import ge, gt, le, lt
from typing import Any, TypeAlias

from .answers import ApiError
from .inventory import Column, Inventory, Kind, Profile, Projection, in_release
from .query import Condition, Query
from .records import Records
from .wire import local_time

Scalar: TypeAlias = str | float
_Reader: TypeAlias = Callable[[Any], Sequence[Scalar | None]]

_COMPARISONS: Mapping[str, Callable[[Scalar, Scalar], bool]] = {
    ">": gt,
    ">=": ge,
    "<": lt,
    "<=": le,
}
_TAGS = ("__systemTag__", "__userTag__")
_KEPT = 8


class Selections:
    """The matches of the last few queries, kept until the records change.

    Pages of one listing ask for the same matches over and over.
    """

    def __init__(self) -> None:
        self._matches: OrderedDict[object, tuple[Any, ...]] = OrderedDict()

    def matching(
        self,
        records: Records[Any],
        inventory: Inventory,
        query: Query,
        *,
        profile: Profile,
        time_zone: str,
        sees: frozenset[str] | None = None,
    ) -> tuple[Any, ...]:
        """All records that match the query, without its limit; sorted if it asks for that."""
        key = (
            records,
            records.revision,
            query.conditions,
            query.sort,
            query.descending,
            profile,
            time_zone,
            sees,
        )
        if key not in self._matches:
            seen = (each for each in records.values() if sees is None or each.uuid in sees)
            self._matches[key] = _select(seen, query, _Fields(inventory, profile, time_zone))
            while len(self._matches) > _KEPT:
                self._matches.popitem(last=False)
        return self._matches[key]


@lru_cache(maxsize=64)
def projection(
    inventory: Inventory, fields: tuple[str, ...] | None, profile: Profile
) -> Projection:
    """The columns to show: those named, and primitives, which a Java object can't be without."""
    known = inventory.columns(profile)
    if fields is None:
        return Projection(known.values(), profile)
    for name in fields:
        if name not in known or known[name].kind is Kind.COLLECTION:
            raise _unknown(inventory, name)
    shown = (each for each in known.values() if each.name in fields or each.primitive)
    return Projection(shown, profile)


class _Fields:
    """The fields that a condition or an order may name."""

    def __init__(self, inventory: Inventory, profile: Profile, time_zone: str) -> None:
        self._inventory = inventory
        self._profile: Profile = profile
        self._time_zone = time_zone

    def order(self, name: str) -> Callable[[Any], tuple[bool, Scalar]]:
        """The key to sort by."""
        column = self._column(name, self._inventory.columns(self._profile).get(name))

        def order(record: Any) -> tuple[bool, Scalar]:
            value = column.read(record)
            if value is None:
                return (False, 0)  # MySQL puts NULL first
            return (True, value.casefold() if isinstance(value, str) else value)

        return order

    def reader(self, name: str) -> tuple[_Reader, Kind]:
        """What a record has in the field, once or, for nested records, many times."""
        if name in _TAGS:
            return (lambda _record: ()), Kind.TEXT
        head, _, tail = name.partition(".")
        nested = self._inventory.nested.get(head)
        if nested is None:
            column = self._column(name, self._inventory.columns(self._profile).get(name))
            return (lambda record: (self._value(column, record),)), column.kind
        inner = self._column(name, in_release(nested.columns, self._profile).get(tail))
        attribute = nested.attribute

        def values(record: Any) -> Sequence[Scalar | None]:
            return [self._value(inner, each) for each in getattr(record, attribute)]

        return values, inner.kind

    def _column(self, name: str, column: Column | None) -> Column:
        if column is None or column.kind is Kind.COLLECTION:
            raise _unknown(self._inventory, name)
        return column

    def _value(self, column: Column, record: Any) -> Scalar | None:
        value: Scalar | None = column.read(record)
        if isinstance(value, str):
            return value.casefold()
        if column.kind is Kind.DATE and value is not None:
            return local_time(value, self._time_zone)
        return value


def _select(records: Iterable[Any], query: Query, fields: _Fields) -> tuple[Any, ...]:
    for test in [_test(condition, fields) for condition in query.conditions]:
        records = filter(test, records)
    if query.sort is None:
        return tuple(records)
    return tuple(sorted(records, key=fields.order(query.sort), reverse=query.descending))


def _test(condition: Condition, fields: _Fields) -> Callable[[Any], bool]:
    read, kind = fields.reader(condition.field)
    if condition.operator == "is null":
        return lambda record: any(value is None for value in read(record))
    if condition.operator == "is not null":
        return lambda record: any(value is not None for value in read(record))
    holds = _comparison(condition, kind)
    # To SQL no comparison with NULL is true, negated or not.
    return lambda record: any(value is not None and holds(value) for value in read(record))


def _comparison(condition: Condition, kind: Kind) -> Callable[[Scalar], bool]:
    operator, value = condition.operator, condition.value
    if operator in ("like", "not like"):
        pattern, wanted = _like(value), operator == "like"
        return lambda held: bool(pattern.fullmatch(str(held))) is wanted
    if operator in ("in", "not in"):
        options = {_scalar(option, kind) for option in value.split(",")}
        wanted = operator == "in"
        return lambda held: (held in options) is wanted
    scalar = _scalar(value, kind)
    if operator == "=":
        return lambda held: held == scalar
    if operator == "!=":
        return lambda held: held != scalar
    compare = _COMPARISONS[operator]
    return lambda held: compare(held, scalar)


def _scalar(text: str, kind: Kind) -> Scalar:
    """The value of a condition as its column holds it; MySQL's collation knows no case."""
    if kind is Kind.FLAG:
        return {"true": 1, "false": 0}.get(text.lower(), text)
    if kind is not Kind.NUMBER:
        return text.casefold()
    try:
        return int(text)
    except ValueError as error:
        raise ApiError("SYS.1000", f'For input string: "{text}"') from error


def _like(pattern: str) -> re.Pattern[str]:
    """SQL's LIKE: `%` is any text, `_` any character, a backslash escapes either."""
    parts = []
    characters = iter(pattern.casefold())
    for character in characters:
        if character == "\\":
            parts.append(re.escape(next(characters, "\\")))
        else:
            parts.append({"%": ".*", "_": "."}.get(character, re.escape(character)))
    return re.compile("".join(parts), re.DOTALL)


def _unknown(inventory: Inventory, name: str) -> ApiError:
    details = f"inventory class[{inventory.java_class}] not having field[{name}]"
    return ApiError("SYS.1000", details)
