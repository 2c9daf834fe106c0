"""The settings that a model declares, and the name of each in every source."""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal, get_args, get_origin

from pydantic import BaseModel, SecretStr
from pydantic.fields import FieldInfo

from .notation import Shown

PREFIX = "ZSTACK_EXPORTER_"
DELIMITER = "__"


@dataclass(frozen=True)
class Flag:
    """Marks a setting whose flag differs from its key."""

    name: str


@dataclass(frozen=True)
class Setting:
    """One thing that an operator can set."""

    path: tuple[str, ...]
    field: FieldInfo

    @property
    def key(self) -> str:
        """As in the file, with dots for the nesting."""
        return ".".join(self.path)

    @property
    def environment(self) -> str:
        """As in the environment."""
        return PREFIX + DELIMITER.join(self.path).upper()

    @property
    def flag(self) -> str | None:
        """As on the command line; None for a secret, which others could read there."""
        if self.secret:
            return None
        return next(
            (marker.name for marker in self._markers() if isinstance(marker, Flag)),
            f"--{self.key.replace('_', '-')}",
        )

    @property
    def description(self) -> str:
        """What the setting means, in the operator's words."""
        return self.field.description or ""

    @property
    def secret(self) -> bool:
        """Whether the value must not be shown."""
        return SecretStr in self._types()

    @property
    def repeatable(self) -> bool:
        """Whether the setting is a list."""
        return any(get_origin(kind) is tuple for kind in self._types())

    @property
    def switch(self) -> bool:
        """Whether the setting is on or off."""
        return bool in self._types()

    @property
    def metavar(self) -> str:
        """The placeholder of the value in a synopsis."""
        for kind in self._types():
            if get_origin(kind) is Literal:
                return "|".join(get_args(kind))
            if kind is Path:
                return "FILE"
        return next((shown.metavar for shown in self._shown()), "NUMBER")

    @property
    def default(self) -> str:
        """The default as an operator would write it; empty where there is none."""
        default = self.field.get_default(call_default_factory=True, validated_data={})
        return "" if self.field.is_required() else self._written(default)

    @property
    def ways(self) -> str:
        """Each way to set it, as one phrase."""
        names = (self.flag, self.environment, f"{self.key} in the file")
        return " or ".join(name for name in names if name)

    def _written(self, value: Any) -> str:
        if value is None:
            return ""
        if isinstance(value, bool):
            return str(value).lower()
        if isinstance(value, tuple):
            return ",".join(map(str, value))
        if isinstance(value, int | float):
            return next((shown.write(value) for shown in self._shown()), str(value))
        return str(value)

    def _types(self) -> tuple[Any, ...]:
        """Take the annotation apart: `X | None` and `Annotated[X, ...]` are X."""
        return tuple(_bare(kind) for kind in (self.field.annotation, *self._members()))

    def _members(self) -> tuple[Any, ...]:
        annotation = self.field.annotation
        return () if get_origin(annotation) in {tuple, Literal} else get_args(annotation)

    def _markers(self) -> Iterator[object]:
        yield from self.field.metadata
        for kind in self._members():
            yield from getattr(kind, "__metadata__", ())

    def _shown(self) -> Iterator[Shown]:
        return (marker for marker in self._markers() if isinstance(marker, Shown))


def _bare(kind: Any) -> Any:
    return get_args(kind)[0] if hasattr(kind, "__metadata__") else kind


def declared(model: type[BaseModel], path: tuple[str, ...] = ()) -> Iterator[Setting]:
    """Every setting of the model in its order, except mappings, which only a file can contain."""
    for name, field in model.model_fields.items():
        section = section_of(field)
        if section is not None:
            yield from declared(section, (*path, name))
        elif get_origin(field.annotation) is not dict:
            yield Setting((*path, name), field)


def sections(model: type[BaseModel]) -> dict[str, str]:
    """The groups of settings and the description of each."""
    nested = {name: section_of(field) for name, field in model.model_fields.items()}
    return {name: section.__doc__ or "" for name, section in nested.items() if section}


def section_of(field: FieldInfo) -> type[BaseModel] | None:
    """The model that the field nests, if it does."""
    kinds = (field.annotation, *get_args(field.annotation))
    if get_origin(field.annotation) is dict:
        return None
    return next((k for k in kinds if isinstance(k, type) and issubclass(k, BaseModel)), None)
