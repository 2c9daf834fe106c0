"""The query grammar of ZStack's REST API, with its mis-parses.

A condition is cut at the first occurrence of the operator that comes first in `OPERATORS`, not of
the one that comes first in the text: `name=a!=b` asks for a field called `name=a`.
"""

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from http import HTTPStatus

from .answers import ApiError, Refusal

DEFAULT_LIMIT = 1000

OPERATORS = {
    "!=": "!=",
    ">=": ">=",
    "<=": "<=",
    "!?=": "not in",
    "!~=": "not like",
    "~=": "like",
    "?=": "in",
    "=": "=",
    ">": ">",
    "<": "<",
    "is null": "is null",
    "not null": "is not null",
}
"""In the order in which they are looked for, with the names that the older API gives them."""

_INTEGER = re.compile(r"[+-]?[0-9]{1,10}")


@dataclass(frozen=True, slots=True)
class Condition:
    """`operator` is one of the values of `OPERATORS`."""

    field: str
    operator: str
    value: str = ""

    def __post_init__(self) -> None:
        if self.operator not in OPERATORS.values():
            raise ApiError("SYS.1007", f"invalid query operator[{self.operator}]")


@dataclass(frozen=True, slots=True)
class Query:
    """What is asked for; no `sort` means no order at all."""

    conditions: tuple[Condition, ...] = ()
    limit: int = DEFAULT_LIMIT
    start: int = 0
    count: bool = False
    reply_with_count: bool = False
    sort: str | None = None
    descending: bool = False
    fields: tuple[str, ...] | None = None


def parse(parameters: Iterable[tuple[str, str]]) -> Query:
    """The query of a request; unknown parameters, `qString` among them, are ignored."""
    conditions: list[Condition] = []
    first: dict[str, str] = {}
    for name, value in parameters:
        # RestServer asks whether "q" starts with the name, which the empty name satisfies too.
        if "q".startswith(name):
            conditions.append(condition(value))
        else:
            first.setdefault(name, value)
    sort = first.get("sort", "").strip()
    return Query(
        conditions=tuple(conditions),
        limit=_integer(first, "limit", DEFAULT_LIMIT),
        start=_integer(first, "start", 0),
        count=_is_true(first.get("count")),
        reply_with_count=_is_true(first.get("replyWithCount")),
        sort=sort.lstrip("+-") or None,
        descending=sort.startswith("-"),
        fields=_names(first.get("fields")),
    )


def condition(text: str) -> Condition:
    """One condition, cut in two as RestServer does."""
    operator = next((operator for operator in OPERATORS if operator in text), None)
    if operator is None:
        raise Refusal(
            HTTPStatus.BAD_REQUEST,
            f"Invalid query parameter. The '{text}' in the parameter[q] doesn't contain any query "
            f"operator. Valid query operators are {list(OPERATORS)}",
        )
    key, _, value = text.partition(operator)
    if not key.strip():
        raise Refusal(
            HTTPStatus.BAD_REQUEST,
            f"Invalid query parameter. The '{text}' in the parameter[q] is not a key-value pair "
            f"split by {operator}",
        )
    return Condition(key.strip(), OPERATORS[operator], value)


def _integer(first: Mapping[str, str], name: str, default: int) -> int:
    text = first.get(name)
    if text is None:
        return default
    # Java's Integer.valueOf: no spaces, no underscores, ASCII or not at all
    if not _INTEGER.fullmatch(text):
        message = f"Invalid query parameter. '{name}' must be an integer"
        raise Refusal(HTTPStatus.BAD_REQUEST, message)
    return int(text)


def _is_true(text: str | None) -> bool:
    return text is not None and text.lower() == "true"


def _names(text: str | None) -> tuple[str, ...] | None:
    if text is None:
        return None
    return tuple(name.strip() for name in text.split(",") if name.strip()) or None
