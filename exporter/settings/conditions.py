"""The notation of query conditions, checked against how ZStack splits them."""

import re
from typing import Annotated

from pydantic import AfterValidator, BeforeValidator

from .notation import Shown, read_list, wrong

# In the order in which ZStack looks for them: the first that occurs anywhere in the text counts.
_OPERATORS = ("!=", ">=", "<=", "!?=", "!~=", "~=", "?=", "=", ">", "<")
_WORDS = ("is null", "not null")
_FIELD = re.compile(r"[A-Za-z_][\w.]*")


def read_conditions(value: object) -> object:
    """Split text at its commas, but leave the values of `?=` and `!?=` together.

    `type?=LLM,VLM,state=Running` is two conditions: a piece without an operator is one more value
    of the `?=` before it.
    """
    pieces = read_list(value)
    if not isinstance(value, str) or not isinstance(pieces, list):
        return value
    conditions: list[str] = []
    for piece in pieces:
        if conditions and _operator(piece) is None and _operator(conditions[-1]) in {"?=", "!?="}:
            conditions[-1] += f",{piece}"
        else:
            conditions.append(piece)
    return conditions


def check_condition(text: str) -> str:
    """Check that the text is `field operator value` as ZStack would split it."""
    operator = _operator(text)
    if operator is None:
        raise wrong(
            "has no query operator",
            f"write it like framework=vLLM, with one of {' '.join(_OPERATORS)}, "
            "'is null' or 'not null'",
        )
    if not _FIELD.fullmatch(text.split(operator, 1)[0].strip()):
        raise wrong(
            "does not begin with a single field name before its operator",
            "write it like framework=vLLM or 'description not null' (not 'is not null'); "
            "a value cannot contain != >= or <=",
        )
    return text


def _operator(text: str) -> str | None:
    return next((operator for operator in (*_OPERATORS, *_WORDS) if operator in text), None)


Condition = Annotated[str, AfterValidator(check_condition)]
Conditions = Annotated[tuple[Condition, ...], BeforeValidator(read_conditions), Shown("CONDITION")]
