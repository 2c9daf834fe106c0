"""Which services a query means, and in what order."""

import re
from collections import OrderedDict
from collections.abc import Callable, Iterable, Mapping, Sequence
from functools import lru_cache
from operator import attrgetter, ge, gt, le, lt
from typing import TypeAlias

from .answers import ApiError
from .estate import Estate
from .inventory import Kind, ModelService, Profile, Projection, columns
from .query import Condition, Query
from .wire import local_time

Scalar: TypeAlias = str | float
_Reader: TypeAlias = Callable[[ModelService], Sequence[Scalar | None]]

INVENTORY_CLASS = "org.zstack.ai.entity.ModelServiceInventory"
"""The server's classes are not public; the names follow the packages of its messages."""

_COMPARISONS: Mapping[str, Callable[[Scalar, Scalar], bool]] = {
    ">": gt,
    ">=": ge,
    "<": lt,
    "<=": le,
}
_TAGS = ("__systemTag__", "__userTag__")
_KEPT = 8


class Selections:
    """The matches of the last few queries, kept until the estate changes.

    Pages of one listing ask for the same matches over and over.
    """

    def __init__(self) -> None:
        self._matches: OrderedDict[object, tuple[ModelService, ...]] = OrderedDict()

    def matching(
        self,
        estate: Estate,
        query: Query,
        *,
        profile: Profile,
        time_zone: str,
        sees: frozenset[str] | None = None,
    ) -> tuple[ModelService, ...]:
        """All services the query means, whatever its limit; sorted if it asks for that."""
        key = (
            estate,
            estate.revision,
            query.conditions,
            query.sort,
            query.descending,
            profile,
            time_zone,
            sees,
        )
        if key not in self._matches:
            self._matches[key] = _select(estate, query, profile, time_zone, sees)
            while len(self._matches) > _KEPT:
                self._matches.popitem(last=False)
        return self._matches[key]


@lru_cache(maxsize=64)
def projection(fields: tuple[str, ...] | None, profile: Profile) -> Projection:
    """The columns to show: those named, and primitives, which a Java object can't be without."""
    known = columns(profile)
    if fields is None:
        return Projection(known.values(), profile)
    for name in fields:
        if name not in known or known[name].kind is Kind.COLLECTION:
            raise _unknown(name)
    shown = (each for each in known.values() if each.name in fields or each.kind is Kind.PRIMITIVE)
    return Projection(shown, profile)


def _select(
    estate: Estate, query: Query, profile: Profile, time_zone: str, sees: frozenset[str] | None
) -> tuple[ModelService, ...]:
    tests = [_test(condition, profile, time_zone) for condition in query.conditions]
    services: Iterable[ModelService] = estate.values()
    if sees is not None:
        services = (service for service in services if service.uuid in sees)
    for test in tests:
        services = filter(test, services)
    if query.sort is None:
        return tuple(services)
    order = _order(query.sort, profile)
    return tuple(sorted(services, key=order, reverse=query.descending))


def _order(name: str, profile: Profile) -> Callable[[ModelService], tuple[bool, Scalar]]:
    column = columns(profile).get(name)
    if column is None or column.kind is Kind.COLLECTION:
        raise _unknown(name)

    def order(service: ModelService) -> tuple[bool, Scalar]:
        value = column.read(service)
        if value is None:
            return (False, 0)  # MySQL puts NULL first
        return (True, value.casefold() if isinstance(value, str) else value)

    return order


def _test(condition: Condition, profile: Profile, time_zone: str) -> Callable[[ModelService], bool]:
    read, kind = _reader(condition.field, profile, time_zone)
    if condition.operator == "is null":
        return lambda service: any(value is None for value in read(service))
    if condition.operator == "is not null":
        return lambda service: any(value is not None for value in read(service))
    holds = _comparison(condition, kind)
    # To SQL a comparison with NULL is not true, whichever way it is put.
    return lambda service: any(value is not None and holds(value) for value in read(service))


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


def _reader(name: str, profile: Profile, time_zone: str) -> tuple[_Reader, Kind]:
    if name in _TAGS:
        return (lambda _service: ()), Kind.TEXT
    if name in ("modelServiceRefs.uuid", "modelServiceRefs.modelUuid"):
        read_ref = attrgetter("uuid" if name.endswith(".uuid") else "model_uuid")
        return (lambda service: [read_ref(ref).casefold() for ref in service.refs]), Kind.TEXT
    column = columns(profile).get(name)
    if column is None or column.kind is Kind.COLLECTION:
        raise _unknown(name)

    def values(service: ModelService) -> Sequence[Scalar | None]:
        value = column.read(service)
        if isinstance(value, str):
            return (value.casefold(),)
        if column.kind is Kind.DATE and value is not None:
            return (local_time(value, time_zone),)
        return (value,)

    return values, column.kind


def _scalar(text: str, kind: Kind) -> Scalar:
    """The value of a condition as its column holds it; MySQL's collation knows no case."""
    if kind in (Kind.FLAG, Kind.PRIMITIVE):
        return {"true": 1, "false": 0}.get(text.lower(), text)
    if kind is not Kind.NUMBER:
        return text.casefold()
    try:
        return int(text)
    except ValueError as error:
        raise ApiError("SYS.1000", f'For input string: "{text}"') from error


def _like(pattern: str) -> re.Pattern[str]:
    """SQL's LIKE: `%` is any text, `_` any character, a backslash takes the meaning away."""
    parts = []
    characters = iter(pattern.casefold())
    for character in characters:
        if character == "\\":
            parts.append(re.escape(next(characters, "\\")))
        else:
            parts.append({"%": ".*", "_": "."}.get(character, re.escape(character)))
    return re.compile("".join(parts), re.DOTALL)


def _unknown(name: str) -> ApiError:
    return ApiError("SYS.1000", f"inventory class[{INVENTORY_CLASS}] not having field[{name}]")
