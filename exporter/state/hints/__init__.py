"""Hints: what an error means to an operator, and what to do about it."""

from dataclasses import replace
from fnmatch import fnmatchcase

from exporter.zstack import ZStackError
from exporter.zstack.errors import ContendedError, DeniedError

from .codes import CODES
from .errors import ERRORS
from .lists import GRANTS, LACKED, NO_SERVICES, fix_of_list
from .symptoms import SYMPTOMS
from .text import Hint, Language, Text

__all__ = [
    "CODES",
    "ERRORS",
    "GRANTS",
    "LACKED",
    "NO_SERVICES",
    "SYMPTOMS",
    "Hint",
    "Language",
    "Text",
    "hint_for",
    "hint_for_code",
]


def hint_for(error: ZStackError) -> Hint:
    """The hint for its code; that for its class where this is more precise, or there is no code.

    Of a further list, what to do is about that list.
    """
    hint, fix = _hint_of_any_list(error), fix_of_list(error)
    return hint if fix is None else replace(hint, fix=fix)


def _hint_of_any_list(error: ZStackError) -> Hint:
    by_class = _hint_for_class(error)
    if isinstance(error, DeniedError) and error.code.startswith("SYS."):  # stands for many failures
        return by_class
    if isinstance(error, ContendedError):  # has the code of every session that ends
        return by_class
    return hint_for_code(error.code) or by_class


def _hint_for_class(error: ZStackError) -> Hint:
    """The hint for its symptom, else for its nearest class."""
    if error.symptom is not None:
        return SYMPTOMS[error.symptom]
    return next(ERRORS[kind] for kind in type(error).__mro__ if kind in ERRORS)


def hint_for_code(code: str) -> Hint | None:
    """The hint of the first row that the code matches; None where there is no such row."""
    if code in CODES:
        return CODES[code]
    return next((hint for pattern, hint in CODES.items() if fnmatchcase(code, pattern)), None)
