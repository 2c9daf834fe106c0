"""A group of settings, and its objections to which of them are given together."""

from collections.abc import Callable, Iterator, Mapping
from typing import Any, Self, TypeVar

from pydantic import (
    BaseModel,
    ConfigDict,
    ModelWrapValidatorHandler,
    ValidationError,
    model_validator,
)
from pydantic_core import ErrorDetails, InitErrorDetails, PydanticCustomError

# Which setting of the group (none: the group itself), and what is wrong with it.
Objection = tuple[str, PydanticCustomError]


class Section(BaseModel):
    """Settings that belong together."""

    model_config = ConfigDict(frozen=True, extra="forbid", hide_input_in_errors=True)

    @model_validator(mode="wrap")
    @classmethod
    def _validated(cls, given: Any, handler: ModelWrapValidatorHandler[Self]) -> Self:
        if not isinstance(given, Mapping):
            return handler(given)
        valued = _with_values(cls, given)
        return _all_at_once([*cls.objections(frozenset(valued))], lambda: handler(valued))

    @classmethod
    def objections(cls, _given: frozenset[str]) -> Iterator[Objection]:
        """Object to which settings are given, by name only: their values may be wrong too."""
        yield from ()


def _with_values(group: type[BaseModel], given: Mapping[str, Any]) -> dict[str, Any]:
    """Leave out settings without a value (`stale_after:`): they mean the default."""
    return {
        name: value
        for name, value in given.items()
        if value is not None or name not in group.model_fields
    }


_S = TypeVar("_S")


def _all_at_once(objections: list[Objection], check: Callable[[], _S]) -> _S:
    """Raise the faults of single settings and those of their combination as one error."""
    details = [_located(error, (at,) if at else ()) for at, error in objections]
    try:
        made = check()
    except ValidationError as error:
        raise _joined([*map(_reraised, error.errors(include_input=False)), *details]) from None
    if details:
        raise _joined(details)
    return made


def _located(error: PydanticCustomError, place: tuple[int | str, ...]) -> InitErrorDetails:
    return InitErrorDetails(type=error, loc=place, input=None)


def _reraised(detail: ErrorDetails) -> InitErrorDetails:
    """Copy an error's kind and text, without its input."""
    context = {"fix": "", **detail.get("ctx", {}), "what": detail["msg"]}
    return _located(PydanticCustomError(detail["type"], "{what}", context), detail["loc"])


def _joined(details: list[InitErrorDetails]) -> ValidationError:
    return ValidationError.from_exception_data("settings", details, hide_input=True)
