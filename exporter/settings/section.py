"""A group of settings, and the check of which may be set together."""

from collections.abc import Callable, Iterator, Mapping
from typing import Any, Self, TypeVar, get_args

from pydantic import (
    BaseModel,
    ConfigDict,
    ModelWrapValidatorHandler,
    SecretStr,
    ValidationError,
    model_validator,
)
from pydantic.fields import FieldInfo
from pydantic_core import ErrorDetails, InitErrorDetails, PydanticCustomError

from .notation import QUOTED, unquoted

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
        plain = {name: _unquoted(cls, name, value) for name, value in valued.items()}
        objections = [
            *((name, QUOTED) for name, value in valued.items() if plain[name] != value),
            *cls.objections(frozenset(valued)),
        ]
        return _all_at_once(objections, lambda: handler(plain))

    @classmethod
    def objections(cls, _given: frozenset[str]) -> Iterator[Objection]:
        """Faults of the combination, by the names that are set: the values may be wrong too."""
        yield from ()


def _unquoted(group: type[BaseModel], name: str, value: Any) -> Any:
    """The value without quotes around it; a secret keeps them, as they may belong to it."""
    field = group.model_fields.get(name)
    if not isinstance(value, str) or field is None or _is_secret(field):
        return value
    return unquoted(value)


def _is_secret(field: FieldInfo) -> bool:
    kinds = (field.annotation, *get_args(field.annotation))
    return any(kind is SecretStr or SecretStr in get_args(kind) for kind in kinds)


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
