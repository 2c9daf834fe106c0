"""A group of settings, and what it objects to in their being given together."""

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
    def _whole(cls, given: Any, handler: ModelWrapValidatorHandler[Self]) -> Self:
        if not isinstance(given, Mapping):
            return handler(given)
        said = _said(cls, given)
        return _all_at_once([*cls.objections(frozenset(said))], lambda: handler(said))

    @classmethod
    def objections(cls, _given: frozenset[str]) -> Iterator[Objection]:
        """Object to which settings were given; by name only, as their values may be wrong too."""
        yield from ()


def _said(group: type[BaseModel], given: Mapping[str, Any]) -> dict[str, Any]:
    """Leave out settings without a value (`stale_after:`): they mean the default."""
    return {
        name: value
        for name, value in given.items()
        if value is not None or name not in group.model_fields
    }


_S = TypeVar("_S")


def _all_at_once(objections: list[Objection], check: Callable[[], _S]) -> _S:
    """Tell what is wrong with single settings and with their being together in one error."""
    lines = [_line(error, (at,) if at else ()) for at, error in objections]
    try:
        made = check()
    except ValidationError as error:
        raise _joined([*map(_again, error.errors(include_input=False)), *lines]) from None
    if lines:
        raise _joined(lines)
    return made


def _line(error: PydanticCustomError, place: tuple[int | str, ...]) -> InitErrorDetails:
    return InitErrorDetails(type=error, loc=place, input=None)


def _again(detail: ErrorDetails) -> InitErrorDetails:
    """Carry an error over by its kind and words; its input stays behind."""
    context = {"mend": "", **detail.get("ctx", {}), "what": detail["msg"]}
    return _line(PydanticCustomError(detail["type"], "{what}", context), detail["loc"])


def _joined(lines: list[InitErrorDetails]) -> ValidationError:
    return ValidationError.from_exception_data("settings", lines, hide_input=True)
